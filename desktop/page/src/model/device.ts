import type { Shift } from './shift'

/** Device is the truth about the softphone: whether a call could be taken right now, and if not, why and what to do. */
export interface Device {
  state: 'ready' | 'connecting' | 'lost'
  /** One line: Ready, Connecting…, Lost: … */
  text: string
  /** The same in a word or two, for the server and the colleagues; empty when ready. */
  why: string
  /** What the agent can do about it; empty: nothing is wrong, or nothing needs doing. */
  advice: string
}

const ready: Device = { state: 'ready', text: 'Ready', why: '', advice: '' }
const lost = (why: string, advice: string): Device => ({ state: 'lost', text: `Lost: ${why}`, why, advice })
const connecting = (why: string): Device => ({ state: 'connecting', text: 'Connecting…', why, advice: '' })

/** device judges the softphone. What the agent can mend comes before what mends itself. */
export function device(s: Shift): Device {
  switch (s.microphone) {
    case 'unknown': return connecting('starting')
    case 'asking': return { ...connecting('waiting for permission'), advice: 'If the browser asks, allow this page to use the microphone.' }
    case 'refused': return lost('microphone not allowed', 'Allow the microphone for this page: press the icon to the left of the address, set Microphone to Allow, then press Try again.')
    case 'missing': return lost('no microphone', 'Plug in your headset. The softphone comes back by itself.')
    case 'unplugged': return lost('microphone unplugged', 'Plug your headset back in. The softphone comes back by itself.')
    case 'busy': return lost('microphone in use', 'Another program has the microphone. Close it, then press Try again.')
    case 'open': break
  }
  if (!s.online) return lost('no network', 'This computer is offline. Check its cable or Wi-Fi; the softphone comes back by itself.')
  if (s.tokenTrouble && s.line !== 'registered') return lost('no access', s.tokenTrouble)
  switch (s.line) {
    case 'registered': break
    case 'off':
    case 'registering': return s.lineTrouble ? lost('no connection to Twilio', s.lineTrouble) : connecting('registering')
    default: return lost('no connection to Twilio', s.lineTrouble || 'The softphone connects again by itself. If this lasts, check the network.')
  }
  if (s.presence === 'lost') return lost('no connection to the server', 'The page connects again by itself. If this lasts, tell your team lead: calls may go to others meanwhile.')
  if (s.soundBlocked) return { ...ready, advice: 'The browser plays no sound until you click anywhere on this page.' }
  return ready
}

const complaints: Record<string, string> = {
  'high-rtt': 'slow', 'high-jitter': 'unsteady', 'high-packet-loss': 'losing sound', 'high-packets-lost-fraction': 'losing sound',
  'low-mos': 'poor sound', 'low-bytes-received': 'nothing is heard', 'low-bytes-sent': 'nothing is sent',
  'ice-connectivity-lost': 'sound interrupted',
}

/** network says in a word or two how the connections are. */
export function network(s: Shift): { text: string; good: boolean } {
  if (!s.online) return { text: 'Offline', good: false }
  if (s.ring?.status === 'reconnecting') return { text: 'Reconnecting…', good: false }
  const heard = [...new Set(s.quality.map(w => complaints[w]).filter(Boolean))]
  if (heard.length > 0) return { text: upper(heard.join(', ')), good: false }
  if (s.presence === 'lost') return { text: 'Server not reached', good: false }
  if (s.line === 'unregistered') return { text: 'Twilio not reached', good: false }
  if (s.taskRouter === 'lost') return { text: 'Call list not reached', good: false }
  if (s.presence === 'connecting' || s.taskRouter === 'connecting') return { text: 'Connecting…', good: true }
  return { text: 'Good', good: true }
}

const upper = (t: string) => t.charAt(0).toUpperCase() + t.slice(1)
