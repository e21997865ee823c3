package simulator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// chaos is an account to which everything happens that software and people can do to calls, in an order
// drawn from a seed. What must hold all the same is in chaos_rules_test.go.
type chaos struct {
	*world
	seed      uint64
	dice      *rand.Rand
	documents []string // what app.test/doc/N serves
	apps      []string
	numbers   []string // SIDs
	sub       string   // an account below the main one; "": none at the moment
	lossy     bool     // webhooks are lost, doubled and late too
	stories   []string
	seen      map[*call]string // the last status of each call
}

// Where people are: telephones of every kind, numbers that the account owns, and agents' browsers.
var (
	chaosPhones  = []string{"+447700900001", "+447700900002", "+447700900003", "+447700900004", "+447700900005", "+447700900006", "+447700900007", "+447700900011"}
	chaosNumbers = []string{"+442079460001", "+442079460002", "+442079460003"}
	chaosAgents  = []string{"anna", "ben", "carl"}
)

const (
	chaosDocuments = 24
	mostLegs       = 40 // numbers that dial each other would never stop
)

// TestChaosInVoice runs for longer with CHAOS=2000, the number of seeds, and from another one with CHAOS_FROM=7000.
func TestChaosInVoice(t *testing.T) {
	seeds, from := 24, 0
	if n, err := strconv.Atoi(os.Getenv("CHAOS")); err == nil {
		seeds = n
	}
	if n, err := strconv.Atoi(os.Getenv("CHAOS_FROM")); err == nil {
		from = n
	}
	what := map[string]int{}
	for seed := uint64(from); seed < uint64(from+seeds); seed++ {
		story := chaoticDay(t, seed, what)
		if seed%8 == 0 {
			firstDifference(t, seed, story, chaoticDay(t, seed, map[string]int{}))
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, happened := range []string{Dialled, Dials, Rings, StopsRinging, Answers, Joins, Leaves, Hears, Says, Presses, HangsUp, Ended, RoomStarted, RoomEnded, Alerted} {
		if what[happened] == 0 {
			t.Errorf("chaos without %s proves little: %v", happened, what)
		}
	}
}

func firstDifference(t *testing.T, seed uint64, first, second string) {
	t.Helper()
	if first == second {
		return
	}
	a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("seed %d, line %d of %d:\n%s\n%s", seed, i, len(a), a[i], b[i])
		}
	}
	t.Fatalf("seed %d: %d lines and %d", seed, len(a), len(b))
}

