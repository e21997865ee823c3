package simulator

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var shiftSeeds = flag.Uint64("chaos-seeds", 5, "how many seeds TestChaosInTaskRouter goes through")

// TestChaosInTaskRouter is software without a plan: whatever TaskRouter can be asked, in any order, right
// and wrong, while requests and webhooks fail. After each step everything must still fit together; see
// chaos_taskrouter_rules_test.go. For longer: go test ./simulator -run Chaos -chaos-seeds 2000
func TestChaosInTaskRouter(t *testing.T) {
	for seed := range *shiftSeeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := newShift(t, seed)
			c.live()
			first := c.story()
			if err := c.sim.Reset(); err != nil {
				t.Fatal(err)
			}
			if n := len(c.sim.timers); n > 0 || len(c.sim.Log()) > 0 || c.sim.main.workspaces.len() > 0 {
				t.Fatalf("after Reset there are %d timers, %d entries in the log and %d workspaces", n, len(c.sim.Log()), c.sim.main.workspaces.len())
			}
			again := &shift{world: c.world, seed: seed}
			again.live()
			second := again.story()
			for i := range min(len(first), len(second)) {
				if first[i] != second[i] {
					t.Fatalf("after Reset the same requests are another story, from line %d on:\n%s\n%s", i, first[i], second[i])
				}
			}
			equals(t, "lines after Reset", len(second), len(first))
		})
	}
}

// shift is a run through one seed.
type shift struct {
	*world
	seed       uint64
	r          *rand.Rand
	start      time.Time
	sub, token string // a subaccount and its token
	names      int
	hooksFrom  int

	seen     map[string]int          // by workspace, how many events were checked
	ended    map[string]string       // by task or reservation, the event that ended it
	used     map[*agentChannel]int   // tasks at the last check
	known    map[*workspace]*account // and whose they are
	lastStep string
}

func newShift(t *testing.T, seed uint64) *shift {
	c := &shift{seed: seed, world: newWorld(t, Options{
		Seed: seed, Uncertain: DrawUncertain(seed), StrictCallerID: seed%5 == 4,
		Faults: Faults{
			Seed: seed,
			Requests: []RequestRule{
				{Route: "POST *", Probability: 0.02, Status: 429}, {Route: "*", Probability: 0.01, Status: 503, HTML: true},
				{Route: "POST *", Probability: 0.02, LoseReply: true, AfterEffect: true},
			},
			Webhooks: []WebhookRule{
				{Probability: 0.03, Drop: true}, {Probability: 0.03, Copies: 1}, {Probability: 0.03, IgnoreAnswer: true},
				{Probability: 0.1, Delay: Span{From: time.Millisecond, To: 20 * time.Second}},
			},
			Parties: []PartyRule{{Probability: 0.2, Answer: NeverAnswers}, {Probability: 0.2, HangsUpAfter: Span{To: 9 * time.Second}}},
		},
	})}
	return c
}

func (c *shift) live() {
	c.r = rand.New(rand.NewPCG(c.seed, 1))
	c.start, c.hooksFrom = c.clock.Now(), len(c.hooks)
	c.seen, c.ended, c.used, c.known = map[string]int{}, map[string]string{}, map[*agentChannel]int{}, map[*workspace]*account{}
	c.answer = c.react
	for c.sub == "" {
		a := c.post("/2010-04-01/Accounts.json", "FriendlyName", "sub")
		c.sub, c.token = a.text("sid"), a.text("auth_token")
	}
	for range 3 {
		c.newWorkspace()
	}
	for range 12 {
		c.changeAgent()
	}
	for range 200 {
		c.step()
		c.check()
	}
	c.endAll()
}

// story is what happened, without the time of day and the day.
func (c *shift) story() []string {
	var lines []string
	dates := regexp.MustCompile(`VirtualStartTime=\S+`)
	for _, r := range c.sim.Requests() {
		lines = append(lines, fmt.Sprint(r.At.Sub(c.start), r.Method, r.Route, r.Status, r.Effect, dates.ReplaceAllString(r.Summary, ""), r.Fault))
	}
	for _, e := range c.sim.Log() {
		at := e.At.Sub(c.start)
		e.At = time.Time{}
		lines = append(lines, at.String()+e.String())
	}
	for _, h := range c.hooks[c.hooksFrom:] {
		for _, name := range []string{"Timestamp", "TimestampMs"} {
			h.form.Del(name)
		}
		lines = append(lines, fmt.Sprint(h.at.Sub(c.start), h.method, h.url, h.form.Get("EventType"), h.form.Get("TaskSid"), h.form.Get("ReservationSid")))
	}
	return lines
}

func (c *shift) one(of ...string) string { return of[c.r.IntN(len(of))] }
func (c *shift) often() bool             { return c.r.IntN(4) > 0 }
func (c *shift) rarely() bool            { return c.r.IntN(8) == 0 }

// some is one of the SIDs there are now; mostly.
func (c *shift) some(sids []string) string {
	if len(sids) == 0 || c.r.IntN(30) == 0 {
		return c.one("", "WT00000000000000000000000000000000", "nonsense", DefaultAccountSID)
	}
	return c.one(sids...)
}

