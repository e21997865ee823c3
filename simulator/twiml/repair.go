package twiml

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What the table cannot say, one element at a time. False leaves the element out.

const (
	basicVoiceLimit   = 4096 // bytes, 13521 (E)
	foreignVoiceLimit = 3000
	ringAtOnce        = 10 // Numbers and Clients of one Dial (docs)
	nameLimit         = 128
	queueNameLimit    = 64
	transcribedLimit  = 120 // seconds, 13615 (E)
)

var basicVoices = []string{"man", "woman", "alice"}

func isVoice(value string) bool {
	return slices.Contains(basicVoices, value) || strings.HasPrefix(value, "Polly.") || strings.HasPrefix(value, "Google.")
}

func (c *checker) repairSay(say *Element) bool {
	limit := basicVoiceLimit
	if voice := say.Attrs["voice"]; voice != "" && !slices.Contains(basicVoices, voice) {
		limit = foreignVoiceLimit
	}
	switch {
	case say.Text == "":
		c.warn(say.Line, 13520, "Say: Invalid text: there is none")
		return false
	case len(say.Text) > limit:
		c.warn(say.Line, 13521, "Say: %d characters are more than the %d that this voice can say", len(say.Text), limit)
		return false
	}
	return true
}

func (c *checker) repairPlay(play *Element) bool {
	if play.Text == "" && play.Attrs["digits"] == "" {
		c.warn(play.Line, codeInvalidURL, "Invalid URL format: Play has neither a URL nor digits")
		return false
	}
	return true
}

func isInput(value string) bool {
	words := strings.Fields(value)
	for _, word := range words {
		if word != "dtmf" && word != "speech" {
			return false
		}
	}
	return len(words) > 0
}

// isSpeechModel knows the models by name, and those of the two providers by the provider.
func isSpeechModel(value string) bool {
	return slices.Contains([]string{"default", "numbers_and_commands", "phone_call", "experimental_conversations", "experimental_utterances"}, value) ||
		strings.HasPrefix(value, "googlev2_") || strings.HasPrefix(value, "deepgram_")
}

func (c *checker) repairGather(gather *Element) bool {
	if len(gather.Attrs["finishOnKey"]) > 1 {
		c.warn(gather.Line, 13311, "Gather: Invalid finishOnKey value: %s is more than one key; # is taken", quote(gather.Attrs["finishOnKey"]))
		delete(gather.Attrs, "finishOnKey")
	}
	if _, model := gather.Attrs["speechModel"]; model && gather.Attrs["speechTimeout"] == "auto" {
		c.warn(gather.Line, 13335, "Gather: speechTimeout auto cannot be used with a speechModel; timeout is taken")
		delete(gather.Attrs, "speechTimeout")
	}
	gather.Children = slices.DeleteFunc(gather.Children, func(prompt Element) bool {
		if _, tones := prompt.Attrs["digits"]; tones {
			c.warn(prompt.Line, 13320, "Gather: Invalid nested verb: Play cannot have digits here")
			delete(prompt.Attrs, "digits")
			return prompt.Text == ""
		}
		return false
	})
	return true
}

func (c *checker) repairRecord(record *Element) bool {
	if record.Attrs["transcribe"] != "true" {
		return true
	}
	if _, says := record.Attrs["maxLength"]; !says {
		record.Attrs["maxLength"] = strconv.Itoa(transcribedLimit) // the default then (docs)
	}
	if seconds, _ := strconv.Atoi(strings.TrimSpace(record.Attrs["maxLength"])); seconds > transcribedLimit {
		c.warn(record.Line, 13615, "Record: maxLength too high for transcription: more than %d seconds; it is not transcribed", transcribedLimit)
		delete(record.Attrs, "transcribe")
	}
	return true
}

