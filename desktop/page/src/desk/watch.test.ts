import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { keep } from '../adapters/keep'
import type { CallAnswer } from '../model/contract'
import type { Event } from '../model/next'
import { Store } from './store'
import { Watch } from './watch'

const call: CallAnswer = { call: 'call/a/1', stage: 'connected', since: '2030-05-06T13:00:00Z', attempt: 1, last_outcome: '', retry_at: null, wrap_up_until: null, result: null, yours: true }
const accepted: Event = { type: 'offer', at: 1, offer: { reservation: 'WR1', call: 'call/a/1', attempt: 1, name: 'Zoë', reason: '', status: 'accepted' } }
const pending: Event = { type: 'offer', at: 1, offer: { reservation: 'WR1', call: 'call/a/1', attempt: 1, name: 'Zoë', reason: '', status: 'pending' } }
const registered: Event = { type: 'line', state: 'registered', trouble: '' }
const ring: Event = { type: 'ring', ring: { sid: 'CA1', status: 'open', muted: false, rejoin: false, kept: false } }

const asked: string[] = []
let answer: () => Promise<CallAnswer>
let rejoin: () => Promise<void>
let wrapUp: () => Promise<void>
const api = {
  ahead: 0,
  call: () => { asked.push('call'); return answer() },
  rejoin: () => { asked.push('rejoin'); return rejoin() },
  wrapUp: (_: string, w: { note: string }) => { asked.push('wrap-up ' + w.note); return wrapUp() },
} as unknown as Api
const count = (what: string) => asked.filter(a => a === what).length

const kept = new Map<string, string>()
const drafts = () => [...kept.keys()].filter(k => k.includes('draft')).length

