import type { CallAnswer, Config } from '../src/model/contract'
import { atFirst } from '../src/model/shift'
import type { Ring, Shift, Watched } from '../src/model/shift'

// Every state of the page, for looking at and for the accessibility check. `npm run dev`, then /states.html.

export const now = Date.parse('2030-05-06T13:05:32Z')
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString()

const config: Config = {
  sign_in: { kind: 'names', names: ['alice', 'bob'] },
  agent: { name: 'alice', sid: 'WK1', identity: 'alice' },
  voice: { edge: '', signalling: '', sounds: true },
  task_router: { rest: '', socket: '' },
  statuses: ['Available', 'On a break', 'Gone Home'], lost_status: 'Softphone lost', missed_status: 'Missed call',
  dispositions: ['Resolved', 'Call again', 'Wrong number', 'Complaint'],
}
const past = [
  { call: '2', at: now - 600_000, text: 'You talked with Idris Okafor for 4 minutes and 12 seconds. Idris Okafor hung up.' },
  { call: '1', at: now - 1_900_000, text: 'Priya Nair did not answer. We will try again at 13:35.' },
]
const free: Shift = {
  ...atFirst, config, agent: config.agent, presence: 'open', microphone: 'open', line: 'registered', taskRouter: 'ready',
  statuses: ['Available', 'On a break', 'Gone Home', 'Missed call', 'Softphone lost'].map(name => ({ name, takesCalls: name === 'Available' })),
  status: 'Available', wanted: 'Available', history: past,
}
const call: CallAnswer = { call: '3', stage: 'connected', since: ago(92), attempt: 1, last_outcome: '', retry_at: null, wrap_up_until: null, result: null, yours: true }
const offer: Watched = {
  reservation: 'WR1', call: '3', attempt: 1, name: 'Zoë Álvarez', reason: 'Cover for a second van, before the weekend', status: 'pending', seen: null,
  rang: false, answering: false, answered: false, accepted: false, declined: false, hungUp: false, rejoin: 'no', finishing: false, overAt: 0,
}
const on: Watched = { ...offer, status: 'accepted', accepted: true, answered: true, seen: call }
const ring: Ring = { sid: 'CA1', status: 'open', muted: false, rejoin: false, kept: false }

export const states: Record<string, Shift> = {
  starting: atFirst,
  unreachable: { ...atFirst, serverTrouble: 'The server is not reached. The page tries again by itself; if this lasts, check the network.' },
  unsupported: { ...atFirst, browser: 'unsupported' },
  insecure: { ...atFirst, browser: 'insecure' },
  'sign-in': { ...atFirst, config: { ...config, agent: null } },
  'sign-in-oidc': { ...atFirst, config: { ...config, agent: null, sign_in: { kind: 'oidc', url: '/desktop/sign-in' } } },
  elsewhere: { ...free, place: 'elsewhere' },
  'elsewhere-in-call': { ...free, place: 'elsewhere', callElsewhere: true },
  connecting: { ...free, microphone: 'asking', line: 'off', taskRouter: 'connecting', status: '', history: [] },
  idle: free,
  break: { ...free, status: 'On a break' },
  missed: { ...free, status: 'Missed call', history: [{ call: '3', at: now, text: 'You missed the call with Zoë Álvarez. Somebody else is offered it.' }, ...past] },
  refused: { ...free, microphone: 'refused', line: 'off', status: 'Softphone lost' },
  unplugged: { ...free, microphone: 'unplugged', status: 'Softphone lost' },
  offline: { ...free, online: false, presence: 'lost', line: 'unregistered', taskRouter: 'lost' },
  back: { ...free, status: 'Softphone lost', statusWhy: 'microphone unplugged' },
  offered: { ...free, offer },
  ringing: { ...free, offer: { ...offer, rang: true }, ring: { ...ring, status: 'ringing' } },
  'ringing-kept': { ...free, offer: { ...offer, rang: true }, ring: { ...ring, status: 'ringing', kept: true } },
  'caller-rings': { ...free, offer: { ...on, seen: { ...call, stage: 'caller_ringing', since: ago(7) } }, ring },
  connected: { ...free, offer: on, ring },
  muted: { ...free, offer: on, ring: { ...ring, muted: true }, quality: ['high-packet-loss'] },
  reconnecting: { ...free, offer: on, ring: { ...ring, status: 'reconnecting' }, line: 'unregistered' },
  rejoining: { ...free, offer: { ...on, answered: false, rejoin: 'asked' } },
  over: { ...free, offer: { ...on, status: 'completed', seen: null, overAt: now } },
  'wrap-up': { ...free, offer: { ...on, seen: { ...call, stage: 'wrapping_up', wrap_up_until: new Date(now + 74_000).toISOString() } } },
  'notes-lost': { ...free, history: [{ call: '3', at: now, text: 'You talked with Zoë Álvarez for 32 seconds. Zoë Álvarez hung up. Your notes were not saved: “Call again: wants the new van on the same policy”' }, ...past] },
  long: { ...free, offer: { ...on, name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3), reason: 'https://example.com/' + 'a-very-long-word'.repeat(12) + ' and then <b>words</b>' }, ring,
    history: [{ call: '2', at: now, text: `${'Wolfeschlegelsteinhausenbergerdorff'.repeat(2)} did not answer.` }] },
  'from-the-right': { ...free, offer: { ...offer, name: '\u2068נועה לוי\u2069', reason: '\u2068ביטוח לרכב שני, לפני סוף השבוע\u2069', rang: true }, ring: { ...ring, status: 'ringing' },
    history: [{ call: '3', at: now, text: '\u2068נועה לוי\u2069’s line was engaged. We will try again at 13:35.' }] },
  trouble: { ...free, notice: 'The status could not be changed: TaskRouter does not answer.', taskRouter: 'lost' },
}
