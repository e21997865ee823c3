import { useEffect, useRef } from 'react'
import type { Ref } from 'react'
import type { Panel } from '../model/screen'
import type { Acts } from './acts'

// Alt and Shift together with a letter, by the key's place: neither typing nor a browser means anything by them.
const shortcuts = [
  { code: 'KeyA', key: 'A', what: 'Answer the call' },
  { code: 'KeyD', key: 'D', what: 'Decline the call' },
  { code: 'KeyM', key: 'M', what: 'Mute, or speak again' },
  { code: 'KeyE', key: 'E', what: 'End the call' },
  { code: 'KeyF', key: 'F', what: 'Finish the notes' },
]

/** useShortcuts lets the keyboard do what the buttons on the screen do, and nothing that is not on it. */
export function useShortcuts(panel: Panel, act: Acts) {
  const now = useRef({ panel, act })
  now.current = { panel, act }
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (!e.altKey || !e.shiftKey || e.ctrlKey || e.metaKey || e.repeat) return
      const { panel: p, act: a } = now.current
      const does: Record<string, (() => void) | false> = {
        KeyA: p.kind === 'offer' && !p.answering && a.answer,
        KeyD: p.kind === 'offer' && a.decline,
        KeyM: p.kind === 'call' && p.controls && (() => a.mute(!p.muted)),
        KeyE: p.kind === 'call' && p.canEnd && a.end,
        KeyF: p.kind === 'wrap_up' && !p.finishing && a.finish,
      }
      const act = does[e.code]
      if (!act) return
      e.preventDefault()
      act()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}

export function Help({ ref }: { ref: Ref<HTMLDialogElement> }) {
  return (
    <dialog ref={ref} aria-labelledby="help-title">
      <h2 id="help-title">Shortcuts</h2>
      <dl className="keys">
        {shortcuts.map(s => <div key={s.code}><dt><kbd>Alt</kbd> <kbd>Shift</kbd> <kbd>{s.key}</kbd></dt><dd>{s.what}</dd></div>)}
        <div><dt><kbd>0</kbd> – <kbd>9</kbd> <kbd>*</kbd> <kbd>#</kbd></dt><dd>Press keys, while the keypad is open and has the focus</dd></div>
      </dl>
      <form method="dialog"><button className="button primary">Close</button></form>
    </dialog>
  )
}
