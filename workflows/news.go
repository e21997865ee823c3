package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// What is known of offers and legs, and how news of them is taken in. Every rule here is monotonic: news that says less
// than is known already changes nothing, so that it does not matter how often, how late or in which order it comes.

// offer is one agent's reservation for the task of the moment.
type offer struct {
	reservation sb.ReservationSID
	agent       sb.AgentSID
	agentName   string
	contactURI  string
	status      sb.ReservationStatus

	number   int  // which offer of the call, once taken
	taken    bool // an agent was rung for it
	doubtful bool // accepting it had no clear answer

	leg       *leg
	returning *leg // of the agent who is being rung back into the call, see comeBack
	roomOver  bool // the conference has ended
}

// standing: the agent may still take it, or has.
func (o *offer) standing() bool {
	return o.status == sb.ReservationPending || o.status == sb.ReservationAccepted
}

func (o *offer) advance(s sb.ReservationStatus) {
	if rank(s) > rank(o.status) {
		o.status = s
	}
}

func rank(s sb.ReservationStatus) int {
	switch s {
	case "":
		return 0
	case sb.ReservationPending:
		return 1
	case sb.ReservationAccepted:
		return 2
	default:
		return 3
	}
}

// leg is one party's call, by the name we gave it before Twilio did.
type leg struct {
	ref        sb.LegRef
	sid        sb.CallSID
	conference sb.ConferenceSID // the room it belongs into
	room       string           // its name, for agents' legs
	to         string

	dialled   activities.Dialled
	dialledAt time.Time

	status     sb.LegStatus
	answered   bool      // has been in progress, as far as we were told
	answeredAt time.Time // by Twilio's clock; zero: not told
	joined     bool      // in the room
	joinedAt   time.Time // as answeredAt
	left       bool      // has been in the room and is not any more
	leftFor    bool      // why it left the room has been told
	leftItself bool      // and that was by hanging up
	endedRoom  bool      // the room ended by its going, whyever it went
	endedByUs  bool
	surely     bool // endedByUs, and Twilio has said so
	seconds    int  // -1: not told
	endedAt    time.Time
	answeredBy string

	bound bool // the room ends with it

	doubtful bool // no trace of it; looked for once more
	ending   bool // being ended
}

// onLine is what the process calls joined: in the room and answered, in whichever order Twilio told it.
func (l *leg) onLine() bool { return l.joined && !l.left && l.status == sb.LegInProgress }

// hungUp: it went by itself, as well as that can be told.
func (l *leg) hungUp() bool {
	if l.leftFor {
		return l.leftItself
	}
	return l.endedRoom && !l.endedByUs
}

func (l *leg) over() bool { return l.status.Over() }
func (l *leg) gone() bool { return l.over() || l.left }

// live: there is something to be ended.
func (l *leg) live() bool { return l.sid != "" && !l.over() }

// first is the earlier of two times, of which either may not be known.
func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// up is how long the leg has been up, as well as it is known: Twilio's own count, or the time between its answer and its
// end, for which now stands as long as there is none.
func (l *leg) up(since, now time.Time) time.Duration {
	if l.seconds >= 0 {
		return time.Duration(l.seconds) * time.Second
	}
	if !l.endedAt.IsZero() {
		now = l.endedAt
	}
	return max(0, now.Sub(l.pickedUp(since)))
}

// pickedUp is when the leg was answered, as well as it is known.
func (l *leg) pickedUp(otherwise time.Time) time.Time {
	switch {
	case !l.answeredAt.IsZero():
		return l.answeredAt
	case l.seconds >= 0 && !l.endedAt.IsZero():
		return l.endedAt.Add(-time.Duration(l.seconds) * time.Second)
	case !l.joinedAt.IsZero(): // perhaps before it was answered
		return l.joinedAt
	default:
		return otherwise
	}
}

// wasAnswered: it was on the line, perhaps for less than the second that Twilio counts in. Only a ring that we ended may
// be called completed, too.
func (l *leg) wasAnswered() bool {
	return l.answered || l.status == sb.LegCompleted && !l.endedByUs
}

// endedByLimit: it was up for as long as its limit allowed, and the other did not end it.
func (l *leg) endedByLimit(limit sb.Duration, other *leg) bool {
	lasted := time.Duration(l.seconds) * time.Second
	if l.seconds < 0 && !l.answeredAt.IsZero() {
		lasted = l.endedAt.Sub(l.answeredAt) // both are whole seconds
	}
	return lasted >= time.Duration(limit).Truncate(time.Second) &&
		(!other.leftItself || earlier(l.endedAt, other.endedAt)) && !longBefore(other.endedAt, l.endedAt)
}

