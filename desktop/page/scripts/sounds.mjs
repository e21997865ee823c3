// Writes the softphone's sounds into src/sounds, so that neither a browser nor a build fetches any.
import { mkdirSync, writeFileSync } from 'node:fs'

const rate = 16000
const folder = new URL('../src/sounds/', import.meta.url)

// wav is mono, 16 bit.
function wav(samples) {
  const b = Buffer.alloc(44 + samples.length * 2)
  b.write('RIFF', 0)
  b.writeUInt32LE(36 + samples.length * 2, 4)
  b.write('WAVEfmt ', 8)
  b.writeUInt32LE(16, 16)
  b.writeUInt16LE(1, 20)
  b.writeUInt16LE(1, 22)
  b.writeUInt32LE(rate, 24)
  b.writeUInt32LE(rate * 2, 28)
  b.writeUInt16LE(2, 32)
  b.writeUInt16LE(16, 34)
  b.write('data', 36)
  b.writeUInt32LE(samples.length * 2, 40)
  samples.forEach((s, i) => b.writeInt16LE(Math.round(Math.max(-1, Math.min(1, s)) * 32767), 44 + i * 2))
  return b
}

const silence = (seconds) => new Float64Array(Math.round(seconds * rate))

// note adds a struck tone: a soft start, then it fades like a marimba's.
function note(into, at, hertz, seconds, loud) {
  const from = Math.round(at * rate)
  for (let i = 0; i < seconds * rate && from + i < into.length; i++) {
    const t = i / rate
    const envelope = Math.min(1, t / 0.006) * Math.exp(-t * 5 / seconds)
    into[from + i] += loud * envelope * (Math.sin(2 * Math.PI * hertz * t) + 0.22 * Math.sin(8 * Math.PI * hertz * t) * Math.exp(-t * 18))
  }
}

// steady adds tones of even loudness with soft edges.
function steady(into, at, hertz, seconds, loud) {
  const from = Math.round(at * rate)
  const n = Math.min(Math.round(seconds * rate), into.length - from)
  for (let i = 0; i < n; i++) {
    const edge = Math.min(1, i / 80, (n - 1 - i) / 80)
    for (const h of hertz) into[from + i] += (loud / hertz.length) * edge * Math.sin(2 * Math.PI * h * i / rate)
  }
}

// The ringtone: a rising figure twice, then a pause; the SDK repeats it.
const incoming = silence(3)
for (const start of [0, 0.72]) {
  note(incoming, start, 523.25, 0.5, 0.3)
  note(incoming, start + 0.14, 659.25, 0.5, 0.3)
  note(incoming, start + 0.28, 783.99, 0.9, 0.32)
}

const outgoing = silence(0.4)
note(outgoing, 0, 587.33, 0.35, 0.25)

const disconnect = silence(0.7)
note(disconnect, 0, 523.25, 0.4, 0.25)
note(disconnect, 0.16, 392, 0.5, 0.25)

const sounds = { incoming, outgoing, disconnect }
const columns = [1209, 1336, 1477]
const rows = [697, 770, 852, 941]
for (const [i, key] of ['1', '2', '3', '4', '5', '6', '7', '8', '9', 's', '0', 'h'].entries()) {
  const s = silence(0.16)
  steady(s, 0, [columns[i % 3], rows[Math.floor(i / 3)]], 0.14, 0.4)
  sounds['dtmf' + key] = s
}

mkdirSync(folder, { recursive: true })
for (const [name, samples] of Object.entries(sounds)) writeFileSync(new URL(name + '.wav', folder), wav(samples))
