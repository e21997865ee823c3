package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/simulator"
)

func wavFile(t *testing.T, n int, sample func(i int) int16) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := WriteWAV(&file, sound(n, sample)); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func sound(n int, sample func(i int) int16) []int16 {
	list := make([]int16, n)
	for i := range list {
		list[i] = sample(i)
	}
	return list
}

func TestMuLaw(t *testing.T) {
	for code := range 256 {
		var sample [1]int16
		var again [1]byte
		DecodeMuLaw(sample[:], []byte{byte(code)})
		EncodeMuLaw(again[:], sample[:])
		if int(again[0]) != code && code != 0x7f { // 0x7f is a zero with a minus
			t.Errorf("%#x became %#x", code, again[0])
		}
	}
	for want := -32768; want <= 32767; want += 5 {
		var code [1]byte
		var got [1]int16
		EncodeMuLaw(code[:], []int16{int16(want)})
		DecodeMuLaw(got[:], code[:])
		if off := math.Abs(float64(int(got[0]) - want)); off > 8+math.Abs(float64(want))/25 && want > -32636 && want < 32636 {
			t.Errorf("%d became %d", want, got[0])
		}
	}
	equals(t, "silence", fromMuLaw[0xff], 0)
	equals(t, "the loudest", fromMuLaw[0x80], 32124) // ITU-T G.711, table 2a, as 16 bits
}

func TestTones(t *testing.T) {
	for _, n := range []int{1600, 4096, 8000, 40_000} {
		got := Tones(sound(n, func(i int) int16 { return int16(4000*sine(437.3, i) + 1000*sine(1209, i)) }), 5)
		if len(got) < 2 || math.Abs(got[0].Hz-437.3) > 1 || math.Abs(got[1].Hz-1209) > 1 ||
			math.Abs(got[0].Level-4000/math.Sqrt2) > 60 || math.Abs(got[1].Level-1000/math.Sqrt2) > 60 {
			t.Errorf("%d samples: %v", n, got)
		}
	}
	equals(t, "tones in silence", len(Tones(make([]int16, 8000), 5)), 0)
	equals(t, "tones in nothing", len(Tones(nil, 5)), 0)
	equals(t, "RMS of nothing", RMS(nil), 0)
	equals(t, "RMS", math.Round(RMS(sound(8000, func(i int) int16 { return int16(1000 * sine(400, i)) }))), 707)
}

// wav is a file of any format, with a chunk that nobody knows before the samples.
func wav(encoding, channels, rate, bits int, body []byte, extension ...byte) []byte {
	little := binary.LittleEndian
	format := little.AppendUint16(nil, uint16(encoding))
	format = little.AppendUint16(format, uint16(channels))
	format = little.AppendUint32(format, uint32(rate))
	format = little.AppendUint32(format, uint32(rate*channels*bits/8))
	format = little.AppendUint16(format, uint16(channels*bits/8))
	format = little.AppendUint16(format, uint16(bits))
	format = append(format, extension...)
	file := []byte("RIFF\xff\xff\xff\xffWAVE")
	for _, chunk := range []struct {
		name string
		body []byte
	}{{"LIST", []byte("odd")}, {"fmt ", format}, {"data", body}} {
		file = append(file, chunk.name...)
		file = little.AppendUint32(file, uint32(len(chunk.body)))
		file = append(file, chunk.body...)
		file = append(file, make([]byte, len(chunk.body)%2)...)
	}
	return file
}

