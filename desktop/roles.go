package desktop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Role is what somebody may do here. Each stands for itself: who shall be two things has two roles.
type Role string

const (
	// RoleAgent takes calls, and sees and changes the own ones alone.
	RoleAgent Role = "agent"
	// RoleSupervisor sees every call, and changes none.
	RoleSupervisor Role = "supervisor"
	// RoleOperator reads, in Temporal's UI, what calls are about.
	RoleOperator Role = "operator"
)

// AllRoles are all there are.
func AllRoles() []Role { return []Role{RoleAgent, RoleSupervisor, RoleOperator} }

// person is who has signed in.
type person struct {
	Who   string `json:"w"` // as the identity provider says it
	Roles []Role `json:"r"`
	Agent *Agent `json:"a,omitempty"` // of who has the role
}

func (p person) is(role Role) bool { return slices.Contains(p.Roles, role) }

// rolesIn finds the roles that a provider's claims give somebody.
func (o *OIDC) rolesIn(claims map[string]any) []Role {
	var held []string
	switch v := claimAt(claims, o.RolesClaim).(type) {
	case string: // one, or several as in OAuth's scope
		held = strings.Fields(v)
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				held = append(held, text)
			}
		}
	}
	var roles []Role
	for _, role := range AllRoles() {
		if slices.ContainsFunc(o.Roles[role], func(value string) bool { return slices.Contains(held, value) }) {
			roles = append(roles, role)
		}
	}
	return roles
}

// claimAt reads a claim by its name, or by its path in objects: realm_access.roles. The name goes first, since some
// providers have names that are addresses.
func claimAt(claims map[string]any, path string) any {
	if v, there := claims[path]; there {
		return v
	}
	first, rest, more := strings.Cut(path, ".")
	inner, ok := claims[first].(map[string]any)
	if !more || !ok {
		return nil
	}
	return claimAt(inner, rest)
}

// wanted says which values of the claim give a role, for whoever has none.
func (o *OIDC) wanted() string {
	var values []string
	for _, role := range AllRoles() {
		for _, value := range o.Roles[role] {
			values = append(values, fmt.Sprintf("%s (%s)", value, role))
		}
	}
	return strings.Join(values, ", ")
}

// agent lets an agent's request through, and nobody else's.
func (s *Server) agent(next func(http.ResponseWriter, *http.Request, Agent) error) handler {
	return s.allowed([]Role{RoleAgent}, func(w http.ResponseWriter, r *http.Request, p person) error {
		if p.Agent == nil {
			return refuse(http.StatusForbidden, "this is for agents, and no agent of the workspace is yours: ask whoever looks after the agents")
		}
		return next(w, r, *p.Agent)
	})
}

// allowed lets a request through with who has signed in and has one of the roles, and nobody else. A browser that says
// who made it ask is believed: a page of a neighbouring host is sent the cookie, and could take the softphone over by a
// stream of its own.
func (s *Server) allowed(roles []Role, next func(http.ResponseWriter, *http.Request, person) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			return refuse(http.StatusForbidden, "the request comes from another site: open the page at %s", s.cfg.PublicURL)
		}
		p, ok := s.session(r)
		if !ok {
			return refuse(http.StatusUnauthorized, "you are not signed in, or not any more: sign in again")
		}
		if !slices.ContainsFunc(roles, p.is) {
			return refuse(http.StatusForbidden, "your role does not allow this (it takes %s): ask whoever looks after the accounts", orList(roles))
		}
		return next(w, r, p)
	}
}

func orList(roles []Role) string {
	var names []string
	for _, role := range roles {
		names = append(names, string(role))
	}
	return strings.Join(names, " or ")
}

// Operator says who asks for what only operators may have: by the cookie of our sign-in, or by a token of the identity
// provider, which Temporal's UI and CLI pass on. A status other than 200 refuses, with a sentence that says what to do.
//
// It does not ask where the request comes from: whoever calls it does.
func (s *Server) Operator(r *http.Request) (who string, status int, sentence string) {
	p, ok := s.session(r)
	if bearer := r.Header.Get("Authorization"); !ok && bearer != "" {
		ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
		defer cancel()
		var err error
		if p, err = s.byToken(ctx, r); errors.Is(err, errNotVouched) {
			s.log.WarnContext(ctx, "token refused", "error", err)
			return "", http.StatusUnauthorized, "the token is not good enough; the log of the webhook process says why"
		} else if err != nil {
			s.log.WarnContext(ctx, "a token cannot be looked at", "error", err)
			return "", http.StatusServiceUnavailable, "the identity provider cannot be reached at present: try again in a moment"
		}
	} else if !ok {
		return "", http.StatusUnauthorized, "sign in at " + strings.TrimRight(s.cfg.PublicURL, "/") + pathSignIn + " and have the UI send cookies or its token"
	}
	if !p.is(RoleOperator) {
		return "", http.StatusForbidden, "only operators read what calls are about: ask whoever looks after the accounts for the role"
	}
	return p.Who, http.StatusOK, ""
}

// byToken believes what the identity provider has signed for one of the audiences that are ours. The UI sends its access
// token, which with some providers is not for reading, and its ID token beside it.
func (s *Server) byToken(ctx context.Context, r *http.Request) (person, error) {
	if s.openID == nil || len(s.openID.Audiences) == 0 {
		return person{}, fmt.Errorf("%w: no audience is configured whose tokens are believed", errNotVouched)
	}
	ctx, cancel := s.openID.use(ctx)
	defer cancel()
	provider, err := s.openID.find(ctx)
	if err != nil {
		return person{}, err
	}
	access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return person{}, fmt.Errorf("%w: it is not a bearer token", errNotVouched)
	}
	err = errors.New("it is empty")
	for _, text := range []string{r.Header.Get("Authorization-Extras"), access} {
		if text == "" {
			continue
		}
		var token *oidc.IDToken
		if token, err = provider.VerifierContext(ctx, &oidc.Config{SkipClientIDCheck: true}).Verify(ctx, text); err != nil {
			continue
		}
		if !slices.ContainsFunc(token.Audience, func(a string) bool { return slices.Contains(s.openID.Audiences, a) }) {
			err = errors.New("it is for another audience")
			continue
		}
		claims := map[string]any{}
		if err = token.Claims(&claims); err != nil {
			continue
		}
		who, _ := claims[s.openID.Claim].(string)
		if who == "" {
			who = token.Subject
		}
		return person{Who: who, Roles: s.openID.rolesIn(claims)}, nil
	}
	return person{}, fmt.Errorf("%w: %w", errNotVouched, err)
}
