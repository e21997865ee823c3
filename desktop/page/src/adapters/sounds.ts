import dtmf0 from '../sounds/dtmf0.wav'
import dtmf1 from '../sounds/dtmf1.wav'
import dtmf2 from '../sounds/dtmf2.wav'
import dtmf3 from '../sounds/dtmf3.wav'
import dtmf4 from '../sounds/dtmf4.wav'
import dtmf5 from '../sounds/dtmf5.wav'
import dtmf6 from '../sounds/dtmf6.wav'
import dtmf7 from '../sounds/dtmf7.wav'
import dtmf8 from '../sounds/dtmf8.wav'
import dtmf9 from '../sounds/dtmf9.wav'
import dtmfh from '../sounds/dtmfh.wav'
import dtmfs from '../sounds/dtmfs.wav'
import disconnect from '../sounds/disconnect.wav'
import incoming from '../sounds/incoming.wav'
import outgoing from '../sounds/outgoing.wav'

/** All sounds of the voice SDK, served by us: it fetches each that it is not given from Twilio. */
export const sounds = {
  incoming, outgoing, disconnect,
  dtmf0, dtmf1, dtmf2, dtmf3, dtmf4, dtmf5, dtmf6, dtmf7, dtmf8, dtmf9, dtmfs, dtmfh,
}
