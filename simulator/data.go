package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Data is what exists at the start: see ReadData.
type Data struct{ root dataRoot }

// What is spelled as Twilio does, in capitals, is a resource of Twilio's with the parameters of the
// request that creates it; the rest is the simulator's own.
type dataRoot struct {
	dataAccount
	Accounts []dataAccount `json:"accounts"`
	Phones   []phoneJSON   `json:"phones"`
	Faults   *Faults       `json:"faults"`
}

type dataAccount struct {
	Name  string    `json:"name"`
	SID   string    `json:"sid"`
	Token string    `json:"token"`
	Keys  []dataKey `json:"keys"`

	Applications         []dataResource  `json:"Applications"`
	IncomingPhoneNumbers []dataResource  `json:"IncomingPhoneNumbers"`
	Workspaces           []dataResource  `json:"Workspaces"`
	Softphones           []softphoneJSON `json:"softphones"`
}

type dataKey struct {
	Name   string `json:"name"`
	SID    string `json:"sid"`
	Secret string `json:"secret"`
}

type dataResource map[string]any

// ofWorkspace are the collections that a workspace in the data can have, in the order in which they are
// created: what is referred to comes first.
var ofWorkspace = []string{"Activities", "TaskChannels", "TaskQueues", "Workflows", "Workers"}

// robotTalks is how long a robot agent talks before hanging up.
const robotTalks = 15 * time.Second

// Robot is a softphone that answers by itself after a second, and hangs up when it has talked for 15.
func Robot() Softphone { return Softphone{Rings: softphoneRings, HangsUpAfter: robotTalks} }

// ReadData reads a data file. It is a JSON object:
//
//	Workspaces            a list of workspaces; within each: Activities, TaskChannels, TaskQueues,
//	                      Workflows, Workers. A worker with "robot": true has a softphone that answers
//	                      by itself; its identity is that of the attribute contact_uri, or the
//	                      worker's name
//	Applications          a list of TwiML apps
//	IncomingPhoneNumbers  a list of the account's numbers
//	softphones, phones    lists of what POST /simulator/softphones and /simulator/phones take
//	accounts              a list of subaccounts: name, sid, token, keys (name, sid, secret), all
//	                      optional, and any of the above but phones
//	faults                what PUT /simulator/faults takes
//
// The members of a resource are the parameters of the request that creates it, as Twilio spells them;
// an object is sent as JSON. A text "@TaskQueues/everybody" stands for the SID of the queue of that
// FriendlyName in the same workspace, and so for every other collection.
func ReadData(text []byte) (Data, error) {
	var d Data
	if len(bytes.TrimSpace(text)) == 0 {
		return d, errors.New("it is empty; {} stands for nothing at the start")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	err := decoder.Decode(&d.root)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return d, nil
		}
		err = fmt.Errorf("something follows the end")
	}
	at := decoder.InputOffset()
	switch problem := err.(type) {
	case *json.SyntaxError:
		at = problem.Offset
	case *json.UnmarshalTypeError:
		at = problem.Offset
	}
	return Data{}, fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(at), len(text))], []byte("\n")), err)
}

// WithRobots adds softphones that answer by themselves.
func (d Data) WithRobots(identities ...string) Data {
	d.root.Softphones = slices.Clone(d.root.Softphones)
	for _, identity := range identities {
		d.root.Softphones = append(d.root.Softphones, softphoneJSON{Identity: identity,
			Rings: duration{softphoneRings}, HangsUpAfter: duration{robotTalks}})
	}
	return d
}

// Loaded is one resource that exists at the start.
type Loaded struct {
	Collection string // Workspaces, Workflows, …; Accounts for the accounts themselves
	Name, SID  string
	Secret     string // of a key, or the token of a subaccount
}

// Load makes the data what exists at the start, and starts again, see Reset. No webhook tells of it.
// SIDs come from the seed and from names, so they are the same at every start. The error says which
// part of the data cannot be; everything is then as it was at the start before.
func (s *Simulator) Load(d Data) ([]Loaded, error) {
	s.lock()
	defer s.unlock()
	before := s.data
	s.data = d
	loaded, err := s.restart()
	if err != nil {
		s.data = before
		_, _ = s.restart() // worked before
		return nil, fmt.Errorf("data: %w", err)
	}
	return loaded, nil
}

// loader carries out the requests that the data stands for.
type loader struct {
	sim     *Simulator
	account *account
	loaded  []Loaded
}

// loadData is called with the lock held.
func (s *Simulator) loadData(d dataRoot) ([]Loaded, error) {
	s.loading = true
	defer func() { s.loading = false }()
	l := &loader{sim: s, account: s.main}
	switch {
	case d.SID != "" || d.Token != "" || d.Name != "":
		return nil, fmt.Errorf("name, sid and token of the main account are given when the simulator is made")
	case d.Faults != nil:
		if err := d.Faults.check(s.routes); err != nil {
			return nil, fmt.Errorf("faults: %w", err)
		}
		s.setFaults(*d.Faults)
	}
	for i, p := range d.Phones {
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("phones[%d]: %w", i, err)
		}
		s.phones[p.Number] = p.phone()
	}
	if err := l.fill("", d.dataAccount); err != nil {
		return nil, err
	}
	for i, a := range d.Accounts {
		where := fmt.Sprintf("accounts[%d]", i)
		if err := l.addAccount(a); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if err := l.fill(where+".", a); err != nil {
			return nil, err
		}
	}
	return l.loaded, nil
}

