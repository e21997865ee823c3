package simulator

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

// as is the official client, signed in as somebody else: a subaccount, or a key of the account.
func as(s *Simulator, user, password, account string) *client.Client {
	c := &client.Client{Credentials: client.NewCredentials(user, password), HTTPClient: &http.Client{Transport: s.Transport()}}
	c.SetAccountSid(account)
	return c
}

func apiAs(s *Simulator, user, password, account string) *voice.ApiService {
	return voice.NewApiServiceWithClient(as(s, user, password, account))
}

// refusedAs checks the error of an official client; 0 is none.
func refusedAs(t *testing.T, what string, err error, status, code int) {
	t.Helper()
	var refused *client.TwilioRestError
	switch {
	case code == 0 && err == nil:
	case errors.As(err, &refused) && refused.Status == status && refused.Code == code:
	default:
		t.Errorf("%s: got %v, want %d with code %d", what, err, status, code)
	}
}

// newSubaccount makes a subaccount and the client that is signed in as it.
func newSubaccount(t *testing.T, s *Simulator, name string) (*voice.ApiV2010Account, *voice.ApiService) {
	t.Helper()
	_, main := twilioGo(s)
	a, err := main.CreateAccount((&voice.CreateAccountParams{}).SetFriendlyName(name))
	if err != nil {
		t.Fatal(err)
	}
	return a, apiAs(s, *a.Sid, *a.AuthToken, *a.Sid)
}

func TestTwilioGoKeepsAccounts(t *testing.T) {
	w := newWorld(t, Options{})
	_, main := twilioGo(w.sim)
	first, firstAPI := newSubaccount(t, w.sim, "Customer")
	second, _ := newSubaccount(t, w.sim, "")
	equals(t, "owner", *first.OwnerAccountSid, DefaultAccountSID)
	equals(t, "name of its own", *second.FriendlyName, "SubAccount Created at 2026-11-22 09:00 am")
	if !isSID("AC", *first.Sid) || len(*first.AuthToken) != 32 || *first.AuthToken == *second.AuthToken {
		t.Errorf("subaccounts: %+v %+v", *first, *second)
	}
	names := func(api *voice.ApiService, p *voice.ListAccountParams) string {
		list, err := api.ListAccount(p)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, a := range list {
			all = append(all, *a.FriendlyName)
		}
		return strings.Join(all, ", ")
	}
	equals(t, "all", names(main, (&voice.ListAccountParams{}).SetPageSize(1)), *second.FriendlyName+", Customer, Main")
	equals(t, "by name", names(main, (&voice.ListAccountParams{}).SetFriendlyName("Customer")), "Customer")
	equals(t, "a subaccount sees itself", names(firstAPI, nil), "Customer")

	w.advance(time.Hour)
	renamed, err := firstAPI.UpdateAccount(*first.Sid, (&voice.UpdateAccountParams{}).SetFriendlyName("Client"))
	if err != nil || *renamed.FriendlyName != "Client" || *renamed.DateUpdated != "Sun, 22 Nov 2026 10:00:00 +0000" {
		t.Errorf("renamed: %+v %v", renamed, err)
	}
	own, err := main.FetchAccount(DefaultAccountSID)
	if err != nil || *own.OwnerAccountSid != DefaultAccountSID || *own.AuthToken != DefaultAuthToken {
		t.Errorf("the main account: %+v %v", own, err)
	}
	_, err = main.FetchAccount("AC99999999999999999999999999999999")
	refusedAs(t, "nobody's", err, 404, 20404)
	_, err = main.CreateAccount((&voice.CreateAccountParams{}).SetFriendlyName(strings.Repeat("x", 65)))
	refusedAs(t, "long name", err, 400, 20002)
	_, err = firstAPI.CreateAccount(&voice.CreateAccountParams{})
	refusedAs(t, "a subaccount's subaccount", err, 401, 20003)
}

