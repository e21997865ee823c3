package desktop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/twilio/twilio-go/client/jwt"
)

// maxTokenLifetime is Twilio's.
const maxTokenLifetime = 24 * time.Hour

// token answers an access token: to be rung as the agent, never to ring anybody, and to see and answer the agent's own
// reservations.
func (s *Server) token(w http.ResponseWriter, r *http.Request, me Agent) error {
	ctx, cancel := context.WithTimeout(r.Context(), twilioTimeout)
	defer cancel()
	// An agent who was deleted during the shift gets no further token. That TaskRouter cannot be asked is no reason to
	// cut off one who is talking.
	switch now, err := s.agents.fetch(ctx, me.SID); {
	case err == nil && now.Identity != me.Identity:
		s.cookies.clear(w, cookieSession)
		return refuse(http.StatusUnauthorized, "your softphone has another address now: sign in again")
	case isUnfit(err):
		s.cookies.clear(w, cookieSession)
		return refuse(http.StatusUnauthorized, "you cannot take calls any more (%s): ask whoever looks after the agents", err)
	case err != nil:
		s.log.WarnContext(ctx, "an access token is made though TaskRouter could not be asked about the agent", "AgentSid", me.SID, "error", err)
	}
	expires := time.Now().Add(s.cfg.TokenLifetime).Truncate(time.Second)
	token := jwt.CreateAccessToken(jwt.AccessTokenParams{
		AccountSid: string(s.cfg.Twilio.AccountSID), SigningKeySid: s.cfg.Twilio.APIKey, Secret: s.cfg.Twilio.APISecret,
		Identity: me.Identity,
		// Not Ttl, which twilio-go raises to an hour without a word.
		ValidUntil: float64(expires.Unix()),
		Grants: []jwt.BaseGrant{
			&jwt.VoiceGrant{Incoming: jwt.Incoming{Allow: true}},
			&jwt.TaskRouterGrant{WorkspaceSid: string(s.cfg.Twilio.Workspace), WorkerSid: string(me.SID), Role: "worker"},
		},
	})
	text, err := token.ToJwt()
	if err != nil {
		return fmt.Errorf("make an access token: %w", err)
	}
	answer(w, http.StatusOK, struct {
		Token    string    `json:"token"`
		Expires  time.Time `json:"expires"`
		Identity string    `json:"identity"`
	}{text, expires.UTC(), me.Identity})
	return nil
}

func isUnfit(err error) bool {
	_, ok := errors.AsType[*unfit](err)
	return ok
}
