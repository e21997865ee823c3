package events

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	sb "switchboard"
)

// Schemas holds the JSON Schemas of the data of every event, for whoever documents or serves them.
//
//go:embed schemas/*.json
var Schemas embed.FS

const (
	schemaRequested = "call.requested.v1"
	schemaCancelled = "call.cancelled.v1"
	schemaLifecycle = "call.lifecycle.v1"

	schemaURN = "urn:switchboard:schema:"
)

var compiledSchemas = sync.OnceValue(func() map[string]*jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.AssertFormat() // off by default in 2020-12
	schemas := map[string]*jsonschema.Schema{}
	for _, name := range []string{schemaRequested, schemaCancelled, schemaLifecycle} {
		text, err := Schemas.ReadFile("schemas/" + name + ".json")
		if err != nil {
			panic(err) // embedded: cannot be missing
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			panic(err)
		}
		if err := c.AddResource(schemaURN+name, doc); err != nil {
			panic(err)
		}
		schemas[name] = c.MustCompile(schemaURN + name)
	}
	return schemas
})

// validate checks data against a schema. The error names each field that is wrong, as *sb.FieldErrors joined.
func validate(schema string, data json.RawMessage) error {
	// Numbers become float64 rather than exact ones: an exact 1e999999999 would fill the memory.
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return &sb.FieldError{Field: "data", Problem: "must be valid JSON with numbers of ordinary size"}
	}
	err := compiledSchemas()[schema].Validate(v)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return &sb.FieldError{Field: "data", Problem: "cannot be checked against the schema " + schema}
	}
	var fields []*sb.FieldError
	collect(invalid, &fields)
	slices.SortStableFunc(fields, func(a, b *sb.FieldError) int { return strings.Compare(a.Field, b.Field) })
	fields = slices.CompactFunc(fields, func(a, b *sb.FieldError) bool { return *a == *b })
	more := len(fields) - maxProblems
	if more > 0 {
		fields = fields[:maxProblems]
	}
	errs := make([]error, len(fields))
	for i, f := range fields {
		errs[i] = f
	}
	if more > 0 {
		errs = append(errs, &sb.FieldError{Field: "data", Problem: fmt.Sprintf("has %d more problems", more)})
	}
	return errors.Join(errs...)
}

// maxProblems is how many wrong fields are named. Data may have a hundred thousand, and a reason with all of them would
// be too large for the dead letters, which the record would then wait for for ever.
const maxProblems = 20

// collect says in our words what the leaves of a validation error mean. The library's words repeat values.
func collect(e *jsonschema.ValidationError, fields *[]*sb.FieldError) {
	for _, cause := range e.Causes {
		collect(cause, fields)
	}
	if len(e.Causes) > 0 {
		return
	}
	at := fieldPath(e.InstanceLocation)
	wrong := func(field, format string, args ...any) {
		*fields = append(*fields, &sb.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			wrong(join(at, name), "is missing")
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			wrong(join(at, safeName(name)), "is not a field of this event; is it misspelt?")
		}
	case *kind.Type:
		wrong(orData(at), "must be %s, not %s", article(strings.Join(k.Want, " or ")), article(k.Got))
	case *kind.Format:
		wrong(orData(at), "must be a %s such as 2026-11-22T15:04:05Z", k.Want)
	case *kind.MinLength:
		wrong(orData(at), "must have at least %d characters", k.Want)
	case *kind.MaxLength:
		wrong(orData(at), "is longer than %d characters", k.Want)
	case *kind.MaxItems:
		wrong(orData(at), "are more than %d", k.Want)
	case *kind.Minimum:
		wrong(orData(at), "must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		wrong(orData(at), "must be at most %s", k.Want.RatString())
	case *kind.Pattern:
		wrong(orData(at), "%s", patternProblem(at))
	default:
		wrong(orData(at), "breaks the schema's rule %q", strings.Join(e.ErrorKind.KeywordPath(), "/"))
	}
}

func patternProblem(field string) string {
	switch field {
	case "caller.phone":
		return "must be an international number: a plus sign, the country code and the number, such as +44 7700 900123"
	case "caller.locale":
		return "must be a language tag such as en-GB"
	}
	return "has not the form the schema asks for"
}

func fieldPath(tokens []string) string {
	var path string
	for _, token := range tokens {
		if _, err := strconv.Atoi(token); err == nil {
			path += "[" + token + "]"
		} else {
			path = join(path, safeName(token))
		}
	}
	return path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orData(path string) string {
	if path == "" {
		return "data"
	}
	return path
}

func article(jsonType string) string {
	switch jsonType {
	case "null":
		return jsonType
	case "array", "object", "integer":
		return "an " + jsonType
	default:
		return "a " + jsonType
	}
}
