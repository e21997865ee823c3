import type { WrapUp } from '../model/contract'
import type { Past } from '../model/shift'

/** Kept is a call that rang when the page was left: Twilio lets it be answered with the token until it rings no more. */
export interface Kept {
  sid: string
  token: string
  at: number
}

// What outlives a reload of the tab, and nothing else: it holds callers' names.
const names = { agent: 'agent', wanted: 'wanted', history: 'history', ring: 'ring', draft: 'draft:' }

function read<T>(name: string, none: T): T {
  try {
    const text = sessionStorage.getItem('switchboard:' + name)
    return text === null ? none : JSON.parse(text) as T
  } catch {
    return none // switched off, or not ours
  }
}

function write(name: string, value: unknown) {
  try {
    if (value === null) sessionStorage.removeItem('switchboard:' + name)
    else sessionStorage.setItem('switchboard:' + name, JSON.stringify(value))
  } catch {
    // Switched off or full: a reload forgets, that is all.
  }
}

export const keep = {
  /** belongsTo forgets what another agent left behind in this tab. */
  belongsTo(agent: string) {
    if (read(names.agent, '') !== agent) keep.forget()
    write(names.agent, agent)
  },
  wanted: () => read(names.wanted, ''),
  setWanted: (status: string) => write(names.wanted, status),
  history: () => read<Past[]>(names.history, []),
  setHistory: (past: Past[]) => write(names.history, past),
  ring: () => read<Kept | null>(names.ring, null),
  setRing: (ring: Kept | null) => write(names.ring, ring),
  draft: (call: string) => read<WrapUp>(names.draft + call, { disposition: '', note: '' }),
  setDraft: (call: string, draft: WrapUp | null) => write(names.draft + call, draft),
  forget() {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith('switchboard:')) sessionStorage.removeItem(key)
  },
}
