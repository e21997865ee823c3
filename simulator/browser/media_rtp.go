package browser

import (
	"time"

	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"

	"switchboard/simulator/sound"
)

const frameTime = 20 * time.Millisecond

// hear sends a frame of what the party hears. Before the browser is connected it goes nowhere.
func (m *media) hear(frame []int16) {
	encoded := make([]byte, len(frame))
	sound.EncodeMuLaw(encoded, frame)
	_ = m.out.WriteSample(pion.Sample{Data: encoded, Duration: frameTime}) // an error is the end of the call
}

// receive takes the browser's packets until the call ends. One that comes too late is dropped: what came after it has
// been said already.
func (m *media) receive(in *webrtc.TrackRemote) {
	var order sequence
	var keys keypad
	samples := make([]int16, 0, clockRate/10)
	for {
		packet, _, err := in.ReadRTP()
		if err != nil {
			return
		}
		if !order.next(packet.SequenceNumber) {
			continue
		}
		if packet.PayloadType != payloadPCMU {
			if key, pressed := keys.event(packet.Timestamp, packet.Payload); pressed {
				if tell := m.keys.Load(); tell != nil {
					(*tell)(key)
				}
			}
			continue
		}
		if voice := m.voice.Load(); voice != nil && len(packet.Payload) <= cap(samples) {
			samples = samples[:len(packet.Payload)]
			sound.DecodeMuLaw(samples, packet.Payload)
			(*voice).Say(samples)
		}
	}
}

// sequence is the order of packets, whose numbers wrap around.
type sequence struct {
	begun bool
	last  uint16
}

// next: the packet is newer than all before it.
func (s *sequence) next(number uint16) bool {
	if s.begun && int16(number-s.last) <= 0 {
		return false
	}
	s.begun, s.last = true, number
	return true
}

// drain reads the reports about what we send, which nobody needs; unread, they would pile up.
func drain(sender *webrtc.RTPSender) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := sender.Read(buffer); err != nil {
			return
		}
	}
}
