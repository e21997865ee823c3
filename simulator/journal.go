package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// tellJournal answers ?since=, the number from which on, and ?about=, what the entries must concern: a
// SID, a party, or one of the log's words.
func tellJournal[T interface{ concerns(string) bool }](s *Simulator, w http.ResponseWriter, r *http.Request, name string, j *journal[T]) {
	n := 0
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		if !accept(w, is(err == nil, "since=%s is not a number", text)) {
			return
		}
	}
	about := r.URL.Query().Get("about")
	s.lock()
	var entries []T
	var next int
	if about == "" {
		entries, next = j.since(n)
	} else {
		entries, next = concerning(j, n, about), j.next()
	}
	s.mu.Unlock() // a look changes nothing: nobody is to be woken
	tell(w, object{name: entries, "next": next})
}

// concerning copies only what was asked for: the lock is held meanwhile.
func concerning[T interface{ concerns(string) bool }](j *journal[T], n int, who string) []T {
	some := []T{}
	for _, e := range j.entries[min(max(n-j.first, 0), len(j.entries)):] {
		if e.concerns(who) {
			some = append(some, e)
		}
	}
	return some
}

// concerns reports whether an entry of a journal is about a call, a conference, a task, a reservation
// or a party, or is what happened ("Alerted"). Everything that is about one SID is its story.
func (e Entry) concerns(who string) bool {
	return who == e.What || who == e.CallSID || who == e.ConferenceSID || who == e.TaskSID || who == e.ReservationSID || who == e.Party
}

func (r Request) concerns(who string) bool {
	return who == r.Created || strings.Contains(r.Summary, who)
}

func (w Webhook) concerns(who string) bool {
	for _, values := range w.Form {
		if slices.Contains(values, who) {
			return true
		}
	}
	return false
}
