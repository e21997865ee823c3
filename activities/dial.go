package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	voice "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
)

const (
	// twilioRingsLonger is what Twilio adds to every Timeout.
	twilioRingsLonger = 5 * time.Second
	// shortestTimeout is the least Timeout Twilio takes.
	shortestTimeout = 5 * time.Second
	// longQueue: a dial that Twilio holds back longer than this is worth an operator's notice: the account's calls per
	// second are used up.
	longQueue = 2 * time.Second
	// maxPosts bounds the repetitions of a dial whatever the clock says.
	maxPosts = 10

	// overrides make Twilio repeat a callback that we did not take, within what it allows a callback in all.
	overrides = "#rc=3&rp=all&rt=4000"

	softphone = "client:" // what an agent's address begins with: agents have softphones, and nothing else is rung for them

	codeLabelTaken      = 16026 // a live leg of this conference has the label
	codeConferenceEnded = 16022
)

// badNumber are the refusals that are about the number called. Everything else is ours or the account's to mend.
var badNumber = map[int]bool{
	21201: true,                                                     // none
	21211: true,                                                     // not valid
	21214: true,                                                     // cannot be reached
	21215: true,                                                     // in a country the account may not call
	21216: true,                                                     // on Twilio's list of those not to be called
	21217: true,                                                     // not in E.164
	21219: true,                                                     // not verified, on a trial account
	13223: true, 13224: true, 13225: true, 13226: true, 13227: true, // the same, in the words of <Dial>
}

// DialAgent rings an agent's softphone into a room of its own, which the first leg opens.
//
// It may be repeated, by itself or by a retry: the leg's label is unique in the room, and a leg that an earlier try
// has placed is found by it. In the worst case a softphone is rung twice, which an agent can bear.
func (a *Activities) DialAgent(ctx context.Context, in DialAgentInput) (Dialled, error) {
	d := a.dialAgent(ctx, in)
	if d.Result == NotSent && attempt(ctx) > 1 {
		d.Result = Ambiguous // this execution sent nothing; an earlier one may have
	}
	return d, nil
}

func (a *Activities) dialAgent(ctx context.Context, in DialAgentInput) Dialled {
	dial := dial{ref: in.Ref, notAfter: in.NotAfter}
	to := in.ContactURI
	if to == "" {
		var d Dialled
		if to, d = a.contactURI(ctx, dial, in.Agent); to == "" {
			return d
		}
	}
	if !strings.HasPrefix(to, softphone) { // an attribute that anybody with the Console can write
		a.Logger.ErrorContext(ctx, "agent not dialled: the attribute contact_uri must begin with client:", "AgentSid", in.Agent)
		return Dialled{Result: Refused}
	}
	if in.Rejoin {
		to += "?" + sb.RejoinParameter + "=1"
	}
	p := a.leg(in.Ref, to, in.Rings, in.TimeLimit)
	if in.Rejoin { // the caller may be in the room: better a sentence than a softphone's ringing
		p.SetEarlyMedia(false)
	}
	p.SetEndConferenceOnExit(false)
	p.SetWaitUrl(a.PublicURL + sb.PathRingback)

	var doubt *Dialled // the first try's result that was not clear
	for try := 0; ; try++ {
		d := a.post(ctx, dial, cmp.Or(string(in.Conference), in.Room), p)
		d.Repeated = doubt != nil
		if d.Result == NotSent && doubt != nil {
			return *doubt
		}
		if d.Code != codeLabelTaken && d.Result != Ambiguous {
			return d
		}
		// A leg of an earlier try got through, or may have.
		if found := a.placed(ctx, in.Conference, in.Room, in.Ref); found.Leg != "" {
			return found
		}
		d.Result = Ambiguous
		doubt = &d
		if try == 2 || !a.waitWithin(ctx, a.pause(try), in.NotAfter) {
			return d
		}
	}
}

