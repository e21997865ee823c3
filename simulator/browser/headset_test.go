package browser

import (
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"switchboard/simulator/sound"
)

// headset is the browser's end of a call's sound. It says a constant, and remembers which it hears.
type headset struct {
	t    *testing.T
	peer *webrtc.PeerConnection
	mic  *microphone
	stop func() // ends it; at the end of the test it is ended in any case

	mu    sync.Mutex
	heard map[int16]int // how often
}

// microphone is a track whose packets a test makes itself, keys among them.
type microphone struct {
	mu     sync.Mutex
	writer webrtc.TrackLocalWriter
	ssrc   webrtc.SSRC
	number uint16
	time   uint32
}

func (m *microphone) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writer, m.ssrc = c.WriteStream(), c.SSRC()
	return codec(webrtc.MimeTypePCMU, payloadPCMU, ""), nil
}

func (m *microphone) Unbind(webrtc.TrackLocalContext) error { return nil }
func (m *microphone) ID() string                            { return "audio" }
func (m *microphone) RID() string                           { return "" }
func (m *microphone) StreamID() string                      { return "mic" }
func (m *microphone) Kind() webrtc.RTPCodecType             { return webrtc.RTPCodecTypeAudio }

// write sends a packet; the clock goes on by as many samples.
func (m *microphone) write(payload uint8, data []byte, samples uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.number++
	m.packet(payload, m.number, data)
	m.time += samples
}

func (m *microphone) packet(payload uint8, number uint16, data []byte) {
	if m.writer != nil {
		_, _ = m.writer.WriteRTP(&rtp.Header{Version: 2, PayloadType: payload, SequenceNumber: number, Timestamp: m.time, SSRC: uint32(m.ssrc)}, data)
	}
}

func newHeadset(t *testing.T, says int16) *headset {
	t.Helper()
	codecs := &webrtc.MediaEngine{}
	for _, c := range []webrtc.RTPCodecParameters{codec(webrtc.MimeTypePCMU, payloadPCMU, ""), codec("audio/telephone-event", payloadKeys, "0-16")} {
		if err := codecs.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	var how webrtc.SettingEngine
	how.SetIncludeLoopbackCandidate(true)
	how.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	how.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	peer, err := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(how)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	h := &headset{t: t, peer: peer, mic: &microphone{}, heard: map[int16]int{}}
	if _, err := peer.AddTrack(h.mic); err != nil {
		t.Fatal(err)
	}
	peer.OnTrack(func(in *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { h.receive(in) })
	over := make(chan struct{})
	ended := make(chan struct{})
	go func() { defer close(ended); h.speak(says, over) }()
	h.stop = sync.OnceFunc(func() {
		close(over)
		<-ended
		h.close()
	})
	t.Cleanup(h.stop)
	return h
}

func (h *headset) close() { _ = h.peer.GracefulClose() }

func (h *headset) speak(value int16, over chan struct{}) {
	samples := make([]int16, 160)
	for i := range samples {
		samples[i] = value
	}
	data := make([]byte, len(samples))
	sound.EncodeMuLaw(data, samples)
	ticker := time.NewTicker(frameTime)
	defer ticker.Stop()
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
			h.mic.write(payloadPCMU, data, 160)
		}
	}
}

func (h *headset) receive(in *webrtc.TrackRemote) {
	samples := make([]int16, 1000)
	for {
		packet, _, err := in.ReadRTP()
		if err != nil {
			return
		}
		sound.DecodeMuLaw(samples, packet.Payload)
		h.mu.Lock()
		h.heard[samples[0]]++
		h.mu.Unlock()
	}
}

func (h *headset) times(value int16) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.heard[value]
}

// press sends a key as Chromium does: many packets of one time, the end thrice.
func (h *headset) press(key byte) {
	for i, end := range []byte{0, 0, 0, 0x80, 0x80, 0x80} {
		h.mic.write(payloadKeys, []byte{key, end | 10, 0, byte(i+1) * 40}, 0)
	}
	h.mic.write(payloadPCMU, make([]byte, 160), 1280)
}

