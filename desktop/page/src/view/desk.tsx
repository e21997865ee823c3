import { useRef } from 'react'
import type { Panel, Screen, Warning } from '../model/screen'
import type { Past } from '../model/shift'
import type { Acts } from './acts'
import { CallCard } from './call'
import { Header } from './header'
import { Help, useShortcuts } from './help'
import { OfferCard } from './offer'
import { Softphone } from './softphone'
import { WrapUpCard } from './wrapup'

type DeskView = Extract<Screen, { kind: 'desk' }>

/** DeskScreen is the page during a shift. */
export function DeskScreen({ screen, act }: { screen: DeskView; act: Acts }) {
  const help = useRef<HTMLDialogElement>(null)
  const { panel } = screen
  const warnings = <Warnings list={screen.warnings} act={act} />
  // Above a call they would push its buttons away from under the agent's hand.
  const below = panel.kind !== 'idle'
  useShortcuts(panel, act)
  return (
    <>
      <a className="skip" href="#now">To the call</a>
      <Header screen={screen} act={act} openHelp={() => help.current?.showModal()} />
      <div className="columns">
        <main id="now" tabIndex={-1}>
          {!below && warnings}
          <div role="status" className="unseen">{spoken(panel)}</div>
          {panel.kind === 'idle' && <Idle panel={panel} tone={screen.chooser.tone} last={screen.history[0]} />}
          {panel.kind === 'offer' && <OfferCard panel={panel} act={act} />}
          {panel.kind === 'call' && <CallCard panel={panel} act={act} />}
          {panel.kind === 'wrap_up' && <WrapUpCard key={panel.call} panel={panel} act={act} />}
          {below && warnings}
        </main>
        <aside aria-label="Softphone and earlier calls">
          <Softphone device={screen.device} network={screen.network} muted={panel.kind === 'call' && panel.muted} retry={screen.retryMicrophone} act={act} />
          <Earlier past={screen.history} />
        </aside>
      </div>
      <Help ref={help} />
    </>
  )
}

// What a screen reader says when it changes; an offer says it by itself, at once.
function spoken(p: Panel): string {
  switch (p.kind) {
    case 'call': return p.stage + (p.muted ? ' You are muted.' : '')
    case 'wrap_up': return `The call with ${p.name} is over. Time for your notes.`
    case 'idle': return p.title
    case 'offer': return ''
  }
}

function Warnings({ list, act }: { list: Warning[]; act: Acts }) {
  if (list.length === 0) return null
  return (
    <div className="warnings" role="alert" data-qa="problem">
      {list.map(w => (
        <p key={w.text}>
          <span>{w.text}</span>
          {w.remedy && <button className="button small-button" onClick={() => act.choose(w.remedy)} data-qa="available-again">{w.remedy} again</button>}
        </p>
      ))}
    </div>
  )
}

function Idle({ panel, tone, last }: { panel: Extract<Panel, { kind: 'idle' }>; tone: string; last: Past | undefined }) {
  return (
    <section className="card idle" aria-labelledby="idle-title">
      <div className={'pulse ' + tone} aria-hidden="true" />
      <h2 id="idle-title">{panel.title}</h2>
      <p className="muted">{panel.text}</p>
      {last && <p className="last"><span className="label">Last call</span> <span data-qa="outcome">{last.text}</span></p>}
    </section>
  )
}

function Earlier({ past }: { past: Past[] }) {
  const time = (at: number) => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  return (
    <section className="card" aria-labelledby="earlier-title" data-qa="history">
      <h2 id="earlier-title">Earlier calls</h2>
      {past.length === 0
        ? <p className="muted">None in this shift yet.</p>
        : <ol className="earlier">{past.map(p => <li key={p.call + p.at}><time dateTime={new Date(p.at).toISOString()}>{time(p.at)}</time> <span>{p.text}</span></li>)}</ol>}
    </section>
  )
}
