package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestGatherByKeys(t *testing.T) {
	for name, c := range map[string]struct {
		gather string
		press  string
		after  time.Duration
		digits string // "-": no action request
		hears  []string
	}{
		"numDigits":                   {`<Gather numDigits="3" action="next"><Say>Your number please</Say></Gather>`, "1234", 0, "123", []string{"Hears Your number please", "Hears Bye"}},
		"finishOnKey":                 {`<Gather action="next"/>`, "12#3", 0, "12", []string{"Hears Bye"}},
		"another finishOnKey":         {`<Gather finishOnKey="*" action="next"/>`, "1#2*", 0, "1#2", []string{"Hears Bye"}},
		"no finishOnKey":              {`<Gather finishOnKey="" timeout="2" action="next"/>`, "1#", 0, "1#", []string{"Hears Bye"}},
		"timeout between keys":        {`<Gather timeout="2" action="next"/>`, "1wwww2wwwwwww3", 0, "1", []string{"Hears Bye"}},
		"interrupts the prompt":       {`<Gather numDigits="1" action="next"><Say loop="5">Press one</Say><Play>a.mp3</Play></Gather>`, "1", 0, "1", []string{"Hears Press one", "Hears Bye"}},
		"the first key interrupts":    {`<Gather timeout="2" action="next"><Say>Press one</Say><Play>a.mp3</Play></Gather>`, "1", 0, "1", []string{"Hears Press one", "Hears Bye"}},
		"nothing":                     {`<Gather action="next"/><Say>Nothing</Say>`, "", 0, "-", []string{"Hears Nothing"}},
		"too late":                    {`<Gather timeout="2" action="next"/><Say loop="4">Nothing</Say>`, "1", 4 * time.Second, "-", []string{"Hears Nothing"}},
		"nothing, but asked":          {`<Gather actionOnEmptyResult="true" action="next"/><Say>Nothing</Say>`, "", 0, "", []string{"Hears Bye"}},
		"only the finishing key":      {`<Gather action="next"/><Say>Nothing</Say>`, "#", 0, "-", []string{"Hears Nothing"}},
		"words when keys were wanted": {`<Gather timeout="1" action="next"/><Say>Nothing</Say>`, "say", 0, "-", []string{"Hears Nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.dialIn(Phone{Document: `<Response><Pause length="3600"/></Response>`}, map[string]string{
				"voice": "<Response>" + c.gather + "</Response>", "next": `<Response><Say>Bye</Say></Response>`})
			w.advance(c.after)
			if c.press == "say" {
				w.sim.Say(person, "one")
			} else {
				w.sim.Press(person, c.press)
			}
			w.advance(time.Minute)
			same(t, "hears", slices.DeleteFunc(w.experienced(person), func(s string) bool { return !strings.HasPrefix(s, "Hears") }), c.hears)
			if c.digits == "-" {
				equals(t, "action requests", len(w.received("/next")), 0)
			} else {
				same(t, "Digits", w.values("/next", "Digits"), []string{c.digits})
				equals(t, "given", w.received("/next")[0].form.Has("Digits"), true)
			}
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestGatherWords(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialIn(Phone{Document: `<Response><Pause length="2"/><Say>My cat</Say><Say>is blue</Say><Pause length="3600"/></Response>`}, map[string]string{
		"voice": `<Response><Gather input="dtmf speech" action="next?x=1" method="GET"><Say loop="9">What is it</Say></Gather></Response>`, "next": `<Response><Hangup/></Response>`})
	w.advance(time.Minute)
	same(t, "SpeechResult", w.values("/next", "SpeechResult"), []string{"My cat is blue"})
	equals(t, "Confidence", w.received("/next")[0].form.Get("Confidence"), "0.9")
	equals(t, "the URL's own parameter", w.received("/next")[0].form.Get("x"), "1")
	same(t, "person", w.said(person), []string{"Says My cat", "Says is blue"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

// Two documents that talk to each other: a phone presses what a menu asks for.
// How long a silence ends what is said: that of timeout, unless speechTimeout says otherwise.
func TestSpeechTimeout(t *testing.T) {
	for attributes, after := range map[string]time.Duration{
		`timeout="3"`: 4 * time.Second, `timeout="3" speechTimeout="auto"`: 2 * time.Second, `timeout="3" speechTimeout="2"`: 3 * time.Second,
	} {
		w := newWorld(t, Options{})
		w.dialIn(Phone{Document: `<Response><Say>Blue</Say><Pause length="3600"/></Response>`}, map[string]string{
			"voice": `<Response><Gather input="speech" action="next" ` + attributes + `/></Response>`, "next": `<Response><Hangup/></Response>`})
		w.advance(time.Minute)
		equals(t, attributes, w.received("/next")[0].at.Sub(newVirtualClock().now), after)
	}
}

func TestAPhonePressesKeys(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialIn(Phone{Document: `<Response><Pause length="2"/><Play digits="ww2"/><Pause length="3600"/></Response>`}, map[string]string{
		"voice": `<Response><Gather numDigits="1" action="next"><Say loop="9">Press a key</Say></Gather></Response>`, "next": `<Response><Say>Two</Say></Response>`})
	w.advance(time.Minute)
	same(t, "Digits", w.values("/next", "Digits"), []string{"2"})
	same(t, "experienced", w.experienced(person), []string{"Dials " + ownedNumber1, "Hears Press a key", "Presses 2", "Hears Two", "Ended completed"})
}

func TestRecord(t *testing.T) {
	for name, c := range map[string]struct {
		record, phone    string
		digits, duration string // "-": no action request
	}{
		"silence ends it":       {`<Record action="next" recordingStatusCallback="/stored"/><Say>Nothing</Say>`, `<Pause length="2"/><Say>Call me back</Say><Pause length="3600"/>`, "", "8"},
		"a key ends it":         {`<Record action="next" recordingStatusCallback="/stored" finishOnKey="#"/>`, `<Say>Call me</Say><Play digits="1#"/><Pause length="3600"/>`, "#", "1"},
		"maxLength":             {`<Record action="next" recordingStatusCallback="/stored" maxLength="3"/>`, `<Say loop="20">Call me</Say>`, "", "3"},
		"hang-up":               {`<Record action="next" recordingStatusCallback="/stored"/>`, `<Say>Call me</Say><Pause length="2"/>`, "hangup", "3"},
		"nothing said":          {`<Record action="next" recordingStatusCallback="/stored"/><Say>Nothing</Say>`, `<Pause length="3600"/>`, "-", ""},
		"nothing said, hang-up": {`<Record action="next" recordingStatusCallback="/stored"/><Say>Nothing</Say>`, `<Pause length="3"/>`, "-", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			sid := w.dialIn(Phone{Document: "<Response>" + c.phone + "</Response>"}, map[string]string{
				"voice": "<Response>" + c.record + "</Response>", "next": `<Response><Say>Bye</Say></Response>`})
			w.advance(time.Minute)
			equals(t, "hears the beep first", w.experienced(person)[1], "Hears beep")
			if c.digits == "-" {
				equals(t, "action requests", len(w.received("/next"))+len(w.received("/stored")), 0)
			} else {
				form := w.received("/next")[0].form
				equals(t, "requests", len(w.received("/next")), 1)
				equals(t, "Digits", form.Get("Digits"), c.digits)
				equals(t, "RecordingDuration", form.Get("RecordingDuration"), c.duration)
				equals(t, "RecordingUrl", form.Get("RecordingUrl"), "https://api.twilio.com/2010-04-01/Accounts/"+DefaultAccountSID+"/Recordings/"+form.Get("RecordingSid"))
				same(t, "stored", w.values("/stored", "RecordingSid"), []string{form.Get("RecordingSid")})
				equals(t, "of the call", w.received("/stored")[0].form.Get("CallSid"), sid)
				equals(t, "the recording itself", w.get("/2010-04-01/Accounts/{AC}/Recordings/"+form.Get("RecordingSid")+".json").status, 404)
			}
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestDetectionListensToTheGreeting(t *testing.T) {
	const long = "Thank you for calling, nobody is here now, call again tomorrow" // 4.03 s
	for name, c := range map[string]struct {
		phone, mode string
		by          string
		after       time.Duration // of the answer
	}{
		"short":                       {`<Say>Hello?</Say><Pause length="60"/>`, "Enable", "human", 2200 * time.Millisecond},
		"long":                        {`<Say>` + long + `</Say><Pause length="60"/>`, "Enable", "machine_start", 2400 * time.Millisecond},
		"two short ones at once":      {`<Say>Hello?</Say><Say>This is the office of Smith</Say><Pause length="60"/>`, "Enable", "machine_start", 2400 * time.Millisecond},
		"two short ones apart":        {`<Say>Hello?</Say><Pause length="2"/><Say>Hello?</Say><Pause length="60"/>`, "Enable", "human", 2200 * time.Millisecond},
		"nothing":                     {`<Play digits="wwwwwwwwwwwwwwwwwwwwwwww"/><Pause length="60"/>`, "Enable", "unknown", 5 * time.Second},
		"end of a greeting":           {`<Say>` + long + `</Say><Pause length="60"/>`, "DetectMessageEnd", "machine_end_silence", 5230 * time.Millisecond},
		"beep":                        {`<Say>` + long + `</Say><Record/>`, "DetectMessageEnd", "machine_end_beep", 4030 * time.Millisecond},
		"a greeting without end":      {`<Say loop="0">` + long + `</Say>`, "DetectMessageEnd", "machine_end_other", 30 * time.Second},
		"a person, to the end":        {`<Say>Hello?</Say><Pause length="60"/>`, "DetectMessageEnd", "human", 2200 * time.Millisecond},
		"hangs up before it is known": {`<Say>Hello?</Say>`, "Enable", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.sim.SetPhone(person, Phone{Document: "<Response>" + c.phone + "</Response>"})
			w.must(w.post(calls, "To", person, "From", ourNumber, "Twiml", `<Response><Pause length="300"/></Response>`, "MachineDetection", c.mode,
				"AsyncAmd", "true", "AsyncAmdStatusCallback", "https://app.test/amd"))
			w.advance(2 * time.Minute)
			if c.by == "" {
				equals(t, "results", len(w.received("/amd")), 0)
				return
			}
			same(t, "AnsweredBy", w.values("/amd", "AnsweredBy"), []string{c.by})
			equals(t, "after", w.received("/amd")[0].at.Sub(newVirtualClock().now), dialSetup+c.after)
		})
	}
	w := newWorld(t, Options{})
	w.refused(w.post(calls, "To", person, "From", ourNumber, "Twiml", say, "MachineDetection", "Enable", "MachineDetectionTimeout", "60"), 400, 20001)
	w.refused(w.post(calls, "To", person, "From", ourNumber, "Twiml", say, "MachineDetection", "Enable", "MachineDetectionSpeechThreshold", "900"), 400, 20001)
}
