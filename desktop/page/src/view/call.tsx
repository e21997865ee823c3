import { useEffect, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import type { Panel } from '../model/screen'
import type { Acts } from './acts'

/** CallCard is the call the agent is on. */
export function CallCard({ panel, act }: { panel: Extract<Panel, { kind: 'call' }>; act: Acts }) {
  const [keypad, setKeypad] = useState(false)
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => { if (document.activeElement === document.body) title.current?.focus() }, [])
  return (
    <section className={'card call ' + panel.tone} aria-labelledby="call-name" data-qa="call">
      <div className="call-top">
        <p className="stage"><span className="dot" aria-hidden="true" /> <span data-qa="call-stage">{panel.stage}</span></p>
        <p className="timer" role="timer" aria-label="Since" data-qa="call-timer">{panel.timer}</p>
      </div>
      <h2 className="name" id="call-name" ref={title} tabIndex={-1} data-qa="call-name">{panel.name}</h2>
      <p className="reason" data-qa="call-reason">{panel.reason}</p>
      <div className="buttons">
        <button className="button big" aria-pressed={panel.muted} disabled={!panel.controls} onClick={() => act.mute(!panel.muted)} data-qa="call-mute">{panel.muted ? 'Muted' : 'Mute'}</button>
        <button className="button big" aria-expanded={keypad} aria-controls="keypad" disabled={!panel.controls} onClick={() => setKeypad(!keypad)} data-qa="call-keypad">Keypad</button>
        <button className="button danger big" disabled={!panel.canEnd} onClick={act.end} data-qa="call-end">End call</button>
      </div>
      {keypad && panel.controls && <Keypad press={act.keys} />}
    </section>
  )
}

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']
const spokenKeys: Record<string, string> = { '*': 'star', '#': 'hash' }

function Keypad({ press }: { press: (digits: string) => void }) {
  const [pressed, setPressed] = useState('')
  const send = (key: string) => {
    press(key)
    setPressed(p => (p + key).slice(-24))
  }
  const type = (e: KeyboardEvent) => {
    if (!keys.includes(e.key) || e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    send(e.key)
  }
  return (
    <div id="keypad" className="keypad" role="group" aria-label="Keypad" onKeyDown={type}>
      <output className="pressed" aria-label="Pressed">{pressed || ' '}</output>
      {keys.map((k, i) => <button key={k} className="button key" autoFocus={i === 0} aria-label={spokenKeys[k]} onClick={() => send(k)} data-qa={'call-key-' + (spokenKeys[k] ?? k)}>{k}</button>)}
    </div>
  )
}
