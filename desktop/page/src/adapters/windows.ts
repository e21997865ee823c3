/** Windows knows the other windows of this page in the same browser. The server sees to it that only the newest page
 * has the softphone; a window that is opened by mistake must not take it from one that is on a call. */
export class Windows {
  private readonly channel = new BroadcastChannel('switchboard-softphone')

  constructor(onCall: () => boolean) {
    this.channel.addEventListener('message', e => {
      if (e.data === 'on a call?' && onCall()) this.channel.postMessage('on a call')
    })
  }

  /** onCallElsewhere asks the others; one that is alive answers at once. */
  onCallElsewhere(): Promise<boolean> {
    return new Promise(resolve => {
      const end = (answer: boolean) => {
        clearTimeout(wait)
        this.channel.removeEventListener('message', hear)
        resolve(answer)
      }
      const hear = (e: MessageEvent) => { if (e.data === 'on a call') end(true) }
      const wait = setTimeout(() => end(false), 250)
      this.channel.addEventListener('message', hear)
      this.channel.postMessage('on a call?')
    })
  }
}
