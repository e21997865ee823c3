package activities

import (
	"context"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	voice "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
)

const (
	// clockSkew is how far Twilio's clock may be behind ours.
	clockSkew = 2 * time.Second
	// recentCalls is how many of a number's calls, newest first, are looked through for a lost leg.
	recentCalls = 50
	// statusConnected is a participant's who is in the conference.
	statusConnected = "connected"

	codeNotInProgress = 21220
)

// legNews says in our words where a call stands by Twilio's book.
func legNews(ref sb.LegRef, call *voice.ApiV2010Call) sb.LegNews {
	n := sb.LegNews{
		Ref: ref, Leg: sb.CallSID(str(call.Sid)), Status: sb.LegStatus(str(call.Status)), Seconds: -1, At: twilioTime(call.DateUpdated), Via: "look",
	}
	if n.Status.Over() {
		if s, err := strconv.Atoi(str(call.Duration)); err == nil {
			n.Seconds = s
		}
		if end := twilioTime(call.EndTime); !end.IsZero() {
			n.At = end
		}
	}
	return n
}

// ended is the news of a leg that Twilio does not know: nothing of it is left.
func ended(ref sb.LegRef, leg sb.CallSID) sb.LegNews {
	return sb.LegNews{Ref: ref, Leg: leg, Status: sb.LegCompleted, Seconds: -1, Via: "look"}
}

