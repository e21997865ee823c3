package events

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

// Envelope is a CloudEvents 1.0 event with JSON data.
type Envelope struct {
	ID      string // unique within Source
	Source  string
	Type    string
	Subject string
	// Time is when it happened. Decode takes Kafka's timestamp of the record if the event does not say.
	Time            time.Time
	DataSchema      string
	DataContentType string // "" means application/json
	// PartitionKey becomes the record's key: events of one key stay in order.
	PartitionKey string
	// Extensions are all other attributes, names in lower case.
	Extensions map[string]string
	Data       json.RawMessage
}

// Mode is how an event is laid out in a Kafka record.
type Mode int

const (
	// Binary puts attributes into headers (ce_id, …) and the data alone into the value. What we publish.
	Binary Mode = iota
	// Structured puts all of it into the value as one JSON object.
	Structured
)

// Class groups errors for whoever counts them.
type Class string

const (
	NotAnEvent  Class = "not_an_event" // the record is no CloudEvent
	Unsupported Class = "unsupported"  // an event, but of a kind that is not taken here
	BadEvent    Class = "bad_event"    // an attribute is missing or malformed
	BadData     Class = "bad_data"     // the data break the schema or the rules
)

// Error says why a record is not taken. No retry can help: somebody has to send another event.
type Error struct {
	Class Class
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

func reject(class Class, format string, args ...any) error {
	return &Error{class, fmt.Errorf(format, args...)}
}

const (
	headerPrefix     = "ce_"
	headerMediaType  = "content-type"
	specVersion      = "1.0"
	mediaTypeJSON    = "application/json"
	mediaTypeEvent   = "application/cloudevents+json"
	mediaTypeBatch   = "application/cloudevents-batch+json"
	prefixCloudEvent = "application/cloudevents"
)

// Decode reads an event from a record in binary or structured mode. Its error is an *Error.
func Decode(m kafka.Message) (Envelope, error) {
	headers := map[string]string{}
	for _, h := range m.Headers {
		name := strings.ToLower(h.Key)
		if name != headerMediaType && !strings.HasPrefix(name, headerPrefix) {
			continue // not ours, whatever it holds
		}
		if before, twice := headers[name]; twice && before != string(h.Value) {
			return Envelope{}, reject(BadEvent, "the header %s is given twice with different values", safeName(name))
		}
		headers[name] = string(h.Value)
	}
	mediaType, err := parseMediaType(headers[headerMediaType])
	if err != nil {
		return Envelope{}, err
	}
	var e Envelope
	switch {
	case mediaType == mediaTypeEvent:
		e, err = decodeStructured(m.Value)
	case mediaType == mediaTypeBatch:
		err = reject(Unsupported, "batch mode is not supported: send each event in a record of its own")
	case strings.HasPrefix(mediaType, prefixCloudEvent):
		err = reject(Unsupported, "the content-type is a form of CloudEvents other than JSON")
	default:
		e, err = decodeBinary(headers, mediaType, m.Value)
	}
	if err != nil {
		return Envelope{}, err
	}
	if e.Time.IsZero() {
		e.Time = m.Time
	}
	if year := e.Time.UTC().Year(); year < 1 || year > 9999 { // JSON has no others: nobody could be told of it
		return Envelope{}, reject(BadEvent, "the time is not within the years 1 to 9999")
	}
	return e, nil
}

func parseMediaType(header string) (string, error) {
	if header == "" {
		return "", nil
	}
	mediaType, _, err := mime.ParseMediaType(header)
	if err != nil {
		return "", reject(BadEvent, "the content-type cannot be read: it must be application/json or application/cloudevents+json")
	}
	return mediaType, nil
}

func isJSON(mediaType string) bool {
	return mediaType == mediaTypeJSON || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

func decodeBinary(headers map[string]string, mediaType string, value []byte) (Envelope, error) {
	attributes := map[string]string{}
	for name, v := range headers {
		if attribute, ok := strings.CutPrefix(name, headerPrefix); ok {
			attributes[attribute] = v
		}
	}
	if len(attributes) == 0 {
		return Envelope{}, reject(NotAnEvent, "the record is not a CloudEvent: "+
			"it has neither ce_ headers (binary mode) nor the content-type application/cloudevents+json (structured mode)")
	}
	// Some libraries send the media type twice; on Kafka the header content-type is the one that counts.
	if mediaType == "" && attributes["datacontenttype"] != "" {
		var err error
		if mediaType, err = parseMediaType(attributes["datacontenttype"]); err != nil {
			return Envelope{}, err
		}
	}
	if mediaType != "" && !isJSON(mediaType) {
		return Envelope{}, reject(Unsupported, "the content-type is not JSON: send the data as application/json")
	}
	attributes["datacontenttype"] = mediaType
	if len(value) > 0 && !json.Valid(value) {
		return Envelope{}, reject(BadData, "the data is not valid JSON")
	}
	return fromAttributes(attributes, headerPrefix, value)
}

func decodeStructured(value []byte) (Envelope, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil || members == nil {
		if err == nil || json.Valid(value) {
			return Envelope{}, reject(NotAnEvent, "the value is not a JSON object, as structured mode asks for")
		}
		return Envelope{}, reject(NotAnEvent, "the value is not valid JSON, as structured mode asks for")
	}
	data, err := structuredData(members)
	if err != nil {
		return Envelope{}, err
	}
	attributes := map[string]string{}
	for name, raw := range members {
		v, err := attributeText(raw)
		if err != nil {
			return Envelope{}, reject(BadEvent, "%s: %w", safeName(name), err)
		}
		if v != "" {
			attributes[name] = v
		}
	}
	if ct := attributes["datacontenttype"]; ct != "" {
		mediaType, err := parseMediaType(ct)
		if err != nil {
			return Envelope{}, err
		}
		if !isJSON(mediaType) {
			return Envelope{}, reject(Unsupported, "the datacontenttype is not JSON: send the data as application/json")
		}
		attributes["datacontenttype"] = mediaType
	}
	return fromAttributes(attributes, "", data)
}

// structuredData takes the data out of members, leaving the attributes.
func structuredData(members map[string]json.RawMessage) (json.RawMessage, error) {
	data, encoded := members["data"], members["data_base64"]
	delete(members, "data")
	delete(members, "data_base64")
	if len(encoded) == 0 || isNull(encoded) {
		if isNull(data) {
			data = nil
		}
		return data, nil
	}
	if len(data) > 0 && !isNull(data) {
		return nil, reject(BadEvent, "both data and data_base64 are given")
	}
	var text string
	if json.Unmarshal(encoded, &text) != nil {
		return nil, reject(BadEvent, "data_base64 is not a string")
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, reject(BadEvent, "data_base64 is not base64")
	}
	if len(decoded) > 0 && !json.Valid(decoded) {
		return nil, reject(BadData, "the data is not valid JSON")
	}
	return decoded, nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

// attributeText is the canonical text of an attribute: a string, a boolean or an integer of 32 bits.
func attributeText(raw json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", errors.New("must be a string, a boolean or an integer")
	}
	switch v := v.(type) {
	case nil:
		return "", nil // the same as absent
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= math.MaxInt32 {
			return strconv.Itoa(int(v)), nil
		}
	}
	return "", errors.New("must be a string, a boolean or an integer of 32 bits")
}

// fromAttributes makes an event of its attributes; prefix is how they are called where they were read.
func fromAttributes(attributes map[string]string, prefix string, data []byte) (Envelope, error) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v := attributes[name]
		if !sb.Plain(v) {
			return Envelope{}, reject(BadEvent, "%s%s holds control characters or is not UTF-8", prefix, safeName(name))
		}
	}
	take := func(name string) string {
		v := attributes[name]
		delete(attributes, name)
		return v
	}
	switch take("specversion") {
	case specVersion:
	case "":
		return Envelope{}, reject(NotAnEvent, "%sspecversion is missing: the record is not a CloudEvent", prefix)
	default:
		return Envelope{}, reject(Unsupported, "%sspecversion is not %s, the only version that is supported", prefix, specVersion)
	}
	e := Envelope{
		ID: take("id"), Source: take("source"), Type: take("type"), Subject: take("subject"),
		DataSchema: take("dataschema"), DataContentType: take("datacontenttype"), PartitionKey: take("partitionkey"),
	}
	for _, required := range []struct{ name, value string }{{"id", e.ID}, {"source", e.Source}, {"type", e.Type}} {
		if required.value == "" {
			return Envelope{}, reject(BadEvent, "%s%s is missing", prefix, required.name)
		}
	}
	if text := take("time"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.IsZero() {
			return Envelope{}, reject(BadEvent, "%stime is not a time such as 2026-11-22T15:04:05Z", prefix)
		}
		e.Time = at.UTC()
	}
	if len(attributes) > 0 {
		e.Extensions = attributes
	}
	if len(data) > 0 {
		e.Data = data
	}
	return e, nil
}

