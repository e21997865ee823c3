import { useEffect, useState, useSyncExternalStore } from 'react'
import type { Desk } from '../desk/desk'
import { screen } from '../model/screen'
import { Page } from './page'

/** App draws what the desk knows. */
export function App({ desk }: { desk: Desk }) {
  const shift = useSyncExternalStore(desk.store.subscribe, desk.store.get)
  const [now, setNow] = useState(desk.now)
  useEffect(() => {
    const t = setInterval(() => setNow(desk.now()), 250)
    return () => clearInterval(t)
  }, [desk])
  return <Page screen={screen(shift, now)} act={desk} />
}
