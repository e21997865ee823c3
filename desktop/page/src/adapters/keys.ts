/** A browser's DTMF sender forgets what has not sounded yet when it is given more, so each key waits for the one before:
 *  160 ms of tone and a gap of 70 ms, which are the SDK's, and a little for the timer. */
const keyTakes = 250

/** Keys sends one key after the other, however fast they are pressed. */
export class Keys {
  private waiting: string[] = []
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly send: (key: string) => void) {}

  press(digits: string) {
    this.waiting.push(...digits)
    if (this.timer === undefined) this.next()
  }

  /** forget is for the end of a call: what is left must not sound in the next one. */
  forget() {
    this.waiting = []
  }

  private readonly next = () => {
    const key = this.waiting.shift()
    this.timer = key === undefined ? undefined : setTimeout(this.next, keyTakes)
    if (key !== undefined) this.send(key)
  }
}
