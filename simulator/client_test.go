package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// browserPage is a browser that remembers what it is told.
type browserPage struct {
	news []ClientNews
}

func (p *browserPage) Tell(n ClientNews) { p.news = append(p.news, n) }

// told is what it was told since the last time.
func (p *browserPage) told() []string {
	list := []string{}
	for _, n := range p.news {
		text := string(n.What)
		if n.SIPCode != 0 {
			text += fmt.Sprint(" ", n.SIPCode)
		}
		list = append(list, text)
	}
	p.news = nil
	return list
}

// pages registers browsers of anna.
func (w *world) pages(n int) []*browserPage {
	w.t.Helper()
	var all []*browserPage
	for range n {
		p := &browserPage{}
		if _, err := w.sim.RegisterClient(DefaultAccountSID, "anna", p); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// callAnna rings her with a document that talks for a minute.
func (w *world) callAnna(fields ...string) (sid string) {
	w.t.Helper()
	fields = append([]string{"To", "client:anna?order=12&note=a+b", "From", ownedNumber1, "Timeout", "20",
		"Twiml", `<Response><Say>Welcome</Say><Pause length="60"/></Response>`}, fields...)
	sid = w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", fields...)).text("sid")
	w.advance(time.Second)
	return sid
}

func (w *world) callStatus(sid string) string {
	w.t.Helper()
	return w.must(w.get("/2010-04-01/Accounts/{AC}/Calls/" + sid + ".json")).text("status")
}

func TestTwoBrowsersRingAndTheFirstAnswers(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetSoftphone("anna", Softphone{}) // the scripted one is not asked
	p := w.pages(2)
	sid := w.callAnna()
	equals(t, "status", w.callStatus(sid), "ringing")
	ring := p[0].news[0]
	equals(t, "call", ring.CallSID, sid)
	equals(t, "from", ring.Call.From, ownedNumber1)
	equals(t, "to", ring.Call.To, "client:anna")
	equals(t, "account", ring.Call.AccountSID, DefaultAccountSID)
	equals(t, "parameters", ring.Call.Parameters.Encode(), "note=a+b&order=12")
	same(t, "one", p[0].told(), []string{"rings"})
	same(t, "two", p[1].told(), []string{"rings"})

	if err := w.sim.ClientAnswers(sid, p[1]); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.ClientAnswers(sid, p[0]); !errors.Is(err, errNotRinging) {
		t.Errorf("the second answer: got %v, want %v", err, errNotRinging)
	}
	same(t, "one", p[0].told(), []string{"stops-ringing"})
	same(t, "two", p[1].told(), []string{})
	equals(t, "status", w.callStatus(sid), "in-progress")

	w.sim.ClientHangsUp(sid, p[0]) // it stopped ringing there
	w.sim.ClientHangsUp(sid, p[1])
	same(t, "two", p[1].told(), []string{"ended"})
	same(t, "one", p[0].told(), []string{})
	same(t, "experienced", w.experienced("client:anna"),
		[]string{"Dialled", "Rings", "Answers", "Hears Welcome", "HangsUp", "Ended completed"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestABrowserDeclines(t *testing.T) {
	w := newWorld(t, Options{})
	p := w.pages(2)
	sid := w.callAnna()
	w.sim.ClientHangsUp(sid, p[0])
	equals(t, "status", w.callStatus(sid), "busy")
	same(t, "one", p[0].told(), []string{"rings", "stops-ringing"})
	same(t, "two", p[1].told(), []string{"rings", "stops-ringing"})
	if err := w.sim.ClientAnswers(sid, p[0]); !errors.Is(err, errNoSuchCall) {
		t.Errorf("answering what was declined: got %v, want %v", err, errNoSuchCall)
	}
	w.nothingLeft()
}

func TestWhoRingsABrowserEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *world, sid string)
		status string
	}{
		"in time": {func(w *world, sid string) {
			w.must(w.post("/2010-04-01/Accounts/{AC}/Calls/"+sid+".json", "Status", "canceled"))
		}, "canceled"},
		"too late": {func(w *world, _ string) { w.advance(time.Minute) }, "no-answer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			p := w.pages(1)[0]
			sid := w.callAnna()
			c.end(w, sid)
			equals(t, "status", w.callStatus(sid), c.status)
			same(t, "told", p.told(), []string{"rings", "stops-ringing"})
		})
	}
}

func TestTheOtherSideEndsABrowsersCall(t *testing.T) {
	w := newWorld(t, Options{})
	p := w.pages(1)[0]
	sid := w.callAnna()
	if err := w.sim.ClientAnswers(sid, p); err != nil {
		t.Fatal(err)
	}
	w.must(w.post("/2010-04-01/Accounts/{AC}/Calls/"+sid+".json", "Status", "completed"))
	same(t, "told", p.told(), []string{"rings", "ended"})
}

func TestUnregisteredBrowsersAreNotCalled(t *testing.T) {
	w := newWorld(t, Options{})
	p := &browserPage{}
	unregister, err := w.sim.RegisterClient(DefaultAccountSID, "anna", p)
	if err != nil {
		t.Fatal(err)
	}
	unregister()
	unregister() // late, and twice
	sid := w.callAnna()
	equals(t, "status", w.callStatus(sid), "failed")
	same(t, "told", p.told(), []string{})
	if _, err := w.sim.RegisterClient("AC000", "anna", p); !errors.Is(err, errNoSuchClient) {
		t.Errorf("of no account: got %v, want %v", err, errNoSuchClient)
	}
}

func TestFaultsOfBrowsers(t *testing.T) {
	for answer, want := range map[Answer]struct {
		status string
		told   []string
	}{
		Unreachable:  {"failed", []string{}},
		Busy:         {"busy", []string{}},
		NeverAnswers: {"no-answer", []string{}},
	} {
		t.Run(string(answer), func(t *testing.T) {
			w := newWorld(t, Options{Faults: Faults{Parties: []PartyRule{{Party: "client:anna", Probability: 1, Answer: answer}}}})
			p := w.pages(1)[0]
			sid := w.callAnna()
			w.advance(time.Minute)
			equals(t, "status", w.callStatus(sid), want.status)
			same(t, "told", p.told(), want.told)
		})
	}
	t.Run("connection breaks", func(t *testing.T) {
		w := newWorld(t, Options{Faults: Faults{Parties: []PartyRule{{Party: "client:anna", Probability: 1, HangsUpAfter: Span{From: 2 * time.Second}}}}})
		p := w.pages(1)[0]
		sid := w.callAnna()
		if err := w.sim.ClientAnswers(sid, p); err != nil {
			t.Fatal(err)
		}
		w.advance(3 * time.Second)
		same(t, "told", p.told(), []string{"rings", "ended"})
	})
}

func TestABrowserTakesOver(t *testing.T) {
	w := newWorld(t, Options{})
	before, other, after := &browserPage{}, &browserPage{}, &browserPage{}
	for _, p := range []*browserPage{before, other} {
		if _, err := w.sim.RegisterClient(DefaultAccountSID, "anna", p); err != nil {
			t.Fatal(err)
		}
	}
	sid := w.callAnna()
	if live, answered := w.sim.ClientTakesOver(sid, before, after); !live || answered {
		t.Errorf("while it rings: got live %v, answered %v", live, answered)
	}
	if live, _ := w.sim.ClientTakesOver(sid, before, after); live {
		t.Error("it was taken over twice")
	}
	if err := w.sim.ClientAnswers(sid, before); !errors.Is(err, errNotRinging) {
		t.Errorf("the one before answers: got %v, want %v", err, errNotRinging)
	}
	if err := w.sim.ClientAnswers(sid, after); err != nil {
		t.Fatal(err)
	}
	same(t, "other", other.told(), []string{"rings", "stops-ringing"})
	if live, answered := w.sim.ClientTakesOver(sid, after, before); !live || !answered {
		t.Errorf("while they talk: got live %v, answered %v", live, answered)
	}
	w.sim.ClientHangsUp(sid, after) // no more
	w.sim.ClientHangsUp(sid, before)
	same(t, "who was in it", before.told(), []string{"rings", "ended"})
	same(t, "who was before", after.told(), []string{})
	if live, _ := w.sim.ClientTakesOver(sid, before, after); live {
		t.Error("a call that is over was taken over")
	}
}

func TestResetForgetsBrowsers(t *testing.T) {
	w := newWorld(t, Options{})
	registered := w.pages(1)[0]
	w.callAnna()
	left, err := w.sim.RegisterClient(DefaultAccountSID, "anna", registered) // twice: told once
	if err != nil {
		t.Fatal(err)
	}
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	same(t, "told", registered.told(), []string{"rings", "forgotten"})
	left()
	sid := w.callAnna()
	equals(t, "status", w.callStatus(sid), "failed")
}

// appWorld has a TwiML app with this document.
func appWorld(t *testing.T, document string) (w *world, app string) {
	w = newWorld(t, Options{}).serving(map[string]string{"app": document})
	return w, w.must(w.post("/2010-04-01/Accounts/{AC}/Applications.json", "FriendlyName", "desk", "VoiceUrl", "https://app.test/app")).text("sid")
}

func TestABrowserDials(t *testing.T) {
	w, app := appWorld(t, `<Response><Gather numDigits="1" action="https://app.test/keys"><Say>Welcome</Say></Gather></Response>`)
	p := &browserPage{}
	token := AccessToken{AccountSID: DefaultAccountSID, Identity: "anna", ApplicationSID: app, Params: url.Values{"role": {"agent"}}}
	sid, err := w.sim.ClientDials(token, p, url.Values{"To": {"+447700900001"}, "role": {"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	same(t, "told", p.told(), []string{"connected"})
	form := w.received("/app")[0].form
	for name, want := range map[string]string{"role": "agent", "From": "client:anna", "Direction": "inbound", "CallSid": sid, "To": "+447700900001"} {
		equals(t, name, form.Get(name), want)
	}
	if err := w.sim.ClientPresses(sid, "7", p); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	same(t, "keys", w.values("/keys", "Digits"), []string{"7"})
	w.advance(time.Minute)
	same(t, "told at the end", p.told(), []string{"ended"})
	if err := w.sim.ClientPresses(sid, "7", p); !errors.Is(err, errNoSuchCall) {
		t.Errorf("keys after the end: got %v, want %v", err, errNoSuchCall)
	}
	w.nothingLeft()
}

func TestABrowsersCallIsRefused(t *testing.T) {
	w, app := appWorld(t, `<Response><Reject reason="busy"/></Response>`)
	p := &browserPage{}
	token := AccessToken{AccountSID: DefaultAccountSID, Identity: "anna", ApplicationSID: app}
	if _, err := w.sim.ClientDials(token, p, nil); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	same(t, "told", p.told(), []string{"ended 486"})
	token.ApplicationSID = "AP0"
	var refusal *TokenError
	if _, err := w.sim.ClientDials(token, p, nil); !errors.As(err, &refusal) || refusal.Code != TokenInvalidGrants {
		t.Errorf("without an app: got %v, want %d", err, TokenInvalidGrants)
	}
	token.AccountSID = "AC0"
	if _, err := w.sim.ClientDials(token, p, nil); !errors.Is(err, errNoSuchClient) {
		t.Errorf("without an account: got %v, want %v", err, errNoSuchClient)
	}
}

func TestBrowsersOfAClosedAccount(t *testing.T) {
	w := newWorld(t, Options{})
	sub := w.must(w.post("/2010-04-01/Accounts.json", "FriendlyName", "branch")).text("sid")
	app := w.must(w.post("/2010-04-01/Accounts/"+sub+"/Applications.json", "FriendlyName", "desk", "VoiceUrl", "https://app.test/app")).text("sid")
	p := &browserPage{}
	token := AccessToken{AccountSID: sub, Identity: "anna", ApplicationSID: app}
	if _, err := w.sim.ClientDials(token, p, nil); err != nil {
		t.Fatal(err)
	}
	w.must(w.post("/2010-04-01/Accounts/"+sub+".json", "Status", "closed"))
	same(t, "told", p.told(), []string{"ended"})
	if _, err := w.sim.ClientDials(token, p, nil); !errors.Is(err, errNoSuchClient) {
		t.Errorf("a call of a closed account: got %v, want %v", err, errNoSuchClient)
	}
	if _, err := w.sim.RegisterClient(sub, "anna", p); !errors.Is(err, errNoSuchClient) {
		t.Errorf("registering with a closed account: got %v, want %v", err, errNoSuchClient)
	}
	w.nothingLeft()
}

func TestABrowserGivesUpDialling(t *testing.T) {
	w, app := appWorld(t, `<Response><Pause length="5"/><Say>Welcome</Say></Response>`)
	p := &browserPage{}
	sid, err := w.sim.ClientDials(AccessToken{AccountSID: DefaultAccountSID, Identity: "anna", ApplicationSID: app}, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.sim.ClientHangsUp(sid, p)
	w.advance(time.Minute)
	same(t, "told", p.told(), []string{"ended"})
	w.nothingLeft()
}

func TestResetForgetsABrowserThatOnlyDials(t *testing.T) {
	w, app := appWorld(t, `<Response><Pause length="60"/></Response>`)
	p := &browserPage{}
	if _, err := w.sim.ClientDials(AccessToken{AccountSID: DefaultAccountSID, Identity: "anna", ApplicationSID: app}, p, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	same(t, "told", p.told(), []string{"forgotten"})
}

// signedToken is a token as Twilio's libraries make them.
func signedToken(key, secret string, header, claims map[string]any) string {
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	claims["iss"] = key
	signed := encode(header) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestAccessTokens(t *testing.T) {
	w := newWorld(t, Options{})
	key := w.must(w.post("/2010-04-01/Accounts/{AC}/Keys.json", "FriendlyName", "desk"))
	sid, secret := key.text("sid"), key.text("secret")
	now := w.clock.Now()
	good := func() (header, claims map[string]any) {
		return map[string]any{"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"}, map[string]any{
			"sub": DefaultAccountSID, "exp": now.Add(time.Hour).Unix(), "grants": map[string]any{"identity": "anna",
				"voice":       map[string]any{"incoming": map[string]any{"allow": true}, "outgoing": map[string]any{"application_sid": "AP1", "params": map[string]any{"a": 1}}},
				"task_router": map[string]any{"workspace_sid": "WS1", "worker_sid": "WK1", "role": "worker"}}}
	}
	header, claims := good()
	token, err := w.sim.VerifyAccessToken(signedToken(sid, secret, header, claims))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "token", fmt.Sprint(token.AccountSID, token.Identity, token.Incoming, token.ApplicationSID, token.Params.Get("a"),
		token.WorkspaceSID, token.AgentSID, token.Role), fmt.Sprint(DefaultAccountSID, "anna", true, "AP1", "1", "WS1", "WK1", "worker"))
	equals(t, "remaining", w.sim.Remaining(token), time.Hour)

	for name, c := range map[string]struct {
		change func(header, claims map[string]any)
		code   int
	}{
		"another algorithm":  {func(h, _ map[string]any) { h["alg"] = "none" }, TokenInvalidHeader},
		"another content":    {func(h, _ map[string]any) { delete(h, "cty") }, TokenInvalidHeader},
		"another account":    {func(_, c map[string]any) { c["sub"] = "AC2" }, TokenInvalidIssuer},
		"expired":            {func(_, c map[string]any) { c["exp"] = now.Unix() }, TokenExpired},
		"lives too long":     {func(_, c map[string]any) { c["exp"] = now.Add(48 * time.Hour).Unix() }, TokenLivesTooLong},
		"of the future":      {func(_, c map[string]any) { c["nbf"] = now.Add(time.Hour).Unix() }, TokenNotYetValid},
		"no grants":          {func(_, c map[string]any) { delete(c, "grants") }, TokenInvalidGrants},
		"nobody":             {func(_, c map[string]any) { c["grants"] = map[string]any{} }, TokenInvalidGrants},
		"claims of no sense": {func(_, c map[string]any) { c["exp"] = "soon" }, TokenInvalid},
	} {
		header, claims := good()
		c.change(header, claims)
		w.refusedToken(name, signedToken(sid, secret, header, claims), c.code)
	}
	header, claims = good()
	w.refusedToken("another secret", signedToken(sid, secret+"x", header, claims), TokenInvalidSignature)
	w.refusedToken("another key", signedToken("SK0", secret, header, claims), TokenInvalidIssuer)
	for _, text := range []string{"", "a", "a.b", "a.b.c", "a.b.c.d"} {
		if _, err := w.sim.VerifyAccessToken(text); err == nil {
			t.Errorf("%q is a token", text)
		}
	}
}

func (w *world) refusedToken(name, text string, code int) {
	w.t.Helper()
	_, err := w.sim.VerifyAccessToken(text)
	var refusal *TokenError
	if !errors.As(err, &refusal) || refusal.Code != code {
		w.t.Errorf("%s: got %v, want code %d", name, err, code)
	}
}
