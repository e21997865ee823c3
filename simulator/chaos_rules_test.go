package simulator

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rules is what holds at any instant.
func (c *chaos) rules() {
	s := c.sim
	s.lock()
	defer s.unlock()
	live := 0
	for a := range s.accounts.all() {
		for call := range a.calls.all() {
			if !call.over() {
				live++
				c.liveCall(call)
			}
			c.moved(call)
		}
		c.roomsOf(a)
	}
	if live != s.liveCalls.len() {
		c.t.Errorf("%d calls live, %d are among the live ones", live, s.liveCalls.len())
	}
	if n := s.world.calls.len() + len(s.world.endedCalls); n > 0 {
		c.t.Errorf("the outside world keeps %d calls", n)
	}
}

// moved: between two looks a call only goes where it may, by any number of steps, and never back.
func (c *chaos) moved(call *call) {
	before, known := c.seen[call]
	if known && before != call.status && !reaches(before, call.status) {
		c.t.Errorf("call %s went from %s to %s", call.sid, before, call.status)
	}
	c.seen[call] = call.status
}

func reaches(from, to string) bool {
	return slices.ContainsFunc(callMoves[from], func(next string) bool { return next == to || reaches(next, to) })
}

func (c *chaos) liveCall(call *call) {
	bad := func(what string) { c.t.Errorf("live call %s to %s (%s): %s", call.sid, call.party, call.status, what) }
	if _, listed := c.sim.liveCalls.get(call.sid); !listed {
		bad("is not among the live ones")
	}
	if call.account.status == accountClosed {
		bad("its account is closed")
	}
	if far := call.peer; far != nil && (far.peer != call || far.over()) {
		bad("the other end of its line is " + far.status)
	}
	if far := call.peer; far != nil && (far.status == callInProgress) != (call.status == callInProgress) {
		bad("the other end of its line is " + far.status)
	}
	switch d := call.dialledBy; {
	case d != nil && (d.over || !slices.Contains(d.legs, call)):
		bad("the Dial that it belongs to does not know it")
	case d != nil && (d.p.call.over() || d.p.call.script != d.p):
		bad("the Dial that it belongs to is over")
	}
	if p := call.participant; p != nil {
		switch {
		case p.call != call:
			bad("its participant is another call's")
		case p.conference.status == conferenceCompleted && p.joined:
			bad("is in a conference that has ended")
		case p.conference.status != conferenceCompleted && !slices.Contains(p.conference.participants, p):
			bad("its conference does not know it")
		}
	}
	if call.status == callInProgress && call.peer == nil && call.script == nil && call.participant == nil && call.dialledBy == nil &&
		identityOf(call.party) == "" && call.onEnd == nil {
		bad("there is nobody at the other end")
	}
}

func (c *chaos) roomsOf(a *account) {
	active := map[string]bool{}
	for room := range a.conferences.all() {
		bad := func(what string) { c.t.Errorf("conference %s %q (%s): %s", room.sid, room.name, room.status, what) }
		if room.status == conferenceCompleted {
			if len(room.participants) > 0 {
				bad("has ended, with participants")
			}
			continue
		}
		if active[room.name] {
			bad("is not the only active one of its name")
		}
		active[room.name] = true
		if a.rooms[room.name] != room {
			bad("cannot be found by its name")
		}
		if len(room.participants) == 0 {
			bad("nobody is in it or on the way")
		}
		for _, p := range room.participants {
			if p.call.participant != p || p.call.over() || p.conference != room {
				bad("participant " + p.call.sid + " is no longer one: " + p.call.status)
			}
			if p.joined && p.call.status == callInProgress && p.hears != "" && p.hears != room.situation(p) {
				bad("participant " + p.call.sid + " hears " + p.hears + ", not " + room.situation(p))
			}
			for _, voice := range room.hears(p) {
				if both := slices.Contains(room.hears(voice), p); !both && !p.muted && !p.coaching {
					bad(p.call.sid + " hears somebody who does not hear back")
				}
			}
		}
	}
	for name := range a.rooms {
		if !active[name] {
			c.t.Errorf("room %q has ended and can be found by its name", name)
		}
	}
}

var telephoneNumber = regexp.MustCompile(`\+\d{7,}`)

