package activities

import (
	"context"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
)

// AcceptOffer accepts a reservation and sees it accepted. Idempotent: whatever the answer, the result is where the
// reservation stands, and only accepted means accepted.
func (a *Activities) AcceptOffer(ctx context.Context, in OfferInput) (OfferResult, error) {
	params := &taskrouter.UpdateTaskReservationParams{}
	params.SetReservationStatus(string(sb.ReservationAccepted))
	return a.answerOffer(ctx, "accept offer", in, params)
}

// RejectOffer gives a reservation back. Idempotent: one that is not pending any more is left, and the result says
// where it stands.
func (a *Activities) RejectOffer(ctx context.Context, in RejectOfferInput) (OfferResult, error) {
	params := &taskrouter.UpdateTaskReservationParams{}
	params.SetReservationStatus(string(sb.ReservationRejected))
	if in.Missed {
		params.SetWorkerActivitySid(string(a.Statuses.Missed))
	}
	return a.answerOffer(ctx, "reject offer", in.OfferInput, params)
}

func (a *Activities) answerOffer(ctx context.Context, what string, in OfferInput, params *taskrouter.UpdateTaskReservationParams) (OfferResult, error) {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	r, err := api.UpdateTaskReservation(workspace, string(in.Task), string(in.Reservation), params)
	if err == nil && str(r.ReservationStatus) != "" {
		return OfferResult{Status: sb.ReservationStatus(*r.ReservationStatus)}, nil
	}
	refused := failure(err)
	if refused != nil && (refused.kind == again || refused.kind == never && !refused.hopeless() && !refused.overtaken()) {
		return OfferResult{}, failed(what, err)
	}
	seen, err := api.FetchTaskReservation(workspace, string(in.Task), string(in.Reservation))
	if failure(err).notFound() {
		return OfferResult{}, nil
	}
	if err != nil {
		return OfferResult{}, failed(what+": fetch", err)
	}
	status := sb.ReservationStatus(str(seen.ReservationStatus))
	if status == sb.ReservationPending && (refused == nil || refused.kind == ambiguous || refused.overtaken()) {
		return OfferResult{}, unsettled(what + ": the reservation is still pending after an unclear answer")
	}
	return OfferResult{Status: status}, nil
}
