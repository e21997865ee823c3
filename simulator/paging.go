package simulator

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// defaultPage and largestPage are the same on every product (A.2).
const (
	defaultPage = 50
	largestPage = 1000
)

// page is the part of a list that one request asked for.
type page struct {
	number, size int
	start        int // index of the first shown
	rows         listing
	next, prev   string // tokens; "": none
}

// listing is everything that a list request is about. Only what is on the page becomes a body: a list of
// thousands of calls is asked for under the lock.
type listing []listed

type listed struct {
	sid  string
	body func() object
}

func (l *listing) add(sid string, body func() object) { *l = append(*l, listed{sid, body}) }

// bodies is an empty list for nothing, never null.
func (l listing) bodies() []object {
	all := make([]object, 0, len(l))
	for _, row := range l {
		all = append(all, row.body())
	}
	return all
}

// cut takes the asked page out of a list. A token names the row it starts after, so that rows added
// meanwhile do not shift the pages, and the row it starts with, in case that one has gone; also the
// index, in case both have.
func (r *request) cut(rows listing) (page, *apiError) {
	p := page{size: defaultPage}
	if r.has("PageSize") {
		n, err := strconv.Atoi(r.text("PageSize"))
		if err != nil || n < 1 {
			return p, invalid("PageSize '%s' is invalid", r.text("PageSize"))
		}
		if n > largestPage {
			return p, refuse(400, 20007, "Page size too large, maximum is %d", largestPage)
		}
		p.size = n
	}
	p.number = r.number("Page", 0, 0, 1<<31-1)
	if r.err != nil {
		return p, r.err
	}
	if token := r.text("PageToken"); token != "" {
		start, err := startOf(token, rows)
		if err != nil {
			return p, err
		}
		p.start = start
	} else {
		p.start = p.number * p.size
	}
	from := min(p.start, len(rows))
	to := min(from+p.size, len(rows))
	p.rows = rows[from:to]
	if to < len(rows) {
		p.next = tokenAfter(rows, to)
	}
	if from > 0 {
		p.prev = tokenAfter(rows, max(from-p.size, 0))
	}
	return p, nil
}

func tokenAfter(rows listing, index int) string {
	before := ""
	if index > 0 {
		before = rows[index-1].sid
	}
	return "PA" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%s:%s", index, before, rows[index].sid))
}

func startOf(token string, rows listing) (int, *apiError) {
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "PA"))
	parts := strings.Split(string(plain), ":")
	start, convErr := strconv.Atoi(parts[0])
	if err != nil || len(parts) != 3 || convErr != nil || start < 0 {
		return 0, invalid("Invalid page token")
	}
	position := func(sid string) int {
		return slices.IndexFunc(rows, func(row listed) bool { return row.sid == sid })
	}
	if before := position(parts[1]); before >= 0 {
		return before + 1, nil
	}
	if first := position(parts[2]); first >= 0 && start > 0 {
		return first, nil
	}
	return start, nil
}

// pages makes the addresses of other pages: they repeat the filters of the request.
func (r *request) pages(base string, size int) func(number int, token string) string {
	filters := maps.Clone(r.form)
	for _, name := range []string{"Page", "PageToken", "PageSize"} {
		delete(filters, name)
	}
	address := base + r.location.path + "?"
	if len(filters) > 0 {
		address += filters.Encode() + "&"
	}
	address += "PageSize=" + strconv.Itoa(size) + "&Page="
	return func(number int, token string) string {
		if token == "" {
			return address + strconv.Itoa(number)
		}
		return address + strconv.Itoa(number) + "&PageToken=" + url.QueryEscape(token)
	}
}

// list is TaskRouter's envelope: a meta object with absolute URLs (A.2). Absolute paging (Page=3
// without a token) no longer returns data there (40153).
func (s *Simulator) list(r *request, key string, rows listing) (reply, *apiError) {
	if n := r.number("Page", 0, 0, 1<<31-1); n > 0 && r.text("PageToken") == "" {
		s.alert(40153, "Absolute Paging used when iterating TaskRouter resources", Entry{}, r.exchange())
		rows = nil
	}
	p, err := r.cut(rows)
	if err != nil {
		return reply{}, err
	}
	at := r.pages(r.base, p.size)
	meta := object{
		"key": key, "page": p.number, "page_size": p.size, "first_page_url": at(0, ""),
		"url": at(p.number, r.text("PageToken")), "next_page_url": nil, "previous_page_url": nil,
	}
	if p.next != "" {
		meta["next_page_url"] = at(p.number+1, p.next)
	}
	if p.prev != "" {
		meta["previous_page_url"] = at(max(p.number-1, 0), p.prev)
	}
	return okay(object{key: p.rows.bodies(), "meta": meta}), nil
}

// list2010 is the older API's envelope: counters and relative URIs (A.2).
func (s *Simulator) list2010(r *request, key string, rows listing) (reply, *apiError) {
	p, err := r.cut(rows)
	if err != nil {
		return reply{}, err
	}
	at := r.pages("", p.size)
	body := object{
		key: p.rows.bodies(), "page": p.number, "page_size": p.size,
		"start": p.start, "end": max(p.start+len(p.rows)-1, 0), "uri": at(p.number, r.text("PageToken")),
		"first_page_uri": at(0, ""), "next_page_uri": nil, "previous_page_uri": nil,
	}
	if p.next != "" {
		body["next_page_uri"] = at(p.number+1, p.next)
	}
	if p.prev != "" {
		body["previous_page_uri"] = at(max(p.number-1, 0), p.prev)
	}
	return okay(body), nil
}
