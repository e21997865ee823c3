import type { Beat, CallAnswer, Config, Token, WrapUp } from '../model/contract'

/** Refusal is the server's no; its message is for the agent. */
export class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

/** Longer than the server waits for anything. */
const timeout = 14_000

/** Api is the page's own server. */
export class Api {
  /** How far the server's clock is ahead of the browser's, in ms: an agent's computer may be minutes off. */
  ahead = 0

  config = () => this.ask<Config>('GET', '/desktop/config')
  signIn = (name: string, role: string) => this.ask<void>('POST', '/desktop/session', { name, role })
  signOut = () => this.ask<void>('DELETE', '/desktop/session')
  token = () => this.ask<Token>('POST', '/desktop/token')
  call = (call: string) => this.ask<CallAnswer>('GET', '/desktop/call?call=' + encodeURIComponent(call))
  hangUp = (call: string) => this.ask<void>('POST', '/desktop/call/hang-up', { call })
  wrapUp = (call: string, w: WrapUp) => this.ask<void>('POST', '/desktop/call/wrap-up', { call, ...w })
  rejoin = (call: string) => this.ask<void>('POST', '/desktop/call/rejoin', { call })
  device = (beat: Beat) => this.ask<void>('POST', '/desktop/device', beat)

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { 'X-Switchboard': '1' }
    if (body) headers['Content-Type'] = 'application/json'
    let response: Response
    try {
      response = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : null, cache: 'no-store', signal: AbortSignal.timeout(timeout) })
    } catch {
      throw new Refusal(0, 'The server is not reached. The page tries again by itself; if this lasts, check the network.')
    }
    this.compareClocks(response)
    if (!response.ok) throw new Refusal(response.status, await said(response))
    return (response.status === 204 ? undefined : await response.json()) as T
  }

  // The header has whole seconds: half of one is right on average.
  private compareClocks(r: Response) {
    const theirs = Date.parse(r.headers.get('Date') ?? '')
    if (Number.isNaN(theirs)) return
    const ahead = theirs + 500 - Date.now()
    this.ahead = Math.abs(ahead) < 1500 ? 0 : ahead
  }
}

async function said(r: Response): Promise<string> {
  try {
    const { error } = await r.json() as { error?: string }
    if (error) return sentence(error)
  } catch {
    // Not ours: a proxy's page.
  }
  return `The server answered ${r.status}. The page tries again by itself; if this lasts, tell your team lead.`
}

// The server's errors begin small, as errors do; what an agent reads begins like a sentence.
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
}