func sidsOf[V any](t *table[V]) []string {
	var sids []string
	for sid, row := range t.bySID {
		sids = append(sids, fmt.Sprintf("%08d", row.seq)+sid)
	}
	slices.Sort(sids)
	for i := range sids {
		sids[i] = sids[i][8:]
	}
	return sids
}

func (c *shift) workspace() *workspace {
	var all []*workspace
	for a := range c.sim.accounts.all() {
		for ws := range a.workspaces.all() {
			all = append(all, ws)
		}
	}
	if len(all) == 0 {
		c.newWorkspace()
		return c.workspace()
	}
	return all[c.r.IntN(len(all))]
}

// ask is a request in a workspace, with the credentials of its account; rarely with the other's.
func (c *shift) ask(ws *workspace, method, path string, fields ...string) answer {
	path = "/v1/Workspaces/" + ws.sid + path
	header := http.Header{}
	if (ws.account != c.sim.main) != (c.r.IntN(40) == 0) {
		r, _ := http.NewRequestWithContext(c.context(), http.MethodGet, "/", nil)
		r.SetBasicAuth(c.sub, c.token)
		header = r.Header
	}
	if c.rarely() {
		header.Set(ifMatch, c.one(`"1"`, "2", `"7"`, "*", "W/\"3\""))
	}
	c.lastStep = fmt.Sprint(method, " ", path, " ", fields)
	a := c.request(method, path, header, fields...)
	c.checkAnswer(a)
	return a
}

// given leaves some of the fields out.
func (c *shift) given(fields ...string) []string {
	var some []string
	for i := 0; i < len(fields); i += 2 {
		if c.r.IntN(3) == 0 {
			some = append(some, fields[i], fields[i+1])
		}
	}
	return some
}

func (c *shift) name() string {
	c.names++
	return fmt.Sprintf("n%d", c.names)
}

func (c *shift) attributes() string {
	return fmt.Sprintf(`{"lang":"%s","skills":["%s","%s"],"level":%d,"name":"n%d","contact_uri":"client:n%d","outbound_to":"+44770090000%d","from":"+442079460000"}`,
		c.one("en", "de"), c.one("a", "b"), c.one("c", "b"), c.r.IntN(4), c.r.IntN(20), c.r.IntN(5), c.r.IntN(9))
}

func (c *shift) expression() string {
	return c.one("1==1", "1==2", "lang == 'en'", "skills HAS 'a'", "level > 1 OR lang=='de'", "friendly_name != 'n3'", "nobody IN ['x']", "", "lang ==")
}

func (c *shift) configuration(ws *workspace) string {
	queues := sidsOf(&ws.queues)
	target := func() string {
		t := `{"queue":"` + c.some(queues) + `"`
		if c.often() {
			t += fmt.Sprintf(`,"timeout":%d`, 1+c.r.IntN(40))
		}
		if c.rarely() {
			t += fmt.Sprintf(`,"priority":"%d"`, c.r.IntN(9))
		}
		t += c.one("", "", `,"skip_if":"workers.available == 0"`, `,"skip_if":"1==1"`, `,"skip_if":"workers.WA >"`)
		t += c.one("", "", `,"expression":"task.lang == worker.lang"`, `,"expression":"worker.skills HAS task.skill"`, `,"expression":"worker.level >= task.level"`)
		t += c.one("", `,"order_by":"worker.level DESC"`, `,"order_by":"worker.channel.voice.assigned_tasks ASC, worker.name"`)
		return t + c.one("", "", "", `,"known_worker_friendly_name":"task.name"`, `,"known_worker_sid":"task.agent"`) + "}"
	}
	filter := func() string {
		return `{"expression":"` + c.one("1==1", "lang=='en'", "level > 2", "lang==") + `","targets":[` + target() + "," + target() + "]}"
	}
	text := `{"task_routing":{"filters":[` + filter() + "," + filter() + "]"
	if c.often() {
		text += `,"default_filter":{"queue":"` + c.some(queues) + `"}`
	}
	return text + c.one("}}", "}}", "}}", "}}", "}}", "}")
}

// react is what the application answers to a webhook.
func (c *shift) react(h hook) (int, string, string) {
	if !strings.HasSuffix(h.url, "/assigned") {
		return 200, "", ""
	}
	say := func(format string, args ...any) (int, string, string) {
		return 200, "application/json", fmt.Sprintf(format, args...)
	}
	switch c.r.IntN(14) {
	case 0, 1:
		return say(`{"instruction":"accept"}`)
	case 2:
		return say(`{"instruction":"reject"}`)
	case 3:
		return say(`{"instruction":"call","from":"+442079460000","url":"https://app.test/twiml","accept":%t}`, c.often())
	case 4, 5, 6:
		return say(`{"instruction":"conference","from":"+442079460000"}`)
	case 7:
		return say(`{"instruction":"%s"}`, c.one("dequeue", "supervise", ""))
	case 8:
		return c.r.IntN(2) * 500, "text/plain", "no"
	case 9:
		c.post("/v1/Workspaces/"+h.form.Get("WorkspaceSid")+"/Tasks/"+h.form.Get("TaskSid")+"/Reservations/"+h.form.Get("ReservationSid"),
			"ReservationStatus", "accepted")
	}
	return 200, "", ""
}
