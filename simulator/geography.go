package simulator

import (
	"net/url"
	"strings"
)

// addGeography adds what is told of where a party is, and the older name of the parameter (D.1). Twilio
// looks numbers up; here only the country is known, and the rest is there without a value, as it often
// is on the real one.
func addGeography(form url.Values, name, older, party string) {
	form.Set(older, party)
	for _, prefix := range []string{name, older} {
		form.Set(prefix+"City", "")
		form.Set(prefix+"State", "")
		form.Set(prefix+"Zip", "")
		form.Set(prefix+"Country", countryOf(party))
	}
}

func countryOf(party string) string {
	switch {
	case strings.HasPrefix(party, "+44"):
		return "GB"
	case strings.HasPrefix(party, "+1"):
		return "US"
	}
	return ""
}
