import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { keep } from '../adapters/keep'
import { backoff } from '../model/backoff'
import type { WrapUp } from '../model/contract'
import { bringsBack } from '../model/shift'
import type { Watched } from '../model/shift'
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
  private handing: ReturnType<typeof setTimeout> | undefined
  private saving: ReturnType<typeof setTimeout> | undefined
  /** The calls whose notes were begun, or could have been. */
  private readonly notes = new Set<string>()
  private rejoining: ReturnType<typeof setTimeout> | undefined
  private rejoins = 0
  private rejoinsSince = 0

  constructor(private readonly store: Store, private readonly api: Api, private readonly signedOut: () => void) {
    this.unsubscribe = store.subscribe(() => this.look())
  }

  stop() {
    this.stopped = true
    for (const t of [this.timer, this.handing, this.saving, this.rejoining]) clearTimeout(t)
    this.rejoining = undefined
    this.unsubscribe()
  }

  /** finish hands in the notes of the wrap-up on the screen. */
  finish() {
    const o = this.store.get().offer
    if (!o || o.finishing) return
    this.store.tell({ type: 'finishing', on: true })
    void this.save(o, 0)
  }

  // A server that is away for a moment must not cost the notes.
  private async save(o: Watched, tries: number) {
    let problem: unknown
    try {
      await this.api.wrapUp(o.call, keep.draft(o.call))
      keep.setDraft(o.call, null)
    } catch (e) {
      problem = e
    }
    const now = this.store.get().offer
    if (this.stopped || now?.reservation !== o.reservation || now.overAt) return
    if (problem === undefined) {
      if (tries > 0) this.store.tell({ type: 'notice', text: '' })
      return void this.ask()
    }
    const status = problem instanceof Refusal ? problem.status : 0
    if (status === 409) { // the time was up, or they came in and the answer was lost: what is seen of the call tells which
      this.store.tell({ type: 'finishing', on: false })
      return void this.ask()
    }
    const away = status === 0 || status >= 500
    this.store.tell({ type: 'notice', text: `The notes are not saved${away ? ' yet' : ''}. ${(problem as Error).message}` })
    if (away) this.saving = setTimeout(() => void this.save(o, tries + 1), backoff(tries, every, 4 * every))
    else this.store.tell({ type: 'finishing', on: false })
  }

  // What happened to the reservation, the softphone or TaskRouter is a reason to ask at once.
  private look() {
    const { offer, ring, taskRouter } = this.store.get()
    const now = JSON.stringify([offer?.reservation, offer?.status, ring?.status, taskRouter])
    if (now !== this.seen) {
      this.seen = now
      if (ring || !offer) this.rejoins = 0
      void this.ask()
    }
    this.bringBack()
    this.handInTime()
    this.missNotes()
  }

  // Before the reservation is accepted there is nothing to ask, all that is known being on the task; but when TaskRouter
  // is not reached, nobody else tells that it was.
  private calls(): string[] {
    const { offer, untold, taskRouter } = this.store.get()
    const asks = offer && (offer.accepted || (offer.answered && taskRouter !== 'ready'))
    return [...new Set([...(asks ? [offer] : []), ...untold].map(o => o.call))]
  }

  private async ask() {
    const calls = this.calls()
    if (calls.length === 0 || this.asking || this.stopped) return
    clearTimeout(this.timer)
    this.asking = true
    const fine = await Promise.all(calls.map(call => this.askFor(call)))
    this.asking = false
    if (this.stopped) return
    this.failures = fine.every(Boolean) ? 0 : this.failures + 1
    this.timer = setTimeout(() => void this.ask(), this.failures > 0 ? backoff(this.failures, every) : every)
  }

  private async askFor(id: string): Promise<boolean> {
    const asked = Date.now()
    try {
      const call = await this.api.call(id)
      if (this.stopped) return true
      // The answer to the notes may have been lost, and not the notes.
      const draft = keep.draft(id)
      if (call.result && (call.result.disposition ?? '') === draft.disposition && (call.result.note ?? '') === draft.note) keep.setDraft(id, null)
      this.store.tell({ type: 'seen', call, asked, at: Date.now() })
      return true
    } catch (e) {
      if (this.stopped) return true
      this.store.tell({ type: 'unseen', at: Date.now() })
      if (e instanceof Refusal && e.status === 401) this.signedOut()
      return false
    }
  }

  // The server frees the agent when the time is up, whether or not it can be asked shortly before.
  private handInTime() {
    const o = this.store.get().offer
    clearTimeout(this.handing)
    if (o?.seen?.stage !== 'wrapping_up' || !o.seen.wrap_up_until || o.overAt || o.finishing) return
    this.notes.add(o.call)
    const left = Date.parse(o.seen.wrap_up_until) - Date.now() - this.api.ahead
    if (left <= 0) return
    this.handing = setTimeout(() => {
      if (begun(keep.draft(o.call))) this.finish()
    }, Math.max(0, left - spare))
  }

  // Notes that came too late are given back to whoever wrote them.
  private missNotes() {
    const { offer, untold } = this.store.get()
    for (const call of this.notes) {
      if ([offer, ...untold].some(o => o?.call === call)) continue
      this.notes.delete(call)
      const draft = keep.draft(call)
      keep.setDraft(call, null)
      if (begun(draft)) this.store.tell({ type: 'unsaved', call, notes: [draft.disposition, draft.note].filter(Boolean).join(': ') })
    }
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
    const mine = this.rejoining = setTimeout(async () => {
      const o = this.store.get().offer
      if (!o || !bringsBack(this.store.get())) return
      if (this.rejoins++ === 0) this.rejoinsSince = Date.now()
      if (Date.now() - this.rejoinsSince > triesFor) return this.store.tell({ type: 'rejoin', state: 'failed' })
      this.store.tell({ type: 'rejoin', state: 'asked' })
      const wait = await this.api.rejoin(o.call).then(() => ringsWithin, () => backoff(this.rejoins - 1, every, 4 * every))
      // Meanwhile the agent may be back, and lost again: that is for another round of tries.
      if (this.rejoining === mine) this.tryRejoin(wait)
    }, after)
  }
}

const begun = (draft: WrapUp) => draft.disposition !== '' || draft.note !== ''
