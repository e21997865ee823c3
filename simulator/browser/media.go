package browser

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

const (
	// payloadPCMU is G.711 µ-law, which every browser speaks and the SDK prefers.
	payloadPCMU = 0
	// payloadKeys is what we offer for RFC 4733 events; a browser that offers may have another.
	payloadKeys = 101
	clockRate   = 8000
	// gathering takes milliseconds: there is one address.
	gatheringTimeout = 5 * time.Second
	gatheringPoll    = time.Millisecond
)

// listenForMedia opens the one UDP port of all media and says how it is spoken there.
func (s *Server) listenForMedia(address string) error {
	at, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return fmt.Errorf("media address: %w", err)
	}
	if at.IP == nil || at.IP.IsUnspecified() {
		return fmt.Errorf("media address %s: name the one IPv4 address at which browsers reach this machine, such as 127.0.0.1", address)
	}
	udp, err := net.ListenUDP("udp4", at)
	if err != nil {
		return fmt.Errorf("media address: %w", err)
	}
	codecs := &webrtc.MediaEngine{}
	interceptors := &interceptor.Registry{}
	err = errors.Join(
		codecs.RegisterCodec(codec(webrtc.MimeTypePCMU, payloadPCMU, ""), webrtc.RTPCodecTypeAudio),
		codecs.RegisterCodec(codec("audio/telephone-event", payloadKeys, "0-16"), webrtc.RTPCodecTypeAudio),
		webrtc.RegisterDefaultInterceptors(codecs, interceptors),
	)
	if err != nil {
		return errors.Join(fmt.Errorf("set up media: %w", err), udp.Close())
	}
	mux := webrtc.NewICEUDPMux(nil, udp)
	var how webrtc.SettingEngine
	// The SDK never tells its addresses, neither in its SDP nor later: ICE-lite learns them from its packets.
	how.SetLite(true)
	how.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled) // nothing is asked of the network around
	// Our answers are always passive, as the browser's to our offers are always active: an ICE restart that changed
	// the roles would leave the call without sound.
	if err := how.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return errors.Join(fmt.Errorf("set up media: %w", err), udp.Close())
	}
	how.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	how.SetIncludeLoopbackCandidate(at.IP.IsLoopback())
	how.SetIPFilter(func(ip net.IP) bool { return ip.Equal(at.IP) })
	how.SetICEUDPMux(mux)
	s.udp, s.muxClose = udp, mux.Close
	s.media = webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(how))
	return nil
}

func codec(mime string, payload webrtc.PayloadType, format string) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{PayloadType: payload,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: clockRate, SDPFmtpLine: format}}
}

// media is our end of one call's sound. The worker negotiates; packets come and go by themselves.
type media struct {
	peer  *webrtc.PeerConnection
	out   *webrtc.TrackLocalStaticSample
	voice atomic.Pointer[Voice]          // nil: not joined
	keys  atomic.Pointer[func(key byte)] // nil: nobody listens
}

func (s *Server) newMedia() (*media, error) {
	peer, err := s.media.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	m := &media{peer: peer}
	if m.out, err = webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: clockRate}, "audio", "simulator"); err != nil {
		return nil, errors.Join(err, peer.Close())
	}
	sender, err := peer.AddTrack(m.out)
	if err != nil {
		return nil, errors.Join(err, peer.Close())
	}
	go drain(sender)
	peer.OnTrack(func(in *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { m.receive(in) })
	return m, nil
}

// offer is for a browser in which a call rings.
func (m *media) offer() (string, error) {
	offer, err := m.peer.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	return m.local(offer)
}

// accept takes the answer to our offer.
func (m *media) accept(answer string) error {
	return m.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// answer is for a browser that calls, or restarts ICE.
func (m *media) answer(offer string) (string, error) {
	if err := m.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	answer, err := m.peer.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	if !strings.Contains(answer.SDP, "m=audio") { // no address would ever be found for it, and the worker would wait
		return "", errors.New("the offer has no audio that can be answered")
	}
	return m.local(answer)
}

// local makes a description ours and returns it with all our addresses: none can follow later. After an ICE restart
// they are gathered anew, and only the description itself tells when.
func (m *media) local(d webrtc.SessionDescription) (string, error) {
	if err := m.peer.SetLocalDescription(d); err != nil {
		return "", err
	}
	late := time.NewTimer(gatheringTimeout)
	defer late.Stop()
	poll := time.NewTicker(gatheringPoll)
	defer poll.Stop()
	for {
		if sdp := m.peer.LocalDescription().SDP; strings.Contains(sdp, "a=candidate:") {
			return sdp, nil
		}
		select {
		case <-poll.C:
		case <-late.C:
			return "", errors.New("no address for media was found in time")
		}
	}
}

// knows: the SDP is of the peer that we are already connected to.
func (m *media) knows(sdp string) bool {
	remote := m.peer.RemoteDescription()
	return remote != nil && fingerprint(sdp) != "" && fingerprint(sdp) == fingerprint(remote.SDP)
}

// fingerprint is that of the certificate, which is another for each peer connection.
func fingerprint(sdp string) string {
	_, after, _ := strings.Cut(sdp, "a=fingerprint:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}

// join connects the sound with the voices of the call.
func (m *media) join(with Sound, callSID string) {
	voice := with.Join(callSID, m.hear)
	m.voice.Store(&voice)
}

// onKey has somebody told of each key pressed.
func (m *media) onKey(tell func(key byte)) { m.keys.Store(&tell) }

// close ends the sound. It waits until nothing of it runs any more.
func (m *media) close() {
	if voice := m.voice.Swap(nil); voice != nil {
		(*voice).Leave()
	}
	_ = m.peer.GracefulClose()
}
