import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { keep } from '../adapters/keep'
import type { CallAnswer } from '../model/contract'
import type { Event } from '../model/next'
import { Store } from './store'
import { Watch } from './watch'

const call: CallAnswer = { call: 'call/a/1', stage: 'connected', since: '2030-05-06T13:00:00Z', attempt: 1, last_outcome: '', retry_at: null, wrap_up_until: null, result: null }
const accepted: Event = { type: 'offer', at: 1, offer: { reservation: 'WR1', call: 'call/a/1', name: 'Zoë', reason: '', status: 'accepted' } }
const pending: Event = { type: 'offer', at: 1, offer: { reservation: 'WR1', call: 'call/a/1', name: 'Zoë', reason: '', status: 'pending' } }
const registered: Event = { type: 'line', state: 'registered', trouble: '' }
const ring: Event = { type: 'ring', ring: { sid: 'CA1', status: 'open', muted: false, rejoin: false, kept: false } }

const asked: string[] = []
let answer: () => Promise<CallAnswer>
let rejoin: () => Promise<void>
const api = {
  ahead: 0,
  call: () => { asked.push('call'); return answer() },
  rejoin: () => { asked.push('rejoin'); return rejoin() },
  wrapUp: (_: string, w: { note: string }) => { asked.push('wrap-up ' + w.note); return Promise.resolve() },
} as unknown as Api
const count = (what: string) => asked.filter(a => a === what).length

let store: Store
let watch: Watch
beforeEach(() => {
  vi.useFakeTimers()
  const kept = new Map<string, string>()
  vi.stubGlobal('sessionStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) })
  asked.length = 0
  answer = () => Promise.resolve(call)
  rejoin = () => Promise.resolve()
  store = new Store()
  watch = new Watch(store, api, () => asked.push('signed out'))
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('nothing is asked before the offer is accepted, and once a second from then on', async () => {
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