let store: Store
let watch: Watch
beforeEach(() => {
  vi.useFakeTimers()
  kept.clear()
  vi.stubGlobal('sessionStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) })
  asked.length = 0
  answer = () => Promise.resolve(call)
  rejoin = () => Promise.resolve()
  wrapUp = () => Promise.resolve()
  store = new Store()
  watch = new Watch(store, api, () => asked.push('signed out'))
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('nothing is asked before the offer is accepted, and once a second from then on', async () => {
  store.tell({ type: 'task_router', state: 'ready' })
  store.tell(pending)
  await vi.advanceTimersByTimeAsync(5000)
  expect(asked).toEqual([])
  store.tell(ring)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(3100)
  expect(count('call')).toBe(4)
})

test('a page that was loaded again asks to be brought back at once, and again if it does not ring', async () => {
  store.tell(registered)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(10)
  expect(count('rejoin')).toBe(1)
  await vi.advanceTimersByTimeAsync(12_000)
  expect(count('rejoin')).toBe(2)
  store.tell(ring)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(count('rejoin')).toBe(2)
})

test('a call that somebody ends is no call to be brought back into', async () => {
  store.tell(registered)
  store.tell(ring)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(1500)
  store.tell({ type: 'ring_over', sid: 'CA1' })
  await vi.advanceTimersByTimeAsync(500)
  answer = () => Promise.resolve({ ...call, stage: 'wrapping_up' })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(count('rejoin')).toBe(0)
})

test('coming back is tried as long as Twilio keeps the place, and no longer', async () => {
  rejoin = () => Promise.reject(new Refusal(503, 'try again'))
  store.tell(registered)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(store.get().offer?.rejoin).toBe('asked')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(count('rejoin')).toBeLessThan(15)
  expect(store.get().offer?.rejoin).toBe('failed')
})

test('notes that were begun are handed in before the time is up', async () => {
  const until = new Date(Date.now() + 20_000).toISOString()
  answer = () => Promise.resolve({ ...call, stage: 'wrapping_up', wrap_up_until: until })
  keep.setDraft('call/a/1', { disposition: '', note: 'a van' })
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(16_000)
  expect(asked).not.toContain('wrap-up a van')
  await vi.advanceTimersByTimeAsync(3000)
  expect(count('wrap-up a van')).toBe(1)
})

test('a server in trouble is asked less often', async () => {
  answer = () => Promise.reject(new Refusal(503, 'try again'))
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(count('call')).toBeLessThan(8)
  expect(count('call')).toBeGreaterThan(3)
})

describe('notes', () => {
  const over: Event = { type: 'offer', at: 2, offer: { reservation: 'WR1', call: 'call/a/1', attempt: 1, name: 'Zoë', reason: '', status: 'completed' } }
  const ended = (note: string): CallAnswer => ({ ...call, stage: 'ended', result: { outcome: 'completed', hung_up_by: 'caller', talk_seconds: 5, note } })
  const wrapUpFor = async (ms: number) => {
    answer = () => Promise.resolve({ ...call, stage: 'wrapping_up', wrap_up_until: new Date(until).toISOString() })
    const until = Date.now() + ms
    keep.setDraft('call/a/1', { disposition: 'Resolved', note: 'a van' })
    store.tell(accepted)
    await vi.advanceTimersByTimeAsync(100)
  }

  test('are handed in before the time is up even if the server cannot be asked for the call', async () => {
    await wrapUpFor(60_000)
    answer = () => Promise.reject(new Refusal(503, 'try again'))
    await vi.advanceTimersByTimeAsync(57_000)
    expect(count('wrap-up a van')).toBe(0)
    await vi.advanceTimersByTimeAsync(1500)
    expect(count('wrap-up a van')).toBe(1)
  })

  test('are tried again while the server is away', async () => {
    await wrapUpFor(60_000)
    wrapUp = () => Promise.reject(new Refusal(0, 'not reached'))
    watch.finish()
    await vi.advanceTimersByTimeAsync(8000)
    expect(count('wrap-up a van')).toBeGreaterThan(2)
    expect(store.get().notice).toMatch(/not saved yet/)
    wrapUp = () => Promise.resolve()
    await vi.advanceTimersByTimeAsync(5000)
    expect(keep.draft('call/a/1').note).toBe('')
    expect(store.get().notice).toBe('')
  })

  test('that are refused can be changed and handed in again', async () => {
    await wrapUpFor(60_000)
    wrapUp = () => Promise.reject(new Refusal(422, 'Too long.'))
    watch.finish()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(count('wrap-up a van')).toBe(1)
    expect(store.get().offer?.finishing).toBe(false)
    expect(store.get().notice).toBe('The notes are not saved. Too long.')
  })

  test('that come in twice, the first answer being lost, are not said to be refused', async () => {
    await wrapUpFor(60_000)
    wrapUp = () => Promise.reject(new Refusal(409, 'The call is over already.'))
    watch.finish()
    await vi.advanceTimersByTimeAsync(100)
    expect(store.get().notice).toBe('')
    expect(store.get().offer?.finishing).toBe(false)
    expect(keep.draft('call/a/1').note).toBe('a van')
  })

  test('that came too late are given back', async () => {
    await wrapUpFor(60_000)
    answer = () => Promise.resolve(ended(''))
    store.tell({ ...over, at: Date.now() })
    await vi.advanceTimersByTimeAsync(1500)
    expect(store.get().history[0]?.text).toMatch(/Your notes were not saved: “Resolved: a van”$/)
    expect(keep.draft('call/a/1').note).toBe('')
  })

  test('that came in, while the answer was lost, are not said to be lost', async () => {
    await wrapUpFor(60_000)
    answer = () => Promise.resolve({ ...ended('a van'), result: { ...ended('a van').result!, disposition: 'Resolved' } })
    store.tell({ ...over, at: Date.now() })
    await vi.advanceTimersByTimeAsync(1500)
    expect(store.get().history[0]?.text).toBe('You talked with Zoë for 5 seconds. Zoë hung up.')
  })
})

test('a call that is answered while TaskRouter is not reached is looked at all the same', async () => {
  store.tell({ type: 'task_router', state: 'ready' })
  store.tell(pending)
  store.tell(ring)
  await vi.advanceTimersByTimeAsync(2000)
  expect(asked).toEqual([])
  store.tell({ type: 'task_router', state: 'lost' })
  await vi.advanceTimersByTimeAsync(1500)
  expect(store.get().offer?.seen?.stage).toBe('connected')
})

test('what came of a call is asked for while the next is offered', async () => {
  store.tell(accepted)
  store.tell({ type: 'offer', at: Date.now(), offer: { reservation: 'WR1', call: 'call/a/1', attempt: 1, name: 'Zoë', reason: '', status: 'completed' } })
  store.tell({ type: 'offer', at: Date.now(), offer: { reservation: 'WR2', call: 'call/a/2', attempt: 1, name: 'Idris', reason: '', status: 'pending' } })
  answer = () => Promise.resolve({ ...call, stage: 'retry_planned', last_outcome: 'busy' })
  await vi.advanceTimersByTimeAsync(1500)
  expect(store.get().history.map(p => p.text)).toEqual(['Zoë’s line was engaged.'])
  expect(store.get().offer?.reservation).toBe('WR2')
  const before = count('call')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(count('call')).toBe(before)
})

test('an agent who is back and is lost once more is brought back once more', async () => {
  let done = () => {}
  rejoin = () => new Promise(resolve => { done = resolve })
  store.tell(registered)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(500)
  expect(count('rejoin')).toBe(1)
  store.tell(ring)
  done()
  await vi.advanceTimersByTimeAsync(30_000)
  store.tell({ type: 'ring_over', sid: 'CA1' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(count('rejoin')).toBe(2)
})

test('nothing goes on after the end, whatever was under way', async () => {
  let done = () => {}
  rejoin = () => new Promise(resolve => { done = resolve })
  store.tell(registered)
  store.tell(accepted)
  await vi.advanceTimersByTimeAsync(100)
  watch.stop()
  done()
  await vi.advanceTimersByTimeAsync(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('after many calls no timer and no draft is left', async () => {
  for (let i = 0; i < 100; i++) {
    const id = 'call/a/' + i
    const one = (status: 'pending' | 'accepted' | 'completed'): Event => ({ type: 'offer', at: Date.now(), offer: { reservation: 'WR' + i, call: id, attempt: 1, name: 'Zoë', reason: '', status } })
    answer = () => Promise.resolve({ ...call, call: id })
    store.tell(one('pending'))
    store.tell({ type: 'ring', ring: { sid: 'CA' + i, status: 'open', muted: false, rejoin: false, kept: false } })
    store.tell(one('accepted'))
    await vi.advanceTimersByTimeAsync(1200)
    answer = () => Promise.resolve({ ...call, call: id, stage: 'wrapping_up', wrap_up_until: new Date(Date.now() + 60_000).toISOString() })
    store.tell({ type: 'ring_over', sid: 'CA' + i })
    await vi.advanceTimersByTimeAsync(1200)
    keep.setDraft(id, { disposition: '', note: 'a van' })
    watch.finish()
    answer = () => Promise.resolve({ ...call, call: id, stage: 'ended', result: { outcome: 'completed', hung_up_by: 'caller', talk_seconds: 2, note: 'a van' } })
    store.tell(one('completed'))
    await vi.advanceTimersByTimeAsync(1200)
  }
  await vi.advanceTimersByTimeAsync(60_000)
  expect(store.get().history).toHaveLength(20)
  expect(store.get().history.every(p => p.text === 'You talked with Zoë for 2 seconds. Zoë hung up.')).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
  expect(drafts()).toBe(0)
})
