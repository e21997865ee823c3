// Package numbers says which telephone numbers may be rung: no emergency service, nothing that costs more than an
// ordinary call, and only what the centre allows. Intake asks it before a call is started, and the dial itself right
// before it is made.
//
// It never repeats a number: what it says of one can stand in a log, a dead letter or an error. Start with Rules.
package numbers

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// DefaultRegion is where callers are unless a centre says otherwise.
const DefaultRegion = "GB"

// Rules are what a centre allows. The zero value allows the ordinary numbers of DefaultRegion.
type Rules struct {
	// Regions are the countries whose numbers may be rung, by ISO 3166: "GB", "IE". Jersey, Guernsey and the Isle of Man
	// have the United Kingdom's country code and regions of their own (JE, GG, IM), for calls to them cost more.
	Regions []string
	// Only, if there are any, are the only numbers that may be rung: each in E.164, or the beginning of some with a star,
	// such as +447700900*.
	Only []string
}

var listed = regexp.MustCompile(`^\+[1-9][0-9]{1,14}\*?$`)

// Validate names what rules may not say. Numbers of the list are somebody's and are not repeated.
func (r Rules) Validate() error {
	var errs []error
	known := phonenumbers.GetSupportedRegions()
	for _, region := range r.Regions {
		if !known[region] {
			errs = append(errs, fmt.Errorf("%.10q is not a country's code of two capital letters, such as %s", region, DefaultRegion))
		}
	}
	for i, number := range r.Only {
		if !listed.MatchString(number) {
			errs = append(errs, fmt.Errorf("entry %d is neither a number in E.164 form nor the beginning of one with a star, such as +447700900*", i+1))
		}
	}
	return errors.Join(errs...)
}

// ordinary are the kinds of numbers that people have. All others cost the one who calls, or belong to no person.
var ordinary = map[phonenumbers.PhoneNumberType]bool{
	phonenumbers.FIXED_LINE: true, phonenumbers.MOBILE: true, phonenumbers.FIXED_LINE_OR_MOBILE: true, phonenumbers.VOIP: true,
}

var kinds = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.PREMIUM_RATE:    "a premium-rate number",
	phonenumbers.SHARED_COST:     "a shared-cost number",
	phonenumbers.PERSONAL_NUMBER: "a personal number, which costs more than it looks",
	phonenumbers.PAGER:           "a pager",
	phonenumbers.TOLL_FREE:       "a freephone number, which is a company's",
	phonenumbers.UAN:             "a company's access number",
	phonenumbers.VOICEMAIL:       "a voicemail's access number",
}

// Problem says why a number must not be rung, to follow "caller.phone: "; empty if it may be.
func (r Rules) Problem(e164 string) string {
	number, err := phonenumbers.Parse(e164, "") // no default region: a number without a country code is ambiguous
	if err != nil || phonenumbers.Format(number, phonenumbers.E164) != e164 {
		return "is not a number in E.164 form"
	}
	region := phonenumbers.GetRegionCodeForCountryCode(int(number.GetCountryCode()))
	if national := phonenumbers.GetNationalSignificantNumber(number); phonenumbers.IsEmergencyNumber(national, region) {
		return "must not be rung: it is an emergency service's"
	} else if phonenumbers.IsPossibleShortNumberForRegion(number, region) && phonenumbers.IsValidShortNumberForRegion(number, region) {
		return "must not be rung: it is a short code"
	}
	kind := phonenumbers.MOBILE
	if !fictional(e164) {
		if !phonenumbers.IsValidNumber(number) {
			return "is not a number that can exist in its country"
		}
		kind, region = phonenumbers.GetNumberType(number), phonenumbers.GetRegionCodeForNumber(number)
	}
	switch {
	case !ordinary[kind] && kinds[kind] != "":
		return "must not be rung: it is " + kinds[kind]
	case !ordinary[kind]:
		return "must not be rung: it is of no kind that people have"
	case !r.allows(region):
		return fmt.Sprintf("must not be rung: its country (%s) is not one of those that this centre calls", region)
	case len(r.Only) > 0 && !r.lists(e164):
		return "must not be rung: in this environment only listed numbers are, and it is not on the list"
	}
	return ""
}

func (r Rules) allows(region string) bool {
	if len(r.Regions) == 0 {
		return region == DefaultRegion
	}
	return slices.Contains(r.Regions, region)
}

func (r Rules) lists(e164 string) bool {
	return slices.ContainsFunc(r.Only, func(entry string) bool {
		beginning, several := strings.CutSuffix(entry, "*")
		return e164 == entry || several && strings.HasPrefix(e164, beginning)
	})
}

// Parse reads a number as people write it, with its country code. It returns the number in E.164 and its digits without
// the country code, or what is wrong with it. ok is false, and the problem empty, where it does not look like a number.
func Parse(text string) (e164, national, problem string, ok bool) {
	number, err := phonenumbers.Parse(text, "")
	if err != nil {
		return "", "", "", false
	}
	if number.GetExtension() != "" {
		return "", "", "must not have an extension", true
	}
	e164 = phonenumbers.Format(number, phonenumbers.E164)
	if !fictional(e164) && !phonenumbers.IsValidNumber(number) {
		return "", "", "is not a number that can exist in its country", true
	}
	return e164, phonenumbers.GetNationalSignificantNumber(number), "", true
}

// fictional reports whether a number is one of Ofcom's for drama, which nobody has: demonstrations and tests use them.
func fictional(e164 string) bool {
	for _, prefix := range []string{"+447700900", "+442079460"} { // 07700 900000 to 900999, 020 7946 0000 to 0999
		if strings.HasPrefix(e164, prefix) && len(e164) == len(prefix)+3 {
			return true
		}
	}
	return false
}
