import { backoff } from '../model/backoff'

/** What the server says without being asked. */
export interface PresenceEvents {
  state(state: 'open' | 'lost'): void
  status(status: string, why: string): void
  taken(): void
  signedOut(): void
}

/** The server says something every 5 s, if only a comment. */
const silence = 8000

/** Presence is the open line by which the server knows that this page lives. It reads the events itself, since
 * EventSource shows neither the comments that prove the line alive nor the status of a refusal. */
export class Presence {
  private stopped = false
  private current: AbortController | null = null
  private waking: (() => void) | null = null

  constructor(private readonly page: string, private readonly tell: PresenceEvents) {}

  start() {
    void this.run()
  }

  stop() {
    this.stopped = true
    this.current?.abort()
    this.waking?.()
  }

  /** wake tries at once, when something says that the network is back. */
  wake() {
    this.waking?.()
  }

  private async run() {
    for (let failures = 0; !this.stopped; failures++) {
      if (failures > 0) {
        await new Promise<void>(resolve => {
          const t = setTimeout(resolve, backoff(failures - 1, 500, 5000))
          this.waking = () => { clearTimeout(t); resolve() }
        })
        if (this.stopped) return
      }
      try {
        if (await this.listen()) failures = 0
      } catch {
        // Told below; the next round tries again.
      }
      if (!this.stopped) this.tell.state('lost')
    }
  }

  private async listen(): Promise<boolean> {
    const abort = this.current = new AbortController()
    let watchdog = setTimeout(() => abort.abort(), silence)
    try {
      const response = await fetch('/desktop/presence?page=' + this.page, { headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: abort.signal })
      if (response.status === 401) this.tell.signedOut()
      if (!response.ok || !response.body) return false
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      const events = new Events()
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return true
        clearTimeout(watchdog)
        watchdog = setTimeout(() => abort.abort(), silence)
        this.tell.state('open')
        for (const e of events.read(value)) this.hear(e)
      }
    } finally {
      clearTimeout(watchdog)
      abort.abort()
    }
  }

  private hear(e: ServerEvent) {
    if (e.name === 'taken') this.tell.taken()
    if (e.name !== 'status') return
    const { status, why } = JSON.parse(e.data) as { status: string; why: string }
    this.tell.status(status, why)
  }
}

export interface ServerEvent {
  name: string
  data: string
}

/** Events cuts a text/event-stream, which comes in pieces, into events. */
export class Events {
  private rest = ''

  read(piece: string): ServerEvent[] {
    const blocks = (this.rest + piece).replaceAll('\r\n', '\n').split('\n\n')
    this.rest = blocks.pop() ?? ''
    return blocks.map(event).filter(e => e.data !== '' || e.name !== 'message')
  }
}

function event(block: string): ServerEvent {
  const e: ServerEvent = { name: 'message', data: '' }
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    const value = line.slice(colon + 1).replace(/^ /, '')
    if (line.slice(0, colon) === 'event') e.name = value
    if (line.slice(0, colon) === 'data') e.data += (e.data && '\n') + value
  }
  return e
}
