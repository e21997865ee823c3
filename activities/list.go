package activities

import (
	"context"
	"net/url"

	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
)

// lookPage is how many rows are listed at once where a page holds all of them.
const lookPage = 50

// every reads a list to its end, page by page. twilio-go can do so, too; but to find the address of the next page it
// makes each into JSON once more and reads that, and it passes the rows on through a goroutine. For the short lists of
// the sweep and of looks that is as much work as the request itself.
func every[T any](read func(token, page string) (rows []T, next *string, err error)) ([]T, error) {
	var all []T
	for token, page := "", ""; ; {
		rows, next, err := read(token, page)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if str(next) == "" {
			return all, nil
		}
		var following url.Values
		if u, err := url.Parse(*next); err == nil {
			following = u.Query()
		}
		if token, page = following.Get("PageToken"), following.Get("Page"); token == "" {
			return nil, &Failure{kind: never, ours: "a list whose next page cannot be asked for"}
		}
	}
}

func (a *Activities) listTasks(ctx context.Context, params *taskrouter.ListTaskParams) ([]taskrouter.TaskrouterV1Task, error) {
	api := a.twilio.TaskRouter(ctx)
	return every(func(token, page string) ([]taskrouter.TaskrouterV1Task, *string, error) {
		p, err := api.PageTask(string(a.Twilio.Workspace), params, token, page)
		if err != nil {
			return nil, nil, err
		}
		return p.Tasks, p.Meta.NextPageUrl, nil
	})
}

func (a *Activities) listReservations(ctx context.Context, task sb.TaskSID, params *taskrouter.ListTaskReservationParams) ([]taskrouter.TaskrouterV1TaskReservation, error) {
	api := a.twilio.TaskRouter(ctx)
	return every(func(token, page string) ([]taskrouter.TaskrouterV1TaskReservation, *string, error) {
		p, err := api.PageTaskReservation(string(a.Twilio.Workspace), string(task), params, token, page)
		if err != nil {
			return nil, nil, err
		}
		return p.Reservations, p.Meta.NextPageUrl, nil
	})
}

func (a *Activities) listAgents(ctx context.Context, params *taskrouter.ListWorkerParams) ([]taskrouter.TaskrouterV1Worker, error) {
	api := a.twilio.TaskRouter(ctx)
	return every(func(token, page string) ([]taskrouter.TaskrouterV1Worker, *string, error) {
		p, err := api.PageWorker(string(a.Twilio.Workspace), params, token, page)
		if err != nil {
			return nil, nil, err
		}
		return p.Workers, p.Meta.NextPageUrl, nil
	})
}

func (a *Activities) listParticipants(ctx context.Context, conference sb.ConferenceSID) ([]voice.ApiV2010Participant, error) {
	api, params := a.twilio.Voice(ctx), (&voice.ListParticipantParams{}).SetPageSize(lookPage)
	return every(func(token, page string) ([]voice.ApiV2010Participant, *string, error) {
		p, err := api.PageParticipant(string(conference), params, token, page)
		if err != nil {
			return nil, nil, err
		}
		return p.Participants, p.NextPageUri, nil
	})
}
