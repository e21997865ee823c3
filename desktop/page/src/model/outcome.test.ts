import { expect, test } from 'vitest'
import { backoff } from './backoff'
import type { CallAnswer, Result } from './contract'
import { ofCall } from './outcome'
import { clock, duration, isolated, timer } from './words'

const since = '2030-05-06T13:00:00Z'
const mine = { attempt: 1, hungUp: false }
const call = (more: Partial<CallAnswer>): CallAnswer => ({ call: 'a', stage: 'ended', since, attempt: 1, last_outcome: '', retry_at: null, wrap_up_until: null, result: null, yours: true, ...more })

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
  expect(ofCall('Zoë', call({ result }), mine)).toBe(text)
})

test('a further attempt has its time', () => {
  const at = (hour: string) => new Date(`2030-05-06T${hour}`)
  const planned = call({ stage: 'retry_planned', since: at('13:00:00').toISOString(), last_outcome: 'no_answer', retry_at: at('13:30:00').toISOString() })
  expect(ofCall('Zoë', planned, mine)).toBe('Zoë did not answer. We will try again at 13:30.')
})

test('times', () => {
  expect([timer(-5), timer(7_900), timer(750_000), timer(3_723_000)]).toEqual(['0:00', '0:07', '12:30', '1:02:03'])
  expect([duration(1), duration(60), duration(125)]).toEqual(['1 second', '1 minute', '2 minutes and 5 seconds'])
  expect(clock(Date.parse('2030-05-08T12:00:00'), Date.parse('2030-05-06T12:00:00'))).toBe('on 8 May at 12:00')
})

test('waiting doubles up to a limit', () => {
  expect([0, 1, 2, 9, 2000].map(n => backoff(n))).toEqual([500, 1000, 2000, 15_000, 15_000])
})

test('what others wrote turns no sentence round', () => {
  expect(isolated('Zoë <b>')).toBe('Zoë <b>')
  expect(isolated('Zoë\u202e evil')).toBe('Zoë evil')
  expect(isolated('נועה')).toBe('\u2068נועה\u2069')
})
