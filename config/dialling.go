package config

import (
	"slices"
	"strings"

	"switchboard/numbers"
)

// environments are where a system can be, each with an account of its own; true: its telephones are somebody's who did
// not ask to be called, unless they are on a list.
var environments = map[string]bool{"dev": true, "test": true, "integration": true, "staging": false, "production": false}

// dialling is which numbers may be rung. In dev, test and integration those of a list alone, for testers have rung engineers
// in the night; at a simulator nobody is rung, and a list is not needed. last: whoever asks makes the dials, and must
// know where it is.
func (r *reader) dialling(last bool) numbers.Rules {
	const environmentKey, regionsKey, onlyKey = "SWITCHBOARD_ENVIRONMENT", "SWITCHBOARD_DIAL_REGIONS", "SWITCHBOARD_DIAL_ONLY"
	rules := numbers.Rules{Regions: split(r.optional(regionsKey, numbers.DefaultRegion)), Only: split(r.optional(onlyKey, ""))}
	if err := (numbers.Rules{Regions: rules.Regions}).Validate(); err != nil {
		r.wrong(regionsKey, "must be countries, separated by commas: %v", err)
	}
	if err := (numbers.Rules{Only: rules.Only}).Validate(); err != nil {
		r.wrong(onlyKey, "must be numbers, separated by commas: %v", err)
	}
	environment, real := r.optional(environmentKey, ""), r.optional("TWILIO_API_URL", "") == ""
	listedOnly, known := environments[environment]
	switch {
	case environment == "" && last && real:
		r.wrong(environmentKey, "is missing: dev, test or integration (only the numbers of %s are rung), staging or production", onlyKey)
	case environment != "" && !known:
		r.wrong(environmentKey, "must be dev, test, integration, staging or production")
	case listedOnly && last && real && len(rules.Only) == 0:
		r.wrong(onlyKey, "is missing: in %s only listed numbers are rung; name those of your own telephones, separated by commas", environment)
	}
	return rules
}

// split reads a list whose entries stand between commas.
func split(text string) []string {
	var list []string
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry != "" && !slices.Contains(list, entry) {
			list = append(list, entry)
		}
	}
	return list
}