// twilioTime reads a time of Twilio's 2010 API; zero if there is none.
func twilioTime(s *string) time.Time {
	t, err := time.Parse(time.RFC1123Z, str(s))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// FindLeg looks for traces of a leg whose dial had no clear answer: by its label among the conference's participants,
// then by number and time in the list of calls. It only reads. Finding nothing is no proof: what Twilio has just made
// cannot always be read yet.
func (a *Activities) FindLeg(ctx context.Context, in FindLegInput) (FindLegResult, error) {
	conference := in.Conference
	if conference == "" && in.Room != "" {
		rooms, err := a.conferences(ctx, in.Room)
		if err != nil {
			return FindLegResult{}, failed("find leg: list rooms", err)
		}
		if len(rooms) > 0 {
			conference = rooms[0]
		}
	}
	if conference != "" {
		p, err := a.participant(ctx, conference, in.Ref.Label())
		if err != nil {
			return FindLegResult{}, failed("find leg: by label", err)
		}
		if p != nil && !slices.Contains(in.Known, sb.CallSID(str(p.CallSid))) {
			return a.foundIn(ctx, in.Ref, p)
		}
	}
	if in.To == "" {
		return FindLegResult{}, nil
	}
	params := &voice.ListCallParams{}
	params.SetTo(in.To)
	params.SetLimit(recentCalls)
	calls, err := a.twilio.Voice(ctx).ListCall(params)
	if err != nil {
		return FindLegResult{}, failed("find leg: list calls", err)
	}
	var over []voice.ApiV2010Call
	for _, call := range calls {
		if !a.mayBe(call, in) {
			continue
		}
		if sb.LegStatus(str(call.Status)).Over() {
			over = append(over, call)
			continue
		}
		// A live call to this number can be another request's. It is ours if it is in our room.
		if conference == "" {
			continue
		}
		p, err := a.participant(ctx, conference, str(call.Sid))
		if err != nil {
			return FindLegResult{}, failed("find leg: by call", err)
		}
		if p != nil {
			return FindLegResult{Found: true, Leg: legNews(in.Ref, &call), InRoom: str(p.Status) == statusConnected}, nil
		}
	}
	if len(over) == 1 {
		return FindLegResult{Found: true, Leg: legNews(in.Ref, &over[0])}, nil
	}
	return FindLegResult{}, nil
}

// mayBe reports whether a call can be the leg that is looked for.
func (a *Activities) mayBe(call voice.ApiV2010Call, in FindLegInput) bool {
	made := twilioTime(call.DateCreated)
	if made.IsZero() {
		made = twilioTime(call.StartTime)
	}
	return str(call.To) == in.To && str(call.From) == a.CallerID && str(call.ParentCallSid) == "" &&
		!made.Before(in.Since.Truncate(time.Second).Add(-clockSkew)) && !slices.Contains(in.Known, sb.CallSID(str(call.Sid)))
}

// participant reads one of a conference by label or call SID; nil if there is none.
func (a *Activities) participant(ctx context.Context, conference sb.ConferenceSID, who string) (*voice.ApiV2010Participant, error) {
	p, err := a.twilio.Voice(ctx).FetchParticipant(string(conference), who, nil)
	if failure(err).notFound() {
		return nil, nil
	}
	if err == nil && str(p.CallSid) == "" {
		err = &Failure{kind: ambiguous}
	}
	return p, err
}

func (a *Activities) foundIn(ctx context.Context, ref sb.LegRef, p *voice.ApiV2010Participant) (FindLegResult, error) {
	out := FindLegResult{Found: true, InRoom: str(p.Status) == statusConnected}
	call, err := a.twilio.Voice(ctx).FetchCall(*p.CallSid, nil)
	switch {
	case err == nil:
		out.Leg = legNews(ref, call)
	case failure(err).notFound(): // it cannot be read yet
		out.Leg = sb.LegNews{Ref: ref, Leg: sb.CallSID(*p.CallSid), Status: sb.LegQueued, Seconds: -1, Via: "look"}
		if out.InRoom {
			out.Leg.Status = sb.LegInProgress
		}
	default:
		return FindLegResult{}, failed("find leg: fetch call", err)
	}
	return out, nil
}

// LookAtLegs reads what webhooks would have told of two legs and their conference. It only reads; what Twilio does not
// know is left out, and what it says can be a little old.
func (a *Activities) LookAtLegs(ctx context.Context, in LookAtLegsInput) (LookAtLegsResult, error) {
	api := a.twilio.Voice(ctx)
	var out LookAtLegsResult
	var unread error // what was seen all the same is news
	label := map[sb.CallSID]string{}
	for _, leg := range []LegToLookAt{in.Agent, in.Caller} {
		if leg.Leg == "" {
			continue
		}
		label[leg.Leg] = leg.Ref.Label()
		call, err := api.FetchCall(string(leg.Leg), nil)
		if failure(err).notFound() {
			continue
		}
		if err != nil {
			unread = failed("look at leg", err)
			continue
		}
		news := legNews(leg.Ref, call)
		if leg.Ref.Party == sb.PartyCaller {
			news.AnsweredBy = str(call.AnsweredBy)
		}
		out.Legs = append(out.Legs, news)
	}
	if in.Conference == "" {
		return seen(out, unread)
	}
	ref := in.Agent.Ref
	if ref.Call == "" {
		ref = in.Caller.Ref
	}
	conference, err := api.FetchConference(string(in.Conference), nil)
	if failure(err).notFound() {
		return seen(out, unread)
	}
	if err != nil {
		return seen(out, failed("look at room", err))
	}
	if str(conference.Status) == "completed" {
		last, reason := sb.CallSID(str(conference.CallSidEndingConference)), str(conference.ReasonConferenceEnded)
		out.Room = append(out.Room, sb.RoomNews{
			Ref: ref, Conference: in.Conference, Event: sb.RoomEnded, Leg: last, Label: label[last],
			HungUp: strings.HasSuffix(reason, "-left"), At: twilioTime(conference.DateUpdated), Via: "look",
		})
		return seen(out, unread)
	}
	participants, err := a.listParticipants(ctx, in.Conference)
	if err != nil && !failure(err).notFound() {
		return seen(out, failed("look at participants", err))
	}
	for _, p := range participants {
		if str(p.Status) == statusConnected {
			out.Room = append(out.Room, sb.RoomNews{
				Ref: ref, Conference: in.Conference, Event: sb.RoomJoined, Leg: sb.CallSID(str(p.CallSid)), Label: str(p.Label),
				At: twilioTime(p.DateUpdated), Via: "look",
			})
		}
	}
	return seen(out, unread)
}

// seen is what a look saw; only one that saw nothing at all has failed.
func seen(out LookAtLegsResult, err error) (LookAtLegsResult, error) {
	if len(out.Legs)+len(out.Room) > 0 {
		return out, nil
	}
	return out, err
}

// EndLeg ends a leg in any state and sees it ended. Idempotent; retried until it has succeeded. A leg that Twilio does
// not know is over.
func (a *Activities) EndLeg(ctx context.Context, in EndLegInput) (EndLegResult, error) {
	api := a.twilio.Voice(ctx)
	params := &voice.UpdateCallParams{}
	params.SetStatus(string(sb.LegCompleted))  // ends ringing legs as well
	already, first := false, attempt(ctx) == 1 // an earlier attempt may have ended it
	taken := false
	for try := 0; ; try++ {
		call, err := api.UpdateCall(string(in.Leg), params)
		taken = taken || err == nil
		if err == nil && sb.LegStatus(str(call.Status)).Over() {
			return EndLegResult{Leg: legNews(in.Ref, call), Already: already, Taken: taken}, nil
		}
		f := failure(err)
		if f.notFound() {
			return EndLegResult{Leg: ended(in.Ref, in.Leg), Already: already || first && try == 0}, nil
		}
		already = already || first && try == 0 && f != nil && f.Code == codeNotInProgress
		if f != nil && f.kind == never && f.Code != codeNotInProgress && !f.overtaken() && f.Status != 400 {
			return EndLegResult{}, failed("end leg", err)
		}
		// Not live, unclear, or under way: see for ourselves.
		call, err = api.FetchCall(string(in.Leg), nil)
		if err == nil && sb.LegStatus(str(call.Status)).Over() {
			return EndLegResult{Leg: legNews(in.Ref, call), Already: already, Taken: taken}, nil
		}
		if failure(err).notFound() && f != nil && f.kind == never {
			return EndLegResult{Leg: ended(in.Ref, in.Leg), Already: already}, nil
		}
		if try == tries || a.Wait(ctx, a.pause(try)) != nil {
			return EndLegResult{}, unsettled("end leg: it is not seen ended yet")
		}
	}
}

// Withdraw takes back a ring because the agent has gone, without a moment of silence: a caller who has picked up hears
// an apology, a phone that still rings stops. Which of the two it is can change while we ask, so it asks until one has
// worked. Repeatable; a repeated apology starts again.
func (a *Activities) Withdraw(ctx context.Context, in WithdrawInput) (WithdrawResult, error) {
	api := a.twilio.Voice(ctx)
	apologise := &voice.UpdateCallParams{}
	apologise.SetTwiml(apology(in.Locale))
	cancel := &voice.UpdateCallParams{}
	cancel.SetStatus(string(sb.LegCanceled)) // "completed" would hang up on somebody who has just picked up
	// Of the two only cancelling can end a leg at once, and only one that rings: another that is over has ended by itself.
	var asked time.Time // when it was first asked to be cancelled, in this try of the activity
	perhapsCancelled := attempt(ctx) > 1
	already := func(leg sb.LegNews) bool {
		return !perhapsCancelled || leg.Status == sb.LegCompleted || // a ring that is cancelled ends as canceled
			attempt(ctx) == 1 && !leg.At.IsZero() && leg.At.Before(asked.Add(-clockSkew))
	}
	for try := 0; ; try++ {
		call, err := api.UpdateCall(string(in.Leg), apologise)
		if err == nil {
			news := legNews(in.Ref, call)
			if news.Leg == "" {
				news.Leg = in.Leg
			}
			return WithdrawResult{Apologised: true, Leg: news}, nil
		}
		f := failure(err)
		if f.notFound() {
			return WithdrawResult{Leg: ended(in.Ref, in.Leg), Already: !perhapsCancelled}, nil
		}
		if f.kind == never {
			if asked.IsZero() {
				asked = a.Now()
			}
			call, err = api.UpdateCall(string(in.Leg), cancel)
			if err == nil && sb.LegStatus(str(call.Status)).Over() {
				return WithdrawResult{Leg: legNews(in.Ref, call)}, nil
			}
			perhapsCancelled = perhapsCancelled || err == nil || failure(err).kind == ambiguous
			call, err = api.FetchCall(string(in.Leg), nil)
			if err == nil && sb.LegStatus(str(call.Status)).Over() {
				news := legNews(in.Ref, call)
				return WithdrawResult{Leg: news, Already: already(news)}, nil
			}
			if failure(err).notFound() {
				return WithdrawResult{Leg: ended(in.Ref, in.Leg), Already: !perhapsCancelled}, nil
			}
			if err == nil && sb.LegStatus(str(call.Status)) == sb.LegInProgress && try < tries {
				continue // picked up just now: at once, there is silence on the line
			}
		}
		if try >= tries || a.Wait(ctx, a.pause(try)) != nil {
			return WithdrawResult{}, unsettled("withdraw: the leg neither stopped nor took the apology yet; " + f.Error())
		}
	}
}

// apologies are what a caller hears when the agent has gone, by language. Language tags are Twilio's for <Say>.
var apologies = map[string]string{
	"en-GB": "We are very sorry. We have lost the connection to our colleague. We will call you back as soon as we can. Goodbye.",
}

const defaultLocale = "en-GB"

// apology is TwiML that says sorry in the caller's language, or in English, and hangs up.
func apology(locale string) string {
	language := defaultLocale
	for tag := range apologies {
		if strings.EqualFold(tag, locale) {
			language = tag
		}
	}
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(apologies[language])) // a strings.Builder takes everything
	return `<Response><Say language="` + language + `">` + text.String() + `</Say><Hangup/></Response>`
}