// late sends a key that a later packet has overtaken.
func (h *headset) late(key byte) {
	h.mic.mu.Lock()
	defer h.mic.mu.Unlock()
	h.mic.number += 2
	h.mic.packet(payloadPCMU, h.mic.number, make([]byte, 160))
	h.mic.time += 160
	h.mic.packet(payloadKeys, h.mic.number-1, []byte{key, 10, 0, 40})
	h.mic.time += 160
}

// answer is the SDP for an invitation. Like the SDK's it names no address.
func (h *headset) answer(offer string) string {
	h.t.Helper()
	if err := h.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		h.t.Fatal(err)
	}
	answer, err := h.peer.CreateAnswer(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.peer.SetLocalDescription(answer); err != nil {
		h.t.Fatal(err)
	}
	return answer.SDP
}

func (h *headset) offer(o *webrtc.OfferOptions) string {
	h.t.Helper()
	offer, err := h.peer.CreateOffer(o)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.peer.SetLocalDescription(offer); err != nil {
		h.t.Fatal(err)
	}
	return offer.SDP
}

func (h *headset) accept(answer string) {
	h.t.Helper()
	if err := h.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		h.t.Fatal(err)
	}
}

// studio is the sound of all calls: it says a constant to each, and remembers which it hears of each.
type studio struct {
	mu    sync.Mutex
	heard map[string]map[int16]int // by call
	in    map[string]int           // voices of each call
}

func newStudio() *studio {
	return &studio{heard: map[string]map[int16]int{}, in: map[string]int{}}
}

// studioSays and micSays are values that µ-law keeps.
const (
	studioSays = 988
	micSays    = 4092
)

func TestTheseTestsHearWhatIsSaid(t *testing.T) {
	code := make([]byte, 2)
	sound.EncodeMuLaw(code, []int16{studioSays, micSays})
	decoded := make([]int16, 2)
	sound.DecodeMuLaw(decoded, code)
	if decoded[0] != studioSays || decoded[1] != micSays {
		t.Errorf("got %v, want %v and %v", decoded, studioSays, micSays)
	}
}

type studioVoice struct {
	s           *studio
	call        string
	over, ended chan struct{}
}

func (s *studio) Join(call string, hear func([]int16)) Voice {
	v := &studioVoice{s: s, call: call, over: make(chan struct{}), ended: make(chan struct{})}
	s.mu.Lock()
	s.in[call]++
	s.mu.Unlock()
	go func() {
		defer close(v.ended)
		frame := make([]int16, 160)
		for i := range frame {
			frame[i] = studioSays
		}
		ticker := time.NewTicker(frameTime)
		defer ticker.Stop()
		for {
			select {
			case <-v.over:
				return
			case <-ticker.C:
				hear(frame)
			}
		}
	}()
	return v
}

func (v *studioVoice) Say(samples []int16) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.s.heard[v.call] == nil {
		v.s.heard[v.call] = map[int16]int{}
	}
	v.s.heard[v.call][samples[0]]++
}

func (v *studioVoice) Leave() {
	close(v.over)
	<-v.ended
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.in[v.call]--
}

func (s *studio) times(call string, value int16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard[call][value]
}

func (s *studio) voices(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in[call]
}

// talking waits until both hear more of each other than they have by now.
func (w *centre) talking(sid string, h *headset) {
	w.t.Helper()
	there, here := w.studio.times(sid, micSays), h.times(studioSays)
	w.eventually("the microphone is heard", func() bool { return w.studio.times(sid, micSays) > there+3 })
	w.eventually("the browser hears", func() bool { return h.times(studioSays) > here+3 })
}

// silent waits until nobody speaks in the call.
func (w *centre) silent(sid string) {
	w.t.Helper()
	w.eventually("the voice has left", func() bool { return w.studio.voices(sid) == 0 })
}
