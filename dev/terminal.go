package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"switchboard/dev/stack"
)

// terminal shows what is going on: at a terminal the present step is drawn again and again, elsewhere each step is a
// line when it ends, and a sign of life when it takes long.
type terminal struct {
	out   *os.File
	width int // 0: not a terminal
	color bool

	mu    sync.Mutex
	steps []*shownStep // under way; the first is drawn
	drawn bool
	frame int
}

func newTerminal(out *os.File) *terminal {
	t := &terminal{out: out}
	if size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ); err == nil && os.Getenv("TERM") != "dumb" {
		t.width = max(int(size.Col), 20)
		if size.Col == 0 {
			t.width = 80
		}
		t.color = os.Getenv("NO_COLOR") == ""
	}
	return t
}

func (t *terminal) style(code, text string) string {
	if !t.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *terminal) bold(text string) string { return t.style("1", text) }
func (t *terminal) dim(text string) string  { return t.style("2", text) }

// line prints a line above the step under way.
func (t *terminal) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.print(fmt.Sprintf(format, args...))
}

func (t *terminal) print(text string) {
	t.wipe()
	fmt.Fprintln(t.out, text)
	t.draw()
}

// Write prints what another package has to say.
func (t *terminal) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wipe()
	n, err := t.out.Write(text)
	t.draw()
	return n, err
}

// event prints one line of a call's story.
func (t *terminal) event(at time.Time, who, what string) {
	t.line("  %s  %s %s", t.dim(at.Local().Format(time.TimeOnly)), t.bold(pad(who, 18)), what)
}

// Notice is called when something happens that nobody asked for.
func (t *terminal) Notice(text string) {
	t.line("  %s %s", t.style("33", "!"), text)
}

type shownStep struct {
	t      *terminal
	name   string
	began  time.Time
	detail string
	over   chan struct{}
}

const (
	frames     = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
	redraw     = 100 * time.Millisecond
	signOfLife = 15 * time.Second
	nameWidth  = 17
)

// Step shows that something has begun.
func (t *terminal) Step(name string) stack.Step {
	s := &shownStep{t: t, name: name, began: time.Now(), over: make(chan struct{})}
	t.mu.Lock()
	t.steps = append(t.steps, s)
	t.wipe()
	t.draw()
	t.mu.Unlock()
	every := redraw
	if t.width == 0 {
		every = signOfLife
	}
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-s.over:
				return
			case <-tick.C:
				s.alive()
			}
		}
	}()
	return s
}

func (s *shownStep) alive() {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.width == 0 && s.detail != "":
		fmt.Fprintf(t.out, "  … %s %s (%s)\n", pad(s.name, nameWidth), s.detail, seconds(time.Since(s.began)))
	case t.width > 0 && len(t.steps) > 0 && t.steps[0] == s:
		t.frame++
		t.wipe()
		t.draw()
	}
}

// Detail shows what the step is doing at the moment.
func (s *shownStep) Detail(text string) {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.detail = text
}

// Done shows what came of the step.
func (s *shownStep) Done(result string, err error) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	close(s.over)
	for i, other := range t.steps {
		if other == s {
			t.steps = append(t.steps[:i:i], t.steps[i+1:]...)
			break
		}
	}
	mark, took := t.style("32", "✓"), seconds(time.Since(s.began))
	if err != nil {
		mark, result = t.style("31", "✗"), "failed" // the error itself is told once, at the end
	}
	t.print(fmt.Sprintf("  %s %s %s %s", mark, pad(s.name, nameWidth), pad(result, 44), t.dim(took)))
}

// draw shows the step under way on the last line. Call it with the lock held.
func (t *terminal) draw() {
	if t.width == 0 || len(t.steps) == 0 {
		return
	}
	s := t.steps[0]
	marks := []rune(frames)
	text := fmt.Sprintf("%s %s", pad(s.name, nameWidth), pad(s.detail, 44))
	took := seconds(time.Since(s.began))
	text = cut(text, t.width-len("  x  ")-len(took)-1)
	fmt.Fprintf(t.out, "  %s %s %s", t.style("36", string(marks[t.frame%len(marks)])), text, t.dim(took))
	t.drawn = true
}

// wipe takes the drawn line away. Call it with the lock held.
func (t *terminal) wipe() {
	if t.drawn {
		fmt.Fprint(t.out, "\r\x1b[K")
		t.drawn = false
	}
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width && width > 1 {
		return string(runes[:width-1]) + "…"
	}
	return text
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}
