import { Call, Device } from '@twilio/voice-sdk'
import { backoff } from '../model/backoff'
import type { Config } from '../model/contract'
import type { LineState, Ring } from '../model/shift'
import { keep } from './keep'
import { Keys } from './keys'
import { sounds } from './sounds'

export interface LineEvents {
  state(state: LineState, trouble: string): void
  ring(ring: Ring): void
  over(sid: string): void
  quality(warning: string, on: boolean): void
  heard(stream: MediaStream | null): void
  /** The present token is of no use any more, or soon will be. */
  tokenNeeded(): void
}

/** Options has two more than the SDK's public type: they lead to a simulator. */
type Options = Device.Options & { chunderw?: string; publishEvents?: boolean }

/** Twilio answers a call that rang before a reload for about as long as it rings. */
const keptFor = 25_000
const answersWithin = 10_000

/** Line is the softphone: the official voice SDK, kept registered, with one call at a time. */
export class Line {
  private device: Device | null = null
  private call: Call | null = null
  private show: () => void = () => {}
  private failures = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private keptEnds: ReturnType<typeof setTimeout> | undefined
  private stopped = false
  private readonly pressed = new Keys(key => this.call?.sendDigits(key))

  constructor(private readonly tell: LineEvents) {
    // The SDK hangs up when the page is left. A call on the line is to outlive a reload, so its listener, which is
    // added later and therefore called later, does not get to know.
    window.addEventListener('pagehide', this.leave)
  }

  start(token: string, voice: Config['voice']) {
    const options: Options = {
      logLevel: 'silent', // the page shows what is wrong, in better words
      sounds,
      closeProtection: 'You are in a call. The page brings you back into it if you reload; if you close it, the call ends.',
      maxCallSignalingTimeoutMs: 30_000,
      enableImprovedSignalingErrorPrecision: true,
      ...(voice.edge && { edge: voice.edge }),
      ...(voice.signalling && { chunderw: voice.signalling, publishEvents: false }),
    }
    const device = this.device = new Device(token, options)
    for (const sound of ['incoming', 'outgoing', 'disconnect'] as const) device.audio?.[sound](voice.sounds)
    device.on('registering', () => this.tell.state('registering', ''))
    device.on('registered', () => {
      this.failures = 0
      clearTimeout(this.retry)
      this.tell.state('registered', '')
    })
    device.on('unregistered', () => {
      this.tell.state('unregistered', '')
      this.registerLater()
    })
    device.on('destroyed', () => this.tell.state('destroyed', ''))
    device.on('error', (e: { code?: number }) => this.failed(e))
    device.on('tokenWillExpire', () => this.tell.tokenNeeded())
    device.on('incoming', (call: Call) => this.incoming(call))
    this.register()
  }

  updateToken(token: string) {
    this.device?.updateToken(token)
    this.register()
  }

  stop() {
    this.stopped = true
    clearTimeout(this.retry)
    clearTimeout(this.keptEnds)
    window.removeEventListener('pagehide', this.leave)
    this.device?.destroy()
  }

  /** wake connects at once, when something says that the network is back. */
  wake() {
    this.register()
  }

  state(): LineState {
    return this.device ? this.device.state as LineState : 'off'
  }

  answer() {
    this.call?.accept()
    this.show()
  }

  decline() {
    this.call?.reject()
  }

  hangUp() {
    this.call?.disconnect()
  }

  mute(on: boolean) {
    this.call?.mute(on)
  }

  keys(digits: string) {
    this.pressed.press(digits)
  }

  remoteStream(): MediaStream | null {
    return this.call?.getRemoteStream() ?? null
  }

  /** kept tells of a call that rang when the page was left. */
  kept(): Ring | null {
    const k = keep.ring()
    if (!k || Date.now() - k.at > keptFor) {
      keep.setRing(null)
      return null
    }
    this.keptEnds = setTimeout(() => {
      if (keep.ring()?.sid !== k.sid) return // answered meanwhile, or another one rings
      keep.setRing(null)
      this.tell.over(k.sid)
    }, k.at + keptFor - Date.now())
    return { sid: k.sid, status: 'ringing', muted: false, rejoin: false, kept: true }
  }

  /** answerKept answers it; Twilio may refuse, and then it is over. */
  async answerKept() {
    const k = keep.ring()
    keep.setRing(null)
    if (!k || !this.device) return
    try {
      const call = await this.device.connect({ connectToken: k.token })
      this.take(call, k.sid, false)
    } catch {
      this.tell.over(k.sid)
    }
  }

  private register() {
    clearTimeout(this.retry)
    if (this.stopped || this.device?.state !== Device.State.Unregistered) return
    this.device.register().catch(() => this.registerLater())
    // Without a server's answer, register neither succeeds nor fails.
    this.retry = setTimeout(() => this.tell.state(this.state(), 'Twilio does not answer. The softphone tries again by itself; if this lasts, check the network.'), answersWithin)
  }

  // After a broken connection the SDK registers again by itself; after a refusal it does not.
  private registerLater() {
    if (this.stopped) return
    clearTimeout(this.retry)
    this.retry = setTimeout(() => this.register(), backoff(this.failures++, 1000))
  }

  private failed(e: { code?: number }) {
    const token = e.code === 20101 || e.code === 20104 || e.code === 31204 || e.code === 31205
    if (token) this.tell.tokenNeeded()
    if (this.state() !== 'registered') {
      this.tell.state(this.state(), token
        ? 'Twilio wants a new token; it is being fetched.'
        : 'Twilio is not reached. The softphone tries again by itself; if this lasts, check the network.')
    }
  }

  private incoming(call: Call) {
    const sid = call.parameters.CallSid ?? ''
    const rejoin = call.customParameters.get('rejoin') === '1'
    if (!rejoin && call.connectToken) keep.setRing({ sid, token: call.connectToken, at: Date.now() })
    this.take(call, sid, rejoin)
    if (rejoin) this.answer()
  }

  private take(call: Call, sid: string, rejoin: boolean) {
    this.call = call
    const show = this.show = () => {
      const status = statuses[call.status()]
      if (status && this.call === call) this.tell.ring({ sid, status, muted: call.isMuted(), rejoin, kept: false })
    }
    const end = () => {
      if (this.call !== call) return
      this.call = null
      this.pressed.forget()
      keep.setRing(null)
      this.tell.heard(null)
      this.tell.over(sid)
    }
    call.on('accept', () => {
      keep.setRing(null)
      this.tell.heard(call.getRemoteStream() ?? null)
      show()
    })
    // The SDK tells some changes before it makes them.
    for (const change of ['mute', 'reconnecting', 'reconnected'] as const) call.on(change, () => queueMicrotask(show))
    call.on('warning', (name: string) => this.tell.quality(name, true))
    call.on('warning-cleared', (name: string) => this.tell.quality(name, false))
    for (const last of ['disconnect', 'cancel', 'reject'] as const) call.on(last, end)
    call.on('error', () => { if (call.status() === Call.State.Closed) end() })
    show()
  }

  private readonly leave = (e: Event) => {
    if (this.call) e.stopImmediatePropagation()
  }
}

const statuses: Partial<Record<Call.State, Ring['status']>> = {
  [Call.State.Pending]: 'ringing',
  [Call.State.Ringing]: 'connecting', // of a kept call: the SDK takes it for one that the agent makes
  [Call.State.Connecting]: 'connecting',
  [Call.State.Open]: 'open',
  [Call.State.Reconnecting]: 'reconnecting',
}
