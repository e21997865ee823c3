import { expect, test } from 'vitest'
import { backoff } from './backoff'
import type { CallAnswer, Result } from './contract'
import { nextAttempt, ofCall } from './outcome'
import { clock, duration, timer } from './words'

const since = '2030-05-06T13:00:00Z'
const call = (more: Partial<CallAnswer>): CallAnswer => ({ call: 'a', stage: 'ended', since, attempt: 1, details: '', wrap_up_until: null, result: null, ...more })

test.each<[Result, string]>([
  [{ outcome: 'completed', hung_up_by: 'caller', talk_seconds: 32 }, 'You talked with Zoë for 32 seconds. Zoë hung up.'],
  [{ outcome: 'completed', hung_up_by: 'agent', talk_seconds: 120 }, 'You talked with Zoë for 2 minutes. You hung up.'],
  [{ outcome: 'hung_up_early' }, 'Zoë picked up and hung up at once.'],
  [{ outcome: 'no_answer' }, 'Zoë did not answer. That was the last attempt.'],
  [{ outcome: 'busy' }, 'Zoë’s line was engaged. That was the last attempt.'],
  [{ outcome: 'voicemail' }, 'A machine answered for Zoë. That was the last attempt.'],
  [{ outcome: 'cancelled' }, 'The request of Zoë was withdrawn.'],
  [{ outcome: 'failed', reason: 'apologised' }, 'Zoë picked up when you had gone, and heard an apology.'],
])('%o', (result, text) => {
  expect(ofCall('Zoë', call({ result }))).toBe(text)
})

test('a further attempt has its time, read from the process’s own words', () => {
  const details = 'Attempt 1 ended at 13:00:00 UTC on 6 May: no_answer. The next one begins at 13:30:00 UTC on 6 May.'
  const text = ofCall('Zoë', call({ stage: 'retry_planned', details }))
  expect(text).toBe(`Zoë did not answer. We will try again ${clock(Date.parse('2030-05-06T13:30:00Z'), Date.parse(since))}.`)
  expect(nextAttempt('Attempt 2 ended at x: failed (agent_left). The next one begins at 00:04:00 UTC on 1 January.', Date.parse('2030-12-31T23:59:00Z')))
    .toEqual({ outcome: 'failed', at: Date.parse('2031-01-01T00:04:00Z') })
})

test('words that are not known are shown as they are', () => {
  expect(ofCall('Zoë', call({ stage: 'retry_planned', details: 'Something else.' }))).toBe('Something else.')
})

test('times', () => {
  expect([timer(-5), timer(7_900), timer(750_000), timer(3_723_000)]).toEqual(['0:00', '0:07', '12:30', '1:02:03'])
  expect([duration(1), duration(60), duration(125)]).toEqual(['1 second', '1 minute', '2 minutes and 5 seconds'])
  expect(clock(Date.parse('2030-05-08T12:00:00'), Date.parse('2030-05-06T12:00:00'))).toBe('on 8 May at 12:00')
})

test('waiting doubles up to a limit', () => {
  expect([0, 1, 2, 9, 2000].map(n => backoff(n))).toEqual([500, 1000, 2000, 15_000, 15_000])
})
