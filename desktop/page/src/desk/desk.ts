import { Api, Refusal } from '../adapters/api'
import { keep } from '../adapters/keep'
import { Line } from '../adapters/line'
import { Meter } from '../adapters/meter'
import { Microphone } from '../adapters/microphone'
import { Presence } from '../adapters/presence'
import { TaskRouter } from '../adapters/taskrouter'
import { Windows } from '../adapters/windows'
import { backoff } from '../model/backoff'
import type { WrapUp } from '../model/contract'
import { device } from '../model/device'
import { busy, occupied, takesCalls, talking } from '../model/shift'
import { Beats } from './beats'
import { Store } from './store'
import { Tokens } from './tokens'
import { Watch } from './watch'

/** Parts are what runs while this page has the softphone. */
interface Parts {
  line: Line
  taskRouter: TaskRouter
  tokens: Tokens
  presence: Presence
  beats: Beats
  watch: Watch
  microphone: Microphone
}

/** Desk is the running page: it starts and stops the parts, and does what the agent asks. */
export class Desk {
  readonly store = new Store()
  readonly api = new Api()
  private readonly windows = new Windows(() => occupied(this.store.get()))
  private parts: Parts | null = null
  private audio: { context: AudioContext; microphone: Meter; speaker: Meter } | null = null

  /** start runs for as long as the page is open. */
  async start() {
    this.store.tell({ type: 'browser', support: support() })
    if (this.store.get().browser !== 'fine') return
    window.addEventListener('offline', () => this.store.tell({ type: 'online', online: false }))
    window.addEventListener('online', () => {
      this.store.tell({ type: 'online', online: true })
      this.parts?.presence.wake()
      this.parts?.line.wake()
    })
    // What ends because the page is being left is not lost: a page that is loaded again is back in a second.
    window.addEventListener('pagehide', () => this.parts?.beats.stop(), { capture: true })
    window.addEventListener('pageshow', e => { if (e.persisted) location.reload() })
    for (const touch of ['pointerdown', 'keydown']) window.addEventListener(touch, () => void this.audio?.context.resume())
    this.store.subscribe(() => this.remember())
    await this.enter()
  }

  // enter asks who is signed in, and takes the softphone.
  private async enter() {
    for (let failures = 0; ; failures++) {
      try {
        this.store.tell({ type: 'config', config: await this.api.config() })
        break
      } catch (e) {
        this.store.tell({ type: 'server_trouble', why: (e as Error).message })
        await new Promise(resolve => setTimeout(resolve, backoff(failures)))
      }
    }
    const { agent, config } = this.store.get()
    if (!agent || !config) return
    keep.belongsTo(agent.sid)
    this.store.tell({ type: 'history', past: keep.history() })
    const wanted = keep.wanted()
    if (config.statuses.includes(wanted)) this.store.tell({ type: 'wanted', status: wanted })
    if (await this.windows.onCallElsewhere()) this.store.tell({ type: 'elsewhere', inCall: true })
    else this.takeOver()
  }

  /** takeOver makes this page the one that rings. */
  readonly takeOver = () => {
    const { config } = this.store.get()
    if (!config || this.parts) return
    this.store.tell({ type: 'here' })
    const { tell } = this.store
    const page = crypto.randomUUID()
    const line: Line = new Line({
      state: (state, trouble) => tell({ type: 'line', state, trouble }),
      ring: ring => {
        tell({ type: 'ring', ring })
        if (ring.status === 'ringing' && this.store.get().offer?.answering) line.answer()
      },
      over: sid => {
        tell({ type: 'ring_over', sid })
        if (this.store.get().place === 'elsewhere') this.standDown()
      },
      quality: (warning, on) => tell({ type: 'quality', warning, on }),
      heard: stream => this.audio?.speaker.listenTo(stream),
      tokenNeeded: () => tokens.need(),
    })
    const taskRouter = new TaskRouter({
      state: state => tell({ type: 'task_router', state }),
      statuses: known => tell({ type: 'statuses', known }),
      status: status => tell({ type: 'status', status }),
      offers: offers => tell({ type: 'offers', offers, at: Date.now() }),
      offer: offer => tell({ type: 'offer', offer, at: Date.now() }),
      tokenExpired: () => tokens.need(),
    })
    const microphone = new Microphone(state => tell({ type: 'microphone', state }), stream => {
      if (stream) this.listen(stream)
      else this.audio?.microphone.listenTo(null)
      ready()
    })
    // The softphone starts with the first token, once there is a microphone for it.
    let token = ''
    const ready = () => {
      if (!token || this.store.get().microphone !== 'open' || line.state() !== 'off') return
      line.start(token, config.voice)
      const kept = line.kept()
      if (kept) tell({ type: 'ring', ring: kept })
    }
    const tokens = new Tokens(this.api, {
      fresh: fresh => {
        if (token) {
          line.updateToken(fresh)
          taskRouter.updateToken(fresh)
        } else {
          taskRouter.start(fresh, config.task_router)
        }
        token = fresh
        ready()
      },
      trouble: why => tell({ type: 'token_trouble', why }),
      signedOut: this.signedOut,
    })
    const presence = new Presence(page, {
      state: state => tell({ type: 'presence', state }),
      status: (_, why) => tell({ type: 'status_why', why }),
      taken: () => {
        tell({ type: 'elsewhere', inCall: false })
        // Coming back to the server would take the softphone back.
        presence.stop()
        beats.stop()
        if (!busy(this.store.get())) this.standDown()
      },
      signedOut: this.signedOut,
    })
    const beats = new Beats(page, this.store, this.api)
    const watch = new Watch(this.store, this.api, this.signedOut)
    this.parts = { line, taskRouter, tokens, presence, beats, watch, microphone }
    presence.start()
    microphone.open()
    tokens.need()
  }

