import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { Tokens } from './tokens'

let answers: (() => Promise<{ token: string; expires: string }>)[]
let fetched: number
const heard: string[] = []
let tokens: Tokens
const lasting = (seconds: number) => () => Promise.resolve({ token: 'T' + fetched, expires: new Date(Date.now() + seconds * 1000).toISOString() })
const failing = (status: number) => () => Promise.reject(new Refusal(status, 'no'))

beforeEach(() => {
  vi.useFakeTimers()
  answers = []
  fetched = 0
  heard.length = 0
  const token = () => {
    fetched++
    return (answers.shift() ?? lasting(3600))()
  }
  tokens = new Tokens({ ahead: 0, token } as unknown as Api, {
    fresh: t => heard.push(t), trouble: why => { if (why) heard.push('trouble') }, signedOut: () => heard.push('signed out'),
  })
})
afterEach(() => {
  tokens.stop()
  vi.useRealTimers()
})

test('a token is renewed well before it expires', async () => {
  answers = [lasting(100), lasting(100)]
  tokens.need()
  await vi.advanceTimersByTimeAsync(74_000)
  expect(heard).toEqual(['T1'])
  await vi.advanceTimersByTimeAsync(2000)
  expect(heard).toEqual(['T1', 'T2'])
})

test('a renewal that fails is told and tried again, less and less often', async () => {
  answers = [failing(503), failing(0), failing(503)]
  tokens.need()
  await vi.advanceTimersByTimeAsync(10)
  expect(heard).toEqual(['trouble'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(heard).toEqual(['trouble', 'trouble', 'trouble', 'T4'])
})

test('both SDKs asking at once, and asking again at once, is no storm', async () => {
  tokens.need()
  tokens.need()
  await vi.advanceTimersByTimeAsync(10)
  for (let i = 0; i < 50; i++) {
    tokens.need()
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(fetched).toBeLessThan(5)
  expect(fetched).toBeGreaterThan(1)
})

test('who is signed out gets no token', async () => {
  answers = [failing(401)]
  tokens.need()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(heard).toEqual(['signed out'])
})
