package features

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/features/chromium"
)

// office is where the agents of a scenario sit: what their pages have in common.
type office struct {
	ctx     context.Context
	t       testing.TB
	address string // of the page
	browser func(agent string) *chromium.Browser
	signIn  func(p *chromium.Page, agent string) error
	desks   map[string]*desk
	abroad  bool     // the page may ask other machines
	faults  []string // what the console may complain of, because the scenario provokes it
}

// limit is how long anything may take on a slow and busy machine; the longest that a scenario waits for is a phone that
// rings unanswered.
const limit = 90 * time.Second

func (o *office) Await(what string, met func() (bool, error)) error {
	return chromium.Until(o.ctx, limit, what, met)
}

func (o *office) Now() time.Time { return time.Now() }

func (o *office) Desk(agent string) Desk {
	if o.desks[agent] == nil {
		o.desks[agent] = &desk{o: o, agent: agent}
	}
	return o.desks[agent]
}

// close closes all pages and tells what was wrong with them.
func (o *office) close(failed bool) error {
	var wrong []error
	for _, d := range o.desks {
		wrong = append(wrong, d.end(failed))
	}
	return errors.Join(wrong...)
}

// desk is an agent's page.
type desk struct {
	o     *office
	agent string
	page  *chromium.Page
	tabs  []*chromium.Page // all of them
}

var errClosed = errors.New("the browser app is not open")

// Open opens the app and signs in; or loads it again where it is open, or was until it crashed.
func (d *desk) Open() (err error) {
	if d.page != nil {
		return d.page.Reload()
	}
	if d.page, err = d.o.browser(d.agent).Open(d.o.address); err != nil {
		return err
	}
	d.tabs = append(d.tabs, d.page)
	if err := d.o.signIn(d.page, d.agent); err != nil {
		return err
	}
	return d.ready()
}

// ready waits for the softphone to be.
func (d *desk) ready() error {
	return d.o.Await(d.agent+"'s softphone is ready", func() (bool, error) {
		e, err := d.page.Look("device-status")
		return strings.HasPrefix(e.Text, "Ready"), err
	})
}

func (d *desk) look(qa string) (chromium.Element, error) {
	if d.page == nil {
		return chromium.Element{}, errClosed
	}
	return d.page.Look(qa)
}

func (d *desk) Choose(status string) error { return d.page.Choose("activity-selector", status) }

func (d *desk) Status() (string, error) {
	e, err := d.look("activity-current")
	return e.Text, err
}

func (d *desk) Offer() (name, reason string, err error) {
	who, err := d.look("offer-name")
	if err != nil {
		return "", "", err
	}
	why, err := d.look("offer-reason")
	return who.Text, why.Text, err
}

// Rings: the page shows the call, and the softphone rings in it.
func (d *desk) Rings() (bool, error) {
	shown, err := d.look("call-answer")
	if err != nil || !shown.Visible {
		return false, err
	}
	return chromium.Eval[bool](d.page, `window.softphone.state().call !== null`)
}

func (d *desk) Talking() (bool, error) {
	e, err := d.look("call-stage")
	return e.Text == "Connected", err
}

func (d *desk) WrappingUp() (bool, error) {
	e, err := d.look("wrap-up")
	return e.Visible, err
}

// outcomes is how the page says what became of a call.
var outcomes = map[sb.Outcome]*regexp.Regexp{
	sb.Completed:   regexp.MustCompile(`^You talked with ` + callerName + ` for \d+ \w+`),
	sb.NoAnswer:    regexp.MustCompile(`^` + callerName + ` did not answer\.`),
	sb.Busy:        regexp.MustCompile(`^` + callerName + `’s line was engaged\.`),
	sb.HungUpEarly: regexp.MustCompile(`^` + callerName + ` picked up and hung up at once\.`),
	sb.Unreachable: regexp.MustCompile(`^` + callerName + `’s number cannot be reached\.`),
	sb.Voicemail:   regexp.MustCompile(`^A machine answered for ` + callerName + `\.`),
	sb.Cancelled:   regexp.MustCompile(`^The request of ` + callerName + ` was withdrawn\.`),
}

func (d *desk) Told(want sb.Outcome) (bool, error) {
	e, err := d.look("outcome")
	return outcomes[want].MatchString(e.Text), err
}

func (d *desk) Answer() error  { return d.page.Click("call-answer") }
func (d *desk) Decline() error { return d.page.Click("call-decline") }
func (d *desk) HangUp() error  { return d.page.Click("call-end") }

func (d *desk) Mute(on bool) error {
	if err := d.page.Click("call-mute"); err != nil {
		return err
	}
	return d.o.Await("the mute button shows it", func() (bool, error) {
		e, err := d.look("call-mute")
		return e.Pressed == on, err
	})
}

func (d *desk) Press(keys string) error {
	if err := d.page.Click("call-keypad"); err != nil {
		return err
	}
	names := map[rune]string{'*': "star", '#': "hash"}
	for _, key := range keys {
		name := names[key]
		if name == "" {
			name = string(key)
		}
		if err := d.page.Click("call-key-" + name); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) Finish(disposition string) error {
	if err := d.page.Choose("wrap-up-disposition", disposition); err != nil {
		return err
	}
	return d.page.Click("wrap-up-finish")
}

func (d *desk) Break() error { return d.page.Crash() }

// hears is what comes out of the agent's speaker.
func (d *desk) hears() ([]chromium.Tone, error) {
	return d.page.Tones(`window.softphone.remoteStream()`)
}

// end closes the pages, and tells what was wrong with them.
func (d *desk) end(failed bool) error {
	var wrong []error
	for i, p := range d.tabs {
		for _, problem := range p.Problems() {
			if !d.o.provoked(problem) {
				wrong = append(wrong, fmt.Errorf("%s's console: %s", d.agent, problem))
			}
		}
		for _, address := range p.URLs() {
			if u, err := url.Parse(address); !d.o.abroad && (err != nil || !here(u)) {
				wrong = append(wrong, fmt.Errorf("%s's page asked for %s", d.agent, address))
			}
		}
		if failed || len(wrong) > 0 {
			path := filepath.Join(pictures(d.o.t), fmt.Sprintf("%s-%d.png", d.agent, i+1))
			if err := p.Screenshot(path); err == nil {
				d.o.t.Logf("what %s saw: %s\nconsole:\n%s", d.agent, path, strings.Join(p.Console(), "\n"))
			}
		}
		p.Close()
	}
	return errors.Join(wrong...)
}

// pictures is the folder for what failing scenarios looked like.
func pictures(t testing.TB) string {
	name := regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-")
	dir := filepath.Join("..", ".dev", "features", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Log(err)
	}
	return dir
}

// provoked: the scenario broke something, and the console may say so.
func (o *office) provoked(problem string) bool {
	for _, fault := range o.faults {
		if strings.Contains(problem, fault) {
			return true
		}
	}
	return false
}

// here: an address on this machine, or of what the page has made itself.
func here(u *url.URL) bool {
	switch u.Scheme {
	case "data", "blob", "about":
		return true
	}
	host := u.Hostname()
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