// trouble: Twilio did not take the dial, for no reason that lies with the one who was to be rung.
func (l *leg) trouble() bool { return l.sid == "" && l.dialled.Result != activities.Placed }

func (l *leg) named(sid sb.CallSID) {
	if l.sid == "" {
		l.sid = sid
	}
}

// legOf finds a leg by the name we gave it, or begins to know it.
func (c *call) legOf(ref sb.LegRef) *leg {
	for _, l := range c.legs {
		if l.ref == ref {
			return l
		}
	}
	l := &leg{ref: ref, seconds: -1}
	c.legs = append(c.legs, l)
	return l
}

func (c *call) legBySID(sid sb.CallSID) *leg {
	for _, l := range c.legs {
		if l.sid == sid {
			return l
		}
	}
	return nil
}

// legNamed finds the leg that Twilio calls so, or begins to know it. Another leg under the same name of ours is a twin,
// of an agent's dial that was repeated: the first is the one that counts, and endStrays ends the others.
func (c *call) legNamed(ref sb.LegRef, sid sb.CallSID) *leg {
	if l := c.legBySID(sid); l != nil {
		return l
	}
	l := c.legOf(ref)
	if l.sid != "" {
		l = &leg{ref: ref, seconds: -1}
		c.legs = append(c.legs, l)
	}
	l.named(sid)
	return l
}

// agentEnded is when the agent's leg ended; of a dial that was repeated, the last of its legs that the agent took.
func (c *call) agentEnded() time.Time {
	at := c.offer.leg.endedAt
	if at.IsZero() {
		return at // the agent is there
	}
	for _, l := range c.legs {
		if l.ref == c.offer.leg.ref && l.answered && at.Before(l.endedAt) {
			at = l.endedAt
		}
	}
	return at
}

// onLeg takes in where a leg stands.
func (c *call) onLeg(n sb.LegNews) {
	if n.Leg == "" || n.Ref.Call != c.id {
		return
	}
	l := c.legNamed(n.Ref, n.Leg)
	if n.Status == sb.LegInProgress {
		l.answered = true
		l.answeredAt = first(l.answeredAt, n.At)
	}
	if n.Status.Rank() > l.status.Rank() {
		l.status = n.Status
		if l.over() {
			l.endedAt = n.At
		}
	}
	if n.Seconds >= 0 && l.over() && l.seconds < 0 {
		l.seconds = n.Seconds
		l.answered = l.answered || n.Seconds > 0
	}
	if n.AnsweredBy != "" && l.answeredBy == "" {
		l.answeredBy = n.AnsweredBy
	}
}

// onRoom takes in what happened in a conference.
func (c *call) onRoom(n sb.RoomNews) {
	if n.Ref.Call != c.id {
		return
	}
	if o := c.offer; n.Event == sb.RoomEnded && o != nil && o.leg != nil && n.Conference == o.leg.conference {
		o.roomOver = true
	}
	if n.Leg == "" {
		return
	}
	l := c.legBySID(n.Leg)
	if l == nil {
		// The join overtook everything else that names the leg: its label does.
		ref, ours := sb.LegOfLabel(n.Ref.Call, n.Label)
		if !ours {
			return
		}
		l = c.legNamed(ref, n.Leg)
	}
	// Both must be in the same room: with a wrong region, or after a late answer, Twilio opens another one.
	if l.conference == "" {
		l.conference = n.Conference
	}
	if l.conference != n.Conference {
		return
	}
	switch n.Event {
	case sb.RoomJoined:
		l.joined = true
		l.joinedAt = first(l.joinedAt, n.At)
	case sb.RoomLeft:
		l.joined, l.left = true, true
		l.leftFor, l.leftItself = true, n.HungUp
		l.endedByUs = l.endedByUs && !n.HungUp // what we asked for came too late
		l.answered = l.answered || n.HungUp    // who declines has not hung up
		if n.Status.Rank() > l.status.Rank() {
			l.status = n.Status
		}
		if l.endedAt.IsZero() {
			l.endedAt = n.At
		}
	case sb.RoomEnded: // by this leg's going, which the room does not know the reason of
		l.left = true
		l.endedRoom = l.endedRoom || n.HungUp
		if l.endedAt.IsZero() {
			l.endedAt = n.At
		}
	}
}

