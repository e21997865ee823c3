import { useEffect, useRef } from 'react'
import type { Device } from '../model/device'
import type { Acts } from './acts'

interface Props {
  device: Device
  network: { text: string; good: boolean }
  muted: boolean
  retry: boolean
  act: Acts
}

/** Softphone shows the truth about the device, all the time. */
export function Softphone({ device, network, muted, retry, act }: Props) {
  return (
    <section className={'card softphone ' + device.state} aria-labelledby="softphone-title">
      <h2 id="softphone-title">Softphone</h2>
      <p className="device"><span className="dot" aria-hidden="true" /> <span data-qa="device-status">{device.text}</span></p>
      <div role="alert">
        {device.advice && <p className="advice" data-qa="device-problem">{device.state === 'lost' && <strong>You get no calls: {device.why}. </strong>}{device.advice}</p>}
      </div>
      {retry && <button className="button" onClick={act.tryMicrophone} data-qa="device-retry">Try again</button>}
      <dl>
        <dt id="mic-label">Microphone</dt>
        <dd><Level qa="device-mic-level" labelledby="mic-label" read={() => act.levels().mic} />{muted && <span className="tag">muted</span>}</dd>
        <dt id="speaker-label">Speaker</dt>
        <dd><Level qa="device-speaker-level" labelledby="speaker-label" read={() => act.levels().speaker} /></dd>
        <dt>Network</dt>
        <dd className={network.good ? '' : 'bad'} data-qa="device-network">{network.text}</dd>
      </dl>
    </section>
  )
}

// It moves many times a second, so it is drawn without React.
function Level({ qa, labelledby, read }: { qa: string; labelledby: string; read: () => number }) {
  const bar = useRef<HTMLDivElement>(null)
  const reader = useRef(read)
  reader.current = read
  useEffect(() => {
    let frame = 0
    let drawn = -1
    const draw = () => {
      const level = Math.round(reader.current() * 20) * 5
      if (bar.current && level !== drawn) {
        drawn = level
        bar.current.style.setProperty('--level', level + '%')
        bar.current.setAttribute('aria-valuenow', String(level))
      }
      frame = requestAnimationFrame(draw)
    }
    draw()
    return () => cancelAnimationFrame(frame)
  }, [])
  return <div ref={bar} className="level" role="meter" aria-labelledby={labelledby} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} data-qa={qa} />
}
