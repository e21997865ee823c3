package twiml

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const usual = `<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <!-- a caller who waits -->
  <Say voice="Polly.Amy" language="en-GB">Thank you for calling. <break strength="weak"/> One moment please.</Say>
  <Gather numDigits="1" action="/menu?call=1&amp;try=2" timeout="3">
    <Say loop="2">Press one to be called back.</Say>
    <Pause length="2"/>
  </Gather>
  <Dial timeout="20" action="/dialled" callerId="+442079460001" answerOnBridge="true">
    <Conference startConferenceOnEnter="false" endConferenceOnExit="true" waitUrl="/music" participantLabel="user"
      statusCallback="https://app.test/conference" statusCallbackEvent="start end join leave hold modify">room 1</Conference>
  </Dial>
  <Redirect method="GET">/next</Redirect>
</Response>`

// Whatever comes, Parse does not panic, what it accepts is no larger than what came, is free of the mistakes
// it has warned of, and means the same when written again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		usual,
		`<Response><Dial>+447700900001</Dial><Dial><Client><Identity>anna</Identity><Parameter name="a" value="b"/></Client></Dial></Response>`,
		`<Response><Dial><Number sendDigits="1w2">+447700900001</Number><Number>+447700900002</Number><Queue>a</Queue></Dial></Response>`,
		`<Response><Enqueue workflowSid="` + sid("WW") + `"><Task priority="1">{"a": "b"}</Task></Enqueue><Leave/></Response>`,
		`<Response><Record transcribe="true" finishOnKey=""/><Gather finishOnKey="12" input="speech" timeout="auto"><Play digits="1">a</Play></Gather></Response>`,
		`<Response><Start><Stream url="wss://app.test"><Parameter name="a"/></Stream></Start><Connect><Room>a</Room></Connect><Pay/></Response>`,
		`<!DOCTYPE Response [<!ENTITY a "b">]><Response><Say><![CDATA[<&>]]>&#65;<p>a<s>b</s></p></Say><Play digits="1"/></Response>`,
		`<?xml version="1.0" encoding="iso-8859-1"?><Response xmlns:a="b" a:c="d"><Say xml:lang="e">` + "\xe9" + `</Say><say/></Response>`,
		`<Response><Dial record="true" timeout="x" recordingStatusCallbackEvent="y"><Conference>a</Conference><Sip>sip:a@b.test</Sip></Dial>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) { soundAndStable(t, document) })
}

// Bytes at random are seldom XML. These documents are, and made of the table: elements of TwiML where they
// belong and where not, with values right and wrong.
func TestAnyDocumentMeansTheSameWhenWrittenAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	names := append(slices.Sorted(maps.Keys(schema)), "Dance")
	values := []string{"", "true", "false", "0", "1", "30", "121", "auto", "GET", "completed", "x y", "*#", "/a?b=c&d", "https://a_b.test", sid("WW"), sid("WR"), sid("CA"), `{"a":1}`, "é\n\t \"<"}
	one := func(of []string) string { return of[random.IntN(len(of))] }
	var write func(out *strings.Builder, name string, depth int)
	write = func(out *strings.Builder, name string, depth int) {
		out.WriteString("<" + name)
		attrs := schema[name].attrs
		for _, attr := range slices.Sorted(maps.Keys(attrs)) {
			if random.IntN(3) == 0 {
				value := one(append(values, attrs[attr].standard))
				fmt.Fprintf(out, ` %s="%s"`, attr, escaped(value))
			}
		}
		out.WriteString(">")
		for range random.IntN(5) {
			children := schema[name].children
			switch {
			case depth == 0 || random.IntN(2) == 0:
				out.WriteString(escaped(one(values)))
			case len(children) > 0 && random.IntN(8) > 0:
				write(out, one(children), depth-1)
			default:
				write(out, one(names), depth-1)
			}
		}
		out.WriteString("</" + name + ">")
	}
	accepted := 0
	for range 5000 {
		var out strings.Builder
		write(&out, "Response", 5)
		if soundAndStable(t, []byte(out.String())) > 0 {
			accepted++
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d documents had a verb", accepted)
	}
}

// soundAndStable is how many verbs the document has.
func soundAndStable(t *testing.T, document []byte) int {
	t.Helper()
	d, err := Parse(document)
	if problem := (*Problem)(nil); err != nil && (!errors.As(err, &problem) || problem.Code < 12100 || problem.Code > 12102) {
		t.Fatalf("%v (%T)", err, err)
	}
	if _, err := Read("text/plain", "", document); err != nil && len(document) > 0 && len(document) <= bodyLimit {
		t.Fatalf("as plain text: %v", err)
	}
	if size := sizeOf(d.Verbs); size > 2*len(document) { // ISO-8859-1 doubles at most
		t.Fatalf("%d bytes of %d", size, len(document))
	}
	if len(d.Warnings) > len(document) {
		t.Fatalf("%d warnings of %d bytes", len(d.Warnings), len(document))
	}
	written := render(d.Verbs)
	again, err := Parse([]byte(written))
	if err != nil {
		t.Fatalf("written again: %s: %v", written, err)
	}
	for _, warning := range again.Warnings {
		if warning.Code != 14204 { // an Enqueue that has failed stays one
			t.Fatalf("written again: %s: %v", written, warning)
		}
	}
	withoutLines(d.Verbs)
	withoutLines(again.Verbs)
	if !reflect.DeepEqual(d.Verbs, again.Verbs) {
		t.Fatalf("%s\nis %#v\nand then %#v", written, d.Verbs, again.Verbs)
	}
	return len(d.Verbs)
}

func sizeOf(elements []Element) int {
	size := 0
	for _, e := range elements {
		size += len(e.Name) + len(e.Text) + sizeOf(e.Children)
		for name, value := range e.Attrs {
			size += len(name) + len(value)
		}
	}
	return size
}

func withoutLines(elements []Element) {
	for i := range elements {
		elements[i].Line = 0
		withoutLines(elements[i].Children)
	}
}

func BenchmarkParse(b *testing.B) {
	document := []byte(usual)
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for range b.N {
		if d, err := Parse(document); err != nil || len(d.Verbs) != 4 || len(d.Warnings) != 0 {
			b.Fatal(err, d)
		}
	}
}

// The largest answer that Twilio reads, and nothing in it that it wants.
func BenchmarkParseNonsense(b *testing.B) {
	document := []byte("<Response>" + strings.Repeat("<a/>", (bodyLimit-30)/4) + "</Response>")
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for range b.N {
		if d, err := Parse(document); err != nil || len(d.Verbs) != 0 {
			b.Fatal(err)
		}
	}
}
