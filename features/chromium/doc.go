// Package chromium drives a real Chromium for tests of a page with sound: its microphone is a tone of the test's choice,
// what arrives at its speaker is taken apart into frequencies, and what a laptop goes through (a microphone unplugged, a
// network gone, a page that crashes) can be done to it.
//
// It finds things on a page by their data-qa names alone. It never waits for a time, only for something to be so, and it
// knows nothing of Switchboard. Everything it starts ends with the test. Start with Start and Browser.Open.
package chromium
