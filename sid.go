package switchboard

import "strings"

// Twilio names each thing by a SID: two letters that tell its kind and 32 hexadecimal digits. Each kind is a type of
// its own, so that a task cannot be passed where a reservation belongs.
type (
	AccountSID     string // AC…
	WorkspaceSID   string // WS…
	AgentSID       string // WK…, TaskRouter's Worker
	AgentStatusSID string // WA…, TaskRouter's Activity
	RoutingSID     string // WW…, TaskRouter's Workflow
	QueueSID       string // WQ…, TaskRouter's TaskQueue
	TaskSID        string // WT…
	ReservationSID string // WR…
	CallSID        string // CA…: one leg
	ConferenceSID  string // CF…: one room, never revived once it has ended
)

// ValidSID reports whether a text is the SID of a thing of a kind. One that is not must not get into a URL or the ID of
// a workflow.
func ValidSID(kind, text string) bool {
	digits, ok := strings.CutPrefix(text, kind)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}
