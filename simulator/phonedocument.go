package simulator

import (
	"embed"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"switchboard/simulator/twiml"
)

// The ready-made telephones are TwiML documents: they work behind a number of the real Twilio too.
//
//go:embed phones/*.xml
var phoneFiles embed.FS

// phoneByDigits is the table of ready-made telephones, by the last three digits. Nobody has a number
// ending in 006.
var phoneByDigits = map[string]string{
	"002": "worker-hangs-up", "003": "no-answer", "004": "busy", "005": "hangs-up-at-once", "006": "",
	"007": "voicemail", "008": "answers-late", "009": "tone",
}

const anyPhone = "user-hangs-up" // 001 and everybody else

// phoneAt is the telephone that a number belongs to in the outside world, and the document that answers
// there.
func (s *Simulator) phoneAt(number string) (Phone, program) {
	if p, set := s.phones[number]; set {
		return p, p.program(false)
	}
	name, known := phoneByDigits[number[max(len(number)-3, 0):]]
	if !known {
		name = anyPhone
	}
	return Phone{}, program{verbs: s.readyMade[name]}
}

// readPhones reads the ready-made documents, once.
func readPhones() map[string][]element {
	files, err := phoneFiles.ReadDir("phones")
	if err != nil {
		panic(err)
	}
	phones := map[string][]element{}
	for _, file := range files {
		text, err := phoneFiles.ReadFile("phones/" + file.Name())
		if err != nil {
			panic(err)
		}
		document, err := twiml.Parse(text)
		if err != nil || len(document.Warnings) > 0 {
			panic(fmt.Sprint(file.Name(), ": ", err, document.Warnings))
		}
		phones[strings.TrimSuffix(file.Name(), ".xml")] = document.Verbs
	}
	return phones
}

// servePhone gives a ready-made document to whoever asks: a browser, or Twilio's webhook of a number.
func servePhone(w http.ResponseWriter, r *http.Request) {
	text, err := phoneFiles.ReadFile("phones/" + path.Base(r.URL.Path))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(text) // the client is gone: nobody left to tell
}

// program is the document that a Phone is short for. Dialling in it does not ring first.
func (p Phone) program(diallingIn bool) program {
	switch {
	case p.VoiceURL != "":
		return program{url: p.VoiceURL, method: http.MethodPost}
	case p.Document != "":
		return program{inline: p.Document}
	}
	return program{verbs: p.verbs(diallingIn)}
}

func (p Phone) verbs(diallingIn bool) []element {
	var verbs []element
	if diallingIn {
		p.Rings, p.Answer = 0, Answers
	}
	if p.Rings > 0 {
		verbs = append(verbs, pause(p.Rings))
	}
	switch {
	case p.Answer == Unreachable:
		return nil
	case p.Answer == NeverAnswers:
		return []element{pause(ringsForEver)}
	case p.Answer == Busy:
		return append(verbs, engaged...)
	case p.HangsUpAtOnce && diallingIn:
		return append(verbs, pause(atOnce))
	case p.HangsUpAtOnce:
		return append(verbs, element{Name: "Hangup"})
	case p.Voicemail && p.Talks == 0:
		return append(verbs, element{Name: "Say", Text: greeting},
			element{Name: "Record", Attrs: map[string]string{"timeout": "86400", "maxLength": "86400"}})
	}
	says := element{Name: "Say", Text: "Hello?"}
	if p.Voicemail {
		says.Text = greeting
	}
	takes := spoken(says.Text)
	switch {
	case p.Talks == 0:
		return append(verbs, says, pause(staysForEver))
	case p.Talks < takes: // too short for a word: answered by a verb that is none
		return append(verbs, element{Name: "Gather", Attrs: map[string]string{"timeout": "0"}}, pause(p.Talks))
	}
	return append(verbs, says, pause(p.Talks-takes))
}

const (
	ringsForEver = 700 * time.Second    // longer than Twilio lets a phone ring
	staysForEver = 86_400 * time.Second // longer than Twilio lets a call last

	greeting = "Hello, you have reached my voicemail. Please leave your name and a short message after the tone."
)

// pause may have a fraction of a second, unlike one that is read from a document.
func pause(length time.Duration) element {
	return element{Name: "Pause", Attrs: map[string]string{"length": strconv.FormatFloat(length.Seconds(), 'f', -1, 64)}}
}
