import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Keys } from './keys'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

test('keys that are pressed fast sound one after the other', () => {
  const sent: string[] = []
  const keys = new Keys(k => sent.push(k))
  keys.press('1')
  keys.press('2#')
  expect(sent).toEqual(['1'])
  vi.advanceTimersByTime(240)
  expect(sent).toEqual(['1'])
  vi.advanceTimersByTime(20)
  expect(sent).toEqual(['1', '2'])
  vi.advanceTimersByTime(10_000)
  keys.press('3')
  expect(sent.join('')).toBe('12#3')
})

test('what is left at the end of a call does not sound in the next', () => {
  const sent: string[] = []
  const keys = new Keys(k => sent.push(k))
  keys.press('12')
  keys.forget()
  vi.advanceTimersByTime(10_000)
  expect(sent).toEqual(['1'])
})
