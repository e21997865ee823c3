import { useEffect, useRef } from 'react'
import type { Panel } from '../model/screen'
import type { Acts } from './acts'

/** OfferCard tells who and why, and rings. */
export function OfferCard({ panel, act }: { panel: Extract<Panel, { kind: 'offer' }>; act: Acts }) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // Somebody who is typing must not answer with the next press of Enter.
    if (!document.activeElement?.matches('input, textarea, select, [open] *')) button.current?.focus()
  }, [])
  return (
    <section className="card offer" role="alertdialog" aria-labelledby="offer-title offer-name" aria-describedby="offer-reason offer-text" data-qa="offer">
      <div role="alert" className="unseen">Call for you: {panel.name}. {panel.reason}</div>
      <p className="label" id="offer-title">Call for you</p>
      <h2 className="name" id="offer-name" data-qa="offer-name">{panel.name}</h2>
      <p className="reason" id="offer-reason" data-qa="offer-reason">{panel.reason}</p>
      <p className="muted" id="offer-text">{panel.text}</p>
      <div className="buttons">
        <button ref={button} className="button primary big" onClick={act.answer} disabled={panel.answering} data-qa="call-answer">Answer</button>
        <button className="button big" onClick={act.decline} data-qa="call-decline">Decline</button>
      </div>
    </section>
  )
}
