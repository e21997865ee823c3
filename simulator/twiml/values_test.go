package twiml

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// What Twilio assumes when the document says nothing (D.2).
func TestDefaults(t *testing.T) {
	dial := one(t, `<Dial><Conference>a</Conference></Dial>`)
	number := one(t, `<Dial><Number>+447700900001</Number></Dial>`).Children[0]
	gather, record, enqueue := one(t, `<Gather/>`), one(t, `<Record/>`), one(t, `<Enqueue>a</Enqueue>`)
	room := dial.Children[0]
	for what, test := range map[string]struct{ got, want any }{
		"Dial action":                   {dial.Get("action"), ""},
		"Dial method":                   {dial.Method("method"), "POST"},
		"Dial timeout":                  {dial.Seconds("timeout"), 30 * time.Second},
		"Dial timeLimit":                {dial.Seconds("timeLimit"), 4 * time.Hour},
		"Dial answerOnBridge":           {dial.Bool("answerOnBridge"), false},
		"Dial record":                   {dial.Get("record"), "do-not-record"},
		"Dial recording events":         {dial.Words("recordingStatusCallbackEvent"), []string{"completed"}},
		"Conference start":              {room.Bool("startConferenceOnEnter"), true},
		"Conference end":                {room.Bool("endConferenceOnExit"), false},
		"Conference muted":              {room.Bool("muted"), false},
		"Conference beep":               {room.Get("beep"), "true"},
		"Conference maxParticipants":    {room.Int("maxParticipants"), 250},
		"Conference waitUrl":            {room.Has("waitUrl"), false},
		"Conference waitMethod":         {room.Method("waitMethod"), "POST"},
		"Conference events":             {room.Words("statusCallbackEvent"), []string{}},
		"Number events":                 {number.Words("statusCallbackEvent"), []string{"completed"}},
		"Number detection":              {number.Int("machineDetectionSpeechThreshold"), 2400},
		"Gather input":                  {gather.Words("input"), []string{"dtmf"}},
		"Gather timeout":                {gather.Seconds("timeout"), 5 * time.Second},
		"Gather timeout auto":           {one(t, `<Gather timeout="auto"/>`).Seconds("timeout"), 5 * time.Second},
		"Gather finishOnKey":            {gather.Get("finishOnKey"), "#"},
		"Gather numDigits":              {gather.Int("numDigits"), 0},
		"Gather actionOnEmptyResult":    {gather.Bool("actionOnEmptyResult"), false},
		"Record maxLength":              {record.Seconds("maxLength"), time.Hour},
		"Record maxLength, transcribed": {one(t, `<Record transcribe="true"/>`).Seconds("maxLength"), 2 * time.Minute},
		"Record timeout":                {record.Seconds("timeout"), 5 * time.Second},
		"Record finishOnKey":            {record.Get("finishOnKey"), "1234567890*#"},
		"Record playBeep":               {record.Bool("playBeep"), true},
		"Enqueue waitUrl":               {enqueue.Has("waitUrl"), false},
		"Pause length":                  {one(t, `<Pause/>`).Seconds("length"), time.Second},
		"Say loop":                      {one(t, `<Say>a</Say>`).Int("loop"), 1},
		"Play loop":                     {Element{Name: "Play"}.Int("loop"), 1},
		"Reject reason":                 {one(t, `<Reject/>`).Get("reason"), "rejected"},
		"Redirect method":               {one(t, `<Redirect/>`).Method("method"), "POST"},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s: %v, want %v", what, test.got, test.want)
		}
	}
}

// What the document says is asked for by the same names; an empty value is a value.
func TestWhatTheDocumentSays(t *testing.T) {
	room := one(t, `<Dial><Conference waitUrl="" maxParticipants=" 7 " endConferenceOnExit="true" startConferenceOnEnter="false"
		waitMethod="GET" statusCallbackEvent=" join  leave">a</Conference></Dial>`).Children[0]
	for what, test := range map[string]struct{ got, want any }{
		"waitUrl":                {room.Get("waitUrl"), ""},
		"waitUrl is there":       {room.Has("waitUrl"), true},
		"maxParticipants":        {room.Int("maxParticipants"), 7},
		"endConferenceOnExit":    {room.Bool("endConferenceOnExit"), true},
		"startConferenceOnEnter": {room.Bool("startConferenceOnEnter"), false},
		"waitMethod":             {room.Method("waitMethod"), "GET"},
		"statusCallbackEvent":    {room.Words("statusCallbackEvent"), []string{"join", "leave"}},
		"finishOnKey":            {one(t, `<Gather finishOnKey=""/>`).Get("finishOnKey"), ""},
		"speechTimeout":          {one(t, `<Gather speechTimeout="auto"/>`).Get("speechTimeout"), "auto"},
		"length":                 {one(t, `<Pause length="2147483647"/>`).Seconds("length"), 2147483647 * time.Second},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s: %v, want %v", what, test.got, test.want)
		}
	}
}

