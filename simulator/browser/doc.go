// Package browser lets real browsers be the agents of a simulator: Twilio's own Voice SDK, unmodified, signs in here,
// rings, and is heard, and TaskRouter's SDK watches its agent's reservations. It speaks their signalling over WebSockets
// and the sound over WebRTC, and translates both to the calls and tasks of package simulator, which alone decides what
// becomes of them.
//
// It never decides who hears whom (package simulator does), never makes or mixes sound (package sound does), and never
// leaves the machine on its own: media goes through one UDP port, by default of the loopback interface.
//
// Where to start reading:
//
//	server.go               what there is: Options, New, Close, and the one goroutine that knows all calls
//	signal.go               a browser's socket, its frames, and when it counts as lost
//	signal_registration.go  who signs in with which token, and is called from then on
//	signal_calls.go         what a browser says of calls; signal_news.go: what it is told of them
//	signal_reconnect.go     a browser that was lost and comes back, and one that does not
//	bridge.go               TaskRouter's event bridge: its socket, and its tunnel to the REST API
//	media.go                one call's sound over WebRTC; media_rtp.go: its packets; dtmf.go: its keys
//
// The frames are those of @twilio/voice-sdk 2.18, which Twilio does not document.
package browser
