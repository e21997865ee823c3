// Package simulator is Twilio on a laptop: TaskRouter, Voice calls and conferences, TwiML and signed
// webhooks behind one http.Handler, with a borrowed clock and scripted telephones instead of people.
// It exists so that software built on Twilio can be developed and tested offline, for nothing, in
// virtual time, with every fault that a network and a telephone company can produce.
//
// It never dials a real telephone, never talks to Twilio, never decides anything for the software
// under test, and keeps nothing on disk. What Twilio's pages do not settle is a switch in Uncertain,
// with the harsher answer as its zero value. What is not simulated answers 404 with Twilio's error
// body, or 400 when ignoring a parameter would change what happens; it is never silently accepted.
//
// Where to start reading:
//
//	simulator.go        what there is: Options, New, Close, and the one lock
//	routes.go           the REST API, one line per request; what works: docs/simulator-parameters.md
//	task.go             state machine of a task; reservation.go, call.go, conference.go: the same for each
//	matching.go         how a waiting task meets a free agent
//	line.go             the two ends of a call, and that a TwiML document always answers
//	script.go           a TwiML document on its way through a call; verbs.go, gather.go, record.go, dial.go: what it does
//	phone.go            how telephones and agents' softphones behave; phones/: the ready-made ones; dialin.go: people who call
//	audible.go          who hears which sounds, for package sound to make audible
//	log.go              what every party experienced: the truth that tests judge by
//	fault.go            what goes wrong, drawn from a seed; hooks.go: the same by a test's own hand
//	control.go          the side for tests and people; data.go: what exists at the start
//	clock.go            the time that is borrowed; virtualclock.go: one that moves when a test says so
//	instruction.go      what an assignment callback can order
//	agentnews.go        what the browsers of agents are told, and tunnel.go what they ask for; browser/: their wire
//	snapshot.go         everything as it is; stream.go: as it happens; page/: both for the eye
//	uncertain.go        what nobody knows about the real Twilio
//
// Words: TaskRouter's Worker is an agent here, its Activity an agent status, its Workflow a routing,
// its TaskQueue a queue. Twilio's spelling stays in JSON and form fields.
//
// References such as "A.5" or "L16" point to the sections of TWILIO.md, the project's collected facts,
// which name Twilio's own page for each.
package simulator