func TestAMisspelledQuestionPanics(t *testing.T) {
	for name, ask := range map[string]func(Element){
		"Get":     func(e Element) { e.Get("timout") },
		"Has":     func(e Element) { e.Has("timout") },
		"Bool":    func(e Element) { e.Bool("timout") },
		"Int":     func(e Element) { e.Int("timout") },
		"Seconds": func(e Element) { e.Seconds("timout") },
		"Words":   func(e Element) { e.Words("timout") },
		"Method":  func(e Element) { e.Method("timout") },
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, "Dial has no attribute timout") {
					t.Errorf("%s: %q", name, said)
				}
			}()
			ask(Element{Name: "Dial"})
		}()
	}
}

// A value that Twilio does not accept is replaced by its default, with its code. In "want" there is what
// an element answers then; a code of 0 means that the value is fine.
func TestValues(t *testing.T) {
	in := map[string]string{
		"Number": "<Dial>%</Dial>", "Client": "<Dial>%</Dial>", "Conference": "<Dial>%</Dial>", "Queue": "<Dial>%</Dial>", "Sip": "<Dial>%</Dial>",
		"Task": "<Enqueue>a%</Enqueue>", "Recording": "<Start>%</Start>", "Stream": "<Start>%</Start>",
	}
	text := map[string]string{"Say": "a", "Play": "a", "Task": "{}"}
	for _, test := range []struct {
		element, attribute, value, want string
		code                            int
	}{
		{"Dial", "method", "GET", "GET", 0},
		{"Dial", "method", "get", "POST", 13210},
		{"Dial", "method", "", "POST", 13210},
		{"Dial", "timeout", "5", "5", 0},
		{"Dial", "timeout", "600", "600", 0},
		{"Dial", "timeout", "4", "30", 13212},
		{"Dial", "timeout", "601", "30", 13212},
		{"Dial", "timeout", "10.5", "30", 13212},
		{"Dial", "timeout", "10s", "30", 13212},
		{"Dial", "timeout", "", "30", 13212},
		{"Dial", "timeout", "-1", "30", 13212},
		{"Dial", "timeout", "99999999999999999999", "30", 13212},
		{"Dial", "timeLimit", "1", "1", 0},
		{"Dial", "timeLimit", "0", "14400", 13216},
		{"Dial", "timeLimit", "2147483648", "14400", 13216},
		{"Dial", "hangupOnStar", "True", "false", 13213},
		{"Dial", "record", "yes", "do-not-record", 13217},
		{"Dial", "record", "record-from-ringing-dual", "record-from-ringing-dual", 0},
		{"Dial", "sequential", "1", "false", 13218},
		{"Dial", "answerOnBridge", "1", "false", 13219},
		{"Dial", "ringTone", "us-old", "us-old", 0},
		{"Dial", "ringTone", "US", "", 13220},
		{"Dial", "recordingTrack", "inbound_track", "both", 12200},
		{"Dial", "recordingStatusCallback", "/recordings?a=1", "/recordings?a=1", 0},
		{"Dial", "recordingStatusCallback", "https://app.test:8443/r", "https://app.test:8443/r", 0},
		{"Dial", "recordingStatusCallback", "https://my_app.test/r", "", 13256},
		{"Dial", "recordingStatusCallback", "mailto:a@b.test", "", 13256},
		{"Dial", "recordingStatusCallback", "https:///r", "", 13256},
		{"Dial", "recordingStatusCallback", "http://a b/", "", 13256},
		{"Dial", "recordingStatusCallbackEvent", "in-progress absent", "in-progress absent", 0},
		{"Dial", "recordingStatusCallbackEvent", "completed,absent", "", 13621},
		{"Dial", "action", "https://my_app.test/dialled", "https://my_app.test/dialled", 0}, // it will fail
		{"Number", "method", "PUT", "POST", 13221},
		{"Number", "sendDigits", "wW12#*ABCD", "wW12#*ABCD", 0},
		{"Number", "sendDigits", "1,2", "", 13222},
		{"Number", "statusCallbackEvent", "initiated ringing answered completed", "initiated ringing answered completed", 0},
		{"Number", "statusCallbackEvent", "answered hungup", "", 21626},
		{"Number", "machineDetection", "enable", "", 12200},
		{"Number", "machineDetectionTimeout", "2", "30", 12200},
		{"Number", "machineDetectionSilenceTimeout", "10000", "10000", 0},
		{"Client", "method", "PUT", "POST", 12200},
		{"Sip", "method", "PUT", "POST", 13241},
		{"Conference", "muted", "maybe", "false", 13230},
		{"Conference", "endConferenceOnExit", "yes", "false", 13231},
		{"Conference", "startConferenceOnEnter", "no", "true", 13232},
		{"Conference", "waitMethod", "HEAD", "POST", 13234},
		{"Conference", "beep", "onenter", "true", 13235},
		{"Conference", "trim", "yes", "trim-silence", 13239},
		{"Conference", "maxParticipants", "251", "250", 16002},
		{"Conference", "maxParticipants", "0", "250", 16002},
		{"Conference", "record", "true", "do-not-record", 16002},
		{"Conference", "jitterBufferSize", "tiny", "large", 16002},
		{"Conference", "statusCallbackEvent", "start end join leave mute hold modify speaker announcement", "start end join leave mute hold modify speaker announcement", 0},
		{"Conference", "statusCallbackEvent", "participant-join", "", 16002},
		{"Conference", "coach", "nobody", "nobody", 0}, // 13240, when it is found out
		{"Queue", "method", "PUT", "POST", 14210},
		{"Enqueue", "method", "PUT", "POST", 14201},
		{"Enqueue", "waitUrlMethod", "PUT", "POST", 14206},
		{"Enqueue", "maxQueueSize", "5001", "", 12200},
		{"Task", "priority", "high", "", 12200},
		{"Task", "timeout", "0", "", 12200},
		{"Gather", "input", "speech dtmf", "speech dtmf", 0},
		{"Gather", "input", "", "dtmf", 13326},
		{"Gather", "input", "digits", "dtmf", 13326},
		{"Gather", "method", "PUT", "POST", 13312},
		{"Gather", "timeout", "0", "5", 13313},
		{"Gather", "timeout", "auto", "auto", 0},
		{"Gather", "numDigits", "0", "", 13314},
		{"Gather", "numDigits", "four", "", 13314},
		{"Gather", "finishOnKey", "x", "#", 13310},
		{"Gather", "finishOnKey", "*", "*", 0},
		{"Gather", "speechTimeout", "soon", "", 13327},
		{"Gather", "maxSpeechTime", "0", "60", 13328},
		{"Gather", "partialResultCallbackMethod", "PUT", "POST", 13329},
		{"Gather", "bargeIn", "no", "true", 13332},
		{"Gather", "profanityFilter", "no", "true", 13333},
		{"Gather", "speechModel", "clever", "default", 13334},
		{"Gather", "speechModel", "deepgram_nova-3", "deepgram_nova-3", 0},
		{"Gather", "speechModel", "googlev2_short", "googlev2_short", 0},
		{"Gather", "actionOnEmptyResult", "yes", "false", 13338},
		{"Play", "loop", "0", "0", 0},
		{"Play", "loop", "-1", "1", 13410},
		{"Play", "digits", "1-2", "", 13430},
		{"Say", "loop", "twice", "1", 13510},
		{"Say", "voice", "Polly.Amy-Neural", "Polly.Amy-Neural", 0},
		{"Say", "voice", "Google.en-GB-Standard-A", "Google.en-GB-Standard-A", 0},
		{"Say", "voice", "alice", "alice", 0},
		{"Say", "voice", "amy", "man", 13511},
		{"Record", "method", "PUT", "POST", 13610},
		{"Record", "timeout", "0", "0", 0},
		{"Record", "timeout", "-1", "5", 13611},
		{"Record", "maxLength", "1", "3600", 13612},
		{"Record", "maxLength", "14400", "14400", 0},
		{"Record", "maxLength", "14401", "3600", 13612},
		{"Record", "finishOnKey", "12", "12", 0},
		{"Record", "finishOnKey", "", "", 0},
		{"Record", "finishOnKey", "x", "1234567890*#", 13613},
		{"Record", "transcribe", "FAST", "false", 13614},
		{"Record", "playBeep", "no", "true", 13616},
		{"Record", "trim", "both", "trim-silence", 13699},
		{"Record", "transcribeCallback", "tel:1", "", 13257},
		{"Redirect", "method", "PUT", "POST", 13710},
		{"Reject", "reason", "busy", "busy", 0},
		{"Reject", "reason", "drunk", "rejected", 13810},
		{"Pause", "length", "60", "60", 0},
		{"Pause", "length", "0", "1", 13910},
		{"Pause", "length", "1.5", "1", 13910},
		{"Sms", "method", "PUT", "POST", 14104},
		{"Stream", "track", "both", "inbound_track", 12200},
		{"Recording", "channels", "two", "dual", 12200},
	} {
		if text[test.element] == "" {
			text[test.element] = "a"
		}
		if schema[test.element].text == noText {
			text[test.element] = ""
		}
		document := "<" + test.element + " " + test.attribute + `="` + test.value + `">` + text[test.element] + "</" + test.element + ">"
		if around, inside := in[test.element]; inside {
			document = strings.Replace(around, "%", document, 1)
		}
		d := parse(t, "<Response>"+document+"</Response>")
		if len(d.Verbs) != 1 {
			t.Errorf("%s: %v", document, d)
			continue
		}
		e := d.Verbs[0]
		if e.Name != test.element {
			e = e.Children[0]
		}
		if got := e.Get(test.attribute); got != test.want {
			t.Errorf("%s: %q, want %q", document, got, test.want)
		}
		switch {
		case test.code == 0 && len(d.Warnings) > 0:
			t.Errorf("%s: %v", document, d.Warnings)
		case test.code != 0 && (len(d.Warnings) != 1 || d.Warnings[0].Code != test.code):
			t.Errorf("%s: %v, want %d", document, d.Warnings, test.code)
		}
	}
}
