import { createRoot } from 'react-dom/client'
import { flushSync } from 'react-dom'
import { screen } from '../src/model/screen'
import { Page } from '../src/view/page'
import type { Acts } from '../src/view/acts'
import { now, states } from './states'
import '../src/style.css'

const nothing = () => {}
const act: Acts = {
  signIn: nothing, signOut: nothing, takeOver: nothing, choose: nothing, answer: nothing, decline: nothing, end: nothing,
  mute: nothing, keys: nothing, draft: () => ({ disposition: 'Call again', note: 'Wants the new van on the same policy. Send the papers to the yard, not to the house.' }), setDraft: nothing,
  finish: nothing, tryMicrophone: nothing, dismiss: nothing, levels: () => ({ mic: 0.55, speaker: 0.35 }),
}

const query = new URLSearchParams(location.search)
const page = document.getElementById('page')!
const root = createRoot(page)
const show = (name: string) => flushSync(() => root.render(<Page key={name} screen={screen(states[name]!, now)} act={act} />))

if (query.has('axe')) {
  const { default: axe } = await import('axe-core')
  const found: object[] = []
  for (const name of Object.keys(states)) {
    show(name)
    document.querySelector<HTMLButtonElement>('[data-qa=call-keypad]:enabled')?.click()
    await new Promise(resolve => setTimeout(resolve, 0))
    const { violations, passes } = await axe.run(document)
    found.push({ state: name, rulesPassed: passes.length, violations: violations.map(v => ({ rule: v.id, help: v.help, where: v.nodes.map(n => n.html) })) })
  }
  root.unmount()
  page.textContent = JSON.stringify(found)
  page.id = 'axe'
} else if (query.has('state')) {
  show(query.get('state')!)
  if (query.has('keypad')) document.querySelector<HTMLButtonElement>('[data-qa=call-keypad]')?.click()
} else {
  root.render(<ul>{Object.keys(states).map(s => <li key={s}><a href={'?state=' + s}>{s}</a></li>)}</ul>)
}