// addAccount makes a subaccount. Twilio chooses SIDs and tokens; a data file may, too.
func (l *loader) addAccount(a dataAccount) error {
	s := l.sim
	if a.SID == "" {
		a.SID = s.mint("AC", s.main.sid, a.Name)
	}
	if a.Token == "" {
		a.Token = s.mintSecret("auth token", a.SID)
	}
	_, taken := s.accounts.get(a.SID)
	switch {
	case !isSID("AC", a.SID):
		return fmt.Errorf("sid %q is not AC and 32 hex digits", a.SID)
	case taken:
		return fmt.Errorf("sid %s is another account's", a.SID)
	case strings.ContainsFunc(a.Token, func(r rune) bool { return !alphanumeric(r) }):
		return fmt.Errorf("token: letters and digits only")
	}
	l.account = s.addAccount(a.SID, a.Token, a.Name, s.main)
	l.loaded = append(l.loaded, Loaded{"Accounts", a.Name, a.SID, a.Token})
	return nil
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// fill makes what an account has.
func (l *loader) fill(where string, a dataAccount) error {
	s := l.sim
	for i, k := range a.Keys {
		if k.SID == "" {
			k.SID = s.mint("SK", l.account.sid, k.Name)
		}
		if k.Secret == "" {
			k.Secret = s.mintSecret("secret", k.SID)
		}
		if !isSID("SK", k.SID) {
			return fmt.Errorf("%skeys[%d]: sid %q is not SK and 32 hex digits", where, i, k.SID)
		}
		l.account.keys.add(k.SID, &apiKey{sid: k.SID, secret: k.Secret, friendlyName: k.Name, createdAt: s.now(), updatedAt: s.now()})
		l.loaded = append(l.loaded, Loaded{"Keys", k.Name, k.SID, k.Secret})
	}
	for i, p := range a.Softphones {
		if err := p.check(); err != nil {
			return fmt.Errorf("%ssoftphones[%d]: %w", where, i, err)
		}
		phone := p.softphone()
		l.account.softphones[p.Identity] = &phone
	}
	at := "/2010-04-01/Accounts/" + l.account.sid
	if err := l.create(where+"Applications", at+"/Applications.json", a.Applications); err != nil {
		return err
	}
	if err := l.create(where+"IncomingPhoneNumbers", at+"/IncomingPhoneNumbers.json", a.IncomingPhoneNumbers); err != nil {
		return err
	}
	return l.create(where+"Workspaces", "/v1/Workspaces", a.Workspaces)
}

// create makes the resources of one collection, and what is in them.
func (l *loader) create(where, path string, resources []dataResource) error {
	collection := where[strings.LastIndex(where, ".")+1:]
	for i, r := range resources {
		here := fmt.Sprintf("%s[%d]", where, i)
		form, inside, err := l.parameters(collection, path, r)
		if err != nil {
			return fmt.Errorf("%s: %w", here, err)
		}
		body, err := l.request(http.MethodPost, path, form)
		if err != nil {
			return fmt.Errorf("%s: %w", here, err)
		}
		sid, _ := body["sid"].(string)
		l.loaded = append(l.loaded, Loaded{Collection: collection, Name: nameOf(body), SID: sid})
		if err := l.robot(r, sid, path); err != nil {
			return fmt.Errorf("%s: %w", here, err)
		}
		if collection != "Workspaces" {
			continue
		}
		for _, name := range ofWorkspace {
			if err := l.create(here+"."+name, path+"/"+sid+"/"+name, inside[name]); err != nil {
				return err
			}
			if name == "Activities" {
				l.builtIn(path + "/" + sid + "/" + name)
			}
		}
	}
	return nil
}

// builtIn tells of the statuses that every workspace has from its beginning.
func (l *loader) builtIn(path string) {
	for _, row := range l.rows(path) {
		activity := Loaded{Collection: "Activities", Name: nameOf(row), SID: row["sid"].(string)}
		if !slices.Contains(l.loaded, activity) {
			l.loaded = append(l.loaded, activity)
		}
	}
}

// parameters takes a resource apart: its parameters, and the collections within it.
func (l *loader) parameters(collection, path string, r dataResource) (url.Values, map[string][]dataResource, error) {
	form, inside := url.Values{}, map[string][]dataResource{}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		value := r[name]
		switch {
		case collection == "Workspaces" && slices.Contains(ofWorkspace, name):
			list, err := resourcesOf(value)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			inside[name] = list
			continue
		case collection == "Workers" && name == "robot":
			continue
		}
		text, err := l.text(path[:strings.LastIndex(path, "/")], value)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		form[name] = text
	}
	return form, inside, nil
}

func resourcesOf(value any) ([]dataResource, error) {
	items, isList := value.([]any)
	if !isList {
		return nil, fmt.Errorf("it must be a list")
	}
	var list []dataResource
	for i, item := range items {
		members, isObject := item.(map[string]any)
		if !isObject {
			return nil, fmt.Errorf("[%d] must be an object", i)
		}
		list = append(list, members)
	}
	return list, nil
}