// heardOfTask adopts the first task that carries the name of the one being created, and marks any other for closing.
func (c *call) heardOfTask(ref sb.TaskRef, task sb.TaskSID) {
	switch {
	case task == "" || task == c.Task || slices.Contains(c.closed, task) || slices.Contains(c.strays, task):
	case c.Task == "" && c.creating && ref.Task == c.Tasks:
		c.Task = task
	default:
		c.strays = append(c.strays, task)
	}
}

// forgetTask is called when a task is over.
func (c *call) forgetTask(task sb.TaskSID) {
	if !slices.Contains(c.closed, task) {
		c.closed = append(c.closed, task)
	}
	if task == c.Task {
		c.Task, c.taskOver, c.offers, c.Handled = "", false, nil, nil
	}
}

func (c *call) onTask(n sb.TaskNews) {
	if n.Ref.Call != c.id {
		return
	}
	if n.Queue != "" {
		c.queueName = n.Queue
	}
	switch {
	case !n.Status.Over():
		c.heardOfTask(n.Ref, n.Task)
	case n.Task == c.Task:
		c.taskOver = true
	default:
		c.forgetTask(n.Task)
	}
}

func (c *call) onOffer(n sb.OfferNews) {
	if n.Ref.Call != c.id || n.Reservation == "" {
		return
	}
	if rank(n.Status) < 3 { // what has ended is no news of a task
		c.heardOfTask(n.Ref, n.Task)
	}
	if n.Task != c.Task {
		return
	}
	if n.Queue != "" {
		c.queueName = n.Queue
	}
	for _, o := range c.offers {
		if o.reservation == n.Reservation {
			o.advance(n.Status)
			if o.contactURI == "" {
				o.contactURI = n.ContactURI
			}
			return
		}
	}
	c.offers = append(c.offers, &offer{
		reservation: n.Reservation, agent: n.Agent, agentName: n.AgentName, contactURI: n.ContactURI, status: n.Status,
		taken: slices.Contains(c.Handled, n.Reservation),
	})
}

// nextOffer is a reservation nobody has been rung for yet.
func (c *call) nextOffer() *offer {
	for _, o := range c.offers {
		if !o.taken && o.standing() {
			return o
		}
	}
	return nil
}

// listen begins to take in signals, updates, queries and cancellation, and starts the two that work in the background:
// one publishes events, the other ends what does not belong to the attempt of the moment.
func (c *call) listen(ctx, requested workflow.Context) error {
	if err := c.setHandlers(ctx); err != nil {
		return err
	}
	if c.in.Cancelled != nil {
		c.cancelled = c.in.Cancelled
	}
	workflow.Go(requested, func(requested workflow.Context) {
		requested.Done().Receive(requested, nil)
		c.cancel(sb.Cancellation{Reason: sb.ReasonOperator, By: "Temporal"})
	})
	pump(ctx, sb.SignalOffer, "a reservation, as TaskRouter or the sweep tells", c.onOffer)
	pump(ctx, sb.SignalTask, "a task, as TaskRouter tells", c.onTask)
	pump(ctx, sb.SignalLeg, "a leg's status, as Twilio tells", c.onLeg)
	pump(ctx, sb.SignalRoom, "who is in the conference, as Twilio tells", c.onRoom)
	pump(ctx, sb.SignalCancel, "the request is withdrawn", c.cancel)
	workflow.Go(ctx, c.publish)
	workflow.Go(ctx, c.endStrays)
	return nil
}

func pump[T any](ctx workflow.Context, name, description string, take func(T)) {
	ch := workflow.GetSignalChannelWithOptions(ctx, name, workflow.SignalChannelOptions{Description: description})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var news T
			ch.Receive(ctx, &news)
			take(news)
		}
	})
}

// hear lets everything that has been delivered be taken in, before a step that cannot be undone. A signal that came
// together with what woke the process is in the hands of its pump, which runs after it; a coroutine begun now runs after
// them all.
func (c *call) hear(ctx workflow.Context) {
	heard := false
	workflow.Go(ctx, func(workflow.Context) { heard = true })
	c.wait(ctx, func() bool { return heard })
}

func (c *call) cancel(why sb.Cancellation) {
	if c.cancelled == nil {
		c.cancelled = &why
	}
}
