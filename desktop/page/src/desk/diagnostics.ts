import { device } from '../model/device'
import { over } from '../model/contract'
import type { Desk } from './desk'

/** Softphone is window.softphone: for tests and for the person on the telephone with an agent. It only tells. */
export interface Softphone {
  state(): {
    device: 'registered' | 'registering' | 'unregistered' | 'destroyed'
    ready: boolean
    why: string
    call: { sid: string; status: string; muted: boolean } | null
    taskRouter: 'ready' | 'connecting' | 'lost'
    activity: string
    reservations: number
  }
  remoteStream(): MediaStream | null
  levels(): { mic: number; speaker: number }
}

declare global {
  interface Window {
    softphone: Softphone
  }
}

export function diagnostics(desk: Desk): Softphone {
  return {
    state() {
      const s = desk.store.get()
      const line = desk.lineState()
      const d = device(s)
      return {
        device: line === 'off' ? 'unregistered' : line,
        ready: d.state === 'ready', why: d.why,
        call: s.ring && { sid: s.ring.sid, status: s.ring.status, muted: s.ring.muted },
        taskRouter: s.taskRouter, activity: s.status,
        reservations: s.offer && !over(s.offer.status) ? 1 : 0,
      }
    },
    remoteStream: desk.remoteStream,
    levels: desk.levels,
  }
}
