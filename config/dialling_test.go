package config

import (
	"slices"
	"strings"
	"testing"
)

func TestWhichNumbersMayBeRung(t *testing.T) {
	const environment, regions, only, api = "SWITCHBOARD_ENVIRONMENT", "SWITCHBOARD_DIAL_REGIONS", "SWITCHBOARD_DIAL_ONLY", "TWILIO_API_URL"
	for name, c := range map[string]struct {
		changes        map[string]string
		worker, intake string // what is wrong; empty: nothing
	}{
		"production":                       {map[string]string{environment: "production"}, "", ""},
		"staging":                          {map[string]string{environment: "staging"}, "", ""},
		"not told":                         {map[string]string{environment: ""}, environment + " is missing", ""},
		"not told, at a simulator":         {map[string]string{environment: "", api: "http://127.0.0.1:8090"}, "", ""},
		"unheard of":                       {map[string]string{environment: "qa"}, environment + " must be", environment + " must be"},
		"dev without a list":               {map[string]string{environment: "dev"}, only + " is missing", ""},
		"integration without a list":       {map[string]string{environment: "integration"}, only + " is missing", ""},
		"dev without a list, at simulator": {map[string]string{environment: "dev", api: "http://127.0.0.1:8090"}, "", ""},
		"dev with a list":                  {map[string]string{environment: "dev", only: "+447700900123, +442079460*"}, "", ""},
		"a list that is none":              {map[string]string{only: "07700 900123"}, only + " must be", only + " must be"},
		"countries":                        {map[string]string{regions: "GB,IE"}, "", ""},
		"a country that is none":           {map[string]string{regions: "UK"}, regions + " must be", regions + " must be"},
	} {
		t.Run(name, func(t *testing.T) {
			w, workerErr := LoadWorker(lookup(with(c.changes)))
			i, intakeErr := LoadIntake(lookup(with(c.changes)))
			for err, want := range map[error]string{workerErr: c.worker, intakeErr: c.intake} {
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
				if err != nil && strings.Contains(err.Error(), "900123") {
					t.Errorf("a number is repeated: %v", err)
				}
			}
			if !slices.Equal(w.Dialling.Only, i.Dialling.Only) || !slices.Equal(w.Dialling.Regions, i.Dialling.Regions) {
				t.Errorf("worker and intake differ: %+v, %+v", w.Dialling, i.Dialling)
			}
			if list := c.changes[only]; strings.Contains(list, "*") && !slices.Equal(w.Dialling.Only, []string{"+447700900123", "+442079460*"}) {
				t.Errorf("got %q", w.Dialling.Only)
			}
		})
	}
}
