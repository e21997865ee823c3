package activities

import (
	"net/http"
	"strings"
	"testing"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

func TestListsAreReadToTheirEnd(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		route, key, next string // next: of which form Twilio's address of a next page is
		read             func() (int, error)
	}{
		{"GET Tasks", "tasks", `"meta":{"next_page_url":"https://taskrouter.twilio.com/v1/…?PageSize=1&Page=1&PageToken=PT%2B1"}`, func() (int, error) {
			list, err := w.listTasks(t.Context(), (&taskrouter.ListTaskParams{}).SetPageSize(1))
			return len(list), err
		}},
		{"GET Workers", "workers", `"meta":{"next_page_url":"https://taskrouter.twilio.com/v1/…?PageSize=1&Page=1&PageToken=PT%2B1"}`, func() (int, error) {
			list, err := w.listAgents(t.Context(), (&taskrouter.ListWorkerParams{}).SetPageSize(1))
			return len(list), err
		}},
		{"GET Tasks/" + testTask + "/Reservations", "reservations", `"meta":{"next_page_url":"https://taskrouter.twilio.com/v1/…?PageSize=1&Page=1&PageToken=PT%2B1"}`, func() (int, error) {
			list, err := w.listReservations(t.Context(), testTask, (&taskrouter.ListTaskReservationParams{}).SetPageSize(1))
			return len(list), err
		}},
		{"GET Conferences/" + testRoom + "/Participants.json", "participants", `"next_page_uri":"/2010-04-01/…?PageSize=1&Page=1&PageToken=PT%2B1"`, func() (int, error) {
			list, err := w.listParticipants(t.Context(), testRoom)
			return len(list), err
		}},
	} {
		t.Run(c.key, func(t *testing.T) {
			page := func(rest string) http.HandlerFunc { return say(200, `{"`+c.key+`":[{}],`+rest+`}`) }
			w.fake.on(c.route, page(c.next), page(strings.ReplaceAll(c.next, "%2B1", "2")), page(`"meta":{}`))
			n, err := c.read()
			if n != 3 || err != nil {
				t.Errorf("got %d rows, %v; want 3", n, err)
			}
			got := w.fake.got(c.route)
			if len(got) != 3 {
				t.Fatalf("%d requests, want 3", len(got))
			}
			equal(t, "second page's token", got[1].form.Get("PageToken"), "PT+1")
			equal(t, "second page's number", got[1].form.Get("Page"), "1")
			equal(t, "third page's token", got[2].form.Get("PageToken"), "PT2")
			equal(t, "third page's size", got[2].form.Get("PageSize"), got[0].form.Get("PageSize"))

			// Half a list must not pass for a whole one.
			w.fake.on(c.route, page(strings.ReplaceAll(c.next, "PageToken", "Token")), page(`"meta":{}`))
			if _, err := c.read(); err == nil {
				t.Error("a next page without a token: no error")
			}
		})
	}
}
