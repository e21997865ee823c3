import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Api } from '../adapters/api'
import type { Beat } from '../model/contract'
import { Beats } from './beats'
import { Store } from './store'

const sent: Beat[] = []
let store: Store
let beats: Beats

beforeEach(() => {
  vi.useFakeTimers()
  sent.length = 0
  store = new Store()
  store.tell({ type: 'presence', state: 'open' })
  beats = new Beats('page-1', store, { device: (b: Beat) => { sent.push(b); return Promise.reject(new Error('lost')) } } as unknown as Api)
})
afterEach(() => {
  beats.stop()
  vi.useRealTimers()
})

const ready = () => {
  store.tell({ type: 'microphone', state: 'open' })
  store.tell({ type: 'line', state: 'registered', trouble: '' })
}

test('a page that has just been loaded is not called lost', async () => {
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent).toEqual([])
  ready()
  expect(sent).toEqual([{ page: 'page-1', ready: true, why: '', wanted: '' }])
})

test('one that does not get ready is', async () => {
  await vi.advanceTimersByTimeAsync(3001)
  expect(sent).toEqual([{ page: 'page-1', ready: false, why: 'starting', wanted: '' }])
})

test('every change is told at once, nothing twice, and every 5 s that it lives', async () => {
  ready()
  store.tell({ type: 'microphone', state: 'unplugged' })
  store.tell({ type: 'quality', warning: 'high-rtt', on: true })
  expect(sent.map(b => b.why)).toEqual(['', 'microphone unplugged'])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sent.length).toBeGreaterThanOrEqual(6)
  expect(sent.length).toBeLessThanOrEqual(7)
})

test('a page that is being left does not call its softphone lost', async () => {
  ready()
  store.tell({ type: 'presence', state: 'lost' })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sent.map(b => b.ready)).toEqual([true])
  store.tell({ type: 'presence', state: 'open' })
  expect(sent.map(b => b.ready)).toEqual([true, true])
})
