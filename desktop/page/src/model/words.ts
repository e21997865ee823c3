// Times in words.

/** timer is how long something lasts, as on a telephone: 0:07, 12:30, 1:02:03. */
export function timer(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(s / 3600)
  const minutes = Math.floor(s / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`
}

/** duration is how long something took, to be read in a sentence. */
export function duration(seconds: number): string {
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return count(seconds, 'second')
  if (seconds % 60 === 0) return count(minutes, 'minute')
  return `${count(minutes, 'minute')} and ${count(seconds % 60, 'second')}`
}

/** clock is a time of day, with the date unless it is today's. */
export function clock(at: number, now: number): string {
  const d = new Date(at)
  const time = d.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  if (d.toDateString() === new Date(now).toDateString()) return `at ${time}`
  return `on ${d.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })} at ${time}`
}

/** isolated is what somebody else wrote, so that it turns the direction of no sentence it is put into: marks that would
 * are taken out, and what is read from the right is set apart. */
export function isolated(text: string): string {
  const plain = text.replace(/[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g, '')
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(plain) ? `\u2068${plain}\u2069` : plain
}
