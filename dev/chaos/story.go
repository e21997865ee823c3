package chaos

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
)

// line is one thing that happened, of whoever's.
type line struct {
	at   time.Time
	who  string
	what string
}

// storyFile is where a call's story is kept.
func storyFile(dir string, id sb.CallID) string {
	return filepath.Join(dir, "stories", strings.NewReplacer("/", "-").Replace(string(id))+".txt")
}

// writeStory tells a call from all sides in order of time: what the product said, what the phones and agents experienced,
// what was asked of Twilio and what became of it, what was done to the processes, and what is wrong with it.
func (r *run) writeStory(id sb.CallID, call truth.Call, c truth.Case, out *Report) error {
	var lines []line
	lines = append(lines, line{call.Accepted, "request", fmt.Sprintf("Kafka has it; at most %d attempts", call.Request.MaxAttempts)})
	if !call.Cancelled.IsZero() {
		lines = append(lines, line{call.Cancelled, "request", "the call knows that it is cancelled"})
	}
	for _, e := range call.Events {
		what := string(e.Data.Stage)
		if r.o.Tell != nil {
			what = r.o.Tell(e, r.stack.AgentName)
		}
		lines = append(lines, line{e.Time, "says", fmt.Sprintf("%d %s", e.Sequence, what)})
	}
	ours := r.sidsOf(id, call.Request.Caller.Phone, c)
	for _, e := range c.Log {
		if e.Party == call.Request.Caller.Phone || ours[e.CallSID] || ours[e.ConferenceSID] || ours[e.TaskSID] {
			party := e.Party
			if !truth.IsAgent(party) && party != "" {
				party = "the caller"
			}
			e.Party = ""
			text := e.String()[len("15:04:05.000 "):]
			lines = append(lines, line{e.At, strings.TrimPrefix(party, "client:"), text})
		}
	}
	for _, q := range r.stack.Simulator().Requests() {
		if ours[q.Created] || mentions(q.Summary, ours) {
			lines = append(lines, line{q.At, "asks", strings.TrimSpace(fmt.Sprintf("%s %d %s %s %s", q.Route, q.Status, q.Created, q.Summary, q.Fault))})
		}
	}
	for _, d := range r.nemesis.done {
		lines = append(lines, line{d.Began, "nemesis", d.Kind + " " + d.Target}, line{d.Ended, "nemesis", d.Target + " may go on"})
		if !d.Works.IsZero() {
			lines = append(lines, line{d.Works, "nemesis", d.Target + " works"})
		}
	}
	if !r.healed.IsZero() {
		lines = append(lines, line{r.healed, "nemesis", "everything is healed"})
	}
	if !call.Ended.IsZero() {
		lines = append(lines, line{call.Ended, "workflow", "has ended"})
	}
	for _, v := range out.Violations {
		if v.Call == id {
			lines = append(lines, line{v.At, "WRONG", v.Invariant + ": " + v.What})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	fmt.Fprintf(&b, "%s, with seed %d; repeat with: %s\nThe phone %s.\n\n", id, r.o.Seed, r.o.Command, r.person(id))
	for _, l := range lines {
		fmt.Fprintf(&b, "%s  %-10s %s\n", l.at.UTC().Format("15:04:05.000"), l.who, l.what)
	}
	file := storyFile(r.o.Dir, id)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

func (r *run) person(id sb.CallID) string {
	for _, p := range r.plan.Requests {
		if p.Request.Call() == id {
			return p.Person
		}
	}
	return "is not one of ours"
}

// sidsOf are the legs, rooms and tasks of a call. The callbacks tell whose they are, those included that were lost.
func (r *run) sidsOf(id sb.CallID, phone string, c truth.Case) map[string]bool {
	sids := map[string]bool{}
	add := func(form url.Values) {
		for _, key := range []string{"CallSid", "ConferenceSid", "TaskSid"} {
			if sid := form.Get(key); sid != "" {
				sids[sid] = true
			}
		}
	}
	for _, w := range r.stack.Simulator().Webhooks() {
		u, err := url.Parse(w.URL)
		if err == nil && u.Query().Get("call") == string(id) || strings.Contains(w.Form.Get("TaskAttributes"), `"`+string(id)+`"`) {
			add(w.Form)
		}
	}
	for _, e := range c.Log {
		if e.Party == phone && e.CallSID != "" {
			sids[e.CallSID] = true
		}
	}
	return sids
}

func mentions(text string, sids map[string]bool) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '=' || r == ',' || r == '/' || r == '.' }) {
		if sids[word] {
			return true
		}
	}
	return false
}
