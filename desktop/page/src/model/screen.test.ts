import { describe, expect, test } from 'vitest'
import { device, network } from './device'
import { screen } from './screen'
import type { Panel, Screen } from './screen'
import { atFirst } from './shift'
import type { Shift } from './shift'
import { now, states } from '../../states/states'

const desk = (name: string) => {
  const s = screen(states[name]!, now)
  if (s.kind !== 'desk') throw new Error(`${name} is ${s.kind}`)
  return s
}
const panel = <K extends Panel['kind']>(name: string, kind: K) => {
  const p = desk(name).panel
  expect(p.kind).toBe(kind)
  return p as Extract<Panel, { kind: K }>
}

test.each<[string, Screen['kind']]>([
  ['starting', 'starting'], ['unsupported', 'unsupported'], ['insecure', 'unsupported'], ['sign-in', 'sign_in'], ['elsewhere', 'elsewhere'], ['idle', 'desk'],
])('%s shows %s', (name, kind) => {
  expect(screen(states[name]!, now).kind).toBe(kind)
})

test('a window keeps its call when the softphone is opened elsewhere', () => {
  const s = screen({ ...states.connected!, place: 'elsewhere' }, now)
  expect(s.kind).toBe('desk')
})

describe('the card', () => {
  test('of an offer shows who and why before it rings', () => {
    const p = panel('offered', 'offer')
    expect([p.name, p.reason]).toEqual(['Zoë Álvarez', 'Cover for a second van, before the weekend'])
    expect(p.text).toMatch(/rings in a moment/)
    expect(panel('ringing', 'offer').text).toMatch(/^Your softphone rings/)
  })
  test('of an offer goes when it is declined', () => {
    const s = states.ringing!
    expect(desk('ringing').panel.kind).toBe('offer')
    const declined = screen({ ...s, offer: { ...s.offer!, declined: true } }, now)
    expect(declined.kind === 'desk' && declined.panel.kind).toBe('idle')
  })
  test('of a call tells where it is', () => {
    expect(panel('caller-rings', 'call')).toMatchObject({ stage: 'Ringing Zoë Álvarez…', timer: '0:07', tone: 'waiting' })
    expect(panel('connected', 'call')).toMatchObject({ stage: 'Connected', timer: '1:32', tone: 'live', canEnd: true, controls: true })
    expect(panel('reconnecting', 'call').stage).toMatch(/Reconnecting/)
    expect(panel('rejoining', 'call').stage).toMatch(/^Bringing you back/)
  })
  test('of a call that somebody ended says so until the server knows', () => {
    const s = screen({ ...states.connected!, ring: null }, now)
    expect(s.kind === 'desk' && s.panel).toMatchObject({ kind: 'call', stage: 'The call is over.', controls: false })
  })
  test('of the wrap-up counts down', () => {
    expect(panel('wrap-up', 'wrap_up')).toMatchObject({ timer: '1:14', urgent: false })
  })
})

test('a missed call and a lost softphone are one press from Available', () => {
  expect(desk('missed').warnings).toEqual([{ text: 'You missed a call, so you are not offered any more of them.', remedy: 'Available' }])
  expect(desk('back').warnings[0]).toMatchObject({ remedy: 'Available' })
  expect(desk('unplugged').warnings).toEqual([])
})

test('the selector shows a status that cannot be chosen, and offers those that can', () => {
  expect(desk('missed').chooser).toMatchObject({ current: 'Missed call', tone: 'trouble' })
  expect(desk('missed').chooser.options[0]).toEqual({ name: 'Missed call', choosable: false })
  expect(desk('idle').chooser.options.map(o => o.name)).toEqual(['Available', 'On a break', 'Gone Home'])
  expect(desk('ringing').chooser.refused).not.toBe('')
})

describe('the softphone', () => {
  const ready: Shift = { ...atFirst, microphone: 'open', line: 'registered', presence: 'open' }
  test('is ready only when all of it is', () => {
    expect(device(ready)).toMatchObject({ state: 'ready', text: 'Ready', why: '' })
  })
  test.each<[Partial<Shift>, string]>([
    [{ microphone: 'refused' }, 'microphone not allowed'], [{ microphone: 'missing' }, 'no microphone'], [{ microphone: 'unplugged' }, 'microphone unplugged'],
    [{ microphone: 'busy' }, 'microphone in use'], [{ online: false }, 'no network'], [{ line: 'unregistered' }, 'no connection to Twilio'],
    [{ line: 'registering', lineTrouble: 'x' }, 'no connection to Twilio'], [{ line: 'off', tokenTrouble: 'x' }, 'no access'], [{ presence: 'lost' }, 'no connection to the server'],
  ])('%o is lost', (change, why) => {
    const d = device({ ...ready, ...change })
    expect(d).toMatchObject({ state: 'lost', why, text: 'Lost: ' + why })
    expect(d.advice).not.toBe('')
  })
  test('that is only starting is not lost', () => {
    expect(device(atFirst).state).toBe('connecting')
    expect(device({ ...ready, line: 'registering' }).state).toBe('connecting')
  })
  test('that lives on while a token fails tells so elsewhere', () => {
    expect(device({ ...ready, tokenTrouble: 'x' }).state).toBe('ready')
  })
})

test('the network in words', () => {
  expect(network(states.idle!)).toEqual({ text: 'Good', good: true })
  expect(network(states.muted!)).toEqual({ text: 'Losing sound', good: false })
  expect(network(states.offline!)).toEqual({ text: 'Offline', good: false })
})
