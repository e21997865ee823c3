package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// AccessToken is what a browser may do: the claims of a Twilio access token, once they are verified (F.1).
type AccessToken struct {
	AccountSID string
	Identity   string
	Expires    time.Time

	// The voice grant.
	Incoming       bool       // it may register, and is called as client:<Identity>
	ApplicationSID string     // the TwiML app that its own calls reach; "": it may make none
	Params         url.Values // go with each of them

	// The TaskRouter grant.
	WorkspaceSID, AgentSID, Role string
}

// TokenError is why a token is not accepted, with Twilio's code.
type TokenError struct {
	Code    int
	Message string
}

func (e *TokenError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// Twilio's codes for access tokens.
const (
	TokenInvalid          = 20101
	TokenInvalidHeader    = 20102
	TokenInvalidIssuer    = 20103
	TokenExpired          = 20104
	TokenNotYetValid      = 20105
	TokenInvalidGrants    = 20106
	TokenInvalidSignature = 20107
	TokenLivesTooLong     = 20157
)

// longestToken is the longest an access token may be valid.
const longestToken = 24 * time.Hour

// clockSkew is how far the clock of who made a token may be ahead of ours.
const clockSkew = time.Minute

type claims struct {
	Issuer    string `json:"iss"`
	Account   string `json:"sub"`
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	Grants    *struct {
		Identity string `json:"identity"`
		Voice    *struct {
			Incoming struct {
				Allow bool `json:"allow"`
			} `json:"incoming"`
			Outgoing struct {
				ApplicationSID string         `json:"application_sid"`
				Params         map[string]any `json:"params"`
			} `json:"outgoing"`
		} `json:"voice"`
		TaskRouter *struct {
			WorkspaceSID string `json:"workspace_sid"`
			WorkerSID    string `json:"worker_sid"`
			Role         string `json:"role"`
		} `json:"task_router"`
	} `json:"grants"`
}

// VerifyAccessToken reads a token and checks its signature, its time and that an API key of its account
// made it. The error is a *TokenError.
func (s *Simulator) VerifyAccessToken(text string) (AccessToken, error) {
	s.lock()
	defer s.unlock()
	signed, signature, ok := cutLast(text, ".")
	head, body, ok2 := strings.Cut(signed, ".")
	if !ok || !ok2 || strings.Contains(body, ".") {
		return AccessToken{}, &TokenError{TokenInvalid, "Invalid Access Token"}
	}
	var header struct {
		Algorithm string `json:"alg"`
		Content   string `json:"cty"`
	}
	if !part(head, &header) || header.Algorithm != "HS256" || !strings.HasPrefix(header.Content, "twilio-fpa") {
		return AccessToken{}, &TokenError{TokenInvalidHeader, "Invalid Access Token header"}
	}
	var c claims
	if !part(body, &c) {
		return AccessToken{}, &TokenError{TokenInvalid, "Invalid Access Token"}
	}
	account, found := s.accounts.get(c.Account)
	if !found || account.notActive() != nil {
		return AccessToken{}, &TokenError{TokenInvalidIssuer, "Invalid Access Token issuer/subject"}
	}
	key, found := account.keys.get(c.Issuer)
	if !found {
		return AccessToken{}, &TokenError{TokenInvalidIssuer, "Invalid Access Token issuer/subject"}
	}
	mac := hmac.New(sha256.New, []byte(key.secret))
	mac.Write([]byte(signed))
	if got, err := base64.RawURLEncoding.DecodeString(signature); err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return AccessToken{}, &TokenError{TokenInvalidSignature, "Invalid Access Token signature"}
	}
	return s.granted(c)
}

// granted is what the claims of a genuine token say.
func (s *Simulator) granted(c claims) (AccessToken, error) {
	expires := time.Unix(c.Expires, 0)
	switch {
	case !s.now().Before(expires):
		return AccessToken{}, &TokenError{TokenExpired, "Access Token expired or expiration date invalid"}
	case expires.Sub(s.now()) > longestToken+clockSkew:
		return AccessToken{}, &TokenError{TokenLivesTooLong, "Expiration Time in the Access Token Exceeds Maximum Time Allowed"}
	case time.Unix(c.NotBefore, 0).After(s.now().Add(clockSkew)):
		return AccessToken{}, &TokenError{TokenNotYetValid, "Access Token not yet valid"}
	case c.Grants == nil || c.Grants.Identity == "":
		return AccessToken{}, &TokenError{TokenInvalidGrants, "Invalid Access Token grants"}
	}
	t := AccessToken{AccountSID: c.Account, Identity: c.Grants.Identity, Expires: expires}
	if v := c.Grants.Voice; v != nil {
		t.Incoming, t.ApplicationSID, t.Params = v.Incoming.Allow, v.Outgoing.ApplicationSID, url.Values{}
		for name, value := range v.Outgoing.Params {
			t.Params.Set(name, fmt.Sprint(value))
		}
	}
	if g := c.Grants.TaskRouter; g != nil {
		t.WorkspaceSID, t.AgentSID, t.Role = g.WorkspaceSID, g.WorkerSID, g.Role
	}
	return t, nil
}

// Remaining is how long a token is still good, by the simulator's clock.
func (s *Simulator) Remaining(t AccessToken) time.Duration {
	s.lock()
	defer s.unlock()
	return t.Expires.Sub(s.now())
}

func part(text string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(raw, into) == nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}
