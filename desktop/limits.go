package desktop

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// What one session, or one address without one, may ask for: a page asks some three times in five seconds, and at nine
// o'clock a whole office signs in from behind one address.
const (
	requestsBurst     = 200
	requestsPerSecond = 20
)

// within refuses whoever asks too often. The page's files are not counted: they cost nothing.
func (s *Server) within(w http.ResponseWriter, r *http.Request) error {
	if !strings.HasPrefix(r.URL.Path, "/desktop/") || r.URL.Path == "/desktop/shim.js" {
		return nil
	}
	whose := "address " + address(r)
	if p, ok := s.session(r); ok {
		whose = "session " + p.Who
	}
	if s.limits.Take(whose) {
		return nil
	}
	w.Header().Set("Retry-After", "1")
	return refuse(http.StatusTooManyRequests, "too many requests at once: wait a moment and try again")
}

// address is whose request it is, as far as can be known. What a proxy of ours, on this machine or in this network, says
// last about where it comes from is believed; what others say is anybody's claim. Whoever has an address of IPv6 has
// 2^64 of them.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if from = from.Unmap(); from.IsLoopback() || from.IsPrivate() {
		told := r.Header.Values("X-Forwarded-For")
		if len(told) > 0 {
			list := strings.Split(told[len(told)-1], ",")
			if last, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err == nil {
				from = last.Unmap()
			}
		}
	}
	if from.Is6() {
		if prefix, err := from.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return from.String()
}
