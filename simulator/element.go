package simulator

import (
	"errors"
	"strconv"

	"switchboard/simulator/twiml"
)

// element is one verb or noun of a TwiML document.
type element = twiml.Element

// readAnswer understands what came back from the application (D.1).
func readAnswer(answer webhookAnswer, address string) (twiml.Document, error) {
	switch {
	case answer.err != nil:
		n, text := retrievalCode(answer.err)
		return twiml.Document{}, &twiml.Problem{Code: n, Text: text}
	case answer.status < 200 || answer.status > 299:
		return twiml.Document{}, &twiml.Problem{Code: 11200, Text: "HTTP retrieval failure: status " + strconv.Itoa(answer.status)}
	}
	return twiml.Read(answer.contentType, address, answer.body)
}

// begin runs a document that has been read, or tells why there is none.
func (s *Simulator) begin(p *script, document twiml.Document, err error, of ...exchange) {
	for _, warning := range document.Warnings {
		s.alert(warning.Code, inDocument(warning), p.call.about(), of...)
	}
	if err == nil {
		s.run(p, document.Verbs, p.purpose.done)
		return
	}
	var problem *twiml.Problem
	if !errors.As(err, &problem) {
		problem = &twiml.Problem{Code: 12100, Text: "Document parse failure: " + err.Error()}
	}
	s.alert(problem.Code, inDocument(*problem), p.call.about(), of...)
	s.fails(p, problem.Code, p.base.url)
}

func inDocument(problem twiml.Problem) string {
	if problem.Line > 0 {
		return problem.Text + " (line " + strconv.Itoa(problem.Line) + ")"
	}
	return problem.Text
}

// refused alerts if the verb is not possible where the document is run, or not simulated at all.
func (s *Simulator) refused(p *script, v element) bool {
	if problem := p.purpose.place.Refuse(v); problem != nil {
		s.alert(problem.Code, inDocument(*problem), p.call.about())
		return true
	}
	if doing[v.Name] == nil {
		s.notSimulated(p, v.Name)
		return true
	}
	return false
}

// notSimulated tells of what Twilio would do and the simulator does not.
func (s *Simulator) notSimulated(p *script, what string) {
	s.alert(12200, "Schema validation warning: "+what+" is not simulated", p.call.about())
}