// contactURI reads where an agent's softphone is reached; without an answer the result says why.
func (a *Activities) contactURI(ctx context.Context, d dial, agent sb.AgentSID) (string, Dialled) {
	for try := 0; ; try++ {
		worker, err := a.twilio.TaskRouter(ctx).FetchWorker(string(a.Twilio.Workspace), string(agent))
		if err == nil {
			var attributes struct {
				ContactURI string `json:"contact_uri"`
			}
			if json.Unmarshal([]byte(str(worker.Attributes)), &attributes) != nil || attributes.ContactURI == "" {
				a.Logger.ErrorContext(ctx, "agent cannot be dialled: the attribute contact_uri is missing", "AgentSid", agent)
				return "", Dialled{Result: Refused}
			}
			return attributes.ContactURI, Dialled{}
		}
		f := failure(err)
		if f.kind == never {
			return "", Dialled{Result: Refused, Code: f.code()}
		}
		if try == maxPosts || !a.waitWithin(ctx, a.pause(try), d.notAfter) {
			return "", Dialled{Result: NotSent, Code: f.code()}
		}
	}
}

// DialCaller rings the caller's phone into the room where the agent waits.
//
// At most one request of it is ever executed. Whether it is still time is asked again when the connection stands and
// the next thing is to write. What was certainly not executed (429, no connection) is sent again until NotAfter; after
// anything less certain the result is Ambiguous, and nothing is sent again: not here, and not by a retry of the
// activity either. A number that must not be rung is refused for good, and nothing is sent.
func (a *Activities) DialCaller(ctx context.Context, in DialCallerInput) (Dialled, error) {
	if attempt(ctx) > 1 {
		return Dialled{Result: Ambiguous}, nil
	}
	if problem := a.Dialling.Problem(in.Phone); problem != "" {
		// Intake has refused it already, unless its rules are others or the request is older than they are.
		a.Logger.ErrorContext(ctx, "caller not dialled: the number "+problem, "call", in.Ref.Call)
		a.Twilio.Telemetry.DialNotAllowed(ctx)
		return Dialled{Result: Refused}, nil
	}
	p := a.leg(in.Ref, in.Phone, in.Rings, in.TimeLimit)
	p.SetEarlyMedia(false)
	p.SetEndConferenceOnExit(true)
	p.SetWaitUrl(a.PublicURL + sb.PathOneMoment)
	if in.Locale != "" {
		p.SetWaitUrl(a.PublicURL + sb.PathOneMoment + "?" + url.Values{"locale": {in.Locale}}.Encode())
	}
	if in.DetectMachine {
		p.SetMachineDetection("Enable")
		p.SetAmdStatusCallback(a.callback(sb.PathMachine, in.Ref))
	}
	d := a.post(ctx, dial{ref: in.Ref, notAfter: in.NotAfter}, string(in.Conference), p)
	if d.Code == codeLabelTaken {
		// Twilio has the leg already: a request of ours reached it twice, or its answer crossed a 429.
		if found := a.placed(ctx, in.Conference, "", in.Ref); found.Leg != "" {
			return found, nil
		}
		d.Result = Ambiguous
	}
	return d, nil
}

// dial is what both dials have in common.
type dial struct {
	ref      sb.LegRef
	notAfter time.Time
}

// leg is what both legs have in common. The conference takes its callbacks from whoever joins first: they are the same
// on both.
func (a *Activities) leg(ref sb.LegRef, to string, rings, limit sb.Duration) *voice.CreateParticipantParams {
	room := ref
	room.Party = sb.PartyAgent
	p := &voice.CreateParticipantParams{}
	p.SetFrom(a.CallerID)
	p.SetTo(to)
	p.SetLabel(ref.Label())
	p.SetTimeout(int(max(time.Duration(rings)-twilioRingsLonger, shortestTimeout) / time.Second))
	p.SetTimeLimit(int(time.Duration(limit) / time.Second))
	p.SetBeep("false")
	p.SetStatusCallback(a.callback(sb.PathLeg, ref))
	p.SetStatusCallbackEvent([]string{"initiated", "ringing", "answered", "completed"})
	p.SetConferenceStatusCallback(a.callback(sb.PathRoom, room))
	p.SetConferenceStatusCallbackEvent([]string{"start", "end", "join", "leave"})
	return p
}

