package simulator

import "strings"

// sorting is what a list can be ordered by: Twilio's name for it, and how two rows compare.
type sorting[V any] map[string]func(a, b V) int

// ordering reads the parameter of that name, such as "Priority:desc,DateCreated:asc": the first decides,
// then the second. Rows that are equal keep their places.
func ordering[V any](r *request, by sorting[V]) func(a, b V) int {
	text := r.text("Ordering")
	var keys []func(a, b V) int
	for part := range strings.SplitSeq(text, ",") {
		name, direction, _ := strings.Cut(strings.TrimSpace(part), ":")
		key := by[name]
		switch {
		case name == "" && text == "":
		case key == nil:
			r.fail(invalid("Ordering '%s' is invalid", text))
		case direction == "asc":
			keys = append(keys, key)
		case direction == "desc":
			keys = append(keys, func(a, b V) int { return key(b, a) })
		default:
			r.fail(invalid("Ordering '%s' is invalid", text))
		}
	}
	return func(a, b V) int {
		for _, key := range keys {
			if n := key(a, b); n != 0 {
				return n
			}
		}
		return 0
	}
}
