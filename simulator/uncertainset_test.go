package simulator

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Every switch can be set by its name, to something else than its zero value, and has a meaning.
func TestEveryUncertaintyCanBeSet(t *testing.T) {
	help := UncertainHelp()
	fields := reflect.TypeFor[Uncertain]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if !strings.Contains(help, "\n"+name+" (") && !strings.HasPrefix(help, name+" (") || !strings.Contains(help, "    "+name) {
			t.Errorf("%s is not explained", name)
		}
		var u Uncertain
		setting := name
		switch values := uncertainValues[name]; {
		case values != nil:
			setting += "=" + values[1]
		case fields.Field(i).Type == reflect.TypeFor[time.Duration]():
			setting += "=500ms"
		}
		if err := u.Set(setting); err != nil || reflect.ValueOf(u).Field(i).IsZero() {
			t.Errorf("%s: %v, %+v", setting, err, u)
		}
	}
}

func TestUncertaintiesBySpelling(t *testing.T) {
	var u Uncertain
	for _, setting := range []string{"joinbeforeanswer=true", "JoinGap=1.5s", "EndedWhileRinging=completed", "RejectedCall=failed",
		"RejectedCall=busy", "LateLeg=LateLegHangUp", "NoWaitAfterStart", "NoWaitAfterStart=false"} {
		if err := u.Set(setting); err != nil {
			t.Error(err)
		}
	}
	equals(t, "all of them", u, Uncertain{JoinBeforeAnswer: true, JoinGap: 1500 * time.Millisecond, EndedWhileRinging: "completed", LateLeg: LateLegHangUp})
	for setting, says := range map[string]string{
		"JoinedFirst": "no uncertainty", "JoinGap=soon": "a length of time", "JoinGap": "a length of time", "JoinGap=-1s": "a length of time",
		"LateLeg=2": "LateLegNewRoom", "EndedWhileRinging=busy": "canceled, no-answer, completed", "JoinBeforeAnswer=yes": "true or false",
	} {
		if err := u.Set(setting); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %s", setting, err, says)
		}
	}
}
