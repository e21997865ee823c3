import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { keep } from '../adapters/keep'
import { backoff } from '../model/backoff'
import { bringsBack } from '../model/shift'
import type { Store } from './store'

const every = 1000
/** A conversation that somebody ended stays "connected" at the server for a moment; only a longer gap is a lost line. */
const gap = 3000
const ringsWithin = 12_000
/** Twilio keeps the place of a lost line for half a minute. */
const triesFor = 40_000
/** Notes that were begun are handed in this long before the time for them is up. */
const spare = 2500

/** Watch asks the server where the agent's call is, brings the agent back into it, and hands in notes in time. */
export class Watch {
  private readonly unsubscribe: () => void
  private stopped = false
  private asking = false
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private seen = ''
  private rejoining: ReturnType<typeof setTimeout> | undefined
  private rejoins = 0
  private rejoinsSince = 0

  constructor(private readonly store: Store, private readonly api: Api, private readonly signedOut: () => void) {
    this.unsubscribe = store.subscribe(() => this.look())
  }

  stop() {
    this.stopped = true
    clearTimeout(this.timer)
    clearTimeout(this.rejoining)
    this.unsubscribe()
  }

  /** finish hands in the notes of the wrap-up on the screen. */
  async finish() {
    const o = this.store.get().offer
    if (!o || o.finishing) return
    this.store.tell({ type: 'finishing', on: true })
    try {
      await this.api.wrapUp(o.call, keep.draft(o.call))
      keep.setDraft(o.call, null)
      void this.ask()
    } catch (e) {
      this.store.tell({ type: 'finishing', on: false })
      this.store.tell({ type: 'notice', text: 'The notes were not saved. ' + (e as Error).message })
    }
  }

  // What happened to the reservation or the softphone is a reason to ask at once.
  private look() {
    const { offer, ring } = this.store.get()
    const now = JSON.stringify([offer?.reservation, offer?.status, ring?.status])
    if (now !== this.seen) {
      this.seen = now
      if (ring || !offer) this.rejoins = 0
      void this.ask()
    }
    this.bringBack()
  }

  // Before the reservation is accepted there is nothing to ask: all that is known is on the task.
  private async ask() {
    const o = this.store.get().offer
    if (!o?.accepted || this.asking || this.stopped) return
    clearTimeout(this.timer)
    this.asking = true
    const asked = Date.now()
    try {
      const call = await this.api.call(o.call)
      this.failures = 0
      this.store.tell({ type: 'seen', call, asked, at: Date.now() })
    } catch (e) {
      this.failures++
      this.store.tell({ type: 'unseen', why: (e as Error).message, at: Date.now() })
      if (e instanceof Refusal && e.status === 401) this.signedOut()
    }
    this.asking = false
    if (this.stopped) return
    this.handInTime()
    this.timer = setTimeout(() => void this.ask(), this.failures > 0 ? backoff(this.failures, every) : every)
  }

  private handInTime() {
    const o = this.store.get().offer
    if (o?.seen?.stage !== 'wrapping_up' || !o.seen.wrap_up_until || o.finishing) return
    const draft = keep.draft(o.call)
    const left = Date.parse(o.seen.wrap_up_until) - Date.now() - this.api.ahead
    if (left < spare && left > 0 && (draft.disposition || draft.note)) void this.finish()
  }

  private bringBack() {
    if (!bringsBack(this.store.get())) {
      clearTimeout(this.rejoining)
      this.rejoining = undefined
      return
    }
    if (this.rejoining === undefined) this.tryRejoin(this.store.get().offer?.answered ? gap : 0)
  }

  private tryRejoin(after: number) {
    this.rejoining = setTimeout(async () => {
      const o = this.store.get().offer
      if (!o || !bringsBack(this.store.get())) return
      if (this.rejoins++ === 0) this.rejoinsSince = Date.now()
      if (Date.now() - this.rejoinsSince > triesFor) return this.store.tell({ type: 'rejoin', state: 'failed' })
      this.store.tell({ type: 'rejoin', state: 'asked' })
      try {
        await this.api.rejoin(o.call)
        this.tryRejoin(ringsWithin)
      } catch {
        this.tryRejoin(backoff(this.rejoins - 1, every, 4 * every))
      }
    }, after)
  }
}