  private standDown() {
    const p = this.parts
    this.parts = null
    if (!p) return
    for (const part of [p.beats, p.watch, p.tokens, p.presence, p.taskRouter, p.line]) part.stop()
    p.microphone.close()
  }

  // A conversation goes on even if nobody vouches for the agent any more.
  private readonly signedOut = () => {
    if (talking(this.store.get().ring)) {
      this.store.tell({ type: 'notice', text: 'You have been signed out. The call goes on; sign in again after it.' })
      return
    }
    this.standDown()
    this.store.tell({ type: 'signed_out' })
  }

  private remember() {
    const s = this.store.get()
    if (!this.parts) return // nothing has been read yet, or it is not ours to write
    keep.setWanted(s.wanted)
    keep.setHistory(s.history)
  }

  private listen(stream: MediaStream) {
    if (!this.audio) {
      const context = new AudioContext()
      this.audio = { context, microphone: new Meter(context), speaker: new Meter(context) }
      const blocked = () => this.store.tell({ type: 'sound_blocked', blocked: context.state === 'suspended' })
      context.addEventListener('statechange', blocked)
      blocked()
    }
    this.audio.microphone.listenTo(stream)
  }

  // From here on: what the agent can do.

  readonly signIn = async (name: string, role: string) => {
    try {
      await this.api.signIn(name, role)
    } catch (e) {
      this.store.tell({ type: 'notice', text: (e as Error).message })
      return
    }
    await this.enter()
  }

  readonly signOut = async () => {
    this.standDown()
    keep.forget()
    try {
      await this.api.signOut()
    } catch (e) {
      if (!(e instanceof Refusal && e.status === 401)) {
        this.store.tell({ type: 'signed_out' })
        this.store.tell({ type: 'notice', text: 'You may still be signed in on this computer: the server was not reached. Sign in and out again.' })
        return
      }
    }
    this.store.tell({ type: 'signed_out' })
  }

  readonly choose = async (status: string) => {
    const s = this.store.get()
    const { config } = s
    if (!config || !this.parts) return
    this.store.tell({ type: 'wanted', status })
    // An agent whose softphone is dead is not offered calls: the server restores what was wanted when it is back.
    const wait = takesCalls(s, status) && device(s).state !== 'ready' && s.statuses.some(known => known.name === config.lost_status)
    const target = wait ? config.lost_status : status
    this.store.tell({ type: 'choosing', status: target })
    try {
      await this.parts.taskRouter.choose(target)
      this.store.tell({ type: 'status', status: target })
      if (wait) this.store.tell({ type: 'notice', text: `You are ${status} as soon as the softphone is ready.` })
    } catch (e) {
      this.store.tell({ type: 'choosing', status: '' })
      this.store.tell({ type: 'notice', text: `The status could not be changed: ${(e as Error).message}` })
    }
  }

  readonly answer = () => {
    const { ring } = this.store.get()
    this.store.tell({ type: 'answering' })
    if (ring?.kept) void this.parts?.line.answerKept()
    else this.parts?.line.answer()
  }

  readonly decline = () => {
    const { ring, offer } = this.store.get()
    this.store.tell({ type: 'declined' })
    if (ring && !ring.kept) this.parts?.line.decline()
    else if (offer) {
      if (ring) this.store.tell({ type: 'ring_over', sid: ring.sid })
      this.parts?.taskRouter.decline(offer.reservation).catch(() => {}) // then it rings out, or was taken back
    }
  }

  readonly end = () => {
    const { ring, offer } = this.store.get()
    this.store.tell({ type: 'hung_up' })
    if (talking(ring)) this.parts?.line.hangUp()
    else if (offer) this.api.hangUp(offer.call).catch((e: Error) => this.store.tell({ type: 'notice', text: e.message }))
  }

  readonly mute = (on: boolean) => this.parts?.line.mute(on)
  readonly keys = (digits: string) => this.parts?.line.keys(digits)
  readonly draft = (call: string): WrapUp => keep.draft(call)
  readonly setDraft = (call: string, draft: WrapUp) => keep.setDraft(call, draft)
  readonly finish = () => this.parts?.watch.finish()
  readonly tryMicrophone = () => this.parts?.microphone.open()
  readonly dismiss = () => this.store.tell({ type: 'notice', text: '' })
  readonly now = () => Date.now() + this.api.ahead
  readonly levels = () => ({ mic: this.audio?.microphone.level() ?? 0, speaker: this.audio?.speaker.level() ?? 0 })
  readonly lineState = () => this.parts?.line.state() ?? 'off'
  readonly remoteStream = () => this.parts?.line.remoteStream() ?? null
}

function support(): 'fine' | 'insecure' | 'unsupported' {
  if (!window.isSecureContext) return 'insecure'
  const needed = ['RTCPeerConnection', 'WebSocket', 'AudioContext', 'BroadcastChannel', 'TextDecoderStream']
  return needed.every(name => name in window) && navigator.mediaDevices ? 'fine' : 'unsupported'
}
