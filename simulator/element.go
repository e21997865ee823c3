package simulator

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"
)

// element is one verb or noun of a TwiML document.
type element struct {
	Name     string
	Attrs    map[string]string
	Text     string
	Children []element
}

// standards are Twilio's defaults (D.2). Without one, nothing said is empty.
var standards = map[string]map[string]string{
	"Say": {"loop": "1"}, "Play": {"loop": "1"}, "Pause": {"length": "1"}, "Reject": {"reason": "rejected"},
	"Gather":     {"input": "dtmf", "timeout": "5", "finishOnKey": "#"},
	"Record":     {"timeout": "5", "maxLength": "3600", "finishOnKey": "1234567890*#", "playBeep": "true", "recordingStatusCallbackEvent": "completed"},
	"Dial":       {"timeout": "30", "timeLimit": "14400"},
	"Number":     {"statusCallbackEvent": "completed"},
	"Client":     {"statusCallbackEvent": "completed"},
	"Conference": {"startConferenceOnEnter": "true", "maxParticipants": "250", "beep": "true"},
}

func (e element) Has(name string) bool {
	_, says := e.Attrs[name]
	return says
}

func (e element) Get(name string) string {
	if value, says := e.Attrs[name]; says {
		return value
	}
	return standards[e.Name][name]
}

func (e element) Bool(name string) bool { return e.Get(name) == "true" }

func (e element) Int(name string) int {
	n, err := strconv.Atoi(e.Get(name))
	if err != nil {
		n, _ = strconv.Atoi(standards[e.Name][name])
	}
	return n
}

func (e element) Seconds(name string) time.Duration { return time.Duration(e.Int(name)) * time.Second }

func (e element) Words(name string) []string { return strings.Fields(e.Get(name)) }

func (e element) Method(name string) string {
	if strings.EqualFold(e.Get(name), "GET") {
		return "GET"
	}
	return "POST"
}

// readAnswer understands what came back, by its content type (D.1).
func readAnswer(answer webhookAnswer, address string) ([]element, error) {
	switch {
	case answer.err != nil:
		code, text := retrievalCode(answer.err)
		return nil, fmt.Errorf("%d %s", code, text)
	case answer.status < 200 || answer.status > 299:
		return nil, fmt.Errorf("11200 HTTP retrieval failure: status %d", answer.status)
	case len(answer.body) > bodyLimit:
		return nil, errors.New("11750 TwiML response body too large")
	}
	media, _, _ := mime.ParseMediaType(answer.contentType)
	switch {
	case media == "text/xml", media == "application/xml", media == "text/html":
		return parseTwiML(answer.body)
	case strings.HasPrefix(media, "audio/"):
		address, _, _ = strings.Cut(address, "#")
		return []element{{Name: "Play", Text: address}}, nil
	case media == "text/plain":
		if verbs, err := parseTwiML(answer.body); err == nil {
			return verbs, nil
		}
		return []element{{Name: "Say", Text: string(answer.body)}}, nil
	}
	return nil, fmt.Errorf("12300 Invalid Content-Type %q", answer.contentType)
}

// parseTwiML reads the verbs of a document. Names are case-sensitive (D.1).
func parseTwiML(document []byte) ([]element, error) {
	d := xml.NewDecoder(strings.NewReader(string(document)))
	open := []*element{{}} // the document itself, then what is open
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("12100 Document parse failure: %w", err)
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			e := &element{Name: t.Name.Local, Attrs: map[string]string{}}
			for _, a := range t.Attr {
				e.Attrs[a.Name.Local] = a.Value
			}
			if len(open) == 1 && e.Name != "Response" {
				return nil, errors.New("12102 The root element must be Response")
			}
			open = append(open, e)
		case xml.CharData:
			top.Text += string(t)
		case xml.EndElement:
			top.Text = strings.Join(strings.Fields(top.Text), " ")
			open = open[:len(open)-1]
			parent := open[len(open)-1]
			parent.Children = append(parent.Children, *top)
		}
	}
	if len(open[0].Children) == 0 {
		return nil, errors.New("12100 Document parse failure: no complete document")
	}
	return open[0].Children[0].Children, nil
}
