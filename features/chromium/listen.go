package chromium

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// hear is told of everything that happens in the tab. It must be quick.
func (p *Page) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.say(string(e.Type), words(e.Args))
	case *runtime.EventExceptionThrown:
		p.say("exception", exception(e.ExceptionDetails))
	case *log.EventEntryAdded:
		p.say(string(e.Entry.Level), strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL))
	case *network.EventRequestWillBeSent:
		p.urls = append(p.urls, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.urls = append(p.urls, e.URL)
	case *page.EventJavascriptDialogOpening:
		go p.agree() // commands cannot be given from here
	case *inspector.EventTargetCrashed:
		p.crashed = true
	}
}

// agree presses OK: the page asks whether it may be left.
func (p *Page) agree() {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}) // or it is gone
}

func (p *Page) say(kind, text string) {
	line := kind + ": " + text
	p.console = append(p.console, line)
	switch kind {
	case "error", "assert", "exception":
		p.problems = append(p.problems, line)
	}
}

func words(args []*runtime.RemoteObject) string {
	var list []string
	for _, a := range args {
		switch {
		case a.Description != "":
			list = append(list, a.Description)
		case len(a.Value) > 0:
			list = append(list, strings.Trim(string(a.Value), `"`))
		}
	}
	return strings.Join(list, " ")
}

func exception(d *runtime.ExceptionDetails) string {
	text := d.Text
	if d.Exception != nil {
		text += " " + words([]*runtime.RemoteObject{d.Exception})
	}
	return fmt.Sprintf("%s (%s:%d)", text, d.URL, d.LineNumber+1)
}

// Problems are the errors and uncaught exceptions that the console has shown; a normal shift has none.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Console is everything that the console has shown.
func (p *Page) Console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.console...)
}

// URLs are the addresses that the page has asked for, sockets included.
func (p *Page) URLs() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.urls...)
}