func TestReadWAV(t *testing.T) {
	tone := func(rate, channels, bits int, law bool) []byte {
		var body []byte
		for i := range rate / 2 {
			value := 8000 * math.Sin(2*math.Pi*600*float64(i)/float64(rate))
			for range channels {
				switch {
				case law:
					body = append(body, muLaw(int(value)))
				case bits == 8:
					body = append(body, byte(128+int(value)/256))
				default:
					body = binary.LittleEndian.AppendUint16(body, uint16(int16(value)))
				}
			}
		}
		return body
	}
	extension := append([]byte{22, 0, 16, 0, 0, 0, 0, 0, 1, 0}, make([]byte, 14)...)
	for name, file := range map[string][]byte{
		"8000, 16 bits":     wav(1, 1, 8000, 16, tone(8000, 1, 16, false)),
		"8 bits":            wav(1, 1, 8000, 8, tone(8000, 1, 8, false)),
		"µ-law":             wav(7, 1, 8000, 8, tone(8000, 1, 8, true)),
		"stereo":            wav(1, 2, 8000, 16, tone(8000, 2, 16, false)),
		"44100, stereo":     wav(1, 2, 44_100, 16, tone(44_100, 2, 16, false)),
		"22050":             wav(1, 1, 22_050, 16, tone(22_050, 1, 16, false)),
		"11025":             wav(1, 1, 11_025, 16, tone(11_025, 1, 16, false)),
		"4000":              wav(1, 1, 4000, 16, tone(4000, 1, 16, false)),
		"extensible format": wav(0xfffe, 1, 8000, 16, tone(8000, 1, 16, false), extension...),
	} {
		samples, err := ReadWAV(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		equals(t, name+": length", (len(samples)+1)/2, 2000)
		tones := Tones(samples, 1)
		if len(tones) != 1 || math.Abs(tones[0].Hz-600) > 1 || math.Abs(tones[0].Level-5657) > 400 {
			t.Errorf("%s: %v", name, tones)
		}
	}
	for name, file := range map[string][]byte{
		"nothing": nil, "no WAV file": []byte("ID3, an MP3 file, of some length"), "24 bits": wav(1, 1, 8000, 24, make([]byte, 30)),
		"three channels": wav(1, 3, 8000, 16, nil), "rate": wav(1, 1, 100, 16, nil), "another encoding": wav(6, 1, 8000, 8, nil),
		"no samples": wav(1, 1, 8000, 16, nil)[:48], "a short format": append([]byte("RIFF....WAVEfmt "), 4, 0, 0, 0, 1, 0, 1, 0),
	} {
		if samples, err := ReadWAV(bytes.NewReader(file)); err == nil {
			t.Errorf("%s: %d samples, want an error", name, len(samples))
		}
	}
	cut := wav(1, 1, 8000, 16, make([]byte, 2000))
	samples, err := ReadWAV(bytes.NewReader(cut[:len(cut)-1001]))
	equals(t, "a file that ends early", len(samples), 499)
	equals(t, "its error", err, nil)
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(1, 2, 11_025, 16, make([]byte, 64)))
	f.Add(wav(7, 1, 8000, 8, make([]byte, 7)))
	f.Fuzz(func(t *testing.T, file []byte) {
		samples, err := ReadWAV(bytes.NewReader(file))
		if err == nil && len(samples) > longestWAV {
			t.Errorf("%d samples", len(samples))
		}
	})
}

func TestKeysSoundAsLongAsTheyTake(t *testing.T) {
	heard := sound(samples(1300*time.Millisecond), func(i int) int16 { return int16(keys("5w#x", i)) })
	hears(t, "5", heard[:samples(80*time.Millisecond)], 770, 1336)
	equals(t, "a pause", RMS(heard[samples(80*time.Millisecond):samples(600*time.Millisecond)]), 0)
	hears(t, "#", heard[samples(600*time.Millisecond):samples(680*time.Millisecond)], 941, 1477)
	equals(t, "no key", RMS(heard[samples(680*time.Millisecond):]), 0)
}

func TestRecordingsThatCannotBeHad(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		file    []byte
		says    string
	}{
		"not there":   {"none.wav?token=secret", nil, "app.test/none.wav: status 404"},
		"no WAV file": {"music.mp3", []byte("ID3 and so on"), "no WAV file (audio/wav)"},
		"too large":   {"large.wav", make([]byte, largestFile+1), "larger than 16 MB"},
		"no address":  {"ftp://app.test/x.wav", nil, "no http:// or https:// URL"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newStage(t, Options{})
			w.documents["voice"] = `<Play loop="0">` + c.address + `</Play>`
			if c.file != nil {
				w.files[c.address] = c.file
			}
			sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
			w.run(100 * time.Millisecond)
			heard := w.during(2 * time.Second)[sid]
			hasTones(t, "a stand-in", amplified(heard), 660, 1170)
			if log := w.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, c.says) || strings.Contains(log, "secret") {
				t.Errorf("the log says %q, want %q", log, c.says)
			}
		})
	}
}

func amplified(samples []int16) []int16 {
	return sound(len(samples), func(i int) int16 { return 2 * samples[i] })
}

type slow struct{}

func (slow) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// What is still being fetched is silent, and Close does not wait for it.
func TestARecordingThatTakesLong(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	defer sim.Close()
	e := NewEngine(sim, Options{Fetch: slow{}})
	var frame [frameSize]int16
	e.render(frame[:], simulator.Source{Kind: simulator.Recording, URL: "https://app.test/x.wav", Since: time.Now().Add(-time.Second)}, time.Now())
	equals(t, "meanwhile", RMS(frame[:]), 0)
	e.Close()
}

