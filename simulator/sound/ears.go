package sound

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/simulator"
)

const (
	earsStandard = 1.0  // seconds
	earsShortest = 0.1  // seconds
	earsLongest  = 60.0 // seconds
	earsTones    = 6
)

// ServeEars answers GET /simulator/ears: what the party of ?call_sid=, or of the live leg of ?party=, hears during
// ?seconds=, as its loudness and strongest frequencies, or with ?format=wav as a recording.
func (e *Engine) ServeEars(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, errors.New("/simulator/ears takes GET"))
		return
	}
	query := r.URL.Query()
	seconds, format := earsStandard, query.Get("format")
	if text := query.Get("seconds"); text != "" {
		var err error
		seconds, err = strconv.ParseFloat(text, 64)
		if err != nil || !(seconds >= earsShortest && seconds <= earsLongest) {
			refuse(w, http.StatusBadRequest, fmt.Errorf("seconds=%s: from %v to %v", text, earsShortest, earsLongest))
			return
		}
	}
	if format != "" && format != "json" && format != "wav" {
		refuse(w, http.StatusBadRequest, fmt.Errorf("format=%s: json or wav", format))
		return
	}
	party := query.Get("party")
	if number, plus := strings.CutPrefix(party, " "); plus { // a + that nobody has escaped
		party = "+" + number
	}
	sid, err := e.legOf(query.Get("call_sid"), party)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	heard, err := e.Listen(r.Context(), sid, time.Duration(seconds*float64(time.Second)))
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	if format == "wav" {
		w.Header().Set("Content-Type", "audio/wav")
		_ = WriteWAV(w, heard) // the client is gone: nobody left to tell
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"call_sid": sid, "seconds": seconds, "rms": math.Round(RMS(heard)), "tones": Tones(heard, earsTones)})
}

// legOf finds the one leg that is meant. Of a party's legs those count that have been answered, if there are any.
func (e *Engine) legOf(callSID, party string) (string, error) {
	if (callSID == "") == (party == "") {
		return "", errors.New("whose ears? call_sid=CA…, or party=+447700900001 or client:anna")
	}
	legs := slices.DeleteFunc(e.sim.LiveLegs(), func(leg simulator.Leg) bool { return leg.CallSID != callSID && leg.Party != party })
	if answered := slices.DeleteFunc(slices.Clone(legs), func(leg simulator.Leg) bool { return leg.Status != "in-progress" }); len(answered) > 0 {
		legs = answered
	}
	switch {
	case len(legs) == 1:
		return legs[0].CallSID, nil
	case len(legs) == 0 && callSID != "":
		return "", fmt.Errorf("call %s: %w", callSID, errEnded)
	case len(legs) == 0:
		return "", errors.New("the party is in no call")
	}
	var sids []string
	for _, leg := range legs {
		sids = append(sids, leg.CallSID)
	}
	return "", fmt.Errorf("the party is in several calls: choose with call_sid one of %s", strings.Join(sids, ", "))
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // the client is gone: nobody left to tell
}
