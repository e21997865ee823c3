package simulator_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"switchboard/simulator"
)

// A test of software that calls somebody: in one process, without a network, and without waiting. The
// number ending in 004 is engaged.
func Example() {
	clock := simulator.NewVirtualClock(time.Time{})
	sim := simulator.New(simulator.Options{Clock: clock})
	defer sim.Close()

	base := &client.Client{
		Credentials: client.NewCredentials(simulator.DefaultAccountSID, simulator.DefaultAuthToken),
		HTTPClient:  &http.Client{Transport: sim.Transport()},
	}
	base.SetAccountSid(simulator.DefaultAccountSID)
	twilio := api.NewApiServiceWithClient(base)

	for _, to := range []string{"+447700900001", "+447700900004"} {
		call := &api.CreateCallParams{}
		call.SetTo(to)
		call.SetFrom("+442079460000")
		call.SetTwiml("<Response><Say>Your table is ready.</Say></Response>")
		if _, err := twilio.CreateCall(call); err != nil {
			fmt.Println(err)
			return
		}
	}
	clock.Advance(time.Minute)

	for _, e := range sim.Log() {
		if e.Detail != "" {
			fmt.Println(e.Party, e.What, e.Detail)
		}
	}
	fmt.Println("left over:", len(sim.Leftovers()))
	// Output:
	// +447700900004 Ended busy
	// +447700900001 Hears Your table is ready.
	// +447700900001 Says Hello?
	// +447700900001 Ended completed
	// left over: 0
}
