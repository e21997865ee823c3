package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// text is the value of a parameter, or its values.
func (l *loader) text(parent string, value any) ([]string, error) {
	resolved, err := l.resolve(parent, value)
	if err != nil {
		return nil, err
	}
	switch v := resolved.(type) {
	case nil:
		return nil, fmt.Errorf("null is no value; leave it out")
	case string:
		return []string{v}, nil
	case []any:
		var values []string
		for _, item := range v {
			text, isText := item.(string)
			if !isText {
				return nil, fmt.Errorf("a list must be of texts")
			}
			values = append(values, text)
		}
		return values, nil
	}
	text, err := json.Marshal(resolved) // a number, true, false, or an object
	return []string{string(text)}, err
}

// resolve puts SIDs in the place of references, at any depth.
func (l *loader) resolve(parent string, value any) (any, error) {
	var err error
	switch v := value.(type) {
	case string:
		return l.reference(parent, v)
	case []any:
		resolved := make([]any, len(v))
		for i, item := range v {
			if resolved[i], err = l.resolve(parent, item); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case map[string]any:
		resolved := make(map[string]any, len(v))
		for name, item := range v {
			if resolved[name], err = l.resolve(parent, item); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	}
	return value, nil
}

// reference finds what "@TaskQueues/everybody" means. Any other text means itself.
func (l *loader) reference(parent, text string) (string, error) {
	collection, name, found := strings.Cut(strings.TrimPrefix(text, "@"), "/")
	if !strings.HasPrefix(text, "@") || !found {
		return text, nil
	}
	path := parent + "/" + collection
	if collection == "Applications" {
		path = "/2010-04-01/Accounts/" + l.account.sid + "/Applications.json"
	}
	for _, row := range l.rows(path) {
		if row["friendly_name"] == name || row["unique_name"] == name {
			return row["sid"].(string), nil
		}
	}
	return "", fmt.Errorf("%s: there is none of that name here, or not yet", text)
}

// rows are the resources of a collection; none if there is no such collection.
func (l *loader) rows(path string) []map[string]any {
	body, err := l.request(http.MethodGet, path, url.Values{"PageSize": {"1000"}})
	if err != nil {
		return nil
	}
	var rows []map[string]any
	for _, member := range body {
		items, _ := member.([]any) // the only list in the envelope
		for _, item := range items {
			if row, isObject := item.(map[string]any); isObject {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// request carries out one REST request of the data, without faults and without a line in the journal.
// The lock is held.
func (l *loader) request(method, path string, form url.Values) (map[string]any, error) {
	where := location{path: path, escaped: path}
	found, vars, refused := l.sim.find(method, where)
	if refused != nil {
		return nil, fmt.Errorf("%s %s is not simulated", method, path)
	}
	in := &request{params: params{form: form}, http: &http.Request{Header: http.Header{}, URL: &url.URL{}},
		account: l.account, vars: vars, location: where, path: where.resource()}
	res, refused := l.sim.perform(found, in)
	if refused != nil {
		return nil, fmt.Errorf("%s: %d %s", found, refused.code, refused.message)
	}
	text, err := json.Marshal(res.body)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	return body, json.Unmarshal(text, &body)
}

// robot registers the softphone of a worker that is to answer by itself. The robot is true, or what
// POST /simulator/softphones takes, without the identity.
func (l *loader) robot(r dataResource, sid, path string) error {
	wanted, has := r["robot"]
	if !has || wanted == false || !strings.HasSuffix(path, "/Workers") {
		return nil
	}
	phone := Robot()
	if wanted != true {
		text, err := json.Marshal(wanted)
		if err != nil {
			return err
		}
		var in softphoneJSON
		if err := decode(strings.NewReader(string(text)), &in); err != nil {
			return fmt.Errorf("robot: %w", err)
		}
		in.Identity = "robot"
		if err := in.check(); err != nil {
			return fmt.Errorf("robot: %w", err)
		}
		phone = in.softphone()
	}
	for ws := range l.account.workspaces.all() {
		if a, found := ws.agents.get(sid); found {
			identity := identityOf(a.party())
			if identity == "" {
				return fmt.Errorf("robot: contact_uri %q is no client", a.party())
			}
			l.account.softphones[identity] = &phone
		}
	}
	return nil
}

func nameOf(body map[string]any) string {
	for _, member := range []string{"friendly_name", "unique_name", "phone_number"} {
		if name, _ := body[member].(string); name != "" {
			return name
		}
	}
	return ""
}
