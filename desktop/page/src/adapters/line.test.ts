import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keep } from './keep'
import { Line } from './line'

vi.mock('@twilio/voice-sdk', () => ({ Call: { State: {} }, Device: { State: {} } }))
vi.mock('./sounds', () => ({ sounds: {} }))

const over: string[] = []
let line: Line
beforeEach(() => {
  vi.useFakeTimers()
  const kept = new Map<string, string>()
  vi.stubGlobal('sessionStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) })
  vi.stubGlobal('window', new EventTarget())
  over.length = 0
  const nothing = () => {}
  line = new Line({ state: nothing, ring: nothing, over: sid => over.push(sid), quality: nothing, heard: nothing, tokenNeeded: nothing })
  keep.setRing({ sid: 'CA1', token: 't', at: Date.now() - 5000 })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a ring from before a reload is over when Twilio answers it no more', () => {
  expect(line.kept()).toMatchObject({ sid: 'CA1', status: 'ringing', kept: true })
  vi.advanceTimersByTime(19_000)
  expect(over).toEqual([])
  vi.advanceTimersByTime(2000)
  expect(over).toEqual(['CA1'])
  expect(line.kept()).toBeNull()
})

test('a ring from before a reload does not end the one that came after it', () => {
  line.kept()
  keep.setRing({ sid: 'CA2', token: 't', at: Date.now() })
  vi.advanceTimersByTime(60_000)
  expect(over).toEqual([])
  expect(keep.ring()?.sid).toBe('CA2')
})

test('nothing is left of a softphone that was stopped', () => {
  line.kept()
  line.stop()
  expect(vi.getTimerCount()).toBe(0)
})
