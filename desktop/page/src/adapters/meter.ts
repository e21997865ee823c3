/** Meter tells how loud a stream is. */
export class Meter {
  private source: MediaStreamAudioSourceNode | null = null
  private readonly analyser: AnalyserNode
  private readonly samples: Float32Array<ArrayBuffer>

  constructor(private readonly context: AudioContext) {
    this.analyser = context.createAnalyser()
    this.analyser.fftSize = 512
    this.samples = new Float32Array(this.analyser.fftSize)
  }

  listenTo(stream: MediaStream | null) {
    this.source?.disconnect()
    this.source = stream && this.context.createMediaStreamSource(stream)
    this.source?.connect(this.analyser)
  }

  /** level is from 0, nothing, to 1, as loud as it goes; a step of 0.1 is 6 dB, which ears take as even steps. */
  level(): number {
    if (!this.source) return 0
    this.analyser.getFloatTimeDomainData(this.samples)
    const power = this.samples.reduce((sum, x) => sum + x * x, 0) / this.samples.length
    return power === 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(power) / 6))
  }
}
