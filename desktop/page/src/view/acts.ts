import type { WrapUp } from '../model/contract'

/** Acts are what the agent can do on the page. */
export interface Acts {
  signIn(name: string, role: string): void
  signOut(): void
  takeOver(): void
  choose(status: string): void
  answer(): void
  decline(): void
  end(): void
  mute(on: boolean): void
  keys(digits: string): void
  draft(call: string): WrapUp
  setDraft(call: string, draft: WrapUp): void
  finish(): void
  tryMicrophone(): void
  dismiss(): void
  levels(): { mic: number; speaker: number }
}
