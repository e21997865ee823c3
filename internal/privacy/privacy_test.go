package privacy

import (
	"encoding/base64"
	"testing"

	sb "switchboard"
)

var request = sb.Request{Caller: sb.Caller{Phone: "+447700900987", Name: "Xanthe Quillfeather"}, Reason: "a marzipan lorry"}

func TestAMarkIsFoundHoweverItIsWritten(t *testing.T) {
	m := Of(request, "paid in groats")
	for name, text := range map[string]string{
		"the number":            `level=INFO msg=dialled to=+447700900987`,
		"as people write it":    "rang 07700 900 987 at noon",
		"in a URL":              "GET /Calls.json?To=%2B447700900987",
		"the name":              "hello Xanthe",
		"the family name":       "Ms QUILLFEATHER rang",
		"the name in a URL":     "?name=Xanthe+Quillfeather",
		"what it is about":      `{"reason":"a marzipan lorry"}`,
		"the note":              "note: paid in groats",
		"in base64":             base64.StdEncoding.EncodeToString([]byte(`{"phone":"+447700900987"}`)),
		"in base64, one later":  base64.StdEncoding.EncodeToString([]byte(`x{"phone":"+447700900987"}`)),
		"in base64, two later":  base64.StdEncoding.EncodeToString([]byte(`xy{"phone":"+447700900987"}`)),
		"the name, in base64":   base64.StdEncoding.EncodeToString([]byte(`{"name":"Xanthe Quillfeather"}`)),
		"bytes of the protocol": "\x0a\x16json/plain\x12{\"phone\":\"+447700900987\"}",
	} {
		if len(m.In(text)) == 0 {
			t.Errorf("%s: nothing was found in %q", name, text)
		}
	}
	for _, text := range []string{"", "call/e2e/7 of +447700900986", "CA447700900", "an ordinary line of a log 2026-11-23T01:35:01Z"} {
		if found := m.In(text); len(found) > 0 {
			t.Errorf("%q: found %q", text, found)
		}
	}
}
