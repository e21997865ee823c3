package browser

// eventKeys are the keys that RFC 4733 numbers from 0, as far as a telephone has them.
const eventKeys = "0123456789*#"

// keypad tells the keys pressed from the packets of RFC 4733: there are many of each key, with one timestamp.
type keypad struct {
	pressed bool
	last    uint32
}

// event is a packet of a key. It counts when it is the first of its key: those after it only say that it is still held.
func (k *keypad) event(timestamp uint32, payload []byte) (key byte, pressed bool) {
	if len(payload) < 4 || int(payload[0]) >= len(eventKeys) || k.pressed && timestamp == k.last {
		return 0, false
	}
	k.pressed, k.last = true, timestamp
	return eventKeys[payload[0]], true
}
