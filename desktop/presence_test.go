package desktop

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sb "switchboard"
)

const anna = sb.AgentSID("WK1")

// board is TaskRouter with one agent.
type board struct {
	mu      sync.Mutex
	status  string
	version int
	moves   []string
	reads   int
	err     error
	// before, if set, is called once before a status is set: somebody is quicker.
	before func()
}

func (b *board) standing(context.Context, sb.AgentSID) (standing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	return standing{b.status, b.status == "Available", strconv.Itoa(b.version)}, b.err
}

func (b *board) move(_ context.Context, _ sb.AgentSID, since standing, to string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before != nil {
		b.before()
		b.before = nil
	}
	if since.version != strconv.Itoa(b.version) {
		return errOvertaken
	}
	b.status, b.version = to, b.version+1
	b.moves = append(b.moves, to)
	return b.err
}

func (b *board) choose(status string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.version = status, b.version+1
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// attending runs a test on a clock of its own.
func attending(t *testing.T, test func(t *testing.T, p *presence, b *board)) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{status: "Available"}
		p := newPresence(testStatuses, b, slog.New(slog.DiscardHandler))
		defer p.close()
		test(t, p, b)
	})
}

// is waits until everybody waits, and looks at the agent's status.
func (b *board) is(t *testing.T, want string, after time.Duration) {
	t.Helper()
	time.Sleep(after)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status != want {
		t.Errorf("the agent is %q, want %q", b.status, want)
	}
}

var fine = report{Ready: true, Wanted: "Available"}

func open(t *testing.T, p *presence, page string) *stream {
	t.Helper()
	s, err := p.open(anna, page)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told returns the events of a stream so far.
func told(s *stream) (names []string) {
	for {
		select {
		case e := <-s.events:
			if st, ok := e.data.(statusEvent); ok {
				e.name += " " + st.Status + ": " + st.Why
			}
			names = append(names, e.name)
		default:
			return names
		}
	}
}

func TestAClosedPage(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		b.is(t, "Available", 0)
		p.leave(anna, s)
		b.is(t, "Available", lostAfter-time.Millisecond)
		b.is(t, "Softphone lost", time.Millisecond)
		if len(p.here) != 0 {
			t.Error("an agent without a page is not forgotten")
		}
		s = open(t, p, "two") // the browser is started again
		b.is(t, "Softphone lost", time.Second)
		p.hear(anna, "two", fine)
		b.is(t, "Available", 0)
		if got := told(s); !slices.Equal(got, []string{"status Available: " + whyBack}) {
			t.Errorf("the page was told %q", got)
		}
	})
}

func TestAPageThatIsLoadedAgain(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		p.leave(anna, s)
		time.Sleep(lostAfter - time.Millisecond)
		s = open(t, p, "two")
		b.is(t, "Available", 2*time.Second)
		p.hear(anna, "two", fine)
		p.leave(anna, s) // only the connection broke
		time.Sleep(time.Second)
		open(t, p, "two")
		b.is(t, "Available", lostAfter+time.Second)
		if len(b.moves) > 0 {
			t.Errorf("moved: %v", b.moves)
		}
	})
}

func TestASilentPage(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		for range 5 {
			p.hear(anna, "one", fine)
			time.Sleep(5 * time.Second)
		}
		b.is(t, "Available", 0)
		b.is(t, "Available", silentAfter-5*time.Second-time.Millisecond)
		b.is(t, "Softphone lost", time.Millisecond)
		if got := told(s); !slices.Equal(got, []string{"status Softphone lost: " + whySilent}) {
			t.Errorf("the page was told %q", got)
		}
		p.hear(anna, "one", fine)
		b.is(t, "Available", 0)
	})
}

func TestASoftphoneThatIsNotReady(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		unplugged := report{Why: "microphone unplugged", Wanted: "Available"}
		p.hear(anna, "one", unplugged)
		b.is(t, "Softphone lost", 0)
		p.hear(anna, "one", unplugged)
		b.choose("Available") // by other means
		p.hear(anna, "one", unplugged)
		b.is(t, "Softphone lost", 0)
		p.hear(anna, "one", fine)
		b.is(t, "Available", 0)
		want := []string{"status Softphone lost: microphone unplugged", "status Softphone lost: microphone unplugged", "status Available: " + whyBack}
		if got := told(s); !slices.Equal(got, want) {
			t.Errorf("the page was told %q", got)
		}
	})
}

func TestTheAgentsOwnChoiceStands(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		b.choose("On a break")
		s := open(t, p, "one")
		p.hear(anna, "one", report{Why: "no microphone", Wanted: "On a break"})
		b.is(t, "On a break", time.Second)
		p.hear(anna, "one", report{Ready: true, Wanted: "On a break"})
		b.is(t, "On a break", time.Second)
		b.choose("Missed call")
		p.hear(anna, "one", fine)
		b.is(t, "Missed call", time.Second)
		p.leave(anna, s)
		b.is(t, "Missed call", time.Minute)
		if len(b.moves) > 0 {
			t.Errorf("moved: %v", b.moves)
		}
	})
}

func TestBackToWhatTheAgentWanted(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		b.choose("Softphone lost")
		open(t, p, "one")
		p.hear(anna, "one", report{Ready: true})
		b.is(t, "Softphone lost", 0) // nothing is wanted
		p.hear(anna, "one", report{Ready: true, Wanted: "On a break"})
		b.is(t, "On a break", 0)
	})
}