// safeName is a name that a sender chose, fit to be repeated in an error: names may be shown, values may not, and a
// name that does not look like one may be a value.
func safeName(name string) string {
	digits := 0
	for i, r := range name {
		letter := r == '_' || r == '-' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		digit := '0' <= r && r <= '9'
		if digit {
			digits++
		}
		if i >= 40 || digits > 4 || !letter && !digit {
			return "(a name that is not shown)"
		}
	}
	if name == "" {
		return "(an empty name)"
	}
	return name
}

// Encode lays an event out as a record. The record has no topic and no time: the writer sets them.
func Encode(e Envelope, mode Mode) kafka.Message {
	var m kafka.Message
	if e.PartitionKey != "" {
		m.Key = []byte(e.PartitionKey)
	}
	type attribute struct{ name, value string }
	attributes := []attribute{
		{"specversion", specVersion}, {"id", e.ID}, {"source", e.Source}, {"type", e.Type}, {"subject", e.Subject},
		{"time", formatTime(e.Time)}, {"dataschema", e.DataSchema}, {"partitionkey", e.PartitionKey},
	}
	for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
		attributes = append(attributes, attribute{name, e.Extensions[name]})
	}
	attributes = slices.DeleteFunc(attributes, func(a attribute) bool { return a.value == "" })
	dataMediaType := e.DataContentType
	if dataMediaType == "" && len(e.Data) > 0 {
		dataMediaType = mediaTypeJSON
	}
	if mode == Structured {
		if dataMediaType != "" {
			attributes = append(attributes, attribute{"datacontenttype", dataMediaType})
		}
		var value bytes.Buffer
		value.WriteByte('{')
		for i, a := range attributes {
			if i > 0 {
				value.WriteByte(',')
			}
			name, _ := json.Marshal(a.name) // a string always marshals
			text, _ := json.Marshal(a.value)
			fmt.Fprintf(&value, "%s:%s", name, text)
		}
		if len(e.Data) > 0 {
			fmt.Fprintf(&value, `,"data":%s`, e.Data)
		}
		value.WriteByte('}')
		m.Value = value.Bytes()
		m.Headers = []kafka.Header{{Key: headerMediaType, Value: []byte(mediaTypeEvent)}}
		return m
	}
	for _, a := range attributes {
		m.Headers = append(m.Headers, kafka.Header{Key: headerPrefix + a.name, Value: []byte(a.value)})
	}
	if dataMediaType != "" {
		m.Headers = append(m.Headers, kafka.Header{Key: headerMediaType, Value: []byte(dataMediaType)})
	}
	m.Value = e.Data
	return m
}

func formatTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}
