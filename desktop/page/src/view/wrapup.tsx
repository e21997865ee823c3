import { useEffect, useRef, useState } from 'react'
import { longestNote } from '../model/contract'
import type { Panel } from '../model/screen'
import type { Acts } from './acts'

/** WrapUpCard takes the notes. What has been written outlives a reload, and is handed in when the time is up. */
export function WrapUpCard({ panel, act }: { panel: Extract<Panel, { kind: 'wrap_up' }>; act: Acts }) {
  const [draft, setDraft] = useState(() => act.draft(panel.call))
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => { if (document.activeElement === document.body) title.current?.focus() }, [])
  const change = (part: Partial<typeof draft>) => {
    const changed = { ...draft, ...part }
    setDraft(changed)
    act.setDraft(panel.call, changed)
  }
  return (
    <section className="card wrap-up" aria-labelledby="wrap-up-name" data-qa="wrap-up">
      <div className="call-top">
        <p className="stage"><span className="dot" aria-hidden="true" /> The call is over. Time for your notes.</p>
        <p className={'timer' + (panel.urgent ? ' urgent' : '')} role="timer" aria-label="Time left" data-qa="wrap-up-timer">{panel.timer}</p>
      </div>
      <h2 className="name" id="wrap-up-name" ref={title} tabIndex={-1}>{panel.name}</h2>
      <p className="reason">{panel.reason}</p>
      <form onSubmit={e => {
        e.preventDefault()
        act.finish()
      }}>
        <label className="field">
          <span>What came of it?</span>
          <select value={draft.disposition} disabled={panel.finishing} onChange={e => change({ disposition: e.target.value })} data-qa="wrap-up-disposition">
            <option value="">Not said</option>
            {panel.dispositions.map(d => <option key={d} value={d}>{d}</option>)}
          </select>
        </label>
        <label className="field">
          <span>Note</span>
          <textarea rows={5} maxLength={longestNote} readOnly={panel.finishing} value={draft.note} onChange={e => change({ note: e.target.value })} data-qa="wrap-up-note" />
        </label>
        <div className="buttons">
          <button className="button primary big" disabled={panel.finishing} data-qa="wrap-up-finish">{panel.finishing ? 'Saving…' : 'Finish'}</button>
          {panel.onLine && <button type="button" className="button danger big" onClick={act.end} data-qa="call-end">End call</button>}
          <p className="muted small">What you have written is saved when the time is up.</p>
        </div>
      </form>
    </section>
  )
}
