package chromium

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed js/laptop.js
var laptop string // what can be done to the laptop, in every document before its own scripts

//go:embed js/look.js
var look string

//go:embed js/choose.js
var choose string

//go:embed js/tones.js
var tones string

// Page is a tab.
type Page struct {
	ctx     context.Context
	cancel  context.CancelFunc
	browser *Browser

	mu       sync.Mutex
	problems []string
	console  []string
	urls     []string
	crashed  bool
}

func (p *Page) begin(url string) error {
	if err := chromedp.Listen(p.ctx, p.hear); err != nil {
		return err
	}
	if _, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: laptop}); err != nil {
		return err
	}
	return p.Go(url)
}

// Go loads an address in the tab.
func (p *Page) Go(url string) error {
	return p.do(chromedp.Navigate(url))
}

// Reload loads the page again, as a user would, who means it when the page asks.
func (p *Page) Reload() error { return p.do(chromedp.Reload()) }

// Close closes the tab.
func (p *Page) Close() { p.cancel() }

// Crash kills the process that shows the page; nothing of the page runs any more, not even what it does when it closes.
func (p *Page) Crash() error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	go func() { _, _ = chromedp.Call(ctx, page.Crash, cdp.Empty{}) }() // it never answers
	return p.Until("the page crashes", func() (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.crashed, nil
	})
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Eval evaluates an expression in a page and decodes what it gives; a promise is waited for.
func Eval[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// call calls a function of JavaScript with arguments.
func call[T any](p *Page, function string, args ...any) (T, error) {
	var list []string
	for _, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return *new(T), err
		}
		list = append(list, string(text))
	}
	return Eval[T](p, "("+strings.TrimSpace(function)+")("+strings.Join(list, ", ")+")")
}

// Element is what is to be seen of an element now. Everything is empty for one that is not there or cannot be seen.
type Element struct {
	Visible  bool     `json:"visible"`
	Text     string   `json:"text"`
	Value    string   `json:"value"`   // of a field; of a list the text of what is chosen
	Choices  []string `json:"choices"` // of a list
	Disabled bool     `json:"disabled"`
	Pressed  bool     `json:"pressed"` // aria-pressed
}

// Look looks at an element now, without waiting.
func (p *Page) Look(qa string) (Element, error) { return call[Element](p, look, qa) }

// Click clicks on an element as a hand would, as soon as it can be clicked on, and again if the element was not under the
// hand any more when it came down.
func (p *Page) Click(qa string) error {
	return p.Until(qa+" is clicked on", func() (bool, error) {
		if err := p.usable(qa); err != nil {
			return false, err
		}
		if _, err := call[bool](p, `(css) => {
			const e = document.querySelector(css); window.hit = false;
			e?.addEventListener("click", () => { window.hit = true }, { once: true, capture: true });
			return true }`, selector(qa)); err != nil {
			return false, err
		}
		if err := p.do(chromedp.Click(chromedp.CSS(selector(qa)))); err != nil {
			return false, err
		}
		return Eval[bool](p, "window.hit !== false") // undefined: the click led to another document
	})
}

// Choose chooses from a list by the text of the choice, as soon as there is such a choice.
func (p *Page) Choose(qa, text string) error {
	if err := p.Until(fmt.Sprintf("%q can be chosen in %s", text, qa), func() (bool, error) {
		e, err := p.Look(qa)
		return contains(e.Choices, text) && !e.Disabled, err
	}); err != nil {
		return err
	}
	_, err := call[bool](p, choose, qa, text)
	return err
}

// Write replaces what a field says.
func (p *Page) Write(qa, text string) error {
	if err := p.usable(qa); err != nil {
		return err
	}
	if _, err := call[bool](p, `(css) => { const e = document.querySelector(css); e.focus(); e.select(); return true }`, selector(qa)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
	return err
}

// Press presses keys, wherever the focus is.
func (p *Page) Press(keys string) error { return p.do(chromedp.KeyEvent(keys)) }

func (p *Page) usable(qa string) error {
	return p.Until(qa+" can be used", func() (bool, error) {
		e, err := p.Look(qa)
		return e.Visible && !e.Disabled, err
	})
}

func selector(qa string) string { return `[data-qa="` + qa + `"]` }

// Until asks again and again until something is so. An error of asking is one only when it does not go away: a page that
// is being loaded cannot be asked.
func (p *Page) Until(what string, met func() (bool, error)) error {
	return Until(p.ctx, within, what, met)
}

// Until is Page.Until for what is not on a page, with a limit of its own.
func Until(ctx context.Context, limit time.Duration, what string, met func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		is, err := met()
		if is {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s: not within %v", what, limit), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Tones are the frequencies in a MediaStream, given as an expression; loudest first. It listens for most of a second.
func (p *Page) Tones(stream string) ([]Tone, error) {
	return Eval[[]Tone](p, "("+strings.TrimSpace(tones)+")("+stream+")")
}

// SetCookie sets a cookie of an address, one that no script may read.
func (p *Page) SetCookie(url, name, value string) error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url, HTTPOnly: new(true)})
	return err
}

// Unplug takes the microphone out of the laptop, and Plug puts it back.
func (p *Page) Unplug() error { return p.laptop("unplug") }

// Plug puts the microphone back.
func (p *Page) Plug() error { return p.laptop("plug") }

// Cut breaks the sockets whose address contains a text, and keeps new ones from being opened until Mend.
func (p *Page) Cut(address string) error { return p.laptop("cut", address) }

// Mend lets sockets be opened again.
func (p *Page) Mend() error { return p.laptop("mend") }

func (p *Page) laptop(do string, args ...any) error {
	_, err := call[bool](p, "(...args) => { window.__laptop."+do+"(...args); return true }", args...)
	return err
}

// Screenshot writes what is to be seen, as PNG.
func (p *Page) Screenshot(path string) error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(path, png, 0o644)
}

func contains(list []string, text string) bool {
	for _, s := range list {
		if s == text {
			return true
		}
	}
	return false
}