func TestStatusOfAnAccount(t *testing.T) {
	w := newWorld(t, Options{})
	_, main := twilioGo(w.sim)
	sub, api := newSubaccount(t, w.sim, "Customer")
	set := func(by *voice.ApiService, sid, status string, want, code int) {
		t.Helper()
		a, err := by.UpdateAccount(sid, (&voice.UpdateAccountParams{}).SetStatus(status))
		refusedAs(t, status, err, want, code)
		if err == nil {
			equals(t, "status", *a.Status, status)
		}
	}
	dial := func(by *voice.ApiService) (*voice.ApiV2010Call, error) {
		return by.CreateCall((&voice.CreateCallParams{}).SetPathAccountSid(*sub.Sid).SetTo(stays).SetFrom(ourNumber).SetTwiml(say))
	}
	status := func(call string) string {
		t.Helper()
		c, err := main.FetchCall(call, (&voice.FetchCallParams{}).SetPathAccountSid(*sub.Sid))
		if err != nil {
			t.Fatal(err)
		}
		return *c.Status
	}
	set(main, DefaultAccountSID, "closed", 400, 21477)
	set(main, *sub.Sid, "gone", 400, 21475)
	set(api, *sub.Sid, "suspended", 401, 20003)

	call, err := dial(api)
	if err != nil {
		t.Fatal(err)
	}
	w.advance(3 * time.Second)
	set(main, *sub.Sid, "suspended", 200, 0)
	_, err = api.ListCall(nil)
	refusedAs(t, "signed in while suspended", err, 401, 20003)
	_, err = dial(main)
	refusedAs(t, "dialled while suspended", err, 403, 20005)
	equals(t, "a call that was there", status(*call.Sid), "in-progress")
	suspended, err := main.ListAccount((&voice.ListAccountParams{}).SetStatus("suspended"))
	if err != nil || len(suspended) != 1 {
		t.Errorf("suspended: %v %v", suspended, err)
	}
	set(main, *sub.Sid, "active", 200, 0)
	if _, err := api.ListCall(nil); err != nil {
		t.Error(err)
	}
	set(main, *sub.Sid, "closed", 200, 0)
	equals(t, "a call that was there", status(*call.Sid), "completed")
	_, err = api.ListCall(nil)
	refusedAs(t, "signed in while closed", err, 401, 20003)
	set(main, *sub.Sid, "active", 400, 21479)
	set(main, *sub.Sid, "closed", 200, 0)
}

func TestAccountsDoNotSeeEachOther(t *testing.T) {
	w := newWorld(t, Options{CallsPerSecond: 1})
	_, main := twilioGo(w.sim)
	first, firstAPI := newSubaccount(t, w.sim, "first")
	second, secondAPI := newSubaccount(t, w.sim, "second")
	dial := func(by *voice.ApiService, in string) (*voice.ApiV2010Call, error) {
		return by.CreateCall((&voice.CreateCallParams{}).SetPathAccountSid(in).SetTo(stays).SetFrom(ourNumber).SetTwiml(say).
			SetStatusCallback("https://app.test/call"))
	}
	for _, by := range []*voice.ApiService{firstAPI, main} { // the parent acts for it, at its rate
		if _, err := dial(by, *first.Sid); err != nil {
			t.Fatal(err)
		}
	}
	third, err := dial(secondAPI, *second.Sid)
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "each has a queue of its own", *third.QueueTime, "0")
	mine, err := firstAPI.ListCall(nil)
	if err != nil || len(mine) != 2 || *mine[0].QueueTime != "1000" || *mine[0].AccountSid != *first.Sid {
		t.Errorf("calls of the first: %v %v", mine, err)
	}
	_, err = firstAPI.ListCall((&voice.ListCallParams{}).SetPathAccountSid(*second.Sid))
	refusedAs(t, "a sibling's", err, 401, 20003)
	_, err = firstAPI.ListCall((&voice.ListCallParams{}).SetPathAccountSid(DefaultAccountSID))
	refusedAs(t, "the parent's", err, 401, 20003)
	_, err = firstAPI.FetchCall(*third.Sid, nil)
	refusedAs(t, "a sibling's call", err, 404, 20404)

	// TaskRouter belongs to whoever signs in.
	tr := taskrouter.NewApiServiceWithClient(as(w.sim, *first.Sid, *first.AuthToken, *first.Sid))
	ws, err := tr.CreateWorkspace((&taskrouter.CreateWorkspaceParams{}).SetFriendlyName("centre"))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "owner of the workspace", *ws.AccountSid, *first.Sid)
	w.refused(w.get("/v1/Workspaces/"+*ws.Sid), 404, 20404)

	// Each signs with its own token.
	w.advance(time.Hour)
	hooks := w.received("/call")
	equals(t, "callbacks", len(hooks), 3)
	for _, h := range hooks {
		token := *first.AuthToken
		if h.form.Get("AccountSid") == *second.Sid {
			token = *second.AuthToken
		}
		form := map[string]string{}
		for name := range h.form {
			form[name] = h.form.Get(name)
		}
		validator, others := client.NewRequestValidator(token), client.NewRequestValidator(DefaultAuthToken)
		if !validator.Validate(h.url, form, h.header.Get("X-Twilio-Signature")) {
			t.Errorf("not signed by %s", h.form.Get("AccountSid"))
		}
		if others.Validate(h.url, form, h.header.Get("X-Twilio-Signature")) {
			t.Error("signed by the parent")
		}
	}
}

