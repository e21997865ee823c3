import type { Microphone as State } from '../model/shift'

/** Microphone keeps one open, from sign-in on, so that the agent sees that it hears before the first call does. */
export class Microphone {
  private stream: MediaStream | null = null
  private wanted = false
  private opening = false

  constructor(
    private readonly tell: (state: State) => void,
    private readonly heard: (stream: MediaStream | null) => void,
  ) {}

  open() {
    if (!this.wanted) {
      this.wanted = true
      navigator.mediaDevices.addEventListener('devicechange', this.changed)
    }
    void this.tryOpen()
  }

  close() {
    this.wanted = false
    navigator.mediaDevices?.removeEventListener('devicechange', this.changed)
    this.drop()
  }

  private async tryOpen() {
    if (this.opening || this.stream) return
    this.opening = true
    this.tell('asking')
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      if (!this.wanted) {
        stream.getTracks().forEach(t => t.stop())
        return
      }
      this.stream = stream
      stream.getAudioTracks()[0]?.addEventListener('ended', () => this.unplugged(stream))
      this.tell('open')
      this.heard(stream)
    } catch (e) {
      this.tell(refusal(e))
    } finally {
      this.opening = false
    }
  }

  // One that is plugged in again is opened again; the browser asks no second time.
  private readonly changed = async () => {
    const inputs = (await navigator.mediaDevices.enumerateDevices()).filter(d => d.kind === 'audioinput')
    const dead = this.stream?.getAudioTracks().every(t => t.readyState === 'ended')
    if (this.stream && (inputs.length === 0 || dead)) this.unplugged(this.stream)
    if (!this.stream && inputs.length > 0 && this.wanted) await this.tryOpen()
  }

  private unplugged(stream: MediaStream) {
    if (stream !== this.stream) return
    this.drop()
    if (!this.wanted) return
    this.tell('unplugged')
    void this.changed() // another one may be there
  }

  private drop() {
    this.stream?.getTracks().forEach(t => t.stop())
    this.stream = null
    this.heard(null)
  }
}

function refusal(e: unknown): State {
  const name = e instanceof DOMException ? e.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return 'busy'
}
