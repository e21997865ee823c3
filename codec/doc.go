// Package codec encrypts what Temporal keeps of a call: inputs, results, signals, queries' answers, summaries and the
// texts of errors. Temporal's servers, its database and its backups then hold nothing of a caller that can be read
// without our keys, which they never see.
//
// It does not hide what Temporal must read itself: identities, names of workflows and activities, search attributes and
// times. Nothing personal may be in them, which other tests make sure of.
//
// Start with Keys (what encrypts), then Options (a client that uses them) and Server (which decrypts for Temporal's UI).
package codec
