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
		s.complain(p, warning.Code, inDocument(warning), of...)
	}
	if err == nil {
		s.run(p, document.Verbs, p.purpose.done)
		return
	}
	var problem *twiml.Problem
	if !errors.As(err, &problem) {
		problem = &twiml.Problem{Code: 12100, Text: "Document parse failure: " + err.Error()}
	}
	s.complain(p, problem.Code, inDocument(*problem), of...)
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
		s.complain(p, problem.Code, inDocument(*problem))
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
	s.complain(p, 12200, "Schema validation warning: "+what+" is not simulated")
}

// mostWarnings is how many alerts the documents of a call may cause: one document has room for thousands, and
// can come back every second.
const mostWarnings = 100

// complain is an alert about a document.
func (s *Simulator) complain(p *script, code int, text string, of ...exchange) {
	switch p.warned++; {
	case p.warned < mostWarnings:
		s.alert(code, text, p.call.about(), of...)
	case p.warned == mostWarnings:
		s.alert(code, text+" (further alerts about the documents of this call are left out)", p.call.about(), of...)
	}
}
