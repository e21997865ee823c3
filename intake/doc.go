// Package intake is process 3: it reads requests and cancellations from Kafka and starts or signals the workflow of the
// call. A record's offset is passed only after Temporal has the call, or the dead letter topic has the record; until
// then the record keeps its place, for ever if need be. So nothing is lost, and what is read twice is told by the
// workflow's ID and started once.
//
// It decides nothing about a call: a request that is too old, say, is the workflow's to end.
//
// Start with run.go; then admit.go (what is done with a record), consumer.go (how records are read and passed) and
// gate.go (how everyone waits when Temporal does not answer).
package intake
