// Package webhook listens to Twilio and tells the calls what it heard: a signed callback in, a signal out.
//
// It never decides what happens next and never starts a call: a late or repeated callback for a call that has ended
// would start it a second time. When a callback shows something live that no running call owns, it asks for the reaper,
// and that is all it can start. Nothing is kept here between two requests, so any number of these processes may run,
// and any of them may die at any moment: Twilio sends again, and the calls look for themselves.
//
// Nothing a callback carries is logged but SIDs and the identity of the call. The agents' page is served on the same
// port by package desktop, of which this one knows nothing but that it is a handler.
//
// Start with server.go (the routes, and what becomes of a callback), then taskrouter.go and voice.go (what each
// callback means), signature.go (whose callback it is).
package webhook
