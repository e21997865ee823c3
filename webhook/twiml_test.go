package webhook

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sb "switchboard"
)

// verbsOf returns the names of a document's verbs, after checking that it is one.
func verbsOf(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(got, "text/xml") {
		t.Fatalf("got %d of type %q, want 200 and text/xml", w.Code, got)
	}
	var doc struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []struct {
			XMLName xml.Name
		} `xml:",any"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("not TwiML: %v\n%s", err, w.Body)
	}
	var names []string
	for _, v := range doc.Verbs {
		names = append(names, v.XMLName.Local)
	}
	return names
}

func TestRingbackPlaysAndGoesOn(t *testing.T) {
	r := newRig(t)
	w := r.post(sb.PathRingback, values("CallSid", testLeg))
	if got := verbsOf(t, w); !slices.Equal(got, []string{"Play", "Redirect"}) {
		t.Errorf("verbs: got %v", got)
	}
	if want := ">" + testURL + pathRingbackWAV + "</Play>"; !strings.Contains(w.Body.String(), want) {
		t.Errorf("got %s, want %s in it", w.Body, want)
	}
}

func TestWhoeverRingsOurNumberIsSpokenTo(t *testing.T) {
	r := newRig(t)
	w := r.post(sb.PathCalledBack, values("CallSid", testLeg, "From", "+447700900001", "To", "+442079460000"))
	if got := verbsOf(t, w); !slices.Equal(got, []string{"Pause", "Say", "Pause", "Say"}) {
		t.Errorf("verbs: got %v", got)
	}
	if strings.Contains(w.Body.String(), "7700900001") {
		t.Errorf("the document repeats the number: %s", w.Body)
	}
}

func TestOneMomentSpeaksTheCallersLanguage(t *testing.T) {
	for locale, want := range map[string]string{
		"":           `language="en-GB">Thank you for waiting.`,
		"en-GB":      `language="en-GB">Thank you`,
		"en-us":      `language="en-US">Thank you`,
		"en-ZA":      `language="en-GB">Thank you`,
		"de-CH":      `language="de-DE">Vielen Dank`,
		"pl":         `language="pl-PL">Dziękujemy`,
		"tlh-KL":     `language="en-GB">Thank you`,
		"%22%3E%3Cx": `language="en-GB">Thank you`,
	} {
		r := newRig(t)
		w := r.post(sb.PathOneMoment+"?locale="+locale, values("CallSid", testLeg))
		// Again and again without us: the caller may be alone while this process is dead.
		if got := verbsOf(t, w); !slices.Equal(got, append(slices.Repeat([]string{"Say", "Pause"}, oneMomentLoops), "Redirect")) {
			t.Errorf("%q: verbs %v", locale, got)
		}
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q: got %s, want %s in it", locale, w.Body, want)
		}
	}
}

func TestDocumentsAreForTwilioOnly(t *testing.T) {
	for _, path := range []string{sb.PathRingback, sb.PathOneMoment} {
		r := newRig(t)
		if w := r.serve(rawRequest(path, values("CallSid", testLeg).Encode(), "forged")); w.Code != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", path, w.Code)
		}
	}
}

func TestRingbackSoundIsAWaveFileOfOneCadence(t *testing.T) {
	r := newRig(t)
	w := r.serve(httptest.NewRequest(http.MethodGet, pathRingbackWAV, nil)) // unsigned, as Twilio may fetch it
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "audio/wav" {
		t.Fatalf("got %d of type %q, want 200 and audio/wav", w.Code, got)
	}
	header, samples, err := parseWAV(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := wavHeader{Format: 1, Channels: 1, Rate: 8000, BytesPerSecond: 16000, BytesPerFrame: 2, BitsPerSample: 16}
	if header != want {
		t.Errorf("format: got %+v, want %+v", header, want)
	}
	if len(samples) != 3*8000 {
		t.Fatalf("length: got %d samples, want 3 s", len(samples))
	}
	for _, part := range []struct {
		from, to float64 // seconds
		sounds   bool
	}{{0, 0.4, true}, {0.4, 0.6, false}, {0.6, 1, true}, {1, 3, false}} {
		var loudest int16
		for _, s := range samples[int(part.from*8000):int(part.to*8000)] {
			loudest = max(loudest, s, -s)
		}
		if sounds := loudest > 8000; sounds != part.sounds || (!part.sounds && loudest != 0) {
			t.Errorf("%v s to %v s: loudest sample %d, want sound: %v", part.from, part.to, loudest, part.sounds)
		}
	}
}

type wavHeader struct {
	Format, Channels             uint16
	Rate, BytesPerSecond         uint32
	BytesPerFrame, BitsPerSample uint16
}

func parseWAV(r io.Reader) (wavHeader, []int16, error) {
	var head struct {
		RIFF       [4]byte
		Size       uint32
		WAVE, Fmt  [4]byte
		FormatSize uint32
		Format     wavHeader
		Data       [4]byte
		DataSize   uint32
	}
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return wavHeader{}, nil, err
	}
	if string(head.RIFF[:])+string(head.WAVE[:])+string(head.Fmt[:])+string(head.Data[:]) != "RIFFWAVEfmt data" || head.FormatSize != 16 {
		return wavHeader{}, nil, errors.New("not a wave file")
	}
	if head.Size != 36+head.DataSize {
		return wavHeader{}, nil, errors.New("the sizes contradict each other")
	}
	samples := make([]int16, head.DataSize/2)
	if err := binary.Read(r, binary.LittleEndian, samples); err != nil {
		return wavHeader{}, nil, err
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		return wavHeader{}, nil, errors.New("there is more than the header says")
	}
	return head.Format, samples, nil
}
