import icon from '../icon.svg'

export function Mark() {
  return <p className="mark"><img src={icon} alt="" width="26" height="26" /> Switchboard</p>
}
