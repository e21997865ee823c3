import { describe, expect, test } from 'vitest'
import type { CallAnswer, Config, Offer, Stage } from './contract'
import { next, patience } from './next'
import type { Event } from './next'
import { atFirst, bringsBack } from './shift'
import type { Ring, Shift } from './shift'

const config: Config = {
  sign_in: { kind: 'names', names: ['alice'] }, agent: { name: 'alice', sid: 'WK1', identity: 'alice' },
  voice: { edge: '', signalling: '', sounds: true }, task_router: { rest: '', socket: '' },
  statuses: ['Available', 'On a break', 'Gone Home'], lost_status: 'Softphone lost', missed_status: 'Missed call', dispositions: ['Resolved'],
}
const offer = (status: Offer['status'], reservation = 'WR1'): Event => ({ type: 'offer', at: 1000, offer: { reservation, call: 'call/a/1', attempt: 1, name: 'Zoë', reason: 'a van', status } })
const ring = (status: Ring['status']): Event => ({ type: 'ring', ring: { sid: 'CA1', status, muted: false, rejoin: false, kept: false } })
const answer = (stage: Stage, more: Partial<CallAnswer> = {}): CallAnswer => ({ call: 'call/a/1', stage, since: '2030-05-06T13:00:00Z', attempt: 1, last_outcome: '', retry_at: null, wrap_up_until: null, result: null, yours: true, ...more })
const seen = (call: CallAnswer, asked: number): Event => ({ type: 'seen', call, asked, at: asked + 10 })
const run = (...events: Event[]): Shift => events.reduce(next, next(atFirst, { type: 'config', config }))
const onTheLine = [offer('pending'), ring('ringing'), ring('open'), offer('accepted')]

describe('what came of an offer', () => {
  test('is told at once when the agent was never on the line', () => {
    expect(run(offer('pending'), { type: 'declined' }, offer('rejected')).history[0]?.text).toBe('You declined the call with Zoë. Somebody else is offered it.')
    expect(run(offer('pending'), ring('ringing'), offer('rejected')).history[0]?.text).toMatch(/^You missed the call/)
    expect(run(offer('pending'), offer('rejected')).history[0]?.text).toMatch(/could not be put through/)
    expect(run(offer('pending'), offer('canceled')).history[0]?.text).toMatch(/taken back/)
    expect(run(offer('pending'), ring('ringing'), ring('open'), offer('rejected')).history[0]?.text).toMatch(/could not be brought into the call/)
    expect(run(offer('pending'), offer('canceled')).offer).toBeNull()
  })

  test('is told once, though TaskRouter offers the call again at once', () => {
    const s = run(offer('pending'), { type: 'declined' }, offer('rejected'), offer('pending', 'WR2'), ring('ringing'), offer('rejected', 'WR2'))
    expect(s.history).toHaveLength(1)
    expect(s.history[0]?.text).toMatch(/^You declined/)
    expect(s.offer).toBeNull()
  })

  test('waits for the server when the agent was on the line', () => {
    const s = run(...onTheLine, offer('completed'))
    expect(s.offer).not.toBeNull()
    expect(s.history).toEqual([])
    const told = next(s, seen(answer('ended', { result: { outcome: 'completed', hung_up_by: 'caller', talk_seconds: 61 } }), 2000))
    expect(told.offer).toBeNull()
    expect(told.history[0]?.text).toBe('You talked with Zoë for 1 minute and 1 second. Zoë hung up.')
  })

  test('is not taken from an answer older than the end', () => {
    const s = next(run(...onTheLine, offer('completed')), seen(answer('agent_ringing'), 900))
    expect(s.offer).not.toBeNull()
  })

  test('is given up after a while', () => {
    const s = run(...onTheLine, offer('completed'))
    const early: Event = { type: 'unseen', at: 1000 + patience }
    const late: Event = { type: 'unseen', at: 1001 + patience }
    expect(next(s, early).offer).not.toBeNull()
    expect(next(s, late).history[0]?.text).toMatch(/has not told/)
  })

  test('is not lost when the next offer comes first', () => {
    const s = run(...onTheLine, offer('completed'), offer('pending', 'WR2'))
    expect(s.offer?.reservation).toBe('WR2')
    expect(s.offer?.answered).toBe(true) // the softphone is still on the line
    expect(s.history).toEqual([])
    const told = next(s, seen(answer('retry_planned', { last_outcome: 'busy' }), 2000))
    expect(told.history.map(p => p.text)).toEqual(['Zoë’s line was engaged.'])
    expect([told.offer?.reservation, told.untold]).toEqual(['WR2', []])
    expect(next(s, { type: 'unseen', at: 1001 + patience }).history[0]?.text).toMatch(/has not told/)
  })
})