// Many recordings do not fill the memory, and one that nobody has played for a while is fetched again.
func TestClipsAreForgotten(t *testing.T) {
	w := newStage(t, Options{})
	now := w.clock.Now()
	loads := 0
	load := func(context.Context) ([]int16, error) { loads++; return make([]int16, mostSamples/4), nil }
	get := func(key string) clipState {
		_, state := w.engine.clips.get(key, now, load, "")
		w.engine.tasks.Wait()
		return state
	}
	for _, key := range strings.Split("abcdefgh", "") {
		now = now.Add(time.Second)
		get(key)
	}
	total := 0
	for _, one := range w.engine.clips.known {
		total += len(one.samples)
	}
	if total > mostSamples+mostSamples/4 {
		t.Errorf("%d samples are kept, want about %d", total, mostSamples)
	}
	equals(t, "the latest is still there", get("h"), clipReady)
	equals(t, "the first is not", get("a"), clipLoading)
	now = now.Add(forgottenWhen)
	equals(t, "after a while", get("h"), clipLoading)
	equals(t, "loaded", loads, 10)
}

func TestSpeech(t *testing.T) {
	text, language := "", ""
	w := newStage(t, Options{Speak: func(_ context.Context, t, l string) ([]int16, error) {
		text, language = t, l
		if l == "de-DE" {
			return nil, errors.New("no such voice")
		}
		return sound(60_000, func(i int) int16 { return int16(5000 * sine(750, i)) }), nil
	}})
	w.documents["voice"] = `<Pause length="1"/><Say language="en-GB" loop="2">Good morning to you all</Say><Pause length="1"/><Say language="de-DE">Guten Tag allerseits</Say>`
	sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
	w.run(1100 * time.Millisecond)
	hears(t, "the voice that was given", w.during(2700 * time.Millisecond)[sid], 750)
	equals(t, "it got the text", text+" "+language, "Good morning to you all en-GB")
	w.run(300 * time.Millisecond)
	hearsNothing(t, "it is cut where the log says", w.during(700 * time.Millisecond)[sid])
	w.run(200 * time.Millisecond)
	hearsSomething(t, "the built-in voice", w.during(time.Second)[sid])
	equals(t, "one line in the log, without the text", strings.Count(w.log.String(), "\n") == 1 && !strings.Contains(w.log.String(), "Guten"), true)
}

func TestTheBuiltInVoice(t *testing.T) {
	say := func(text string) []int16 {
		out := make([]int16, len(text)*samples(mumbleLetter))
		for from := 0; from+frameSize <= len(out); from += frameSize {
			mumble(out[from:from+frameSize], text, from)
		}
		return out
	}
	hello := say("Hello?")
	if rms := RMS(hello); rms < 500 || rms > 6000 {
		t.Errorf("its RMS is %.0f", rms)
	}
	equals(t, "the same again", slices.Equal(hello, say("Hello?")), true)
	equals(t, "another word", slices.Equal(hello, say("Heylo?")), false)
	equals(t, "between words", RMS(say("a b")[samples(mumbleLetter):2*samples(mumbleLetter)]), 0)
	if RMS(say("42")) == 0 || RMS(say("Zoë")) == 0 {
		t.Error("digits and foreign letters are silent")
	}
	whole := make([]int16, len(hello))
	mumble(whole, "Hello?", 0)
	n := len(hello) / frameSize * frameSize
	equals(t, "frames have no seams", slices.Equal(whole[:n], hello[:n]), true)
}

// A program in place of espeak-ng, which need not be installed.
func TestEspeakNG(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	if _, err := EspeakNG(); err == nil || !strings.Contains(err.Error(), "apt install espeak-ng") {
		t.Errorf("not installed: got %v", err)
	}
	t.Setenv("PATH", folder+":/usr/bin:/bin")
	file := wavFile(t, 8000, func(i int) int16 { return int16(5000 * sine(750, i)) })
	for name, text := range map[string]string{
		"voice.wav": string(file),
		"espeak-ng": "#!/bin/sh\n[ \"$2\" = xx ] && exit 1\necho \"$2 $(cat)\" >> " + folder + "/said\ncat " + folder + "/voice.wav\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	speak, err := EspeakNG()
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"en-GB", "", "xx", "-w /etc/passwd"} {
		samples, err := speak(t.Context(), "Hello -x", language)
		if err != nil {
			t.Fatal(err)
		}
		hears(t, language, samples, 750)
	}
	said, err := os.ReadFile(folder + "/said")
	equals(t, "said", string(said), "en-gb Hello -x\nen Hello -x\nen Hello -x\nen Hello -x\n")
	equals(t, "error", err, nil)
}
