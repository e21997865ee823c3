import type { Screen } from '../model/screen'
import type { Acts } from './acts'
import { Mark } from './mark'

export function Header({ screen, act, openHelp }: { screen: Extract<Screen, { kind: 'desk' }>; act: Acts; openHelp: () => void }) {
  const { chooser, panel } = screen
  // Signing out forgets everything, the notes of this call included.
  const inCall = panel.kind !== 'idle'
  return (
    <header>
      <h1 className="mark-line"><Mark /></h1>
      <div className="status">
        <span className={'dot ' + chooser.tone} aria-hidden="true" />
        <label htmlFor="status" className="unseen">Your status</label>
        <select id="status" value={chooser.current} disabled={chooser.refused !== '' || chooser.busy} title={chooser.refused || undefined} onChange={e => act.choose(e.target.value)} data-qa="activity-selector">
          {chooser.options.map(o => <option key={o.name} value={o.name} disabled={!o.choosable}>{o.name}</option>)}
        </select>
        <span className="unseen" data-qa="activity-current">{chooser.current}</span>
      </div>
      <div className="who">
        <span data-qa="agent-name">{screen.agent}</span>
        <button className="button quiet" onClick={openHelp}>Shortcuts</button>
        <button className="button quiet" onClick={act.signOut} disabled={inCall} title={inCall ? (panel.kind === 'wrap_up' ? 'Finish your notes first.' : 'End the call first.') : undefined} data-qa="sign-out">Sign out</button>
      </div>
    </header>
  )
}