describe('a caller who is busy at once', () => {
  const busy = { last_outcome: 'busy', retry_at: null }
  const over: Event = { type: 'ring_over', sid: 'CA1' }
  // Each answer is from the process as it was at that time; the reservation ends at 1000.
  test.each<[string, Event[]]>([
    ['the last answer is from before the agent had joined', [seen(answer('agent_ringing'), 900), over, offer('completed'), seen(answer('retry_planned', busy), 2000)]],
    ['the softphone is over last', [seen(answer('agent_joined'), 900), offer('completed'), over, seen(answer('caller_ringing'), 1100), seen(answer('retry_planned', busy), 2000)]],
    ['an answer is late', [over, offer('completed'), seen(answer('agent_ringing'), 990), seen(answer('caller_ringing'), 1000), seen(answer('retry_planned', busy), 2000)]],
    ['the server tells first', [seen(answer('caller_ringing'), 800), seen(answer('retry_planned', busy), 900), over, offer('completed')]],
    ['the result is there before the stage', [over, offer('completed'), seen(answer('caller_ringing', { result: { outcome: 'busy' } }), 1100)]],
    ['nothing was answered before', [offer('completed'), over, seen(answer('ended', { result: { outcome: 'busy' } }), 1100)]],
    ['the reservation is canceled', [seen(answer('agent_ringing'), 900), offer('canceled'), seen(answer('retry_planned', busy), 2000)]],
  ])('is what the agent is told, when %s', (_, events) => {
    const states = events.map((__, i) => run(...onTheLine, ...events.slice(0, i + 1)))
    expect(states.flatMap(s => s.history.map(p => p.text)).filter(text => !text.startsWith('Zoë’s line was engaged.'))).toEqual([])
    expect(states.at(-1)?.history).toHaveLength(1)
    expect(states.at(-1)?.offer).toBeNull()
  })

  test('is not said to have been left by the agent, when the next attempt has begun before the server could be asked', () => {
    const s = run(...onTheLine, over, offer('completed'), seen(answer('queued', { attempt: 2, yours: false }), 5000))
    expect(s.history[0]?.text).toBe('The attempt to reach Zoë came to nothing. Another one is made.')
    const talked = run(...onTheLine, offer('completed'), seen(answer('ended', { attempt: 2, yours: false, result: { outcome: 'completed', hung_up_by: 'caller', talk_seconds: 99 } }), 5000))
    expect(talked.history[0]?.text).not.toMatch(/You talked/)
  })
})

test('an agent who left is told so once the call is offered to somebody else', () => {
  const left = [...onTheLine, { type: 'hung_up' } as const, offer('completed')]
  expect(run(...left, seen(answer('agent_ringing', { yours: false }), 1100)).history[0]?.text).toMatch(/^You left before Zoë/)
  expect(run(...left, seen(answer('queued', { attempt: 2, yours: false }), 1100)).history[0]?.text).toMatch(/^You left before Zoë/)
  expect(run(...left, seen(answer('connected', { yours: false }), 1100)).offer).toBeNull()
})

