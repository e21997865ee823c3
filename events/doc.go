// Package events is the contract with other systems: CloudEvents 1.0 on Kafka with JSON data. It reads what they ask
// (call.requested, call.cancelled) and writes what became of it (one event for each stage of a call).
//
// It knows how an event looks, what may stand in it, and how a connection to Kafka is made. It decides nothing about a
// call, starts nothing and keeps nothing: admitting requests is package intake, deciding on them package workflows.
//
// An error of this package is written for the person who sent the event: it names each field that is wrong and what
// is wrong with it, and never repeats a value, so it may be logged and stored.
//
// Start with envelope.go (an event and its two forms on the wire), then request.go (from an event to a Request) and
// lifecycle.go (from a call's step to an event). The schemas are in schemas/.
package events
