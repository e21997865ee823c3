package twiml

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
)

// Nothing that twilio-go can write is missing from the table. Twilio generates that library from its own
// description of TwiML. Its source is read, not imported: importing it needs another module.
func TestTheTableHasAllOfTwilioGo(t *testing.T) {
	spelled := map[string]string{ // where the generator's name is not TwiML's
		"SipRec": "Siprec", "Break": "break", "Emphasis": "emphasis", "Lang": "lang", "P": "p", "Phoneme": "phoneme", "Prosody": "prosody",
		"S": "s", "SayAs": "say-as", "Sub": "sub", "W": "w",
		"for_": "for", "interpretAs": "interpret-as", "xmlLang": "xml:lang",
	}
	twilios := func(name string) string {
		if right, wrong := spelled[name]; wrong {
			return right
		}
		return name
	}
	compared := 0
	for element, attrs := range twilioGo(t) {
		name := twilios(element)
		r, known := schema[name]
		if !known {
			t.Errorf("the table has no %s", name)
		}
		for _, attr := range attrs {
			compared++
			attr = twilios(strings.ToLower(attr[:1]) + attr[1:])
			if _, known := r.attrs[attr]; !known {
				t.Errorf("%s has no attribute %s in the table", name, attr)
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d attributes found in twilio-go", compared)
	}
}

// twilioGo are the elements that twilio-go writes, with the Go names of their attributes: what GetName
// returns, and the keys of what GetAttr does. Two kinds of Sip have one name.
func twilioGo(t *testing.T) map[string][]string {
	t.Helper()
	inModule, _ := runtime.FuncForPC(reflect.ValueOf(client.NewRequestValidator).Pointer()).FileLine(0)
	file := filepath.Join(filepath.Dir(filepath.Dir(inModule)), "twiml", "voice_response.go")
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Skipf("twilio-go's source is not here: %v", err) // built with -trimpath
	}
	names, attrs := map[string]string{}, map[string][]string{}
	for _, declared := range parsed.Decls {
		method, ok := declared.(*ast.FuncDecl)
		if !ok || method.Recv == nil {
			continue
		}
		of := method.Recv.List[0].Type.(*ast.Ident).Name
		ast.Inspect(method, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ReturnStmt:
				if text, ok := n.Results[0].(*ast.BasicLit); ok && method.Name.Name == "GetName" {
					names[of] = unquote(t, text)
				}
			case *ast.KeyValueExpr:
				if text, ok := n.Key.(*ast.BasicLit); ok && method.Name.Name == "GetAttr" {
					attrs[of] = append(attrs[of], unquote(t, text))
				}
			}
			return true
		})
	}
	elements := map[string][]string{}
	for of, name := range names {
		elements[name] = append(elements[name], attrs[of]...)
	}
	return elements
}

func unquote(t *testing.T, text *ast.BasicLit) string {
	t.Helper()
	name, err := strconv.Unquote(text.Value)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheTableIsConsistent(t *testing.T) {
	if len(schema) != len(verbs)+len(nouns)+len(ssml) {
		t.Error("an element is in the table twice")
	}
	inside := map[string]bool{"Response": true}
	for name, r := range schema {
		for _, child := range r.children {
			inside[child] = true
			if _, known := schema[child]; !known {
				t.Errorf("%s may contain a %s that the table does not have", name, child)
			}
		}
		for attr, a := range r.attrs {
			switch {
			case a.valid == nil && a.code != 0:
				t.Errorf("%s %s: a code for a value that cannot be wrong", name, attr)
			case a.valid != nil && a.wants == "":
				t.Errorf("%s %s: nobody is told what is right", name, attr)
			case a.valid != nil && a.standard != "" && !a.valid(a.standard):
				t.Errorf("%s %s: Twilio's default %q is not valid", name, attr, a.standard)
			}
			for old, now := range a.means {
				if !a.valid(old) || !a.valid(now) {
					t.Errorf("%s %s: %q stands for %q", name, attr, old, now)
				}
			}
		}
	}
	for name := range schema {
		if !inside[name] {
			t.Errorf("%s can be nowhere", name)
		}
	}
	for place, allowed := range possible {
		for _, verb := range allowed {
			if !slices.Contains(schema["Response"].children, verb) {
				t.Errorf("place %d allows %s, which is no verb", place, verb)
			}
		}
	}
}

// A real element can be told from a misspelling, also one that the simulator does not run.
func TestRealElementsAreKnown(t *testing.T) {
	for names, want := range map[string]bool{
		"Response Say Play Pause Gather Redirect Hangup Reject Dial Conference Number Client Identity Parameter Queue Record Enqueue Task Leave": true,
		"Pay Refer Connect Start Stop Stream Recording Transcription Siprec Sms Prompt Sip Sim WhatsApp Application Echo Annotate":               true,
		"say Dance Message Hangupp": false, // misspelled, or not of voice
	} {
		for _, name := range strings.Fields(names) {
			if _, got := schema[name]; got != want {
				t.Errorf("%s: %t", name, got)
			}
		}
	}
}
