import { next } from '../model/next'
import type { Event } from '../model/next'
import { atFirst } from '../model/shift'
import type { Shift } from '../model/shift'

/** Store holds what the page knows. */
export class Store {
  private state = atFirst
  private readonly listeners = new Set<() => void>()

  readonly get = (): Shift => this.state

  readonly tell = (e: Event) => {
    const before = this.state
    this.state = next(before, e)
    if (JSON.stringify(before) !== JSON.stringify(this.state)) this.listeners.forEach(l => l())
    else this.state = before
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => { this.listeners.delete(listener) }
  }
}
