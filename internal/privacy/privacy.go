// Package privacy looks for what must not be there: callers' names, numbers and what they told, in logs, errors,
// identities, search attributes, and in what Temporal keeps. A test gives its callers marks that occur nowhere else,
// runs them, and looks for the marks in everything that was left behind.
//
// It is for tests alone, and decides nothing about what may be where. Start with Marks.
package privacy

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	sb "switchboard"
)

// Marks are words and numbers that occur nowhere but in a test's callers.
type Marks []string

// Of are the marks of a request, and of what an agent wrote about it.
func Of(r sb.Request, notes ...string) Marks {
	m := Marks{r.Caller.Name, r.Reason}
	m = append(m, notes...)
	digits := strings.TrimPrefix(r.Caller.Phone, "+")
	m = append(m, digits)
	if national, british := strings.CutPrefix(digits, "44"); british {
		m = append(m, national) // 07700 900123, and +44 (0)7700…
	}
	for _, word := range strings.Fields(r.Caller.Name) { // a first name alone is one, too
		m = append(m, word)
	}
	return slices.DeleteFunc(m, func(mark string) bool { return mark == "" })
}

// In returns the marks that a text holds, however they are written: in the clear, with spaces between the digits, as in
// JSON, in a URL, or in base64 (unless it begins in the middle of one).
func (m Marks) In(text string) []string {
	joined := digitsJoined(text)
	var found []string
	for _, mark := range m {
		for _, form := range forms(mark) {
			if strings.Contains(text, form) || isNumber(mark) && strings.Contains(joined, mark) {
				found = append(found, mark)
				break
			}
		}
	}
	return found
}

func forms(mark string) []string {
	quoted, _ := json.Marshal(mark) // a text always can be
	ascii := strings.Map(func(r rune) rune {
		if r > 0x7e {
			return -1
		}
		return r
	}, mark)
	list := []string{
		mark, strings.Trim(string(quoted), `"`), url.QueryEscape(mark), url.PathEscape(mark), strings.ToLower(mark), strings.ToUpper(mark),
	}
	if len(ascii) == len(mark) { // inside of a longer text, at each of the three places where a byte can begin
		for lead := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", lead) + mark))
			from := (lead*8 + 5) / 6
			to := (lead + len(mark)) * 8 / 6
			list = append(list, encoded[from:to])
		}
	}
	return list
}

func isNumber(mark string) bool {
	return strings.Trim(mark, "0123456789") == ""
}

// digitsJoined is a text without what people write between digits.
func digitsJoined(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "\u00a0", "", "%20", "").Replace(text)
}
