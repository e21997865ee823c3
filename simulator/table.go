package simulator

import (
	"iter"
	"slices"
	"sort"
)

// table keeps resources by SID and in the order of creation. Go's maps have no order, and an order
// that differs from run to run would leak into routing, lists and callbacks.
type table[V any] struct {
	rows  []row[V]
	bySID map[string]row[V]
	next  uint64
}

type row[V any] struct {
	seq   uint64
	value V
}

func (t *table[V]) add(sid string, v V) {
	if t.bySID == nil {
		t.bySID = map[string]row[V]{}
	}
	t.next++
	r := row[V]{t.next, v}
	t.bySID[sid] = r
	t.rows = append(t.rows, r)
}

func (t *table[V]) get(sid string) (V, bool) {
	r, ok := t.bySID[sid]
	return r.value, ok
}

func (t *table[V]) remove(sid string) {
	r, ok := t.bySID[sid]
	if !ok {
		return
	}
	delete(t.bySID, sid)
	if t.rows[0].seq == r.seq { // the usual case: the oldest goes
		t.rows = t.rows[1:]
		return
	}
	i := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].seq >= r.seq })
	t.rows = slices.Concat(t.rows[:i], t.rows[i+1:]) // a copy: somebody may be walking the old rows
}

func (t *table[V]) len() int { return len(t.rows) }

// all yields the resources, oldest first. The table may change while it runs.
func (t *table[V]) all() iter.Seq[V] {
	rows := t.rows
	return func(yield func(V) bool) {
		for _, r := range rows {
			if !yield(r.value) {
				return
			}
		}
	}
}

// newestFirst yields the resources, youngest first.
func (t *table[V]) newestFirst() iter.Seq[V] {
	rows := t.rows
	return func(yield func(V) bool) {
		for _, r := range slices.Backward(rows) {
			if !yield(r.value) {
				return
			}
		}
	}
}

// journal is a list that only grows, up to a limit: then the oldest entries are forgotten, and the
// numbers of the others stay what they were.
type journal[T any] struct {
	first   int // number of entries[0]
	entries []T
	limit   int // 0: journalLimit
}

// journalLimit bounds a simulator that runs for weeks on someone's laptop.
const journalLimit = 500_000

func (j *journal[T]) add(e T) {
	limit := j.limit
	if limit == 0 {
		limit = journalLimit
	}
	if len(j.entries) >= limit {
		drop := max(limit/5, 1)
		j.entries = append([]T(nil), j.entries[drop:]...)
		j.first += drop
	}
	j.entries = append(j.entries, e)
}

// since returns a copy of the entries numbered n and above, and the number of the next to come.
func (j *journal[T]) since(n int) ([]T, int) { return j.piece(n, len(j.entries)) }

// piece is since for whoever must not hold the lock for long: it stops after so many entries, and
// the number returned is that of the entry to ask for next.
func (j *journal[T]) piece(n, most int) ([]T, int) {
	from := min(max(n-j.first, 0), len(j.entries))
	to := min(from+most, len(j.entries))
	return append([]T{}, j.entries[from:to]...), j.first + to
}

// next is the number of the entry to come.
func (j *journal[T]) next() int { return j.first + len(j.entries) }

// moves is a state machine one can read at a glance: from each state, where it may go.
type moves map[string][]string

func (m moves) allow(from, to string) bool { return slices.Contains(m[from], to) }

// final reports whether nothing comes after this state.
func (m moves) final(state string) bool { return len(m[state]) == 0 }
