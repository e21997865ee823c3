package intake

import "sync"

// progress is how far one partition has come: the watermark moves over records in the order they were read, as each is
// done. Offsets may have gaps (transactions, compaction), so they are not counted, only remembered.
type progress struct {
	mu      sync.Mutex
	pending []int64 // read, not below the watermark, ascending
	done    map[int64]bool
	// position is the offset to go on from: where the partition was taken over, then one past the last record passed.
	// It may be kafka.FirstOffset.
	position int64
	moved    bool // position is of our own making and may be committed
}

func newProgress(position int64) *progress {
	return &progress{position: position, done: map[int64]bool{}}
}

// begin notes that a record was read.
func (p *progress) begin(offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, offset)
}

// finish notes that a record is done, and reports whether the watermark moved.
func (p *progress) finish(offset int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[offset] = true
	moved := false
	for len(p.pending) > 0 && p.done[p.pending[0]] {
		delete(p.done, p.pending[0])
		p.position, p.moved, moved = p.pending[0]+1, true, true
		p.pending = p.pending[1:]
	}
	return moved
}

// reset starts again from position; nothing may be in flight.
func (p *progress) reset(position int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending, p.done = nil, map[int64]bool{}
	p.position, p.moved = position, false
}

// commitable is the offset that may be committed.
func (p *progress) commitable() (offset int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position, p.moved
}
