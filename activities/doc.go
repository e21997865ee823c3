// Package activities does single things to the outside world on behalf of a call: one task created, one leg dialled,
// one reservation accepted, some events published. Each says in its result what came of it.
//
// It never decides what happens next and never waits for a person; that is package workflows. It keeps nothing between
// two activities: whatever it needs is in the input.
//
// Start with api.go, the contract; then dial.go, where "one ring" is kept.
package activities
