// Package desktop serves the agents' page: the bundle that is built from page/, sign-in, the access tokens with which
// the page reaches Twilio, what it may know of and do to a call, and whether a softphone is there at all.
//
// It never takes the agent's identity from the browser's word: that is in a signed cookie, and every answer follows
// from it. It decides nothing about calls; their workflows do. It keeps nothing but who has a page open, and that only
// to put an agent aside whose softphone has gone. If that is lost with the process, pages that are alive connect again
// and say it anew; the agent of a page that died at the same time is put aside by the first call that is not answered.
//
// Start with server.go (the routes), then session.go and oidc.go (who it is), call.go (what becomes of a call),
// presence.go (whether the softphone is there).
package desktop