test('a ring that comes before its offer is not shown as the call that was', () => {
  const s = run(...onTheLine, { type: 'ring_over', sid: 'CA1' }, offer('completed'), { type: 'ring', ring: { sid: 'CA2', status: 'ringing', muted: false, rejoin: false, kept: false } })
  expect([s.offer, s.untold.length]).toEqual([null, 1])
})

describe('a ring from before a reload', () => {
  const kept: Event = { type: 'ring', ring: { sid: 'CA1', status: 'ringing', muted: false, rejoin: false, kept: true } }
  test('ends with its offer', () => {
    expect(run(offer('pending'), kept, offer('rejected')).ring).toBeNull()
    expect(run(kept, { type: 'offers', offers: [], at: 5 }).ring).toBeNull()
  })
  test('gives way to the leg that brings the agent back', () => {
    const s = run(offer('accepted'), kept, { type: 'ring', ring: { sid: 'CA2', status: 'connecting', muted: false, rejoin: true, kept: false } })
    expect(s.ring).toMatchObject({ sid: 'CA2', kept: false })
  })
})

test('a call that was answered while TaskRouter was not reached is asked for, not said to be missed', () => {
  const s = run(offer('pending'), ring('ringing'), { type: 'task_router', state: 'lost' }, ring('open'), { type: 'offers', offers: [], at: 5 })
  expect(s.history).toEqual([])
  expect(s.offer?.accepted).toBe(true)
})

test('a reservation that is missing after a reconnect is over', () => {
  expect(run(offer('pending'), { type: 'offers', offers: [], at: 5 }).offer).toBeNull()
  const s = run(...onTheLine, { type: 'offers', offers: [], at: 5 })
  expect(s.offer?.status).toBe('completed')
  expect(s.offer?.overAt).toBe(5)
})

test('an offer that was over before it was known is not shown', () => {
  expect(run(offer('completed')).offer).toBeNull()
})

describe('the status to restore', () => {
  test('is the last one that an agent may choose, whoever chose it', () => {
    const s = run({ type: 'status', status: 'Available' }, { type: 'status', status: 'Softphone lost' })
    expect(s.wanted).toBe('Available')
    expect(next(s, { type: 'status', status: 'Gone Home' }).wanted).toBe('Gone Home')
    expect(next(s, { type: 'status', status: 'Missed call' }).wanted).toBe('Available')
  })
})

describe('the agent is brought back', () => {
  const registered: Event = { type: 'line', state: 'registered', trouble: '' }
  const reloaded = [registered, offer('accepted'), seen(answer('connected'), 2000)]

  test('into a call that goes on without the softphone', () => {
    expect(bringsBack(run(...reloaded))).toBe(true)
  })
  test('not before the softphone is registered', () => {
    expect(bringsBack(run(...reloaded.slice(1)))).toBe(false)
  })
  test('not while on the line, in wrap-up, or after hanging up', () => {
    expect(bringsBack(run(...reloaded, ring('open')))).toBe(false)
    expect(bringsBack(run(...reloaded, seen(answer('wrapping_up'), 3000)))).toBe(false)
    expect(bringsBack(run(...reloaded, { type: 'hung_up' }))).toBe(false)
  })
})

test('hearing the server is being online', () => {
  const off = run({ type: 'online', online: false })
  expect(off.online).toBe(false)
  expect(next(off, { type: 'presence', state: 'open' }).online).toBe(true)
})

test('taking the softphone over starts afresh', () => {
  const s = run({ type: 'microphone', state: 'open' }, { type: 'line', state: 'registered', trouble: '' }, { type: 'elsewhere', inCall: false }, { type: 'here' })
  expect([s.place, s.microphone, s.line]).toEqual(['here', 'unknown', 'off'])
})

test('the end of another call is not the end of this one', () => {
  expect(run(ring('open'), { type: 'ring_over', sid: 'CA0' }).ring?.sid).toBe('CA1')
})
