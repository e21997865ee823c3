package desktop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	sb "switchboard"
)

// holding is a browser of somebody with these roles, who is the agent anna: that alone gives no right.
func (r *rig) holding(roles ...Role) *browser {
	r.t.Helper()
	p := person{Who: "somebody@example.test", Roles: roles, Agent: &Agent{Name: "anna", SID: r.workspace.Agents["anna"], Identity: "anna"}}
	w := httptest.NewRecorder()
	if err := r.begin(w, httptest.NewRequest(http.MethodPost, "/", nil), p); err != nil {
		r.t.Fatal(err)
	}
	b := r.browser()
	b.keep(w.Result())
	return b
}

// Every route, by every role: a route that is new and not in this table fails the test.
func TestWhatEachRoleMayAskFor(t *testing.T) {
	r := newRig(t, nil)
	call := `{"call":"` + string(testCall) + `"}`
	agents := []Role{RoleAgent}
	everybody := []Role{"", RoleAgent, RoleSupervisor, RoleOperator}
	table := map[string]struct {
		target, body string
		may          []Role // "": whoever has not signed in
	}{
		"GET /desktop/shim.js":       {"/desktop/shim.js", "", everybody},
		"GET /desktop/config":        {"/desktop/config", "", everybody},
		"POST /desktop/session":      {"/desktop/session", `{"name":"anna"}`, everybody},
		"DELETE /desktop/session":    {"/desktop/session", "", everybody},
		"GET /desktop/sign-in":       {"/desktop/sign-in", "", nil}, // there is no identity provider here
		"GET /desktop/signed-in":     {"/desktop/signed-in", "", nil},
		"GET /":                      {"/", "", everybody},
		"POST /desktop/token":        {"/desktop/token", "", agents},
		"GET /desktop/call":          {callTarget, "", []Role{RoleAgent, RoleSupervisor}},
		"POST /desktop/call/hang-up": {"/desktop/call/hang-up", call, agents},
		"POST /desktop/call/wrap-up": {"/desktop/call/wrap-up", call, agents},
		"POST /desktop/call/rejoin":  {"/desktop/call/rejoin", call, agents},
		"GET /desktop/presence":      {"/desktop/presence", "", agents}, // refused as it names no page, which only an agent is told
		"POST /desktop/device":       {"/desktop/device", `{"page":"p","ready":true}`, agents},
	}
	for _, route := range r.routed {
		if _, there := table[route]; !there {
			t.Errorf("%s is a new route: say in this table who may ask for it", route)
		}
	}
	for route, c := range table {
		if !slices.Contains(r.routed, route) {
			t.Errorf("%s is gone: take it out of the table", route)
		}
		method, _, _ := strings.Cut(route, " ")
		for _, role := range everybody {
			r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
			b := r.browser()
			if role != "" {
				b = r.holding(role)
			}
			w := b.do(method, c.target, c.body)
			may := w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden && w.Code != http.StatusNotFound
			if may != slices.Contains(c.may, role) {
				t.Errorf("%s by %q: got %d %.200s", route, role, w.Code, w.Body)
			}
			if role == "" && !may && c.may != nil && w.Code != http.StatusUnauthorized {
				t.Errorf("%s by nobody: got %d, want 401", route, w.Code)
			}
		}
	}
}

func TestASupervisorSeesEveryCallAndChangesNone(t *testing.T) {
	r := newRig(t, nil)
	bobs := sb.State{Stage: sb.StageWrappingUp, Agent: r.workspace.Agents["bob"], Result: &sb.Result{Outcome: sb.Completed, Note: testNote}}
	queued := sb.State{Stage: sb.StageQueued}
	for name, state := range map[string]sb.State{"another's": bobs, "nobody's": queued} {
		for _, roles := range [][]Role{{RoleSupervisor}, {RoleAgent, RoleSupervisor}} {
			r.calls.state, r.calls.updates = state, nil
			b := r.holding(roles...)
			got := decoded[callView](t, b.do("GET", callTarget, ""))
			if got.Stage != state.Stage || got.Yours || got.Result != nil && got.Result.Note != "" {
				t.Errorf("%s, %v: got %+v", name, roles, got)
			}
			if w := b.do("POST", "/desktop/call/hang-up", `{"call":"`+string(testCall)+`"}`); w.Code != http.StatusForbidden || len(r.calls.updates) > 0 {
				t.Errorf("%s, %v: hung up: %d", name, roles, w.Code)
			}
		}
	}
	r.calls.err = ErrNoCall
	refused(t, r.holding(RoleSupervisor).do("GET", callTarget, ""), http.StatusNotFound, "no such call")
}

