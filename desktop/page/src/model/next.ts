import type { CallAnswer, Config, Offer } from './contract'
import { over } from './contract'
import { elsewhere, ofCall, ofOffer } from './outcome'
import { atFirst, talking } from './shift'
import type { LineState, Microphone, Past, Ring, Shift, Status, Watched } from './shift'

/** Event is one thing that happened: in the browser, at Twilio, at the server, or by the agent's hand. */
export type Event =
  | { type: 'config'; config: Config }
  | { type: 'server_trouble'; why: string }
  | { type: 'signed_out' }
  | { type: 'browser'; support: Shift['browser'] }
  | { type: 'online'; online: boolean }
  | { type: 'presence'; state: Shift['presence'] }
  | { type: 'elsewhere'; inCall: boolean }
  | { type: 'here' }
  | { type: 'microphone'; state: Microphone }
  | { type: 'sound_blocked'; blocked: boolean }
  | { type: 'line'; state: LineState; trouble: string }
  | { type: 'token_trouble'; why: string }
  | { type: 'quality'; warning: string; on: boolean }
  | { type: 'task_router'; state: Shift['taskRouter'] }
  | { type: 'statuses'; known: Status[] }
  | { type: 'status'; status: string }
  | { type: 'status_why'; why: string }
  | { type: 'wanted'; status: string }
  | { type: 'choosing'; status: string }
  | { type: 'offers'; offers: Offer[]; at: number }
  | { type: 'offer'; offer: Offer; at: number }
  | { type: 'ring'; ring: Ring }
  | { type: 'ring_over'; sid: string }
  | { type: 'answering' }
  | { type: 'declined' }
  | { type: 'hung_up' }
  | { type: 'finishing'; on: boolean }
  | { type: 'rejoin'; state: Watched['rejoin'] }
  | { type: 'seen'; call: CallAnswer; asked: number; at: number }
  | { type: 'unseen'; at: number }
  | { type: 'unsaved'; call: string; notes: string }
  | { type: 'history'; past: Past[] }
  | { type: 'notice'; text: string }

/** patience is how long the page waits to be told what came of a call, in ms. */
export const patience = 30_000
const remembered = 20
const echoes = 10_000

/** next is what the page knows after an event. */
export function next(s: Shift, e: Event): Shift {
  switch (e.type) {
    case 'config': return { ...s, config: e.config, agent: e.config.agent, serverTrouble: '' }
    case 'server_trouble': return { ...s, serverTrouble: e.why }
    case 'signed_out': return { ...atFirst, config: s.config && { ...s.config, agent: null }, browser: s.browser, online: s.online }
    case 'browser': return { ...s, browser: e.support }
    case 'online': return { ...s, online: e.online }
    // Whoever hears the server is not offline, whatever the browser thinks of its cables.
    case 'presence': return { ...s, presence: e.state, online: e.state === 'open' || s.online }
    case 'elsewhere': return { ...s, place: 'elsewhere', callElsewhere: e.inCall }
    case 'here': return {
      ...s, place: 'here', callElsewhere: false, presence: 'connecting', microphone: 'unknown', line: 'off', lineTrouble: '',
      tokenTrouble: '', taskRouter: 'connecting', offer: null, untold: [], ring: null, notice: '',
    }
    case 'microphone': return { ...s, microphone: e.state }
    case 'sound_blocked': return { ...s, soundBlocked: e.blocked }
    case 'line': return { ...s, line: e.state, lineTrouble: e.trouble }
    case 'token_trouble': return { ...s, tokenTrouble: e.why }
    case 'quality': return { ...s, quality: e.on ? [...new Set([...s.quality, e.warning])] : s.quality.filter(w => w !== e.warning) }
    case 'task_router': return { ...s, taskRouter: e.state }
    case 'statuses': return { ...s, statuses: e.known }
    case 'status': return status(s, e.status)
    case 'status_why': return { ...s, statusWhy: e.why }
    case 'wanted': return { ...s, wanted: e.status }
    case 'choosing': return { ...s, choosing: e.status, notice: '' }
    case 'offers': return offers(s, e.offers, e.at)
    case 'offer': return offer(s, e.offer, e.at)
    case 'ring': return ring(s, e.ring)
    case 'ring_over': return s.ring?.sid === e.sid ? { ...s, ring: null, quality: [] } : s
    case 'answering': return watched(s, { answering: true })
    case 'declined': return watched(s, { declined: true, answering: false })
    case 'hung_up': return watched(s, { hungUp: true })
    case 'finishing': return watched(s, { finishing: e.on })
    case 'rejoin': return watched(s, { rejoin: e.state })
    case 'seen': return seen(s, e.call, e.asked, e.at)
    case 'unseen': return settle(s, e.at)
    case 'unsaved': return unsaved(s, e.call, e.notes)
    case 'history': return { ...s, history: e.past }
    case 'notice': return { ...s, notice: e.text }
  }
}

function watched(s: Shift, change: Partial<Watched>): Shift {
  return s.offer ? { ...s, offer: { ...s.offer, ...change } } : s
}

