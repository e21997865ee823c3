import type { Api } from '../adapters/api'
import { Refusal } from '../adapters/api'
import { backoff } from '../model/backoff'

export interface TokenEvents {
  fresh(token: string): void
  trouble(why: string): void
  signedOut(): void
}

/** What part of a token's life is used before the next one is fetched. */
const used = 0.75

/** Tokens keeps a valid one for both SDKs. */
export class Tokens {
  private timer: ReturnType<typeof setTimeout> | undefined
  private fetching = false
  private stopped = false
  private tries = 0

  constructor(private readonly api: Api, private readonly tell: TokenEvents) {}

  /** need fetches a token now; asked again soon after one was fetched, it takes its time. */
  need() {
    if (this.fetching || this.stopped) return
    this.fetching = true
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.fetch(), this.tries === 0 ? 0 : backoff(this.tries - 1, 1000, 30_000))
    this.tries++
  }

  stop() {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async fetch() {
    try {
      const { token, expires } = await this.api.token()
      this.fetching = false
      if (this.stopped) return
      const left = Date.parse(expires) - Date.now() - this.api.ahead
      clearTimeout(this.timer)
      this.timer = setTimeout(() => {
        this.tries = 0
        this.need()
      }, Math.max(1000, left * used))
      this.tell.trouble('')
      this.tell.fresh(token)
    } catch (e) {
      this.fetching = false
      if (this.stopped) return
      if (e instanceof Refusal && e.status === 401) return this.tell.signedOut()
      this.tell.trouble('Your access to Twilio could not be renewed; the page tries again. ' + (e as Error).message)
      this.need()
    }
  }
}
