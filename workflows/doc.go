// Package workflows decides: what happens in a call, in what order, and what if not.
//
// It reads as the process. It does no input or output of its own (package activities acts), it reads no clock but
// Temporal's, and it never retries a dial: a caller's phone is rung at most once an attempt. What Twilio says reaches
// it as signals, which may be lost, late, doubled or out of order; state only ever moves forward on them, and while
// it waits it looks for itself.
//
// Start with call.go, the story of a request; then attempt.go, one try to reach the caller, whose steps are queue.go, agent.go,
// caller.go and conversation.go.
package workflows