// A status set by somebody else is the one to restore, too, when it is one that an agent may choose.
function status(s: Shift, now: string): Shift {
  const chosen = s.config?.statuses.includes(now) ?? false
  return {
    ...s, status: now, wanted: chosen ? now : s.wanted, choosing: s.choosing === now ? '' : s.choosing,
  }
}

// After a reconnect TaskRouter tells which reservations there are: what is missing is over. How it ended is not told; of
// one that the softphone answered the server knows.
function offers(s: Shift, list: Offer[], at: number): Shift {
  const kept = s.offer
  if (kept && !kept.overAt && !list.some(o => o.reservation === kept.reservation)) {
    s = offer(s, { ...kept, status: kept.status === 'pending' && !kept.answered ? 'canceled' : 'completed' }, at)
  }
  if (!list.some(o => o.status === 'pending')) s = silent(s)
  return list.reduce((known, o) => offer(known, o, at), s)
}

function offer(s: Shift, o: Offer, at: number): Shift {
  const now = s.offer
  if (now?.reservation === o.reservation) {
    const changed = { ...now, status: o.status, accepted: now.accepted || accepted(o) }
    if (!over(o.status)) return { ...s, offer: changed }
    return settle(silent({ ...s, offer: ended(changed, at) }), at)
  }
  if (over(o.status) || s.untold.some(u => u.reservation === o.reservation)) return s
  const started: Watched = {
    ...o, seen: null, rang: s.ring !== null, answering: false, answered: talking(s.ring),
    accepted: accepted(o), declined: false, hungUp: false, rejoin: 'no', finishing: false, overAt: 0,
  }
  return { ...leave(s, at), offer: started, notice: '' }
}

const accepted = (o: Offer) => o.status === 'accepted' || o.status === 'wrapping' || o.status === 'completed'

// ended forgets where the call was while the reservation lasted, unless that is its end already.
function ended(o: Watched, at: number): Watched {
  return o.overAt ? o : { ...o, overAt: at, seen: o.seen && final(o.seen) ? o.seen : null }
}

// leave makes room for the next call. What came of this one is still to be told.
function leave(s: Shift, at: number): Shift {
  if (!s.offer) return s
  return settle({ ...s, offer: null, untold: [...s.untold, ended(s.offer, at)] }, at)
}

// silent ends a ring from before a reload, which nothing else does.
function silent(s: Shift): Shift {
  return s.ring?.kept ? { ...s, ring: null } : s
}

function ring(s: Shift, r: Ring): Shift {
  if (s.offer?.overAt && s.ring?.sid !== r.sid) s = leave(s, s.offer.overAt) // the next call rings before it is offered
  s = { ...s, ring: r }
  return watched(s, { rang: true, answered: s.offer?.answered || talking(r), rejoin: 'no' })
}

function seen(s: Shift, call: CallAnswer, asked: number, at: number): Shift {
  // An answer from before the reservation ended says nothing about what came after it.
  const learn = (o: Watched): Watched => o.call !== call.call || (o.overAt && asked < o.overAt) ? o : { ...o, seen: call }
  return settle({ ...s, offer: s.offer && learn(s.offer), untold: s.untold.map(learn) }, at)
}

// settle takes calls off the screen once it is known what came of them.
function settle(s: Shift, at: number): Shift {
  const settled = (o: Watched) => o.overAt > 0 && (!o.accepted || gone(o) || at - o.overAt > patience)
  for (const o of s.untold.filter(settled)) s = remember(s, o, at)
  s = { ...s, untold: s.untold.filter(o => !settled(o)) }
  return s.offer && settled(s.offer) ? { ...remember(s, s.offer, at), offer: null } : s
}

// final: nothing that is told later changes what came of this attempt.
function final(c: CallAnswer): boolean {
  return c.result !== null || c.stage === 'ended' || c.stage === 'retry_planned'
}

// gone reports whether the call goes on, or ended, without this agent. Only of a reservation that is over: while it is
// being accepted, the agent's softphone is still said to ring.
function gone(o: Watched): boolean {
  const c = o.seen
  return c !== null && (final(c) || c.stage === 'queued' || c.stage === 'agent_ringing' || elsewhere(c, o))
}

function remember(s: Shift, o: Watched, at: number): Shift {
  if (echo(s, o, at)) return s
  const text = !o.accepted ? ofOffer(o.name, o.status, o)
    : o.seen && gone(o) ? ofCall(o.name, o.seen, o)
    : `The call with ${o.name} is over. The server has not told what came of it.`
  return { ...s, history: [{ call: o.call, at, text }, ...s.history].slice(0, remembered) }
}

// TaskRouter may be quicker with the same agent than the call process with "not this one again": such an offer is given
// back before a person can read it, and is not worth a word.
function echo(s: Shift, o: Watched, at: number): boolean {
  const last = s.history[0]
  return o.status === 'rejected' && !o.declined && !o.answered && last?.call === o.call && at - last.at < echoes
}

// Notes that could not be handed in are shown where the call is remembered, so that the agent can take them from there.
function unsaved(s: Shift, call: string, notes: string): Shift {
  const which = s.history.findIndex(p => p.call === call)
  return { ...s, history: s.history.map((p, i) => i === which ? { ...p, text: `${p.text} Your notes were not saved: “${notes}”` } : p) }
}
