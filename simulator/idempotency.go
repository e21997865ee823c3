package simulator

const idempotencyToken = "I-Twilio-Idempotency-Token"

// idempotentReplies is how many answers are kept for requests that come again.
const idempotentReplies = 10_000

// replies remembers what requests with a token were answered, the latest of them (L9).
type replies struct {
	byKey map[string]reply
	order []string
}

// once carries a request out unless one with the same token was, and then answers the same.
func (s *Simulator) once(token string, in *request, handle handler) (reply, *apiError) {
	key := in.account.sid + " " + in.location.path + " " + token
	if earlier, was := s.replied.byKey[key]; was {
		return earlier, nil
	}
	res, err := handle(s, in)
	if err != nil {
		return res, err
	}
	if s.replied.byKey == nil {
		s.replied.byKey = map[string]reply{}
	}
	s.replied.byKey[key] = res
	s.replied.order = append(s.replied.order, key)
	if len(s.replied.order) > idempotentReplies {
		delete(s.replied.byKey, s.replied.order[0])
		s.replied.order = s.replied.order[1:]
	}
	return res, nil
}
