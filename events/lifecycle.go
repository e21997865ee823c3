package events

import (
	"encoding/json"
	"errors"
	"fmt"

	sb "switchboard"
)

// Source is the CloudEvents source of everything Switchboard publishes.
const Source = "switchboard"

// FromEvent makes the event that other systems read of a step in the life of a call. All events of one call have the
// same partition key, so they are read in order.
func FromEvent(e sb.Event) (Envelope, error) {
	source, id, err := e.Call.Split()
	if err != nil {
		return Envelope{}, fmt.Errorf("event of a call: %w", err)
	}
	if e.Data.Stage == "" || e.Sequence < 1 {
		return Envelope{}, errors.New("event of a call: the stage or the sequence number is missing")
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return Envelope{}, fmt.Errorf("event of a call: %w", err)
	}
	return Envelope{
		ID: e.ID(), Source: Source, Type: sb.EventType(e.Data.Stage), Subject: id, Time: e.Time.UTC(),
		DataSchema: schemaURN + schemaLifecycle, DataContentType: mediaTypeJSON, PartitionKey: string(e.Call),
		Extensions: map[string]string{
			"callid":        string(e.Call),
			"requestsource": source,
			"causationid":   id,
			// The extension asks for text that sorts like the numbers.
			"sequence": fmt.Sprintf("%010d", e.Sequence),
		},
		Data: data,
	}, nil
}
