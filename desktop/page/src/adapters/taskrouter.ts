import { Worker } from 'twilio-taskrouter'
import type { Reservation, WorkerOptions } from 'twilio-taskrouter'
import type { Config, Offer, ReservationStatus } from '../model/contract'
import type { Status } from '../model/shift'
import { isolated } from '../model/words'

export interface TaskRouterEvents {
  state(state: 'ready' | 'lost'): void
  statuses(known: Status[]): void
  status(name: string): void
  offers(all: Offer[]): void
  offer(one: Offer): void
  tokenExpired(): void
}

const changes = ['accepted', 'rejected', 'timeout', 'canceled', 'rescinded', 'wrapup', 'completed'] as const

/** TaskRouter is the agent as the queue sees them: TaskRouter's Worker by the official SDK. */
export class TaskRouter {
  private worker: Worker | null = null
  private stopped = false

  constructor(private readonly tell: TaskRouterEvents) {}

  start(token: string, at: Config['task_router']) {
    // Refused connections are told by the page itself; the SDK's own warnings are for developers.
    const options: WorkerOptions = { logLevel: 'silent', closeExistingSessions: false, ...(at.rest && { ebServer: at.rest }), ...(at.socket && { wsServer: at.socket }) }
    const worker = this.worker = new Worker(token, options)
    worker.on('ready', () => this.hear(() => {
      this.tell.statuses([...worker.activities.values()].map(a => ({ name: a.name, takesCalls: a.available })))
      this.tell.status(worker.activity.name)
      const all = [...worker.reservations.values()]
      all.forEach(r => this.follow(r))
      this.tell.offers(all.map(offer))
      this.tell.state('ready')
    }))
    worker.on('activityUpdated', () => this.hear(() => this.tell.status(worker.activity.name)))
    worker.on('reservationCreated', r => this.hear(() => {
      this.follow(r)
      this.tell.offer(offer(r))
    }))
    worker.on('disconnected', () => this.hear(() => this.tell.state('lost')))
    worker.on('error', () => this.hear(() => this.tell.state('lost')))
    worker.on('tokenExpired', () => this.hear(() => this.tell.tokenExpired()))
  }

  updateToken(token: string) {
    this.worker?.updateToken(token)
  }

  stop() {
    this.stopped = true
    this.worker?.disconnect()
  }

  async choose(status: string) {
    const activity = [...this.worker?.activities.values() ?? []].find(a => a.name === status)
    if (!activity) throw new Error(`TaskRouter has no status called ${status}: ask whoever set up the workspace to add it.`)
    await activity.setAsCurrent()
  }

  async decline(reservation: string) {
    await this.worker?.reservations.get(reservation)?.reject()
  }

  private follow(r: Reservation) {
    for (const change of changes) r.on(change, () => this.hear(() => this.tell.offer(offer(r))))
  }

  private hear(event: () => void) {
    if (!this.stopped) event()
  }
}

/** offer reads what the call process wrote on the task. */
function offer(r: Reservation): Offer {
  const a = r.task.attributes as { call?: string; attempt?: number; name?: string; reason?: string }
  return { reservation: r.sid, call: a.call ?? '', attempt: a.attempt ?? 0, name: isolated(a.name || 'A caller'), reason: isolated(a.reason ?? ''), status: r.status as ReservationStatus }
}
