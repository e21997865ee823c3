import type { SignIn } from '../model/contract'
import type { Acts } from './acts'

// What is seen instead of the desk.

export function Message({ title, text, trouble }: { title: string; text: string; trouble: boolean }) {
  return (
    <div role={trouble ? 'alert' : 'status'} data-qa={trouble ? 'problem' : undefined}>
      <h1>{title}</h1>
      <p className="muted">{text}</p>
    </div>
  )
}

export function SignInForm({ way, trouble, act }: { way: SignIn; trouble: string; act: Acts }) {
  return (
    <div data-qa="sign-in">
      <h1>Sign in</h1>
      {trouble && <p className="door-trouble" role="alert" data-qa="problem">{trouble}</p>}
      {way.kind === 'oidc'
        ? <>
            <p className="muted">You use the same account as everywhere else at work.</p>
            <a className="button primary wide" href={way.url} data-qa="sign-in-go">Sign in</a>
          </>
        : <form onSubmit={e => {
            e.preventDefault()
            const form = new FormData(e.currentTarget)
            act.signIn(String(form.get('name')), String(form.get('role') ?? ''))
          }}>
            <label className="field">
              <span>Who are you?</span>
              <select name="name" data-qa="sign-in-name">{(way.names ?? []).map(n => <option key={n}>{n}</option>)}</select>
            </label>
            {(way.roles?.length ?? 0) > 1 &&
              <label className="field">
                <span>As what besides an agent?</span>
                <select name="role" data-qa="sign-in-role">
                  {way.roles!.map(r => <option key={r} value={r}>{r === 'agent' ? 'nothing else' : r}</option>)}
                </select>
              </label>}
            <button className="button primary wide" data-qa="sign-in-go">Sign in</button>
            <p className="muted small">Names without passwords are for trying things out; production asks your identity provider.</p>
          </form>}
    </div>
  )
}

export function Elsewhere({ text, act }: { text: string; act: Acts }) {
  return (
    <>
      <div role="status">
        <h1>Open in another window</h1>
        <p className="muted" data-qa="problem">{text}</p>
      </div>
      <button className="button primary wide" onClick={act.takeOver} data-qa="take-over">Use the softphone here</button>
      <button className="button wide" onClick={act.signOut} data-qa="sign-out">Sign out</button>
    </>
  )
}
