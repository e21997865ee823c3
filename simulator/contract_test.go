package simulator

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The contract: what every route of the REST API takes and answers is what Twilio documents for it, no
// more and no less. Twilio's documentation that a program can read is its OpenAPI; twilio-go is
// generated from it, so its types are what routes are compared with.

// contract is what Twilio documents of one route, and a request that shows what the simulator makes of it.
type contract struct {
	route  string
	params any // twilio-go's Params struct; nil: the request has none
	answer any // the type of the answer, of a whole list for lists; nil: no body

	// world makes what the path and the request name, {WS} or {WK}; nil: the product's own. A variable
	// of the path that it does not make is a text that finds nothing.
	world  func(*world) map[string]string
	send   []string // the fields of the request, {…} filled in
	null   string   // fields of this answer that may be null, with spaces between
	beyond string   // parameters the route takes although the OpenAPI does not have them: say why
}

// contracts is one row per route. Add the rows of a product in a file of their own.
func contracts() []contract {
	return slices.Concat(taskRouterContracts(), apiContracts())
}

// withoutContract are routes that wait for their row. It must only shrink.
var withoutContract = []string{}

// enums are the values of fields that have a list of them in the OpenAPI; twilio-go has no such lists.
// By the name of the twilio-go type and the field.
var enums = map[string]string{
	"TaskrouterV1Task.assignment_status":               "pending reserved assigned canceled completed wrapping",
	"TaskrouterV1TaskQueue.task_order":                 "FIFO LIFO",
	"TaskrouterV1TaskReservation.reservation_status":   "pending accepted rejected timeout canceled rescinded wrapping completed",
	"TaskrouterV1WorkerReservation.reservation_status": "pending accepted rejected timeout canceled rescinded wrapping completed",
	"TaskrouterV1Workspace.prioritize_queue_order":     "FIFO LIFO",
}

func TestEveryRouteHasAContract(t *testing.T) {
	rows := map[string]int{}
	for _, c := range contracts() {
		rows[c.route]++
	}
	for _, route := range withoutContract {
		if rows[route] > 0 {
			t.Errorf("%s has its row: take it out of withoutContract", route)
		}
		rows[route]++
	}
	for _, r := range restRoutes() {
		if rows[r.String()] == 0 {
			t.Errorf("%s: add its row to contracts()", r)
		}
		delete(rows, r.String())
	}
	for route := range rows {
		t.Errorf("%s is not a route", route)
	}
}

func TestRoutesTakeWhatTwilioDocuments(t *testing.T) {
	for _, c := range contracts() {
		r := routeOf(t, c)
		documented := append(strings.Fields(c.beyond), parametersOf(c.params)...)
		for _, name := range documented {
			if _, declared := r.known[name]; !declared {
				t.Errorf("%s: %s is documented: name it in takes or refuses", r, name)
			}
		}
		for name := range r.known {
			if !slices.Contains(documented, name) && !slices.Contains(strings.Fields(paging), name) {
				t.Errorf("%s: %s is not a documented parameter", r, name)
			}
		}
		for _, name := range strings.Fields(r.takes) {
			if slices.Contains(strings.Fields(r.refuses), name) {
				t.Errorf("%s both takes and refuses %s", r, name)
			}
		}
	}
}

// A parameter that is declared and not read is silently ignored; one that is read and not declared is
// refused before it can be read.
func TestHandlersReadWhatTheirRoutesTake(t *testing.T) {
	for _, c := range contracts() {
		t.Run(c.route, func(t *testing.T) {
			r, w := routeOf(t, c), newWorld(t, Options{})
			w.keep(c)
			read := w.sim.read[c.route]
			for name, taken := range r.known {
				if taken && !read[name] && !slices.Contains(strings.Fields(c.beyond), name) {
					t.Errorf("takes %s, but its handler does not ask for it", name)
				}
			}
			for name := range read {
				if !r.known[name] {
					t.Errorf("does not take %s, but its handler asks for it", name)
				}
			}
		})
	}
}

func TestAnswersAreWhatTwilioDocuments(t *testing.T) {
	for _, c := range contracts() {
		t.Run(c.route, func(t *testing.T) {
			a := newWorld(t, Options{}).keep(c)
			if c.answer == nil {
				if a.body != nil {
					t.Errorf("got %v, want no body", a.body)
				}
				return
			}
			text, err := json.Marshal(a.body)
			if err != nil {
				t.Fatal(err)
			}
			strict := json.NewDecoder(strings.NewReader(string(text)))
			strict.DisallowUnknownFields()
			if err := strict.Decode(reflect.New(reflect.TypeOf(c.answer)).Interface()); err != nil {
				t.Errorf("twilio-go cannot read it: %v", err)
			}
			check := answerCheck{t, append(strings.Fields(c.null), mayEnd...)}
			check.object("", a.body, reflect.TypeOf(c.answer))
		})
	}
}

// mayEnd are the links of a list, null at its ends.
var mayEnd = []string{"next_page_url", "previous_page_url", "next_page_uri", "previous_page_uri"}

