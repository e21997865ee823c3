package chaos

import (
	"slices"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
)

// Delay is how long calls took from one stage to the next.
type Delay struct {
	N   int         `json:"n"`
	P50 sb.Duration `json:"p50"`
	P95 sb.Duration `json:"p95"`
	Max sb.Duration `json:"max"`
}

// asked is where the way of a call begins: the acknowledgement of the request by Kafka.
const asked = "asked"

// steps are the ways from one stage to the next, in the order in which a table shows them. Those through which people and
// phones take their time are in it too: they are what they are without any fault.
var steps = []string{
	asked + " → " + string(sb.StageQueued),
	string(sb.StageQueued) + " → " + string(sb.StageAgentRinging),
	string(sb.StageAgentRinging) + " → " + string(sb.StageAgentJoined),
	string(sb.StageAgentJoined) + " → " + string(sb.StageCallerRinging),
	string(sb.StageCallerRinging) + " → " + string(sb.StageConnected),
	string(sb.StageConnected) + " → " + string(sb.StageWrappingUp),
	string(sb.StageWrappingUp) + " → " + string(sb.StageEnded),
	whole,
}

// whole is a call from beginning to end, pauses between attempts included.
const whole = "the whole call"

// delays measures every step of every call.
func delays(calls []truth.Call) map[string]Delay {
	took := map[string][]time.Duration{}
	for _, call := range calls {
		at, stage, seen := call.Accepted, asked, 0
		for _, e := range call.Events {
			if e.Sequence <= seen { // a repetition
				continue
			}
			step := stage + " → " + string(e.Data.Stage)
			took[step] = append(took[step], max(e.Time.Sub(at), 0))
			at, stage, seen = e.Time, string(e.Data.Stage), e.Sequence
		}
		if stage == string(sb.StageEnded) {
			took[whole] = append(took[whole], at.Sub(call.Accepted))
		}
	}
	out := map[string]Delay{}
	for _, step := range steps {
		if all := took[step]; len(all) > 0 {
			slices.Sort(all)
			out[step] = Delay{len(all), part(all, 50), part(all, 95), part(all, 100)}
		}
	}
	return out
}

// part is the length that so many in a hundred do not exceed.
func part(sorted []time.Duration, hundredth int) sb.Duration {
	return sb.Duration(sorted[(len(sorted)-1)*hundredth/100].Round(time.Millisecond))
}
