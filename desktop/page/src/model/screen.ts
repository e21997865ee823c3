import { device, network } from './device'
import type { Device } from './device'
import type { SignIn } from './contract'
import type { Past, Shift, Watched } from './shift'
import { bringsBack, busy, takesCalls, talking } from './shift'
import { timer } from './words'

/** Screen is what the agent sees; the components only draw it. */
export type Screen =
  | { kind: 'starting'; trouble: string }
  | { kind: 'unsupported'; title: string; advice: string }
  | { kind: 'sign_in'; way: SignIn; trouble: string }
  | { kind: 'elsewhere'; text: string }
  | { kind: 'desk'; agent: string; chooser: Chooser; device: Device; network: { text: string; good: boolean }; retryMicrophone: boolean; warnings: Warning[]; panel: Panel; history: Past[] }

export interface Chooser {
  current: string
  /** In the list: the present status first if it is none that can be chosen. */
  options: { name: string; choosable: boolean }[]
  tone: 'free' | 'away' | 'trouble'
  busy: boolean
  /** Why no status can be chosen now; empty: one can. */
  refused: string
}

export interface Warning {
  text: string
  /** A status the agent can go to with one press. */
  remedy: string
}

export type Panel =
  | { kind: 'idle'; title: string; text: string }
  | { kind: 'offer'; name: string; reason: string; text: string; answering: boolean; kept: boolean }
  | { kind: 'call'; name: string; reason: string; stage: string; tone: 'waiting' | 'live' | 'trouble'; timer: string; muted: boolean; controls: boolean; canEnd: boolean }
  | { kind: 'wrap_up'; call: string; name: string; reason: string; timer: string; urgent: boolean; dispositions: string[]; finishing: boolean; onLine: boolean }

/** screen decides what is seen. now is by the server's clock, in ms. */
export function screen(s: Shift, now: number): Screen {
  if (s.browser !== 'fine') return unsupported(s.browser)
  if (!s.config) return { kind: 'starting', trouble: s.serverTrouble }
  if (!s.agent) return { kind: 'sign_in', way: s.config.sign_in, trouble: s.serverTrouble || s.notice }
  if (s.place === 'elsewhere' && !busy(s)) {
    return {
      kind: 'elsewhere',
      text: s.callElsewhere
        ? 'You are in a call in another window. If you use the softphone here, the call moves to this window.'
        : 'Your softphone is open in another window or on another computer. It rings there, not here.',
    }
  }
  return {
    kind: 'desk', agent: s.agent.name, chooser: chooser(s), device: device(s), network: network(s),
    retryMicrophone: s.microphone === 'refused' || s.microphone === 'busy',
    warnings: warnings(s), panel: panel(s, now), history: s.history,
  }
}

function unsupported(why: 'insecure' | 'unsupported'): Screen {
  return why === 'insecure'
    ? { kind: 'unsupported', title: 'This address is not secure', advice: 'Browsers give the microphone only to pages on https. Open this page by its https address, or as http://localhost on the computer it runs on.' }
    : { kind: 'unsupported', title: 'This browser cannot make calls', advice: 'Use a current Chrome, Edge, Firefox or Safari on a computer. If you have one of them, its WebRTC has been switched off: ask whoever looks after your computer.' }
}

function chooser(s: Shift): Chooser {
  const names = s.config?.statuses ?? []
  const shown = s.choosing || s.status
  const options = names.map(name => ({ name, choosable: true }))
  if (shown && !names.includes(shown)) options.unshift({ name: shown, choosable: false })
  const trouble = s.status === s.config?.lost_status || s.status === s.config?.missed_status
  return {
    current: shown, options, busy: s.choosing !== '',
    tone: takesCalls(s, s.status) ? 'free' : trouble ? 'trouble' : 'away',
    refused: s.taskRouter === 'ready' ? (ringing(s) ? 'Answer or decline the call first.' : '') : 'The call list is being reached.',
  }
}

const ringing = (s: Shift) => s.offer?.status === 'pending' && !s.offer.declined && !talking(s.ring)

function warnings(s: Shift): Warning[] {
  const list: Warning[] = []
  const free = s.config?.statuses.find(name => takesCalls(s, name)) ?? ''
  if (s.notice) list.push({ text: s.notice, remedy: '' })
  if (s.serverTrouble) list.push({ text: s.serverTrouble, remedy: '' })
  if (s.tokenTrouble && s.line === 'registered') list.push({ text: s.tokenTrouble, remedy: '' })
  if (s.place === 'elsewhere') list.push({ text: 'The softphone was opened in another window. This one keeps the call until it ends.', remedy: '' })
  if (s.status && s.status === s.config?.missed_status) {
    list.push({ text: 'You missed a call, so you are not offered any more of them.', remedy: free })
  }
  if (s.status && s.status === s.config?.lost_status && device(s).state === 'ready') {
    list.push({ text: 'You get no calls: your softphone was lost' + (s.statusWhy ? ` (${s.statusWhy})` : '') + '. It is back now.', remedy: free })
  }
  if (s.taskRouter === 'lost') list.push({ text: 'The call list is not reached; it connects again by itself. Calls still ring, but without a name.', remedy: '' })
  return list
}