// repairDial makes one list of destinations: a plain number becomes a Number. What cannot be dialled
// together with the first of them is left out: a Conference or a Queue is dialled alone, all others ring
// at the same time, ten at most. A Dial without any destination stays: it has failed.
func (c *checker) repairDial(dial *Element) bool {
	switch {
	case dial.Text != "" && len(dial.Children) == 0:
		dial.Children = []Element{{Name: "Number", Attrs: map[string]string{}, Text: dial.Text, Line: dial.Line}}
	case dial.Text != "":
		c.warn(dial.Line, 0, "text is not possible in a Dial with nouns: %s", quote(dial.Text))
	}
	dial.Text = ""
	kept := dial.Children[:0]
	for _, noun := range dial.Children {
		switch {
		case len(kept) == 0:
		case noun.Name == "Conference" || kept[0].Name == "Conference":
			c.warn(noun.Line, 13000, "Conference noun cannot be mixed with others: %s is left out", noun.Name)
			continue
		case noun.Name == "Queue" || kept[0].Name == "Queue":
			c.warn(noun.Line, 13215, "Dial: Invalid nested element: a Queue is dialled alone, %s is left out", noun.Name)
			continue
		case len(kept) == ringAtOnce:
			c.warn(noun.Line, 13250, "Dial: Too many nouns: only the first %d are dialled", ringAtOnce)
			continue
		}
		kept = append(kept, noun)
	}
	dial.Children = kept
	return true
}

// repairClient takes the identity from wherever it is.
func (c *checker) repairClient(client *Element) bool {
	client.Children = slices.DeleteFunc(client.Children, func(child Element) bool {
		if child.Name == "Identity" {
			if client.Text != "" {
				c.warn(child.Line, 0, "a Client has one identity: %s is left out", quote(client.Text))
			}
			client.Text = child.Text
		}
		return child.Name == "Identity"
	})
	return true
}

func (c *checker) repairConference(room *Element) bool {
	if n := utf8.RuneCountInString(room.Text); n == 0 || n > nameLimit {
		c.warn(room.Line, 13237, "Dial->Conference: Invalid conference name: %d characters are not 1 to %d", n, nameLimit)
		return false
	}
	label := room.Attrs["participantLabel"]
	if utf8.RuneCountInString(label) > nameLimit || isSID("CA", label) || strings.Contains(label, "/") ||
		strings.Contains(strings.ToUpper(label), "%2F") {
		c.warn(room.Line, 16023, "Dial->Conference: Invalid participant label, longer than %d characters, a CallSid, or with a /: %s", nameLimit, quote(label))
		return false // as for one that is taken (16025)
	}
	return true
}

func (c *checker) repairQueue(queue *Element) bool {
	reservation, reserved := queue.Attrs["reservationSid"]
	n := utf8.RuneCountInString(queue.Text)
	switch {
	case reserved && !isSID("WR", reservation):
		c.warn(queue.Line, 14215, "Dial->Queue: Invalid ReservationSid %s", quote(reservation))
		return false
	case n == 0 && !reserved:
		c.warn(queue.Line, 14212, "Dial->Queue: queue name too short")
		return false
	case n > queueNameLimit:
		c.warn(queue.Line, 14213, "Dial->Queue: queue name too long: more than %d characters", queueNameLimit)
		return false
	}
	return true
}

// repairEnqueue leaves a broken Enqueue without name and workflowSid: it is one that has failed, whose
// action is still requested, with QueueResult=error (docs).
func (c *checker) repairEnqueue(enqueue *Element) bool {
	workflow, routed := enqueue.Attrs["workflowSid"]
	n := utf8.RuneCountInString(enqueue.Text)
	switch {
	case routed && !isSID("WW", workflow):
		c.warn(enqueue.Line, 14220, "Enqueue: Provided Workflow was not a valid sid: %s", quote(workflow))
	case !routed && n == 0:
		c.warn(enqueue.Line, 14204, "Enqueue: Queue name too short")
	case n > queueNameLimit:
		c.warn(enqueue.Line, 14205, "Enqueue: Queue name too long: more than %d characters", queueNameLimit)
	case len(enqueue.Children) > 1:
		c.warn(enqueue.Line, 14221, "Enqueue: Provided Attributes JSON was not valid: more than one Task")
	case len(enqueue.Children) > 0 && !isObject(enqueue.Children[0].Text):
		c.warn(enqueue.Children[0].Line, 14221, "Enqueue: Provided Attributes JSON was not valid: %s", quote(enqueue.Children[0].Text))
	default:
		return true
	}
	enqueue.Text, enqueue.Children = "", nil
	delete(enqueue.Attrs, "workflowSid")
	return true
}

func isObject(text string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}