// judge looks back: at every call as its party lived through it, and at what the application was told.
func (c *chaos) judge() {
	byCall := map[string][]Entry{}
	var order []string
	for _, e := range c.sim.Log() {
		if e.What == Alerted && telephoneNumber.MatchString(e.Detail) { // alerts go to the log of the process
			c.t.Errorf("an alert tells a number: %s", e.Detail)
		}
		if e.CallSID == "" || e.What == RoomEnded || e.What == Alerted || e.What == Misbehaves {
			continue
		}
		if byCall[e.CallSID] == nil {
			order = append(order, e.CallSID)
		}
		byCall[e.CallSID] = append(byCall[e.CallSID], e)
	}
	for _, sid := range order {
		c.lifeOf(sid, byCall[sid])
	}
	if !c.lossy {
		c.told()
	}
}

func (c *chaos) lifeOf(sid string, life []Entry) {
	bad := func(what string) {
		c.t.Errorf("call %s: %s", sid, what)
		for _, e := range life {
			c.t.Log(e)
		}
	}
	rings, stops, answers, ended := 0, 0, 0, 0
	inRoom, arrives := false, false
	for _, e := range life {
		if ended > 0 {
			bad(e.What + " after its end")
			return
		}
		switch e.What {
		case Dials:
			arrives = true
		case Rings:
			rings++
			if answers > 0 || stops > 0 {
				bad("rings late")
			}
		case StopsRinging:
			stops++
		case Answers:
			answers++
			if stops > 0 {
				bad("answers although it rings no more")
			}
		case Hears:
			if answers == 0 && !c.answersFarEnd(sid, arrives, e) {
				bad("hears before it has answered")
				return
			}
		case Joins:
			if inRoom {
				bad("joins twice")
			}
			inRoom = true
		case Leaves:
			if !inRoom {
				bad("leaves without having joined")
			}
			inRoom = false
		case Ended:
			ended++
		}
	}
	if rings > 1 || answers > 1 || stops > 1 {
		bad("rings or answers more than once")
	}
	if ended > 0 && rings == 1 && stops+answers != 1 {
		bad("its ring does not end once")
	}
	if ended > 0 && inRoom {
		bad("never leaves its conference")
	}
}

// answersFarEnd: an inbound call has no Answers in its log: its party is the one who called. It was answered
// by a document.
func (c *chaos) answersFarEnd(sid string, arrives bool, e Entry) bool {
	for a := range c.sim.accounts.all() {
		if call, found := a.calls.get(sid); found && call.direction == inbound {
			return !call.answeredAt.IsZero() && !e.At.Before(call.answeredAt)
		}
	}
	return arrives
}

// told: callbacks about one resource are numbered without holes, and what they tell can happen.
func (c *chaos) told() {
	next, status := map[string]int{}, map[string]string{}
	for _, h := range c.inOrder() {
		sid := h.form.Get("CallSid")
		if strings.HasSuffix(h.url, "/room") {
			sid = h.form.Get("ConferenceSid")
		}
		n, _ := strconv.Atoi(h.form.Get("SequenceNumber"))
		first := 0
		if _, known := next[sid]; !known && strings.HasSuffix(h.url, "/room") && !c.sim.uncertain.ConferencesCountFromZero {
			first = 1
		}
		if n != next[sid]+first {
			c.t.Errorf("%s of %s has number %d after %d", h.form.Encode(), sid, n, next[sid]-1)
		}
		next[sid] = n + 1
		if now := h.form.Get("CallStatus"); strings.HasSuffix(h.url, "/leg") {
			if was, known := status[sid]; known && !callMoves.allow(was, now) {
				c.t.Errorf("call %s: told %s after %s", sid, now, was)
			}
			status[sid] = now
		}
		if was := status[sid]; strings.HasSuffix(h.url, "/room") {
			if was == "conference-end" {
				c.t.Errorf("conference %s: %s after its end", sid, h.form.Get("StatusCallbackEvent"))
			}
			status[sid] = h.form.Get("StatusCallbackEvent")
		}
	}
}

// inOrder are the status callbacks by their numbers, whatever order they arrived in.
func (c *chaos) inOrder() []hook {
	var told []hook
	for _, h := range c.hooks {
		if strings.HasSuffix(h.url, "/leg") || strings.HasSuffix(h.url, "/number") || strings.HasSuffix(h.url, "/room") {
			told = append(told, h)
		}
	}
	slices.SortStableFunc(told, func(a, b hook) int {
		x, _ := strconv.Atoi(a.form.Get("SequenceNumber"))
		y, _ := strconv.Atoi(b.form.Get("SequenceNumber"))
		return x - y
	})
	return told
}