func TestRolesFromTheProvidersClaims(t *testing.T) {
	for name, c := range map[string]struct {
		claim  string
		claims map[string]any
		want   []Role
	}{
		"a list":               {"roles", map[string]any{"roles": []any{"cc-agents", "other"}}, []Role{RoleAgent}},
		"several":              {"roles", map[string]any{"roles": []any{"sre", "cc-leads", "cc-agents"}}, AllRoles()},
		"two values of one":    {"roles", map[string]any{"roles": []any{"platform", "sre"}}, []Role{RoleOperator}},
		"one text":             {"role", map[string]any{"role": "cc-leads"}, []Role{RoleSupervisor}},
		"a scope":              {"scope", map[string]any{"scope": "openid sre cc-agents"}, []Role{RoleAgent, RoleOperator}},
		"a path":               {"realm_access.roles", map[string]any{"realm_access": map[string]any{"roles": []any{"sre"}}}, []Role{RoleOperator}},
		"an address as a name": {"https://example.test/roles", map[string]any{"https://example.test/roles": []any{"sre"}}, []Role{RoleOperator}},
		"the role's own name":  {"roles", map[string]any{"roles": []any{"operator"}}, nil}, // here another value gives it
		"part of a value":      {"roles", map[string]any{"roles": []any{"cc-agents-former", "sr"}}, nil},
		"another shape":        {"roles", map[string]any{"roles": map[string]any{"sre": true}}, nil},
		"numbers":              {"roles", map[string]any{"roles": []any{1, nil, true}}, nil},
		"none":                 {"roles", map[string]any{}, nil},
		"a path into a text":   {"roles.sre", map[string]any{"roles": "sre"}, nil},
	} {
		o := OIDC{RolesClaim: c.claim, Roles: map[Role][]string{RoleAgent: {"cc-agents"}, RoleSupervisor: {"cc-leads"}, RoleOperator: {"sre", "platform"}}}
		if got := o.rolesIn(c.claims); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestWhoMaySignIn(t *testing.T) {
	for name, c := range map[string]struct {
		roles  []string
		email  string
		status int
		says   string
		who    string // the agent of the page
	}{
		"an agent":                  {[]string{"cc-agents"}, "anna@example.test", http.StatusFound, "", "anna"},
		"no role":                   {nil, "anna@example.test", http.StatusForbidden, "cc-agents (agent), cc-leads (supervisor), sre (operator)", ""},
		"another application's":     {[]string{"admin"}, "anna@example.test", http.StatusForbidden, "claim roles", ""},
		"an operator":               {[]string{"sre"}, "olga@example.test", http.StatusOK, "operator", ""},
		"an operator and agent":     {[]string{"sre", "cc-agents"}, "anna@example.test", http.StatusFound, "", "anna"},
		"an operator, no agent yet": {[]string{"sre", "cc-agents"}, "olga@example.test", http.StatusOK, "operator", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := newOIDCRig(t, "email")
			p.change = func(claims map[string]any) { claims["roles"], claims["email"] = c.roles, c.email }
			b := r.browser()
			w := b.do("GET", p.ask(b.goes(t)), "")
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || b.who(t) != c.who {
				t.Errorf("got %d %s, signed in as %q", w.Code, w.Body, b.who(t))
			}
			_, status, _ := r.Operator(b.request("POST", "/codec/decode", ""))
			want := http.StatusForbidden
			if slices.Contains(c.roles, "sre") {
				want = http.StatusOK
			} else if c.status != http.StatusFound {
				want = http.StatusUnauthorized
			}
			if status != want {
				t.Errorf("as an operator: got %d, want %d", status, want)
			}
		})
	}
}

func TestOperatorsByToken(t *testing.T) {
	r, p := newOIDCRig(t, "email")
	token := func(change map[string]any) string {
		claims := map[string]any{
			"iss": p.at.URL, "aud": "temporal-ui", "sub": "4711", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
			"email": "olga@example.test", "roles": []string{"sre"},
		}
		for k, v := range change {
			claims[k] = v
		}
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		return oidctest.SignIDToken(p.key, "one", oidc.RS256, string(text))
	}
	for name, c := range map[string]struct {
		bearer, extras string
		who            string
		status         int
	}{
		"good":                       {"Bearer " + token(nil), "", "olga@example.test", http.StatusOK},
		"an access token not for us": {"Bearer opaque", token(nil), "olga@example.test", http.StatusOK},
		"no e-mail address":          {"Bearer " + token(map[string]any{"email": nil}), "", "4711", http.StatusOK},
		"an agent":                   {"Bearer " + token(map[string]any{"roles": []string{"cc-agents"}}), "", "", http.StatusForbidden},
		"no role":                    {"Bearer " + token(map[string]any{"roles": nil}), "", "", http.StatusForbidden},
		"another audience":           {"Bearer " + token(map[string]any{"aud": "payroll"}), "", "", http.StatusUnauthorized},
		"expired":                    {"Bearer " + token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "", "", http.StatusUnauthorized},
		"another issuer":             {"Bearer " + token(map[string]any{"iss": "https://id.example.test"}), "", "", http.StatusUnauthorized},
		"changed":                    {"Bearer " + token(nil) + "x", "", "", http.StatusUnauthorized},
		"without a signature":        {"Bearer eyJhbGciOiJub25lIn0.e30.", "", "", http.StatusUnauthorized},
		"nothing":                    {"Bearer ", "", "", http.StatusUnauthorized},
		"a password":                 {"Basic b2xnYTpvbGdh", "", "", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest("POST", "/codec/decode", nil)
			req.Header.Set("Authorization", c.bearer)
			if c.extras != "" {
				req.Header.Set("Authorization-Extras", c.extras)
			}
			who, status, sentence := r.Operator(req)
			if who != c.who || status != c.status || (status == http.StatusOK) != (sentence == "") {
				t.Errorf("got %q %d %q, want %q %d", who, status, sentence, c.who, c.status)
			}
			if len(c.bearer) > 60 && strings.Contains(r.log.String(), c.bearer[7:]) {
				t.Error("the token is in the log")
			}
		})
	}
	r.openID.Audiences = nil
	req := httptest.NewRequest("POST", "/codec/decode", nil)
	req.Header.Set("Authorization", "Bearer "+token(nil))
	if _, status, _ := r.Operator(req); status != http.StatusUnauthorized {
		t.Errorf("no audience is configured: got %d", status)
	}
}

func TestRolesByName(t *testing.T) {
	r := newRig(t, nil)
	for body, want := range map[string]int{
		`{"name":"anna"}`: http.StatusForbidden, `{"name":"anna","role":"agent"}`: http.StatusForbidden, `{"name":"anna","role":"operator"}`: http.StatusOK,
	} {
		b := r.browser()
		if w := b.do("POST", "/desktop/session", body); w.Code != http.StatusNoContent {
			t.Fatalf("%s: got %d %s", body, w.Code, w.Body)
		}
		if _, status, _ := r.Operator(b.request("POST", "/codec/decode", "")); status != want || b.who(t) != "anna" {
			t.Errorf("%s: got %d, want %d", body, status, want)
		}
	}
	refused(t, r.browser().do("POST", "/desktop/session", `{"name":"anna","role":"root"}`), http.StatusUnprocessableEntity, "no such role")
}
