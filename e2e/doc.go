// Package e2e tests the whole product: real processes on a real Temporal server and a broker on disk, judged by what
// the simulator's phones experienced. It is tests alone; package dev/stack starts what they need.
//
// Start with phones_test.go for calls that are left in peace, kill_test.go for those that are not. Every call is replayed at
// the end of its test: replay_test.go, which also has the flags -record and -forgetful.
package e2e
