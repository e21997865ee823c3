package numbers

import (
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// example is a number of some kind, made by the library: none that somebody has is written down here.
func example(t *testing.T, region string, kind phonenumbers.PhoneNumberType) string {
	t.Helper()
	n := phonenumbers.GetExampleNumberForType(region, kind)
	if n == nil {
		t.Fatalf("the library has no example of kind %d in %s", kind, region)
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

func TestWhatMayBeRung(t *testing.T) {
	mobile, ireland := example(t, "GB", phonenumbers.MOBILE), example(t, "IE", phonenumbers.MOBILE)
	for name, c := range map[string]struct {
		rules  Rules
		number string
		says   string // of the problem; empty: it may be rung
	}{
		"fictional mobile":      {Rules{}, "+447700900123", ""},
		"fictional London":      {Rules{}, "+442079460999", ""},
		"mobile":                {Rules{}, mobile, ""},
		"fixed":                 {Rules{}, example(t, "GB", phonenumbers.FIXED_LINE), ""},
		"VoIP":                  {Rules{}, example(t, "GB", phonenumbers.VOIP), ""},
		"premium":               {Rules{}, example(t, "GB", phonenumbers.PREMIUM_RATE), "premium-rate"},
		"shared cost":           {Rules{Regions: []string{"DE"}}, example(t, "DE", phonenumbers.SHARED_COST), "shared-cost"},
		"personal":              {Rules{}, example(t, "GB", phonenumbers.PERSONAL_NUMBER), "personal number"},
		"pager":                 {Rules{}, example(t, "GB", phonenumbers.PAGER), "pager"},
		"freephone":             {Rules{}, example(t, "GB", phonenumbers.TOLL_FREE), "freephone"},
		"access number":         {Rules{}, example(t, "GB", phonenumbers.UAN), "access number"},
		"premium where allowed": {Rules{Regions: []string{"DE"}}, example(t, "DE", phonenumbers.PREMIUM_RATE), "premium-rate"},
		"premium on the list":   {Rules{Only: []string{example(t, "GB", phonenumbers.PREMIUM_RATE)}}, example(t, "GB", phonenumbers.PREMIUM_RATE), "premium-rate"},
		"emergency":             {Rules{}, "+44999", "emergency"},
		"emergency, Europe's":   {Rules{}, "+44112", "emergency"},
		"emergency elsewhere":   {Rules{Regions: []string{"US"}}, "+1911", "emergency"},
		"short code":            {Rules{}, "+44111", "short code"},
		"another country":       {Rules{}, ireland, "(IE)"},
		"a country added":       {Rules{Regions: []string{"GB", "IE"}}, ireland, ""},
		"the country left out":  {Rules{Regions: []string{"IE"}}, mobile, "(GB)"},
		"fictional, left out":   {Rules{Regions: []string{"IE"}}, "+447700900123", "(GB)"},
		"Jersey":                {Rules{}, example(t, "JE", phonenumbers.MOBILE), "(JE)"},
		"listed":                {Rules{Only: []string{"+447700900123"}}, "+447700900123", ""},
		"listed by beginning":   {Rules{Only: []string{"+442079460000", "+447700900*"}}, "+447700900123", ""},
		"not listed":            {Rules{Only: []string{"+447700900123"}}, "+447700900124", "not on the list"},
		"longer than listed":    {Rules{Only: []string{"+44770090012"}}, "+447700900123", "not on the list"},
		"listed, another land":  {Rules{Only: []string{ireland}}, ireland, "(IE)"},
		"cannot exist":          {Rules{}, "+447700", "can exist"},
		"a softphone":           {Rules{}, "client:anna", "E.164"},
		"a SIP address":         {Rules{}, "sip:+447700900123@example.test", "E.164"},
		"spaces":                {Rules{}, "+44 7700 900123", "E.164"},
		"nothing":               {Rules{}, "", "E.164"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.rules.Problem(c.number)
			if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
				t.Errorf("got %q, want %q in it", got, c.says)
			}
			if digits := strings.TrimPrefix(c.number, "+44"); len(digits) > 3 && strings.Contains(got, digits) {
				t.Errorf("the number is repeated: %s", got)
			}
		})
	}
}

// In no country is an emergency number rung, whatever is allowed.
func TestNoEmergencyNumberAnywhere(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		code := phonenumbers.GetCountryCodeForRegion(region)
		for _, short := range []string{"110", "112", "911", "999", "000", "15", "17", "18"} {
			number := "+" + strconv.Itoa(code) + short
			if (Rules{Regions: []string{region}}).Problem(number) == "" {
				t.Errorf("%s of %s may be rung", short, region)
			}
		}
	}
}

func TestRulesThatMakeNoSense(t *testing.T) {
	err := Rules{Regions: []string{"GB", "UK"}, Only: []string{"+447700900123", "07700 900123", "*", "+44*7"}}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"UK"`, "entry 2", "entry 3", "entry 4"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "7700 900123") {
		t.Errorf("a number is repeated: %v", err)
	}
	if err := (Rules{Regions: []string{"GB", "IE"}, Only: []string{"+447700900123", "+44*"}}).Validate(); err != nil {
		t.Error(err)
	}
}
