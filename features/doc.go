// Package features is the call process in the business's words: sentences in *.feature, each told once and played in
// three worlds. In virtual time, in one process; in a real Chromium on the whole product, where the page is read and both
// ends are heard; and on a real Twilio account. It is tests alone.
//
// Start with calls.feature. steps_test.go is what the sentences mean, world_test.go what a world has to offer.
package features
