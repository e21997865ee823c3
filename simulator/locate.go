package simulator

import (
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// location is where a request goes: one port serves all of Twilio's hosts, told apart by the Host
// header (taskrouter.twilio.com, api.dublin.ie1.twilio.com) or by a first path segment
// (/taskrouter/v1/…, /api/2010-04-01/…). With neither, the path alone decides.
type location struct {
	product string // "": any
	path    string // without the prefix
	escaped string
	base    string // what absolute URLs in the answer start with
}

var products = []string{"taskrouter", "api", "monitor"}

func locate(r *http.Request) location {
	at, scheme := location{path: r.URL.Path, escaped: r.URL.EscapedPath()}, "http://"
	host, _, _ := strings.Cut(r.Host, ":")
	if strings.HasSuffix(host, ".twilio.com") {
		at.product, _, _ = strings.Cut(host, ".")
	}
	if r.TLS != nil || at.product != "" {
		scheme = "https://"
	}
	at.base = scheme + r.Host
	for _, product := range products {
		prefix := "/" + product
		if strings.HasPrefix(at.path, prefix+"/") {
			at.product, at.base = product, at.base+prefix
			at.path, at.escaped = strings.TrimPrefix(at.path, prefix), strings.TrimPrefix(at.escaped, prefix)
			break
		}
	}
	return at
}

// segments takes the path apart.
func (at location) segments() (segments []string, readable bool) {
	segments = strings.Split(strings.Trim(at.escaped, "/"), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, false
		}
		segments[i] = plain
	}
	return segments, true
}

// resource is how Twilio names what was not found: TaskRouter without its version.
func (at location) resource() string { return strings.TrimPrefix(at.path, "/v1") }

// find takes HEAD for GET, as HTTP does: the answer loses its body on the way.
func (s *Simulator) find(method string, at location) (route, map[string]string, *apiError) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments, readable := at.segments()
	if !readable {
		return route{}, nil, notFound(at.path)
	}
	otherMethod := false
	for candidate, vars := range s.matching(at, segments) {
		if candidate.method == method {
			return candidate, vars, nil
		}
		otherMethod = true
	}
	if otherMethod {
		return route{}, nil, methodNotAllowed()
	}
	last := &segments[len(segments)-1]
	for _, ending := range []string{"", ".xml", ".csv"} {
		if plain, found := strings.CutSuffix(*last, ending); found {
			*last = plain + ".json"
			for candidate := range s.matching(at, segments) {
				return route{}, nil, onlyJSON(candidate)
			}
			*last = plain + ending
		}
	}
	return route{}, nil, notFound(at.resource())
}

// matching yields the routes that the path can mean, whatever their method.
func (s *Simulator) matching(at location, segments []string) iter.Seq2[route, map[string]string] {
	return func(yield func(route, map[string]string) bool) {
		for i := range s.routes {
			candidate := &s.routes[i]
			if at.product != "" && at.product != candidate.product {
				continue
			}
			if vars, matches := candidate.match(segments); matches && !yield(*candidate, vars) {
				return
			}
		}
	}
}

// methods are those that a path has, for the Allow header.
func (s *Simulator) methods(at location) string {
	segments, _ := at.segments()
	var methods []string
	for candidate := range s.matching(at, segments) {
		methods = append(methods, candidate.method)
	}
	return strings.Join(methods, ", ")
}
