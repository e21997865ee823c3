package simulator

import (
	"slices"
	"sort"
)

// before is the order of the line ("Queue Ordering"). In FIFO queues the highest priority comes first,
// then who has waited longest by VirtualStartTime; LIFO queues do not ask for the priority, and the
// newest comes first. Agents of both kinds take all of one kind before the other, as the workspace's
// PrioritizeQueueOrder says.
func (ws *workspace) before(a, b *task) bool {
	if a.queue.order != b.queue.order {
		return a.queue.order == ws.order
	}
	if a.queue.order == "LIFO" {
		if !a.virtualStart.Equal(b.virtualStart) {
			return a.virtualStart.After(b.virtualStart)
		}
		return a.order > b.order
	}
	if a.priority != b.priority {
		return a.priority > b.priority
	}
	if !a.virtualStart.Equal(b.virtualStart) {
		return a.virtualStart.Before(b.virtualStart)
	}
	return a.order < b.order
}

func (ws *workspace) joinLine(t *task) {
	i := sort.Search(len(ws.waiting), func(i int) bool { return !ws.before(ws.waiting[i], t) })
	ws.waiting = slices.Insert(ws.waiting, i, t)
}

func (ws *workspace) inLine(t *task) bool { return slices.Contains(ws.waiting, t) }

// leaveLine reports whether the task was in line. Call it before changing what the order depends on.
func (ws *workspace) leaveLine(t *task) bool {
	i := slices.Index(ws.waiting, t)
	if i < 0 {
		return false
	}
	ws.waiting = slices.Delete(ws.waiting, i, i+1)
	return true
}

// sortLine is for when the order itself has changed.
func (ws *workspace) sortLine() {
	sort.Slice(ws.waiting, func(i, j int) bool { return ws.before(ws.waiting[i], ws.waiting[j]) })
}
