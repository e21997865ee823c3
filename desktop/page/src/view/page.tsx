import { useEffect } from 'react'
import type { Screen } from '../model/screen'
import type { Acts } from './acts'
import { DeskScreen } from './desk'
import { Mark } from './mark'
import { Elsewhere, Message, SignInForm } from './doors'

/** Page draws one screen. */
export function Page({ screen, act }: { screen: Screen; act: Acts }) {
  const ringing = screen.kind === 'desk' && screen.panel.kind === 'offer'
  useEffect(() => { document.title = ringing ? 'Call for you · Switchboard' : 'Switchboard' }, [ringing])
  if (screen.kind === 'desk') return <DeskScreen screen={screen} act={act} />
  return (
    <main className="door">
      <div className="door-card">
        <Mark />
        {screen.kind === 'starting' && <Message title="One moment" text={screen.trouble || 'The page is starting.'} trouble={screen.trouble !== ''} />}
        {screen.kind === 'unsupported' && <Message title={screen.title} text={screen.advice} trouble />}
        {screen.kind === 'sign_in' && <SignInForm way={screen.way} trouble={screen.trouble} act={act} />}
        {screen.kind === 'elsewhere' && <Elsewhere text={screen.text} act={act} />}
      </div>
    </main>
  )
}