func TestTwilioGoKeepsKeys(t *testing.T) {
	w := newWorld(t, Options{})
	_, main := twilioGo(w.sim)
	key, err := main.CreateNewKey((&voice.CreateNewKeyParams{}).SetFriendlyName("server"))
	if err != nil {
		t.Fatal(err)
	}
	if !isSID("SK", *key.Sid) || len(*key.Secret) != 32 {
		t.Errorf("key: %+v", key)
	}
	signing, err := main.CreateNewSigningKey(&voice.CreateNewSigningKeyParams{})
	if err != nil || *signing.Secret == *key.Secret {
		t.Errorf("signing key: %+v %v", signing, err)
	}
	keys, err := main.ListKey((&voice.ListKeyParams{}).SetPageSize(1))
	if err != nil || len(keys) != 2 || *keys[1].FriendlyName != "server" {
		t.Errorf("keys: %+v %v", keys, err)
	}
	signingKeys, err := main.ListSigningKey(nil)
	if err != nil || len(signingKeys) != 2 {
		t.Errorf("signing keys: %+v %v", signingKeys, err)
	}
	updated, err := main.UpdateKey(*key.Sid, (&voice.UpdateKeyParams{}).SetFriendlyName("web"))
	if err != nil || *updated.FriendlyName != "web" {
		t.Errorf("updated: %+v %v", updated, err)
	}
	fetched := w.must(w.get("/2010-04-01/Accounts/{AC}/Keys/" + *key.Sid + ".json"))
	if _, told := fetched.body["secret"]; told {
		t.Error("the secret is told again")
	}
	sub, _ := newSubaccount(t, w.sim, "customer")
	api := apiAs(w.sim, *key.Sid, *key.Secret, DefaultAccountSID)
	if _, err := api.ListCall(nil); err != nil {
		t.Error(err)
	}
	_, err = api.FetchAccount(DefaultAccountSID)
	refusedAs(t, "the account, by key", err, 401, 20003)
	_, err = api.ListKey(nil)
	refusedAs(t, "the keys, by key", err, 401, 20003)
	_, err = api.ListCall((&voice.ListCallParams{}).SetPathAccountSid(*sub.Sid))
	refusedAs(t, "a subaccount, by key", err, 401, 20003)
	_, err = apiAs(w.sim, *key.Sid, *signing.Secret, DefaultAccountSID).ListCall(nil)
	refusedAs(t, "another key's secret", err, 401, 20003)
	if err := main.DeleteKey(*key.Sid, nil); err != nil {
		t.Fatal(err)
	}
	_, err = api.ListCall(nil)
	refusedAs(t, "a key that is gone", err, 401, 20003)
	_, err = main.FetchSigningKey(*key.Sid, nil)
	refusedAs(t, "a key that is gone", err, 404, 20404)
	for _, r := range w.sim.Requests() {
		if strings.Contains(r.Summary, *key.Secret) || strings.Contains(r.Summary, *sub.AuthToken) {
			t.Errorf("a secret in %q", r.Summary)
		}
	}
}

func TestKeysActForSubaccounts(t *testing.T) {
	w := newWorld(t, Options{Uncertain: Uncertain{KeysActForSubaccounts: true}})
	_, main := twilioGo(w.sim)
	key, err := main.CreateNewKey(&voice.CreateNewKeyParams{})
	if err != nil {
		t.Fatal(err)
	}
	sub, _ := newSubaccount(t, w.sim, "customer")
	_, err = apiAs(w.sim, *key.Sid, *key.Secret, DefaultAccountSID).ListCall((&voice.ListCallParams{}).SetPathAccountSid(*sub.Sid))
	if err != nil {
		t.Error(err)
	}
}

// simulated is the recipe of docs/simulator-clients.md.
type simulated struct{ address string }

func (s simulated) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Host = r.URL.Host
	out.URL.Scheme, out.URL.Host = "http", s.address
	return http.DefaultTransport.RoundTrip(out)
}

func TestTwilioGoAcrossAPort(t *testing.T) {
	s := New(Options{Clock: newVirtualClock()})
	defer s.Close()
	server := httptest.NewServer(s)
	defer server.Close()
	base := &client.Client{Credentials: client.NewCredentials(DefaultAccountSID, DefaultAuthToken),
		HTTPClient: &http.Client{Transport: simulated{server.Listener.Addr().String()}}}
	base.SetAccountSid(DefaultAccountSID)
	tr, api := taskrouter.NewApiServiceWithClient(base), voice.NewApiServiceWithClient(base)
	for _, name := range []string{"a", "b", "c"} {
		if _, err := tr.CreateWorkspace((&taskrouter.CreateWorkspaceParams{}).SetFriendlyName(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := api.CreateApplication((&voice.CreateApplicationParams{}).SetFriendlyName(name)); err != nil {
			t.Fatal(err)
		}
	}
	workspaces, err := tr.ListWorkspace((&taskrouter.ListWorkspaceParams{}).SetPageSize(1))
	if err != nil || len(workspaces) != 3 {
		t.Errorf("workspaces on three pages: %d %v", len(workspaces), err)
	}
	apps, err := api.ListApplication((&voice.ListApplicationParams{}).SetPageSize(1))
	if err != nil || len(apps) != 3 {
		t.Errorf("apps on three pages: %d %v", len(apps), err)
	}
	if _, err := debuggerOf(base).ListAlert(nil); err != nil {
		t.Error(err)
	}
}
