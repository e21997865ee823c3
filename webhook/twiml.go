package webhook

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// pathRingbackWAV is the sound that the ring-back document plays.
const pathRingbackWAV = "/twiml/ringback.wav"

// ringbackLoops plays the 3 s of ring-back for 2 minutes, the longest that a policy lets a caller's phone ring: so the
// agent hears it to the end even if we die meanwhile and the next document is never fetched.
const ringbackLoops = 40

// oneMomentLoops speaks to a caller for about as long, whose agent has gone: with us dead and the next document never
// fetched there would be silence after the first sentence.
const oneMomentLoops = 24

// The verbs Twilio allows to those who wait in a conference are these and no others.
type (
	response struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []any
	}
	play struct {
		XMLName xml.Name `xml:"Play"`
		Loop    int      `xml:"loop,attr"`
		URL     string   `xml:",chardata"`
	}
	say struct {
		XMLName  xml.Name `xml:"Say"`
		Language string   `xml:"language,attr"`
		Text     string   `xml:",chardata"`
	}
	pause struct {
		XMLName xml.Name `xml:"Pause"`
		Length  int      `xml:"length,attr"` // seconds
	}
	// redirect without a URL fetches the same document again, query and all. Without it Twilio falls silent at the end.
	redirect struct {
		XMLName xml.Name `xml:"Redirect"`
	}
)

func (s *server) twiml(c echo.Context, verbs ...any) error {
	s.stats.count(countTwiML)
	doc, err := xml.Marshal(response{Verbs: verbs})
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextXMLCharsetUTF8, append([]byte(xml.Header), doc...))
}

// ringback is what the agent hears while the caller's phone rings: what anybody in the United Kingdom hears who rings
// somebody up.
func (s *server) ringback(c echo.Context, _ url.Values) error {
	return s.twiml(c, play{Loop: ringbackLoops, URL: s.PublicURL + pathRingbackWAV}, redirect{})
}

// oneMoment is what a caller hears while no agent is in the room: moments only, so the pause is short.
func (s *server) oneMoment(c echo.Context, _ url.Values) error {
	spoken := sentenceFor(c.QueryParam("locale"))
	var verbs []any
	for range oneMomentLoops {
		verbs = append(verbs, say{Language: spoken.language, Text: spoken.text}, pause{Length: 1})
	}
	return s.twiml(c, append(verbs, redirect{})...)
}

// calledBack is what somebody hears who rings the number that callers see. Nobody takes calls there, but a number that
// shows on a telephone must not be dead: whoever missed us hears who it was and what comes next. At the end of the
// document Twilio hangs up.
func (s *server) calledBack(c echo.Context, _ url.Values) error {
	return s.twiml(c, pause{Length: 1}, say{Language: "en-GB", Text: calledBackEnglish}, pause{Length: 1}, say{Language: "en-GB", Text: calledBackEnglish})
}

const calledBackEnglish = "Thank you for calling. We rang you because you asked us to, and this number cannot take calls. If we missed each other, we will ring you again."

// sentence is text in a language that <Say> speaks.
type sentence struct{ language, text string }

const oneMomentEnglish = "Thank you for waiting. We are connecting you to a colleague."

// oneMoments: of several for one language the first serves the regions that are not named.
var oneMoments = []sentence{
	{"en-GB", oneMomentEnglish},
	{"en-US", oneMomentEnglish},
	{"de-DE", "Vielen Dank für Ihre Geduld. Wir verbinden Sie mit einer Kollegin oder einem Kollegen."},
	{"es-ES", "Gracias por esperar. Le ponemos en contacto con un compañero."},
	{"fr-FR", "Merci de patienter. Nous vous mettons en relation avec un collègue."},
	{"it-IT", "Grazie per l'attesa. La mettiamo in contatto con un collega."},
	{"pl-PL", "Dziękujemy za cierpliwość. Łączymy z konsultantem."},
}

// sentenceFor never fails: a caller who hears the wrong language is better off than one who hears nothing.
func sentenceFor(locale string) sentence {
	found := oneMoments[0]
	wanted, _, _ := strings.Cut(locale, "-")
	matched := false
	for _, s := range oneMoments {
		if strings.EqualFold(s.language, locale) {
			return s
		}
		if language, _, _ := strings.Cut(s.language, "-"); !matched && strings.EqualFold(language, wanted) {
			found, matched = s, true
		}
	}
	return found
}

// ringbackSound serves the ring-back tone to anybody: Twilio does not sign every fetch of a sound, and it tells nothing.
func ringbackSound(c echo.Context) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "audio/wav")
	header.Set(echo.HeaderCacheControl, "public, max-age=86400")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(ringbackWAV()))
	return nil
}

const (
	sampleRate    = 8000 // what a telephone line carries
	bitsPerSample = 16
)

// ringbackWAV is one cadence of the United Kingdom's ringing tone: 400 Hz and 450 Hz together, 0.4 s on, 0.2 s off,
// 0.4 s on, 2 s off. Both tones fit a whole number of times into 0.4 s, so nothing clicks.
var ringbackWAV = sync.OnceValue(func() []byte {
	const (
		loudness = 0.2 * math.MaxInt16 // of each tone
		on       = 4 * sampleRate / 10
		off      = 2 * sampleRate / 10
		cadence  = 3 * sampleRate
	)
	samples := make([]int16, cadence)
	for i := range on {
		t := float64(i) / sampleRate
		v := int16(loudness * (math.Sin(2*math.Pi*400*t) + math.Sin(2*math.Pi*450*t)))
		samples[i], samples[on+off+i] = v, v
	}
	size := uint32(len(samples) * bitsPerSample / 8)
	var b []byte
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)                         // length of the format
	b = le.AppendUint16(b, 1)                          // PCM
	b = le.AppendUint16(b, 1)                          // mono
	b = le.AppendUint32(b, sampleRate)                 //
	b = le.AppendUint32(b, sampleRate*bitsPerSample/8) // bytes a second
	b = le.AppendUint16(b, bitsPerSample/8)            // bytes a frame
	b = le.AppendUint16(b, bitsPerSample)              //
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	for _, s := range samples {
		b = le.AppendUint16(b, uint16(s))
	}
	return b
})
