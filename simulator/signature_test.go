package simulator

import (
	"net/url"
	"strings"
	"testing"
)

// The vectors were reproduced with twilio-go's validator (E.2).
func TestSignatureVectors(t *testing.T) {
	zeros := strings.Repeat("0", 32)
	one := strings.Repeat("0", 31) + "1"
	const classic = "0123456789abcdef0123456789abcdef"
	call := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "Digits": {"1234"},
		"From": {"+12349013030"}, "To": {"+18005551212"}}
	for name, v := range map[string]struct {
		token, url string
		form       url.Values
		want       string
	}{
		"1": {"12345", "https://example.com/myapp.php?foo=1&bar=2", call, "vNe7KK2kJwCsxc9K3OLkkKB3qqI="},
		"2": {"12345", "https://example.com:443/myapp.php?foo=1&bar=2", call, "rRyApp2BmeNbfvDRorL/FjZz1XY="},
		"3": {"12345", "https://example.com:8443/myapp.php?foo=1&bar=2", call, "yYR635bRJxiopbhL+rMlWrFB7JY="},
		"4": {"12345", "https://mycompany.com/myapp.php?foo=1&bar=2", url.Values{
			"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"}, "Caller": {"+14158675309"},
			"From": {"+14158675309"}, "ReasonConferenceEnded": {"test"}, "Reason": {"Participant"}}, "vOEb5UThFn24KEfnOFLQY2AE5FY="},
		"5": {classic, "https://app.example.test/task_assigned", url.Values{
			"AccountSid": {"AC" + zeros}, "ReservationSid": {"WR" + one}, "TaskAge": {"0"},
			"TaskAttributes": {`{"type":"call","name":"Zoë & co"}`}, "TaskPriority": {"0"}, "TaskSid": {"WT" + one},
			"WorkerSid": {"WK" + one}}, "g/XE4Tns2d8auHTf1jf4Cve7iLo="},
		"6": {classic, "https://app.example.test/json?bodySHA256=d5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795",
			nil, "W1xrO3O8KR2dtOmVUwBENFmwu1E="},
		"7": {classic, "https://app.example.test/twiml?CallSid=CA1&From=%2B15551112222", nil, "+0IrGWSMz9QFQ7Qyll25wemuZng="},
	} {
		if got := sign(v.token, v.url, v.form); got != v.want {
			t.Errorf("vector %s: got %s, want %s", name, got, v.want)
		}
	}
	// Over https the port is not signed, nor are credentials and overrides, ever.
	equals(t, "signature without the port", signature("12345", "https://u:p@example.com:8443/myapp.php?foo=1&bar=2#rc=2&rp=all", call),
		"vNe7KK2kJwCsxc9K3OLkkKB3qqI=")
}

func TestWhatIsSigned(t *testing.T) {
	for given, want := range map[string]string{
		"https://app.test:8443/x?a=%2B1": "https://app.test/x?a=%2B1",
		"http://app.test:8080/x":         "http://app.test:8080/x",
		"http://u:p@app.test:8080":       "http://app.test:8080",
		"https://app.test/x#rc=3":        "https://app.test/x",
		"https://[::1]:8443/x":           "https://[::1]/x",
		"https://app.test?x=a@b:1":       "https://app.test?x=a@b:1",
	} {
		equals(t, given, signedURL(given), want)
	}
}

func TestWebhooksCarryAValidSignature(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{"name":"Zoë & co"}`)
	w.newTask("Attributes", `{"type":"call"}`)
	w.advance(0)
	hooks := w.received("/assigned")
	if len(hooks) != 1 {
		t.Fatalf("assignment callbacks: got %d, want 1", len(hooks))
	}
	equals(t, "signature", hooks[0].header.Get("X-Twilio-Signature"),
		sign(DefaultAuthToken, "https://app.test/assigned", hooks[0].form))
}
