import type { Api } from '../adapters/api'
import { device } from '../model/device'
import type { Store } from './store'

const every = 5000
/** A page that has just been loaded is not yet a lost softphone. */
const startsWithin = 3000

/** Beats tells the server how the softphone is: on every change, and every 5 s to show that the page lives. */
export class Beats {
  private readonly timer = setInterval(() => this.send(), every)
  private readonly unsubscribe: () => void
  private readonly late: ReturnType<typeof setTimeout>
  private started = false
  private told = ''
  private stopped = false

  constructor(private readonly page: string, private readonly store: Store, private readonly api: Api) {
    this.unsubscribe = store.subscribe(() => { if (JSON.stringify(this.beat()) !== this.told) this.send() })
    this.late = setTimeout(() => {
      this.started = true
      this.send()
    }, startsWithin)
  }

  stop() {
    this.stopped = true
    clearInterval(this.timer)
    clearTimeout(this.late)
    this.unsubscribe()
  }

  private beat() {
    const s = this.store.get()
    const d = device(s)
    return { page: this.page, ready: d.state === 'ready', why: d.why, wanted: s.wanted }
  }

  // A broken connection to the server is the server's to judge: telling it may well be the last thing that a page does
  // while it is being loaded again.
  private send() {
    if (this.store.get().presence !== 'open') {
      this.told = ''
      return
    }
    if (this.stopped) return
    this.started ||= device(this.store.get()).state !== 'connecting'
    if (!this.started) return
    const beat = this.beat()
    this.told = JSON.stringify(beat)
    // One that gets lost is followed by the next, and the server counts them.
    this.api.device(beat).catch(() => {})
  }
}
