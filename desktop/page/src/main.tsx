import { createRoot } from 'react-dom/client'
import { Desk } from './desk/desk'
import { diagnostics } from './desk/diagnostics'
import { App } from './view/app'
import './style.css'

const desk = new Desk()
window.softphone = diagnostics(desk)
createRoot(document.getElementById('page')!).render(<App desk={desk} />)
void desk.start()
