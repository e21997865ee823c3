// Package simulation plays the whole product from one number: a seed draws the requests, the people, what nobody knows
// about Twilio, and everything that goes wrong; the product (package virtual: real workflows, activities, twilio-go,
// webhook handler, and the simulated Twilio) lives through it on a virtual clock; the checkers of package truth judge
// what the people experienced. The same seed on the same commit plays the same, byte for byte.
//
// Three things are kept apart: Draw makes a Plan and knows nothing of the product; Play carries it out and judges
// nothing; truth judges and knows neither. First everything goes wrong that the plan says; then, from Plan.Heal on,
// nothing does any more, and everything must come to its end in time.
//
// Start with plan.go. The test at the root of the repository, TestSimulation, runs ranges of seeds.
package simulation