// callback is the URL by which Twilio tells of a leg: it carries our own name of it, for a callback can overtake the
// reply that brings Twilio's.
func (a *Activities) callback(path string, ref sb.LegRef) string {
	return a.PublicURL + path + "?" + ref.Query().Encode() + overrides
}

// post sends a dial and says what became of it. It sends again only what was certainly not executed.
func (a *Activities) post(ctx context.Context, d dial, room string, p *voice.CreateParticipantParams) Dialled {
	api := a.twilio.voiceIf(ctx, func() bool { return a.Now().Before(d.notAfter) })
	for try := 1; ; try++ {
		if !a.Now().Before(d.notAfter) {
			return Dialled{Result: NotSent}
		}
		made, err := api.CreateParticipant(room, p)
		if err == nil && str(made.CallSid) != "" {
			return a.place(ctx, d.ref, made)
		}
		f := failure(err)
		if f == nil { // a success that names no leg
			f = &Failure{kind: ambiguous}
		}
		switch f.kind {
		case never:
			return Dialled{Result: refusal(f), Code: f.code()}
		case ambiguous:
			return Dialled{Result: Ambiguous, Code: f.code()}
		}
		if f.late || try == maxPosts || !a.waitWithin(ctx, a.pause(try-1), d.notAfter) {
			return Dialled{Result: NotSent, Code: f.code()}
		}
	}
}

func refusal(f *Failure) DialResult {
	switch {
	case badNumber[f.Code]:
		return BadNumber
	case f.notFound(), f.Code == codeConferenceEnded:
		return NoRoom
	default:
		return Refused
	}
}

// waitWithin pauses and reports whether it is still before notAfter.
func (a *Activities) waitWithin(ctx context.Context, d time.Duration, notAfter time.Time) bool {
	return a.Now().Add(d).Before(notAfter) && a.Wait(ctx, d) == nil
}

// place reads Twilio's answer to a dial it took.
func (a *Activities) place(ctx context.Context, ref sb.LegRef, made *voice.ApiV2010Participant) Dialled {
	out := Dialled{Result: Placed, Leg: sb.CallSID(*made.CallSid), Conference: sb.ConferenceSID(str(made.ConferenceSid))}
	if ms, err := strconv.ParseFloat(str(made.QueueTime), 64); err == nil && ms > 0 {
		out.Queued = sb.Duration(time.Duration(ms) * time.Millisecond)
	}
	a.Twilio.Telemetry.DialQueued(ctx, ref.Party, time.Duration(out.Queued))
	if time.Duration(out.Queued) > longQueue {
		a.Logger.WarnContext(ctx, "Twilio holds a dial back: the account's calls per second are used up",
			"Party", ref.Party, "CallSid", out.Leg, "queue_time", time.Duration(out.Queued))
	}
	return out
}

// placed looks for a leg by its label, in a conference given by SID or by name. It is no proof that nothing is found.
func (a *Activities) placed(ctx context.Context, conference sb.ConferenceSID, room string, ref sb.LegRef) Dialled {
	if conference == "" {
		found, err := a.conferences(ctx, room)
		if err != nil || len(found) == 0 {
			return Dialled{}
		}
		conference = found[0]
	}
	p, err := a.twilio.Voice(ctx).FetchParticipant(string(conference), ref.Label(), nil)
	if err != nil || str(p.CallSid) == "" {
		return Dialled{}
	}
	a.Logger.InfoContext(ctx, "adopted the leg of an earlier try", "Party", ref.Party, "CallSid", *p.CallSid)
	return Dialled{Result: Placed, Leg: sb.CallSID(*p.CallSid), Conference: conference, Code: codeLabelTaken}
}