func TestSomebodyIsQuicker(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		open(t, p, "one")
		b.before = func() { b.status, b.version = "Gone Home", b.version+1 }
		p.hear(anna, "one", report{Why: "unplugged", Wanted: "Available"})
		b.is(t, "Gone Home", time.Second)
		if len(b.moves) > 0 {
			t.Errorf("moved: %v", b.moves)
		}
	})
}

func TestTaskRouterIsAskedUntilItAnswers(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		synctest.Wait()
		b.fail(errDown)
		p.leave(anna, s)
		b.is(t, "Available", time.Minute)
		b.fail(nil)
		b.is(t, "Softphone lost", 16*time.Second)
		if len(p.here) != 0 {
			t.Error("not forgotten")
		}
	})
}

// The page comes back while TaskRouter is being told that it is gone.
func TestBackInTheMiddle(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		synctest.Wait()
		b.fail(errDown)
		p.leave(anna, s)
		time.Sleep(lostAfter + time.Second)
		b.choose("Softphone lost") // it was executed, though the answer was lost
		open(t, p, "one")
		p.hear(anna, "one", fine)
		b.fail(nil)
		b.is(t, "Available", 5*time.Second)
	})
}

func TestTaskRouterIsNotAskedAgainAndAgain(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		open(t, p, "one")
		for range 100 {
			p.hear(anna, "one", fine)
			time.Sleep(5 * time.Second)
		}
		if most := 1 + int(500*time.Second/againAfter); b.reads > most {
			t.Errorf("asked %d times about an agent to whom nothing happened, want %d at most", b.reads, most)
		}
	})
}

// Another process saw the page's stream end, and not that the page is with this one.
func TestAnotherProcessPutsTheAgentAside(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		b.is(t, "Available", time.Second)
		b.choose("Softphone lost")
		for range againAfter / (5 * time.Second) {
			time.Sleep(5 * time.Second)
			p.hear(anna, "one", fine)
		}
		b.is(t, "Available", 0)
		if got := told(s); !slices.Equal(got, []string{"status Available: " + whyBack}) {
			t.Errorf("the page was told %q", got)
		}
	})
}

func TestTheStreamsOfAnAgentAreBounded(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, _ *board) {
		first := open(t, p, "0")
		for i := range mostStreams - 1 {
			open(t, p, strconv.Itoa(i))
		}
		if _, err := p.open(anna, "one more"); !errors.Is(err, errManyTabs) {
			t.Errorf("got %v", err)
		}
		if _, err := p.open("WK2", "another agent's"); err != nil {
			t.Error(err)
		}
		p.leave(anna, first)
		open(t, p, "one more")
	})
}

func TestTheNewestPageHasTheSoftphone(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		one := open(t, p, "one")
		p.hear(anna, "one", fine)
		two := open(t, p, "two")
		if got := told(one); !slices.Equal(got, []string{"taken"}) {
			t.Errorf("the older page was told %q", got)
		}
		if !p.hear(anna, "two", fine) || p.hear(anna, "one", report{Why: "standing down"}) {
			t.Error("the older page is listened to, or the newer is not")
		}
		p.leave(anna, one)
		b.is(t, "Available", 5*time.Second)

		// The button of the older page takes over.
		one = open(t, p, "one")
		if got := told(two); !slices.Equal(got, []string{"taken"}) {
			t.Errorf("the other page was told %q", got)
		}
		if !p.hear(anna, "one", fine) || p.hear(anna, "two", fine) {
			t.Error("taking over did not work")
		}
		p.leave(anna, two)
		b.is(t, "Available", 5*time.Second)
		p.leave(anna, one)
		b.is(t, "Softphone lost", lostAfter)
	})
}

// A page that lost its network before it could be told does not take the softphone back when the network returns.
func TestAnOlderPageComesBack(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, _ *board) {
		p.leave(anna, open(t, p, "one"))
		two := open(t, p, "two")
		one := open(t, p, "one")
		if got := told(one); !slices.Equal(got, []string{"taken"}) {
			t.Errorf("the older page was told %q", got)
		}
		if got := told(two); len(got) > 0 {
			t.Errorf("the newer page was told %q", got)
		}
		if p.hear(anna, "one", fine) || !p.hear(anna, "two", fine) {
			t.Error("the older page has the softphone")
		}
	})
}

func TestThePagesOfAnAgentAreBounded(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, _ *board) {
		for i := range 10 * mostPages {
			p.hear(anna, strconv.Itoa(i), fine)
		}
		if got := len(p.here[anna].pages); got > mostPages {
			t.Errorf("%d pages are remembered", got)
		}
	})
}

func TestTheEndOfTheProcessPutsNobodyAside(t *testing.T) {
	attending(t, func(t *testing.T, p *presence, b *board) {
		s := open(t, p, "one")
		p.hear(anna, "one", fine)
		synctest.Wait()
		p.close()
		p.leave(anna, s)
		b.is(t, "Available", time.Minute)
		if _, err := p.open(anna, "two"); !errors.Is(err, errEnding) {
			t.Errorf("a stream at the end: got %v", err)
		}
	})
}
