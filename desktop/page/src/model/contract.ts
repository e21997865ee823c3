// What the page and its server say to each other, and the few words of TaskRouter that the page reads. The server's
// side of it is the Go package desktop.

export interface Agent {
  name: string
  sid: string
  identity: string
}

export type SignIn = { kind: 'names'; names: string[]; roles?: string[] } | { kind: 'oidc'; url: string }

export interface Config {
  sign_in: SignIn
  agent: Agent | null
  /** signalling is the host of a simulator; empty: the real Twilio. */
  voice: { edge: string; signalling: string; sounds: boolean }
  /** Both empty: the real Twilio. */
  task_router: { rest: string; socket: string }
  /** The statuses an agent may choose, in order. */
  statuses: string[]
  lost_status: string
  missed_status: string
  dispositions: string[]
}

export interface Token {
  token: string
  expires: string
  identity: string
}

export type Stage =
  | 'queued' | 'agent_ringing' | 'agent_joined' | 'caller_ringing' | 'connected' | 'wrapping_up' | 'retry_planned' | 'ended'

export interface Result {
  outcome: string
  reason?: string
  hung_up_by?: string
  attempts?: number
  talk_seconds?: number
  disposition?: string
  note?: string
}

/** CallAnswer is where a call is, as the server tells. */
export interface CallAnswer {
  call: string
  stage: Stage
  since: string
  attempt: number
  /** How the attempt before ended, and when the next begins, while one is planned. */
  last_outcome: string
  retry_at: string | null
  wrap_up_until: string | null
  result: Result | null
  /** The call is the agent's, or was the last thing the agent did in it; else it has gone on with somebody else. */
  yours: boolean
}

export interface Beat {
  page: string
  ready: boolean
  why: string
  wanted: string
}

export interface WrapUp {
  disposition: string
  note: string
}

/** longestNote is the longest note the call process takes. */
export const longestNote = 4000

export type ReservationStatus =
  | 'pending' | 'accepted' | 'rejected' | 'timeout' | 'canceled' | 'rescinded' | 'wrapping' | 'completed'

/** Offer is a reservation as far as an agent cares: whose call it is, and where it stands. */
export interface Offer {
  reservation: string
  call: string
  /** Which attempt to reach the caller it is for; 0: the task does not tell. */
  attempt: number
  name: string
  reason: string
  status: ReservationStatus
}

/** over reports whether nothing more can come of a reservation. */
export function over(s: ReservationStatus): boolean {
  return s !== 'pending' && s !== 'accepted' && s !== 'wrapping'
}
