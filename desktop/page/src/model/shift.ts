import type { Agent, CallAnswer, Config, Offer } from './contract'

/** Everything the page knows, from six sources that come and go independently. What it means is for the other files. */
export interface Shift {
  config: Config | null
  /** Why the server cannot be asked; empty: it can. */
  serverTrouble: string
  agent: Agent | null
  browser: 'fine' | 'insecure' | 'unsupported'
  /** elsewhere: another window or page has the softphone. */
  place: 'here' | 'elsewhere'
  /** The other window is on a call, so that taking the softphone over takes the call over. */
  callElsewhere: boolean
  online: boolean
  presence: 'connecting' | 'open' | 'lost'
  microphone: Microphone
  /** The sound is held back until the agent touches the page: a rule of browsers. */
  soundBlocked: boolean
  line: LineState
  lineTrouble: string
  tokenTrouble: string
  /** What the voice SDK complains of during a call, by its names. */
  quality: string[]
  taskRouter: 'connecting' | 'ready' | 'lost'
  statuses: Status[]
  /** The status TaskRouter has for the agent; empty: not known yet. */
  status: string
  /** The status the agent last chose: to be restored when the softphone is back. */
  wanted: string
  choosing: string
  /** Why the server last changed the status. */
  statusWhy: string
  offer: Watched | null
  /** Calls that are over, while the server has still to tell what came of them and the next is on the screen. */
  untold: Watched[]
  ring: Ring | null
  history: Past[]
  /** What the agent has to be told about something just done. */
  notice: string
}

export interface Status {
  name: string
  takesCalls: boolean
}

export type Microphone = 'unknown' | 'asking' | 'open' | 'refused' | 'missing' | 'busy' | 'unplugged'
export type LineState = 'off' | 'registering' | 'registered' | 'unregistered' | 'destroyed'

/** Ring is a call as the voice SDK has it. */
export interface Ring {
  sid: string
  status: 'ringing' | 'connecting' | 'open' | 'reconnecting'
  muted: boolean
  /** The leg that brings the agent back into a call: answered without asking. */
  rejoin: boolean
  /** Known from before the page was loaded again; it does not ring here, but it can still be answered. */
  kept: boolean
}

/** Watched is the offer that is on the screen, from the moment it is made until it is told what came of it. */
export interface Watched extends Offer {
  seen: CallAnswer | null
  rang: boolean
  /** The agent has pressed Answer; the softphone may still have to ring. */
  answering: boolean
  answered: boolean
  /** The reservation has been accepted: the agent was on the line, by the call process's own judgement. */
  accepted: boolean
  declined: boolean
  hungUp: boolean
  rejoin: 'no' | 'asked' | 'failed'
  finishing: boolean
  /** When the reservation was over, by the browser's clock; 0: it is not. */
  overAt: number
}

export interface Past {
  call: string
  at: number
  text: string
}

export const atFirst: Shift = {
  config: null, serverTrouble: '', agent: null,
  browser: 'fine', place: 'here', callElsewhere: false, online: true, presence: 'connecting',
  microphone: 'unknown', soundBlocked: false,
  line: 'off', lineTrouble: '', tokenTrouble: '', quality: [],
  taskRouter: 'connecting', statuses: [], status: '', wanted: '', choosing: '', statusWhy: '',
  offer: null, untold: [], ring: null, history: [], notice: '',
}

/** talking reports whether the softphone has answered. */
export function talking(r: Ring | null): boolean {
  return r !== null && r.status !== 'ringing'
}

/** busy reports whether this page has a call that would be lost if the page let go of the softphone. */
export function busy(s: Shift): boolean {
  return s.ring !== null && !s.ring.kept
}

/** occupied reports whether the agent is on a call or writing the notes on it, which another window that is opened by
 * mistake must not take away. */
export function occupied(s: Shift): boolean {
  return busy(s) || (s.offer?.seen?.stage === 'wrapping_up' && !s.offer.overAt)
}

/** bringsBack reports whether the agent belongs into a call that the softphone is not in: the page was loaded again, or
 * the line broke. */
export function bringsBack(s: Shift): boolean {
  const o = s.offer
  if (!o || o.status !== 'accepted' || o.hungUp || !o.seen || s.ring || s.line !== 'registered') return false
  return o.seen.stage === 'agent_joined' || o.seen.stage === 'caller_ringing' || o.seen.stage === 'connected'
}

/** takesCalls reports whether TaskRouter offers calls to an agent with this status. */
export function takesCalls(s: Shift, status: string): boolean {
  return s.statuses.some(known => known.name === status && known.takesCalls)
}