function panel(s: Shift, now: number): Panel {
  const o = s.offer
  if (s.ring?.status === 'ringing' && !s.ring.rejoin || ringing(s)) {
    if (!o?.declined) return offerPanel(s)
  }
  if (o?.seen?.stage === 'wrapping_up' && !o.overAt) return wrapUpPanel(s, o, now)
  if (talking(s.ring) || s.ring?.rejoin || o?.accepted) return callPanel(s, now)
  return idle(s)
}

function offerPanel(s: Shift): Panel {
  const o = s.offer
  const answering = o?.answering ?? false
  return {
    kind: 'offer', name: o?.name ?? 'A caller', reason: o?.reason ?? '', answering, kept: s.ring?.kept ?? false,
    text: answering ? 'Connecting you…'
      : s.ring?.kept ? 'The page was loaded again while it rang. You can still answer.'
      : s.ring ? 'Your softphone rings. The caller is rung when you are on the line.'
      : 'This call is for you. Your softphone rings in a moment.',
  }
}

function wrapUpPanel(s: Shift, o: Watched, now: number): Panel {
  const left = o.seen?.wrap_up_until ? Date.parse(o.seen.wrap_up_until) - now : 0
  return {
    kind: 'wrap_up', call: o.call, name: o.name, reason: o.reason, timer: timer(left + 999), urgent: left < 15_000,
    dispositions: s.config?.dispositions ?? [], finishing: o.finishing, onLine: talking(s.ring),
  }
}

function callPanel(s: Shift, now: number): Panel {
  const o = s.offer
  const { words, tone } = stage(s)
  const since = o?.seen && talking(s.ring) ? Date.parse(o.seen.since) : 0
  return {
    kind: 'call', name: o?.name ?? 'A caller', reason: o?.reason ?? '', stage: words, tone,
    timer: since ? timer(now - since) : '', muted: s.ring?.muted ?? false,
    controls: s.ring?.status === 'open' || s.ring?.status === 'reconnecting',
    canEnd: talking(s.ring) || (o?.seen?.stage === 'connected' && !o.hungUp),
  }
}

function stage(s: Shift): { words: string; tone: 'waiting' | 'live' | 'trouble' } {
  const o = s.offer
  const name = o?.name ?? 'the caller'
  if (o?.overAt) return { words: 'The call is over. One moment…', tone: 'waiting' }
  if (s.ring?.status === 'reconnecting') return { words: 'The connection broke. Reconnecting…', tone: 'trouble' }
  if (!talking(s.ring)) {
    if (o?.rejoin === 'failed') return { words: 'You could not be brought back into the call.', tone: 'trouble' }
    return s.ring?.rejoin || (o && (o.rejoin === 'asked' || (bringsBack(s) && !o.answered)))
      ? { words: 'Bringing you back into the call…', tone: 'trouble' }
      : { words: 'The call is over.', tone: 'waiting' }
  }
  switch (o?.seen?.stage) {
    case 'caller_ringing': return { words: `Ringing ${name}…`, tone: 'waiting' }
    case 'connected': return { words: 'Connected', tone: 'live' }
    case 'agent_joined': return { words: `You are on the line. ${name} is rung next.`, tone: 'waiting' }
    default: return { words: 'Connecting you…', tone: 'waiting' }
  }
}

function idle(s: Shift): Panel {
  if (!s.status) return { kind: 'idle', title: 'One moment', text: 'Your status is being looked up.' }
  if (s.status === s.config?.lost_status && device(s).state !== 'ready') {
    return { kind: 'idle', title: s.status, text: s.wanted ? `You are ${s.wanted} again when the softphone is back.` : 'You are offered no calls until the softphone is back.' }
  }
  if (!takesCalls(s, s.status)) {
    const free = s.config?.statuses.find(name => takesCalls(s, name))
    return { kind: 'idle', title: s.status, text: free ? `You are offered no calls. Choose ${free} when you are ready for one.` : 'You are offered no calls.' }
  }
  return device(s).state === 'ready'
    ? { kind: 'idle', title: 'Waiting for a call', text: 'You see who it is and why before it rings.' }
    : { kind: 'idle', title: 'No calls yet', text: 'You are offered calls when the softphone is ready.' }
}
