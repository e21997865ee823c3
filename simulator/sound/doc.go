// Package sound makes the simulator audible: what it knows about who hears whom becomes samples, as a telephone carries
// them (8000 a second, 16 bits, frames of 20 ms). Whoever is on hold hears music and nobody hears them; a muted
// microphone is silent; an announcement, a sentence, keys and ringing are heard for as long as the simulator's log says.
//
// It never decides who hears what: that is simulator.Audible, asked once for each frame. It knows no network, no codec
// of browsers and no WebRTC; whoever has a microphone and an ear gives them to Join. It keeps nothing on disk.
//
// Where to start reading:
//
//	engine.go     the 20 ms in which everything is mixed; Listen, the ear of a test
//	voice.go      a microphone and an ear, and the queue between two clocks
//	render.go     a source at an instant, as samples
//	generate.go   ringing, music, keys; mumble.go: the built-in voice
//	clips.go      recordings and speech that must be got first
//	tones.go      which frequencies there are in a sound: how tests tell who is heard
//	ears.go       the same over HTTP
//	wav.go, mulaw.go, espeak.go
package sound
