package sound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/simulator"
)

const (
	ourNumber = "+442079460000"
	inNumber  = "+442079460001"
	person    = "+447700900100"
	tonePhone = "+447700900009" // 1000 Hz
)

// stage is a simulator in virtual time whose sound is mixed by hand, frame by frame.
type stage struct {
	t      testing.TB
	clock  *simulator.VirtualClock
	sim    *simulator.Simulator
	engine *Engine
	log    bytes.Buffer
	// documents are TwiML by the last part of their path, files are recordings.
	documents map[string]string
	files     map[string][]byte
	fetched   []string
	room      string             // SID of the conference
	heard     map[string][]int16 // by call, since the last look
	speaking  []*microphone
}

type microphone struct {
	voice    *Voice
	hz       float64
	position int
}

func newStage(t testing.TB, o Options) *stage {
	t.Helper()
	w := &stage{t: t, clock: simulator.NewVirtualClock(time.Time{}), documents: map[string]string{}, files: map[string][]byte{}, heard: map[string][]int16{}}
	w.sim = simulator.New(simulator.Options{Clock: w.clock, Webhooks: w})
	t.Cleanup(w.sim.Close)
	o.Logger = slog.New(slog.NewTextHandler(&w.log, nil))
	if o.Fetch == nil {
		o.Fetch = w
	}
	w.engine = NewEngine(w.sim, o)
	w.engine.byHand = true
	t.Cleanup(w.engine.Close)
	t.Cleanup(func() {
		if t.Failed() {
			for _, e := range w.sim.Log() {
				t.Log(e)
			}
		}
	})
	return w
}

// RoundTrip serves the documents and the recordings.
func (w *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: http.NoBody}
	file, isFile := w.files[name]
	document, isDocument := w.documents[name]
	switch {
	case isFile:
		w.fetched = append(w.fetched, name)
		res.Header.Set("Content-Type", "audio/wav")
		res.Body = io.NopCloser(bytes.NewReader(file))
	case isDocument:
		res.Header.Set("Content-Type", "text/xml")
		res.Body = io.NopCloser(strings.NewReader("<Response>" + document + "</Response>"))
	default:
		res.StatusCode = http.StatusNotFound
	}
	return res, nil
}

func (w *stage) post(path string, fields ...string) map[string]any {
	w.t.Helper()
	return post(w.t, w.sim, path, fields...)
}

func post(t testing.TB, sim *simulator.Simulator, path string, fields ...string) map[string]any {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1]) // the last counts
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://api.twilio.com/2010-04-01/Accounts/"+simulator.DefaultAccountSID+path+".json", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(simulator.DefaultAccountSID, simulator.DefaultAuthToken)
	res, err := sim.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || res.StatusCode >= 300 {
		t.Fatalf("POST %s: %d %v %v", path, res.StatusCode, body, err)
	}
	return body
}

// run lets time pass, frame by frame; clips that were asked for are there in the next frame.
func (w *stage) run(d time.Duration) {
	for range d / frameTakes {
		w.clock.Advance(frameTakes)
		for _, m := range w.speaking {
			frame := make([]int16, frameSize)
			for i := range frame {
				frame[i] = int16(6000 * sine(m.hz, m.position+i))
			}
			m.position += frameSize
			m.voice.Say(frame)
		}
		w.engine.tick(w.clock.Now())
		w.engine.tasks.Wait()
	}
}

// earOf records what the party of a call hears.
func (w *stage) earOf(sid string) *Voice {
	return w.engine.Join(sid, func(frame []int16) { w.heard[sid] = append(w.heard[sid], frame...) })
}

// during lets time pass and returns what each ear has heard.
func (w *stage) during(d time.Duration) map[string][]int16 {
	clear(w.heard)
	w.run(d)
	return maps.Clone(w.heard)
}

// add dials somebody into the room "room".
func (w *stage) add(to string, fields ...string) string {
	w.t.Helper()
	leg := w.post("/Conferences/room/Participants", append([]string{"To", to, "From", ourNumber, "EarlyMedia", "false"}, fields...)...)
	w.room = leg["conference_sid"].(string)
	return leg["call_sid"].(string)
}

func (w *stage) change(sid string, fields ...string) {
	w.t.Helper()
	w.post("/Conferences/room/Participants/"+sid, fields...)
}

// softphone is a registered browser.
type softphone struct{ call string }

func (b *softphone) Tell(news simulator.ClientNews) { b.call = news.CallSID }

// browser brings somebody's browser into the room, whose microphone hears a tone.
func (w *stage) browser(identity string, hz float64, fields ...string) string {
	w.t.Helper()
	b := &softphone{}
	if _, err := w.sim.RegisterClient(simulator.DefaultAccountSID, identity, b); err != nil {
		w.t.Fatal(err)
	}
	w.add("client:"+identity, fields...)
	w.run(200 * time.Millisecond)
	if err := w.sim.ClientAnswers(b.call, b); err != nil {
		w.t.Fatal(err)
	}
	w.speaking = append(w.speaking, &microphone{voice: w.earOf(b.call), hz: hz})
	return b.call
}

// dialIn is somebody who dials a number of ours and reaches the document "voice".
func (w *stage) dialIn(phone simulator.Phone) string {
	w.t.Helper()
	w.post("/IncomingPhoneNumbers", "PhoneNumber", inNumber, "VoiceUrl", "https://app.test/voice")
	sid, err := w.sim.DialIn(person, inNumber, phone)
	if err != nil {
		w.t.Fatal(err)
	}
	w.earOf(sid)
	return sid
}

// loud are the frequencies that are clearly in a sound, in whole Hz, sorted.
func loud(samples []int16) []int {
	list := []int{}
	for _, tone := range Tones(samples, 10) {
		if tone.Level >= 1500 {
			list = append(list, int(math.Round(tone.Hz)))
		}
	}
	slices.Sort(list)
	return list
}

func hears(t *testing.T, what string, samples []int16, hz ...int) {
	t.Helper()
	slices.Sort(hz)
	if got := loud(samples); fmt.Sprint(got) != fmt.Sprint(hz) {
		t.Errorf("%s: hears %v Hz, want %v (of %v)", what, got, hz, Tones(samples, 6))
	}
}

// hearsSomething that is none of the tones of a test: music, or a voice.
func hearsSomething(t *testing.T, what string, samples []int16) {
	t.Helper()
	if rms := RMS(samples); rms < 300 {
		t.Errorf("%s: hears nothing (RMS %.0f)", what, rms)
	}
	for _, hz := range loud(samples) {
		if slices.Contains([]int{anna, ben, toneOfPhone}, hz) {
			t.Errorf("%s: hears a voice at %d Hz", what, hz)
		}
	}
}

func hearsNothing(t *testing.T, what string, samples []int16) {
	t.Helper()
	if rms := RMS(samples); rms != 0 {
		t.Errorf("%s: hears %v (RMS %.0f), want silence", what, Tones(samples, 6), rms)
	}
}

func equals[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
