package browser

import (
	"strings"
	"time"
)

// shape turns what REST shows into what the SDK reads, in place: times in seconds since 1970, lists as contents, and
// the short names of queue and workflow. The SDK fails where a name is missing, not where a value is null.
func shape(body map[string]any) map[string]any {
	if list, isList := contents(body); isList {
		return list
	}
	for name, value := range body {
		switch value := value.(type) {
		case map[string]any:
			if name == "task" {
				shape(value)
			}
		case string:
			if isTime(name) {
				body[name] = seconds(value)
			}
		}
	}
	if _, isTask := body["assignment_status"]; isTask {
		body["queue_sid"], body["queue_name"] = body["task_queue_sid"], body["task_queue_friendly_name"]
		body["workflow_name"] = body["workflow_friendly_name"]
	}
	if order, isQueue := body["task_order"]; isQueue {
		body["lifo_queue"] = order == "LIFO"
	}
	if last, isReserved := body["last_reserved_time"].(int64); isReserved {
		body["last_reserved_time"] = last * 1000 // the one time in milliseconds
	}
	return body
}

// contents is the bridge's list; false: the body is none.
func contents(body map[string]any) (map[string]any, bool) {
	meta, isList := body["meta"].(map[string]any)
	if !isList {
		return nil, false
	}
	key, _ := meta["key"].(string)
	rows, _ := body[key].([]map[string]any)
	var after any
	if meta["next_page_url"] != nil && len(rows) > 0 {
		after = rows[len(rows)-1]["sid"]
	}
	for _, row := range rows {
		shape(row)
	}
	return map[string]any{"contents": rows, "after_sid": after, "meta": map[string]any{"list_key": "contents", "next_token": after}}, true
}

func isTime(name string) bool {
	return strings.HasPrefix(name, "date_") || strings.HasSuffix(name, "_time") || strings.HasSuffix(name, "_entered_date")
}

// seconds leaves alone what is not a time.
func seconds(text string) any {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.Unix()
}
