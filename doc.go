// Package switchboard is the vocabulary of the call process: what a request is, who takes part in it, what can
// become of it, and the messages by which the parts of the system speak of it.
//
// Every other package imports this one and this one imports none of them, nor anything but the standard library. It
// does no input or output and holds no logic of the process: what happens in which order is package workflows.
//
// Four words clash between Temporal and Twilio's TaskRouter: worker, activity, workflow, task queue. Here the bare word
// is always Temporal's. TaskRouter's worker is an Agent, its activity an AgentStatus, its workflow a Routing and its
// task queue a Queue; Twilio's own spelling stays in form fields, JSON and environment variables.
//
// Start with request.go (what comes in), outcome.go (what comes out), policy.go (every number that matters) and
// messages.go (what is said to a running call).
package switchboard
