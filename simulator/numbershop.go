package simulator

import (
	"fmt"
	"strings"
)

// The shop window of numbers: Ofcom's numbers for drama, which are nobody's and never will be. Other
// countries have none here, though any number can be bought.

// ranges are the numbers on show in GB, by kind.
var ranges = map[string]string{"Local": "+44207946%04d", "Mobile": "+447700900%03d"}

const (
	numbersInRange = 1000
	numbersOnShow  = 30
)

func (r *request) shopURI() string { return r.account.uri() + "/AvailablePhoneNumbers" }

func (r *request) britain() object {
	uri := r.shopURI() + "/GB"
	return object{
		"country_code": "GB", "country": "United Kingdom", "beta": false, "uri": uri + ".json",
		"subresource_uris": object{"local": uri + "/Local.json", "mobile": uri + "/Mobile.json"},
	}
}

// listCountries answers with a list that has none of the fields of pages, as documented.
func listCountries(s *Simulator, r *request) (reply, *apiError) {
	res, err := s.list2010(r, "countries", listing{{"GB", r.britain}})
	if err != nil {
		return reply{}, err
	}
	all := res.body.(object)
	return okay(object{"countries": all["countries"], "uri": all["uri"]}), nil
}

func fetchCountry(_ *Simulator, r *request) (reply, *apiError) {
	if r.vars["CC"] != "GB" {
		return reply{}, notFound(r.path)
	}
	return okay(r.britain()), nil
}

// listAvailable shows the first numbers of a kind that nobody has and that fit.
func listAvailable(kind string) handler {
	return func(s *Simulator, r *request) (reply, *apiError) {
		fits := true
		for _, capability := range []string{"voice", "sms", "mms", "fax"} {
			has := capabilities[capability]
			fits = r.boolean(strings.ToUpper(capability[:1])+capability[1:]+"Enabled", has) == has && fits
		}
		for _, harmless := range []string{"Beta", "ExcludeAllAddressRequired", "ExcludeLocalAddressRequired", "ExcludeForeignAddressRequired"} {
			r.boolean(harmless, false) // no number here is new, and none needs an address
		}
		contains := r.text("Contains")
		if r.err != nil {
			return reply{}, r.err
		}
		var rows listing
		for i := 0; i < numbersInRange && len(rows) < numbersOnShow && fits && r.vars["CC"] == "GB"; i++ {
			number := fmt.Sprintf(ranges[kind], i)
			if owner, _ := s.numberOwner(number); owner == nil && matchesPattern(contains, number) {
				rows.add(number, func() object { return availableBody(number) })
			}
		}
		return s.list2010(r, "available_phone_numbers", rows)
	}
}

func availableBody(number string) object {
	return object{
		"friendly_name": number, "phone_number": number, "iso_country": "GB", "address_requirements": "none", "beta": false,
		"capabilities": capabilities, "locality": nil, "region": nil, "postal_code": nil,
		"lata": nil, "rate_center": nil, "latitude": nil, "longitude": nil, // of the US and Canada
	}
}

// capabilities of every number here.
var capabilities = map[string]bool{"voice": true, "sms": true, "mms": false, "fax": false}