func chaoticDay(t *testing.T, seed uint64, what map[string]int) string {
	c := newChaos(t, seed)
	defer c.sim.Close()
	for range 60 {
		c.act()
		c.rules()
		c.advance(time.Duration(c.dice.Int64N(int64(4 * time.Second))))
		c.rules()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	c.everybodyHangsUp()
	c.advance(5 * time.Hour)
	c.rules()
	c.nothingLeft()
	equals(t, "timers", c.clock.Pending(), 0)
	equals(t, "the simulator's timers", len(c.sim.timers), 0)
	equals(t, "calls of the outside world", c.sim.world.calls.len()+len(c.sim.world.endedCalls), 0)
	for _, e := range c.sim.Log() {
		what[e.What]++
	}
	c.endOfStory()
	return strings.Join(c.stories, "\n")
}

func newChaos(t *testing.T, seed uint64) *chaos {
	o := Options{Seed: seed, Uncertain: DrawUncertain(seed), CallsPerSecond: float64(seed % 3), WebhookLatency: time.Duration(seed%2) * 50 * time.Millisecond}
	c := &chaos{world: newWorld(t, o), seed: seed, dice: rand.New(rand.NewPCG(seed, 1)), lossy: seed%2 == 1, seen: map[*call]string{}}
	for range chaosDocuments {
		c.documents = append(c.documents, c.document())
	}
	c.answer = c.serve
	c.begin()
	return c
}

// begin sets up what there is at first, and again after a Reset.
func (c *chaos) begin() {
	c.apps, c.numbers, c.sub = nil, nil, ""
	faults := Faults{Seed: c.seed,
		Webhooks: []WebhookRule{{Kind: KindTwiML, Probability: 0.03, Drop: true}, {Kind: KindTwiML, Probability: 0.03, IgnoreAnswer: true},
			{Kind: KindTwiML, Probability: 0.03, Retry: true}, {Kind: KindTwiML, Probability: 0.2, Delay: Span{From: 10 * time.Millisecond, To: 20 * time.Second}}},
		Parties: []PartyRule{{Probability: 0.1, HangsUpAfter: Span{From: 100 * time.Millisecond, To: 4 * time.Second}}, {Probability: 0.05, Answer: Unreachable}},
	}
	if c.lossy {
		faults.Requests = []RequestRule{{Route: "POST *", Probability: 0.03, LoseReply: true, AfterEffect: true}, {Route: "*", Probability: 0.03, Status: 503}}
		faults.Webhooks = append(faults.Webhooks, WebhookRule{Probability: 0.05, Drop: true}, WebhookRule{Probability: 0.05, Copies: 1}, WebhookRule{Probability: 0.05, HoldBack: true})
	}
	if err := c.sim.SetFaults(faults); err != nil {
		c.t.Fatal(err)
	}
	for i, name := range chaosAgents {
		c.sim.SetSoftphone(name, Softphone{Rings: time.Second, HangsUpAfter: time.Duration(10+i) * time.Second, DropsAfter: time.Duration(i) * 20 * time.Second})
	}
	c.sim.SetPhone("+447700900011", Phone{Document: `<Response><Pause length="1"/><Say>Hello</Say>` + c.verbs(2) + `</Response>`})
	c.sim.SetPhone("+447700900012", Phone{VoiceURL: c.url(), Lines: 1})
	for _, number := range chaosNumbers {
		c.buy(DefaultAccountSID, number)
	}
	c.newApp()
}

func (c *chaos) buy(account, number string) {
	a := c.post("/2010-04-01/Accounts/"+account+"/IncomingPhoneNumbers.json", "PhoneNumber", number, "VoiceUrl", c.url(),
		"VoiceFallbackUrl", c.url(), "StatusCallback", "https://app.test/number")
	if a.text("sid") != "" {
		c.numbers = append(c.numbers, a.text("sid"))
	}
}

func (c *chaos) newApp() {
	a := c.post("/2010-04-01/Accounts/{AC}/Applications.json", "VoiceUrl", c.url(), "StatusCallback", "https://app.test/number")
	if a.text("sid") != "" {
		c.apps = append(c.apps, a.text("sid"))
	}
}

func any1[T any](c *chaos, of []T) T { return of[c.dice.IntN(len(of))] }

func (c *chaos) chance(percent int) bool { return c.dice.IntN(100) < percent }

func (c *chaos) url() string {
	return fmt.Sprintf("https://app.test/doc/%d", c.dice.IntN(chaosDocuments))
}

// maybe gives each pair of name and value by chance.
func (c *chaos) maybe(percent int, pairs ...string) []string {
	var some []string
	for i := 0; i < len(pairs); i += 2 {
		if c.chance(percent) {
			some = append(some, pairs[i], pairs[i+1])
		}
	}
	return some
}

// serve is the application: it gives every document to whoever asks, and sometimes none.
func (c *chaos) serve(h hook) (int, string, string) {
	address, _, _ := strings.Cut(h.url, "?")
	number, found := strings.CutPrefix(address, "https://app.test/doc/")
	if !found {
		return 204, "", ""
	}
	if len(c.sim.LiveLegs()) > mostLegs {
		return 200, "text/xml", "<Response/>"
	}
	n, _ := strconv.Atoi(number)
	switch n {
	case 0:
		return 500, "text/plain", "down"
	case 1:
		return 200, "text/xml", "<Response><Say>never"
	case 2:
		return 0, "", ""
	case 3:
		return 200, "text/plain", "Just words"
	case 4:
		return 200, "audio/mpeg", "sounds"
	}
	return 200, "text/xml", c.documents[n]
}

func (c *chaos) document() string { return "<Response>" + c.verbs(1+c.dice.IntN(4)) + "</Response>" }

func (c *chaos) verbs(n int) string {
	var text strings.Builder
	for range n {
		text.WriteString(c.verb())
	}
	return text.String()
}

func (c *chaos) verb() string {
	switch c.dice.IntN(16) {
	case 0, 1:
		return c.prompt()
	case 2:
		return fmt.Sprintf(`<Pause length="%d"/>`, 1+c.dice.IntN(8))
	case 3, 4:
		return `<Gather` + c.attributes(40, "input", any1(c, []string{"dtmf", "speech", "dtmf speech"}), "action", c.url(), "numDigits", "2",
			"timeout", "2", "actionOnEmptyResult", "true", "finishOnKey", "", "method", "GET") + `>` + c.prompt() + `</Gather>`
	case 5:
		return `<Record` + c.attributes(40, "action", c.url(), "maxLength", "10", "timeout", "3", "playBeep", "false",
			"recordingStatusCallback", "https://app.test/recorded") + `/>`
	case 6:
		return "<Redirect>" + any1(c, []string{"", c.url(), c.url(), "https://elsewhere.test/nothing"}) + "</Redirect>"
	case 7:
		return "<Hangup/>"
	case 8:
		return `<Reject` + c.attributes(50, "reason", "busy") + `/>`
	case 9:
		return any1(c, []string{"<Enqueue>support</Enqueue>", "<Sey>x</Sey>", `<Play digits="ww12#"/>`, "<Leave/>"})
	case 10, 11, 12:
		return `<Dial` + c.dialled() + `>` + c.noun() + c.noun() + `</Dial>`
	default:
		return `<Dial` + c.dialled() + `><Conference` + c.attributes(25, "muted", "true", "startConferenceOnEnter", "false",
			"endConferenceOnExit", "true", "participantLabel", "label"+strconv.Itoa(c.dice.IntN(3)), "waitUrl", c.url(), "maxParticipants", "2",
			"coach", "CA00000000000000000000000000000001", "statusCallback", "https://app.test/room",
			"statusCallbackEvent", "start end join leave mute hold modify announcement") + `>` + c.room() + `</Conference></Dial>`
	}
}

func (c *chaos) dialled() string {
	return c.attributes(30, "action", c.url(), "timeout", "8", "timeLimit", "15", "answerOnBridge", "true", "hangupOnStar", "true", "sequential", "true")
}

func (c *chaos) prompt() string {
	return any1(c, []string{"<Say>Hello there</Say>", `<Say loop="0">On and on</Say>`, "<Play>tune.mp3</Play>", "<Say>" + strings.Repeat("long ", 20) + "</Say>"})
}

func (c *chaos) noun() string {
	progress := c.attributes(30, "url", c.url(), "sendDigits", "w1#") + ` statusCallback="https://app.test/leg" statusCallbackEvent="initiated ringing answered completed"`
	switch c.dice.IntN(5) {
	case 0:
		return `<Client` + strings.ReplaceAll(progress, ` sendDigits="w1#"`, "") + `>` + any1(c, chaosAgents) + `</Client>`
	case 1:
		return `<Number` + progress + `>` + any1(c, chaosNumbers) + `</Number>`
	case 2:
		return `<Number` + progress + c.attributes(50, "machineDetection", "DetectMessageEnd", "amdStatusCallback", "https://app.test/amd") + `>` + any1(c, chaosPhones) + `</Number>`
	case 3:
		return ""
	}
	return `<Number` + progress + `>` + any1(c, chaosPhones) + `</Number>`
}

func (c *chaos) attributes(percent int, pairs ...string) string {
	text := ""
	for i, given := 0, c.maybe(percent, pairs...); i < len(given); i += 2 {
		text += fmt.Sprintf(` %s="%s"`, given[i], given[i+1])
	}
	return text
}

func (c *chaos) room() string { return any1(c, []string{"red", "green", "blue"}) }

// endOfStory checks what was written down since the start or the last Reset.
func (c *chaos) endOfStory() {
	c.judge()
	c.stories = append(c.stories, (&day{world: c.world}).story())
	c.hooks = nil
	clear(c.seen)
}

func (c *chaos) everybodyHangsUp() {
	for range 20 { // a hang-up can make a document dial somebody else
		parties := map[string]bool{}
		for _, leg := range c.sim.LiveLegs() {
			parties[leg.Party] = true
		}
		for _, party := range slices.Sorted(maps.Keys(parties)) {
			c.sim.HangUp(party)
		}
		c.advance(10 * time.Second)
	}
}
