package desktop

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	minSessionKey = 32
	// sessionLifetime is a long shift.
	sessionLifetime = 12 * time.Hour
	// signInLifetime is how long somebody may take at the identity provider.
	signInLifetime = 10 * time.Minute
)

// cookies signs what a browser keeps for us, so that any process with the key can read it and nobody can change it.
type cookies struct {
	key    []byte
	secure bool // the page is served over https
}

// A cookie is good for the purpose it was made for and no other.
const (
	cookieSession = "switchboard_session"
	cookieSignIn  = "switchboard_sign_in"
)

type signed struct {
	Expires int64           `json:"e"`
	Value   json.RawMessage `json:"v"`
}

func (c cookies) mac(purpose, text string) []byte {
	key, err := hkdf.Key(sha256.New, c.key, nil, "switchboard cookie "+purpose, sha256.Size)
	if err != nil {
		panic(err) // only for a length that cannot be
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// name has the prefix by which a browser refuses such a cookie from anybody else, where it can.
func (c cookies) name(purpose string) string {
	if c.secure {
		return "__Host-" + purpose
	}
	return purpose
}

func (c cookies) set(w http.ResponseWriter, purpose string, value any, lifetime time.Duration) error {
	v, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text, err := json.Marshal(signed{time.Now().Add(lifetime).Unix(), v})
	if err != nil {
		return err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	c.write(w, purpose, body+"."+base64.RawURLEncoding.EncodeToString(c.mac(purpose, body)), int(lifetime.Seconds()))
	return nil
}

func (c cookies) clear(w http.ResponseWriter, purpose string) { c.write(w, purpose, "", -1) }

func (c cookies) write(w http.ResponseWriter, purpose, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(purpose), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

// read reports whether the browser has a cookie of ours that is still good.
func (c cookies) read(r *http.Request, purpose string, into any) bool {
	cookie, err := r.Cookie(c.name(purpose))
	if err != nil {
		return false
	}
	body, tag, _ := strings.Cut(cookie.Value, ".")
	mac, err := base64.RawURLEncoding.DecodeString(tag)
	if err != nil || !hmac.Equal(mac, c.mac(purpose, body)) {
		return false
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	var s signed
	if err != nil || json.Unmarshal(text, &s) != nil || time.Now().Unix() >= s.Expires {
		return false
	}
	return json.Unmarshal(s.Value, into) == nil
}

// session is whose browser it is.
func (s *Server) session(r *http.Request) (person, bool) {
	var p person
	ok := s.cookies.read(r, cookieSession, &p)
	if p.Agent != nil && (p.Agent.SID == "" || p.Agent.Identity == "") {
		p.Agent = nil
	}
	return p, ok && p.Who != "" && len(p.Roles) > 0
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request, p person) error {
	who := []any{"roles", p.Roles}
	if p.Agent != nil {
		who = append(who, "AgentSid", p.Agent.SID)
	}
	s.log.InfoContext(r.Context(), "signed in", who...)
	return s.cookies.set(w, cookieSession, p, sessionLifetime)
}

// signInByName believes whoever comes, and lets them choose a role beside the agent's. It is there on laptops alone, see
// Config.OIDC.
func (s *Server) signInByName(w http.ResponseWriter, r *http.Request) error {
	if s.openID != nil {
		return refuse(http.StatusNotFound, "agents do not sign in by name here: go to %s", pathSignIn)
	}
	var in struct {
		Name string `json:"name"`
		Role Role   `json:"role"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Role != "" && !slices.Contains(AllRoles(), in.Role) {
		return refuse(http.StatusUnprocessableEntity, "there is no such role: choose one of %q", AllRoles())
	}
	ctx, cancel := context.WithTimeout(r.Context(), twilioTimeout)
	defer cancel()
	me, err := s.agents.named(ctx, in.Name)
	if reason, ok := errors.AsType[*unfit](err); ok {
		return refuse(http.StatusUnprocessableEntity, "nobody can sign in as %.40q: %s", in.Name, reason.why)
	}
	if err != nil {
		return s.twilioDown(ctx, "find the agent", err)
	}
	p := person{Who: me.Name, Roles: []Role{RoleAgent}, Agent: &me}
	if in.Role != "" && in.Role != RoleAgent {
		p.Roles = append(p.Roles, in.Role)
	}
	if err := s.begin(w, r, p); err != nil {
		return err
	}
	return noContent(w)
}

func (s *Server) signOut(w http.ResponseWriter, _ *http.Request) error {
	s.cookies.clear(w, cookieSession)
	return noContent(w)
}
