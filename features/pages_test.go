package features

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cucumber/godog"

	sb "switchboard"
	"switchboard/features/chromium"
	"switchboard/internal/truth"
)

// Sentences about what happens to a page and the laptop it is on. Only a browser has those.

func (s *story) roughSentences(sc *godog.ScenarioContext) {
	mine := func(do func(*desk) error) func() error {
		return func() error {
			d, is := s.Desk("alice").(*desk)
			if !is {
				return errors.New("there is no page in this world: keep the scenario for the browser")
			}
			return do(d)
		}
	}
	sc.Step(`^my page crashes$`, mine(func(d *desk) error { return d.page.Crash() }))
	sc.Step(`^I open the browser app again$`, mine((*desk).openAgain))
	sc.Step(`^I load the page again$`, mine(func(d *desk) error { return d.page.Reload() }))
	sc.Step(`^I close the page$`, mine((*desk).close))
	sc.Step(`^I open the browser app in another tab$`, mine((*desk).openBeside))
	sc.Step(`^the first tab says that the softphone is elsewhere$`, mine((*desk).elsewhere))
	sc.Step(`^I take the softphone back in the first tab$`, mine((*desk).takeBack))
	sc.Step(`^I sign out$`, mine((*desk).signOut))

	sc.Step(`^the line to Twilio is cut$`, mine((*desk).cut))
	sc.Step(`^the line to Twilio is back$`, mine(func(d *desk) error { return d.page.Mend() }))
	sc.Step(`^my microphone is unplugged$`, mine(func(d *desk) error { return d.page.Unplug() }))
	sc.Step(`^my microphone is plugged in again$`, mine(func(d *desk) error { return d.page.Plug() }))
	sc.Step(`^my token has been renewed$`, mine((*desk).renewed))
	sc.Step(`^my page says that the softphone is ready$`, mine((*desk).ready))
	sc.Step(`^my page says that the softphone is lost$`, mine((*desk).lost))
	sc.Step(`^the page has no barriers$`, mine((*desk).noBarriers))

	sc.Step(`^I note "([^"]*)"$`, func(text string) error {
		return mine(func(d *desk) error { return d.page.Write("wrap-up-note", text) })()
	})
	sc.Step(`^my note still says "([^"]*)"$`, func(text string) error {
		return mine(func(d *desk) error { return d.noted(text) })()
	})
	sc.Step(`^the report says "([^"]*)"$`, func(text string) error {
		return s.reaches("the note is reported", func(e sb.EventData) bool { return e.Note == text })
	})
	sc.Step(`^the caller's phone rang once$`, func() error {
		if n := truth.Rings(s.log(), s.phone); n != 1 {
			return fmt.Errorf("it rang %d times", n)
		}
		return nil
	})
	sc.Step(`^Twilio has me as "([^"]*)"$`, mineAs(s))
}

// mineAs asks TaskRouter, for there is no page to be asked.
func mineAs(s *story) func(string) error {
	return func(want string) error {
		return s.Await("alice is "+want, func() (bool, error) {
			w, is := s.World.(*browserWorld)
			if !is {
				return false, errClosed
			}
			got, err := w.statusAtTwilio("alice")
			return got == want, err
		})
	}
}

// openAgain opens the app as somebody who has signed in already.
func (d *desk) openAgain() error {
	if d.page != nil {
		return d.page.Reload()
	}
	var err error
	first := d.tabs[0]
	if d.page, err = d.o.browser(d.agent).OpenBeside(first, d.o.address); err != nil {
		return err
	}
	d.tabs = append(d.tabs, d.page)
	return d.ready()
}

// close closes the page as a user would: what the page does when it is left, it does. The browser stays.
func (d *desk) close() error {
	err := d.page.Go("about:blank")
	d.page = nil
	return err
}

func (d *desk) openBeside() (err error) {
	if d.page, err = d.o.browser(d.agent).OpenBeside(d.page, d.o.address); err != nil {
		return err
	}
	d.tabs = append(d.tabs, d.page)
	return d.ready()
}

func (d *desk) elsewhere() error {
	return d.o.Await("the first tab offers to take the softphone back", func() (bool, error) {
		e, err := d.tabs[0].Look("take-over")
		return e.Visible, err
	})
}

func (d *desk) takeBack() error {
	d.page = d.tabs[0]
	return d.page.Click("take-over")
}

func (d *desk) signOut() error {
	if err := d.page.Click("sign-out"); err != nil {
		return err
	}
	return d.o.Await("the page asks who it is", func() (bool, error) {
		e, err := d.look("sign-in")
		return e.Visible, err
	})
}

// cut breaks the socket of the softphone; the console may say so.
func (d *desk) cut() error {
	d.o.faults = append(d.o.faults, "WebSocket", "31005", "ConnectionError", "53001", "127.0.0.1:9")
	return d.page.Cut("/signal")
}

func (d *desk) lost() error {
	return d.o.Await(d.agent+" is told that the softphone is lost, and what to do", func() (bool, error) {
		e, err := d.look("device-status")
		if err != nil || strings.HasPrefix(e.Text, "Ready") || e.Text == "" {
			return false, err
		}
		advice, err := d.look("device-problem")
		return advice.Text != "", err
	})
}

// renewed waits for the page to ask for one more token than it has.
func (d *desk) renewed() error {
	asked := func() (n int) {
		for _, address := range d.page.URLs() {
			if strings.HasSuffix(address, "/desktop/token") {
				n++
			}
		}
		return n
	}
	before := asked()
	return d.o.Await("a token is asked for", func() (bool, error) { return asked() > before, nil })
}

func (d *desk) noted(want string) error {
	got := ""
	err := d.o.Await("the note is still there", func() (bool, error) {
		e, err := d.look("wrap-up-note")
		got = e.Value
		return got == want, err
	})
	if err != nil {
		return fmt.Errorf("%w\n(it says %q)", err, got)
	}
	return nil
}

// barriers asks axe-core what keeps people out who cannot see the page, or use it with a mouse.
const barriers = `axe.run(document, { resultTypes: ["violations"] }).then((r) =>
	r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html).join(" ")))`

func (d *desk) noBarriers() error {
	axe, err := os.ReadFile("../desktop/page/node_modules/axe-core/axe.min.js")
	if err != nil {
		return fmt.Errorf("axe-core comes with the page's packages (npm ci in desktop/page): %w", err)
	}
	if _, err := chromium.Eval[any](d.page, string(axe)+";null"); err != nil {
		return err
	}
	found, err := chromium.Eval[[]string](d.page, barriers)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("barriers:\n%s", strings.Join(found, "\n"))
	}
	return nil
}
