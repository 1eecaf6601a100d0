// Package ui is the set of parts that pages are made of: buttons, fields, tables, meters, charts
// and icons, and the words for amounts, dates and times in the reader's locale and zone.
package ui

import (
	"net/url"
	"strconv"
)

// Pager is where a list stands. URL is the list's address with its filters but without page. More says
// that the list goes on beyond Total, as far as nobody pages.
type Pager struct {
	Page, PerPage int
	Total         int64
	More          bool
	URL           string
}

// Pages is how many pages there are, at least one.
func (p Pager) Pages() int {
	if p.PerPage <= 0 || p.Total <= 0 {
		return 1
	}
	return int((p.Total + int64(p.PerPage) - 1) / int64(p.PerPage))
}

// First and last are the numbers of the rows on show.
func (p Pager) first() int64 {
	if p.Total == 0 {
		return 0
	}
	return int64(p.Page-1)*int64(p.PerPage) + 1
}

func (p Pager) last() int64 { return min(int64(p.Page)*int64(p.PerPage), p.Total) }

// href is the address of a page of the list. An address that cannot be parsed is a mistake of the
// handler; the list's first page is still better than a broken link.
func (p Pager) href(page int) string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return p.URL
	}
	q := u.Query()
	q.Del("page")
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	u.RawQuery = q.Encode()
	return u.String()
}
