import type { CallAnswer, Result } from './contract'
import { clock, duration } from './words'

/** Part is what the agent did in a call; Twilio does not tell it apart as a person would. */
export interface Part {
  rang: boolean
  answered: boolean
  declined: boolean
}

/** ofOffer says what became of a call that the agent never was on. */
export function ofOffer(name: string, status: string, part: Part): string {
  if (part.declined) return `You declined the call with ${name}. Somebody else is offered it.`
  if (part.answered) return `You could not be brought into the call with ${name}. Somebody else is offered it.`
  if (status === 'rejected' || status === 'timeout') {
    return part.rang
      ? `You missed the call with ${name}. Somebody else is offered it.`
      : `The call with ${name} could not be put through to you. Somebody else is offered it.`
  }
  return `The call with ${name} was taken back before you were on the line.`
}

/** Share is what the page knows of the attempt that was the agent's. */
export interface Share {
  attempt: number
  hungUp: boolean
}

/** elsewhere reports whether an answer is about what came after the agent's part: a later attempt, another agent. */
export function elsewhere(call: CallAnswer, share: Share): boolean {
  return !call.yours || later(call, share)
}

function later(call: CallAnswer, share: Share): boolean {
  return share.attempt > 0 && call.attempt > share.attempt
}

/** ofCall says in plain words what became of a call that the agent was on. */
export function ofCall(name: string, call: CallAnswer, share: Share): string {
  if (!elsewhere(call, share)) {
    if (call.result) return ended(name, call.result)
    if (call.stage === 'retry_planned') {
      const again = call.retry_at ? ` We will try again ${clock(Date.parse(call.retry_at), Date.parse(call.since))}.` : ''
      return attempt(name, call.last_outcome) + again
    }
  }
  // Why an attempt ended is told only until the next begins.
  if (later(call, share) && !share.hungUp) return attempt(name, '') + ' Another one is made.'
  return `You left before ${name} was on the line. Somebody else takes over.`
}

function ended(name: string, r: Result): string {
  const seconds = r.talk_seconds ?? 0
  switch (r.outcome) {
    case 'completed': {
      const who = r.hung_up_by === 'agent' ? 'You hung up.' : r.hung_up_by === 'caller' ? `${name} hung up.` : r.hung_up_by === 'switchboard' ? 'The call was ended for both of you.' : 'The conversation is over.'
      return `You talked with ${name} for ${duration(seconds)}. ${who}`
    }
    case 'hung_up_early':
      return attempt(name, 'hung_up_early')
    case 'cancelled':
      return `The request of ${name} was withdrawn.`
    case 'missed':
      return `There is no time left to call ${name} again.`
    case 'failed':
      return r.reason === 'apologised'
        ? `${name} picked up when you had gone, and heard an apology.`
        : `The call with ${name} failed. That is a fault of ours, not yours.`
    default:
      return `${attempt(name, r.outcome)} That was the last attempt.`
  }
}

function attempt(name: string, outcome: string): string {
  switch (outcome) {
    case 'busy': return `${name}’s line was engaged.`
    case 'no_answer': return `${name} did not answer.`
    case 'unreachable': return `${name}’s number cannot be reached.`
    case 'hung_up_early': return `${name} picked up and hung up at once.`
    case 'voicemail': return `A machine answered for ${name}.`
    case 'uncertain': return `Nobody can tell whether ${name}’s phone rang.`
    default: return `The attempt to reach ${name} came to nothing.`
  }
}
