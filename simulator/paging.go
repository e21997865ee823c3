package simulator

import (
	"encoding/base64"
	"fmt"
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
	rows         []object
	next, prev   string // tokens; "": none
}

// cut takes the asked page out of a list. A token names the row it starts after, so that rows added
// meanwhile do not shift the pages, and the row it starts with, in case that one has gone; also the
// index, in case both have.
func (r *request) cut(rows []object) (page, *apiError) {
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

func tokenAfter(rows []object, index int) string {
	before := ""
	if index > 0 {
		before, _ = rows[index-1]["sid"].(string)
	}
	return "PA" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%s:%v", index, before, rows[index]["sid"]))
}

func startOf(token string, rows []object) (int, *apiError) {
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "PA"))
	parts := strings.Split(string(plain), ":")
	start, convErr := strconv.Atoi(parts[0])
	if err != nil || len(parts) != 3 || convErr != nil || start < 0 {
		return 0, invalid("Invalid page token")
	}
	position := func(sid string) int {
		return slices.IndexFunc(rows, func(row object) bool { return row["sid"] == sid })
	}
	if before := position(parts[1]); before >= 0 {
		return before + 1, nil
	}
	if first := position(parts[2]); first >= 0 && start > 0 {
		return first, nil
	}
	return start, nil
}

// pageQuery repeats the filters of the request with another page.
func (r *request) pageQuery(size, number int, token string) string {
	q := url.Values{}
	for name, values := range r.http.URL.Query() {
		if name != "Page" && name != "PageToken" && name != "PageSize" {
			q[name] = values
		}
	}
	q.Set("PageSize", strconv.Itoa(size))
	q.Set("Page", strconv.Itoa(number))
	if token != "" {
		q.Set("PageToken", token)
	}
	return q.Encode()
}

// list is TaskRouter's envelope: a meta object with absolute URLs (A.2). Absolute paging (Page=3
// without a token) no longer returns data there (40153).
func (s *Simulator) list(r *request, key string, rows []object) (reply, *apiError) {
	if n := r.number("Page", 0, 0, 1<<31-1); n > 0 && r.text("PageToken") == "" {
		s.alert(40153, "Absolute Paging used when iterating TaskRouter resources", Entry{}, r.exchange())
		rows = nil
	}
	p, err := r.cut(rows)
	if err != nil {
		return reply{}, err
	}
	at := func(number int, token string) string {
		return r.base + r.location.path + "?" + r.pageQuery(p.size, number, token)
	}
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
	return okay(object{key: emptyNotNull(p.rows), "meta": meta}), nil
}

// list2010 is the older API's envelope: counters and relative URIs (A.2).
func (s *Simulator) list2010(r *request, key string, rows []object) (reply, *apiError) {
	p, err := r.cut(rows)
	if err != nil {
		return reply{}, err
	}
	at := func(number int, token string) string {
		return r.location.path + "?" + r.pageQuery(p.size, number, token)
	}
	body := object{
		key: emptyNotNull(p.rows), "page": p.number, "page_size": p.size,
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

func emptyNotNull(rows []object) []object {
	if rows == nil {
		return []object{}
	}
	return rows
}
