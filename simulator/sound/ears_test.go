package sound

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestEarsOverHTTP(t *testing.T) {
	_, e, sid := realTime(t, endlessTone)
	beginning(t, e, sid)
	ask := func(method, query string) *httptest.ResponseRecorder {
		out := httptest.NewRecorder()
		e.ServeEars(out, httptest.NewRequest(method, "/simulator/ears?"+query, nil))
		return out
	}
	for _, whose := range []string{"call_sid=" + sid, "party=" + url.QueryEscape(person), "party=" + person} {
		out := ask(http.MethodGet, "seconds=0.5&"+whose)
		var got struct {
			Seconds, RMS float64
			Tones        []Tone
		}
		if err := json.NewDecoder(out.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Seconds != 0.5 || got.RMS < 5000 || len(got.Tones) == 0 || got.Tones[0].Hz < 438 || got.Tones[0].Hz > 442 {
			t.Errorf("%s: %d %v", whose, out.Code, got)
		}
	}
	out := ask(http.MethodGet, "seconds=0.25&format=wav&call_sid="+sid)
	equals(t, "type", out.Header().Get("Content-Type"), "audio/wav")
	heard, err := ReadWAV(bytes.NewReader(out.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "length", len(heard), 2000)
	hears(t, "the recording", heard, 440)

	for query, says := range map[string]string{
		"": "whose ears?", "call_sid=CA1&party=x": "whose ears?", "party=client:nobody": "is in no call",
		"call_sid=CA1": "has ended, or never was", "seconds=0.01&call_sid=" + sid: "from 0.1 to 60", "seconds=61&call_sid=" + sid: "from 0.1 to 60",
		"seconds=x&call_sid=" + sid: "from 0.1 to 60", "seconds=NaN&call_sid=" + sid: "from 0.1 to 60", "format=mp3&call_sid=" + sid: "json or wav",
	} {
		out := ask(http.MethodGet, query)
		equals(t, query, out.Code, http.StatusBadRequest)
		var problem struct{ Error string }
		if err := json.NewDecoder(out.Body).Decode(&problem); err != nil || !strings.Contains(problem.Error, says) {
			t.Errorf("%s: got %q %v, want %q", query, problem.Error, err, says)
		}
	}
	equals(t, "POST", ask(http.MethodPost, "call_sid="+sid).Code, http.StatusMethodNotAllowed)
}

func TestEarsOfSomebodyInTwoCalls(t *testing.T) {
	w := newStage(t, Options{})
	first := w.post("/Calls", "To", tonePhone, "From", ourNumber, "Twiml", "<Response><Pause length='60'/></Response>")["sid"].(string)
	w.clock.Advance(1e9)
	second := w.post("/Calls", "To", tonePhone, "From", ourNumber, "Twiml", "<Response><Pause length='60'/></Response>")["sid"].(string)
	if _, err := w.engine.legOf("", tonePhone); err == nil || !strings.Contains(err.Error(), first+", "+second) {
		t.Errorf("two that ring: got %v", err)
	}
	w.clock.Advance(1500e6)
	got, err := w.engine.legOf("", tonePhone)
	equals(t, "the one that is answered", got, first)
	equals(t, "error", err, nil)
}
