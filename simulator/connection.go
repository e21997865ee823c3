package simulator

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// connection is what the fragment of a webhook's URL can override (E.3).
type connection struct {
	connect time.Duration // ct: to establish the connection
	read    time.Duration // rt: for each attempt
	total   time.Duration // tt: for all attempts
	retries int           // rc
	when    []string      // rp: 4xx, 5xx, ct, rt, all
}

// The kinds of failure that rp can name.
var retryKinds = []string{"4xx", "5xx", "ct", "rt", "all"}

// edges is from where webhooks can leave (e). From here they all leave the same way.
var edges = []string{"ashburn", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo", "umatilla"}

// overrides takes the fragment off a URL: it is neither sent nor signed. Overrides that Twilio does not
// know, or whose values are out of range, are ignored, each with a reason.
func overrides(address string) (string, connection, []string) {
	c := connection{connect: 5 * time.Second, read: webhookLimit, total: webhookLimit, retries: 1, when: []string{"ct"}}
	address, fragment, _ := strings.Cut(address, "#")
	var ignored []string
	for pair := range strings.SplitSeq(fragment, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" || c.override(name, value) {
			continue
		}
		ignored = append(ignored, pair)
	}
	return address, c, ignored
}

// override reports whether it understood.
func (c *connection) override(name, value string) bool {
	if plain, err := url.QueryUnescape(value); err == nil {
		value = plain
	}
	values := strings.Split(value, ",")
	switch name {
	case "ct":
		return milliseconds(&c.connect, value, 10*time.Second)
	case "rt":
		return milliseconds(&c.read, value, webhookLimit)
	case "tt":
		return milliseconds(&c.total, value, webhookLimit)
	case "rc":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 5 {
			return false
		}
		c.retries = n
	case "rp":
		if !within(values, retryKinds) {
			return false
		}
		c.when = values
	case "e":
		return within(values, edges)
	case "sni":
		return value == "y" || value == "n" // we always name the server
	default:
		return false
	}
	return true
}

// milliseconds are at least 100, for every timeout.
func milliseconds(into *time.Duration, value string, most time.Duration) bool {
	n, err := strconv.Atoi(value)
	if err != nil || n < 100 || n > int(most.Milliseconds()) {
		return false
	}
	*into = time.Duration(n) * time.Millisecond
	return true
}

func within(values, known []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(known, v) })
}

// retry decides by the kind of failure. Without overrides only a failure to connect is tried again,
// once; an answer of 4xx or 5xx is final.
func (c connection) retry(a webhookAnswer) bool {
	kind := ""
	switch {
	case errors.Is(a.err, errBroken):
		return true // the fault WebhookFault.Retry: Twilio does not say when it happens
	case a.err != nil && isConnectFailure(a.err):
		kind = "ct"
	case a.err != nil:
		kind = "rt"
	case a.status >= 500:
		kind = "5xx"
	case a.status >= 400:
		kind = "4xx"
	default:
		return false
	}
	return slices.Contains(c.when, kind) || slices.Contains(c.when, "all")
}

func isConnectFailure(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// connectTimeout is the key under which a webhook's context carries its ct.
type connectTimeout struct{}

// dial gives up when the ct of the webhook is over that wanted the connection.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{}
	d.Timeout, _ = ctx.Value(connectTimeout{}).(time.Duration)
	return d.DialContext(ctx, network, address)
}