// keep makes the request of a contract in a fresh world, and expects it to succeed. What its handler
// asked for is in w.sim.read.
func (w *world) keep(c contract) answer {
	w.t.Helper()
	prepare := c.world
	if prepare == nil {
		prepare = taskRouterWorld
	}
	vars := prepare(w)
	vars["AC"] = DefaultAccountSID
	r := routeOf(w.t, c)
	fill := func(text string) string {
		for name, value := range vars {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		return text
	}
	fields := make([]string, len(c.send))
	for i, text := range c.send {
		fields[i] = fill(text)
	}
	w.sim.read = map[string]map[string]bool{c.route: {}}
	a := w.request(r.method, "https://"+r.product+".twilio.com"+fill(r.pattern), http.Header{}, fields...)
	want := map[string]int{"GET": http.StatusOK, "POST": http.StatusOK, "DELETE": http.StatusNoContent}[r.method]
	creates := r.method == "POST" && !strings.HasPrefix(r.segments[len(r.segments)-1], "{")
	if creates {
		want = http.StatusCreated
	}
	if a.err != nil || a.status != want {
		w.t.Fatalf("%s: got %d %v %v, want %d", r, a.status, a.body, a.err, want)
	}
	return a
}

func routeOf(t *testing.T, c contract) route {
	t.Helper()
	for _, r := range restRoutes() {
		if r.String() == c.route {
			return r
		}
	}
	t.Fatalf("%s is not a route", c.route)
	return route{}
}

// parametersOf are the names in a Params struct of twilio-go, without those of its own.
func parametersOf(params any) []string {
	if params == nil {
		return nil
	}
	var names []string
	for field := range fieldsOf(reflect.TypeOf(params)) {
		if !slices.Contains([]string{"PathAccountSid", "PageSize", "limit"}, field) {
			names = append(names, field)
		}
	}
	slices.Sort(names)
	return names
}

// fieldsOf are the JSON names of a struct's fields. The generator escapes the "<" in "StartTime<".
func fieldsOf(of reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		fields[html.UnescapeString(name)] = of.Field(i).Type
	}
	return fields
}

// answerCheck goes through an answer next to the type that documents it: every field is there, and
// looks like what it is.
type answerCheck struct {
	t    *testing.T
	null []string
}

func (c answerCheck) object(path string, got map[string]any, want reflect.Type) {
	for name, kind := range fieldsOf(want) {
		value, there := got[name]
		switch {
		case !there:
			c.t.Errorf("%s%s is missing", path, name)
		case value == nil && (kind.Kind() != reflect.Pointer || !slices.Contains(c.null, name)):
			c.t.Errorf("%s%s is null", path, name)
		case value != nil:
			c.value(path+name, name, value, kind)
			c.enum(path+name, enums[want.Name()+"."+name], value)
		}
	}
}

func (c answerCheck) value(path, name string, value any, want reflect.Type) {
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		if want.Kind() == reflect.Struct {
			c.object(path+".", v, want)
			return
		}
		if len(v) == 0 {
			c.t.Errorf("%s is empty", path)
		}
		if name == "links" {
			for link, address := range v {
				c.shape(path+"."+link, "url", fmt.Sprint(address))
			}
		}
	case []any:
		if len(v) == 0 {
			c.t.Errorf("%s is empty: the world of this contract should have one", path)
		}
		for _, item := range v {
			if object, isObject := item.(map[string]any); isObject && want.Elem().Kind() == reflect.Struct {
				c.object(path+"[].", object, want.Elem())
			}
		}
	case string:
		if want == reflect.TypeFor[time.Time]() {
			name = "iso8601"
		}
		c.shape(path, name, v)
	}
}

var (
	sidShape     = regexp.MustCompile(`^[A-Z]{2}[0-9a-f]{32}$`)
	isoShape     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	rfc2822Shape = regexp.MustCompile(`^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$`)
)

// shape checks a text by the name of its field.
func (c answerCheck) shape(path, name, text string) {
	ok := true
	switch {
	case name == "iso8601":
		ok = isoShape.MatchString(text)
	case name == "sid" || strings.HasSuffix(name, "_sid"):
		ok = sidShape.MatchString(text)
	case strings.HasPrefix(name, "date_"), name == "start_time", name == "end_time": // of the 2010 API (A.1)
		ok = rfc2822Shape.MatchString(text)
	case name == "url" || strings.HasSuffix(name, "_url"):
		ok = strings.HasPrefix(text, "https://")
	case name == "uri" || strings.HasSuffix(name, "_uri"):
		ok = strings.HasPrefix(text, "/")
	}
	if !ok {
		c.t.Errorf("%s looks wrong: %q", path, text)
	}
}

func (c answerCheck) enum(path, values string, value any) {
	if values != "" && !slices.Contains(strings.Fields(values), fmt.Sprint(value)) {
		c.t.Errorf("%s is %v, want one of: %s", path, value, values)
	}
}

var update = flag.Bool("update", false, "write docs/simulator-parameters.md anew")

// The table for those who want to know whether the simulator does what they need.
func TestParameterTable(t *testing.T) {
	const file = "../docs/simulator-parameters.md"
	var table strings.Builder
	table.WriteString(`# What the simulator takes

Every request that the simulator answers, with the parameters that work and those that it knows and refuses with 400/20001,
because ignoring them would change what happens. Any other parameter is refused too, and any other request is answered 404.
Lists also take ` + "`PageSize`, `Page` and `PageToken`" + `.

Generated from the routes; after a change: ` + "`go test ./simulator -run TestParameterTable -update`" + `.

| Request | Works | Refused |
| --- | --- | --- |
`)
	names := func(text string) string {
		sorted := strings.Fields(text)
		slices.Sort(sorted)
		return strings.TrimPrefix(strings.Join(sorted, ", "), none)
	}
	for _, r := range restRoutes() {
		takes := names(r.takes)
		if r.known == nil {
			takes = "*not listed yet*"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", r, takes, names(r.refuses))
	}
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(file); err != nil || string(was) != table.String() {
		t.Errorf("%s is stale: go test ./simulator -run TestParameterTable -update", file)
	}
}
