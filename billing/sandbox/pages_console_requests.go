package sandbox

import (
	"net/http"
	"net/url"
	"strings"

	"example.com/tollgate/billing/sandbox/pages"
)

func requestRows(all []LoggedRequest) []pages.RequestRow {
	out := make([]pages.RequestRow, 0, len(all))
	for _, l := range all {
		out = append(out, requestRow(l))
	}
	return out
}

func requestRow(l LoggedRequest) pages.RequestRow {
	r := pages.RequestRow{
		ID: l.ID, Method: l.Method, Path: l.Path, At: pages.Moment(l.At), Took: itoa(l.Millis) + " ms",
		Status: itoa(int64(l.Status)), Tone: "ok",
	}
	switch {
	case l.Status == 0:
		r.Status, r.Tone = "cut", "bad"
	case l.Status >= 500:
		r.Tone = "bad"
	case l.Status >= 400:
		r.Tone = "warn"
	}
	return r
}

// requestFilters are the tabs of the request log.
func requestFilters() []struct {
	label, name string
	keep        func(LoggedRequest) bool
} {
	return []struct {
		label, name string
		keep        func(LoggedRequest) bool
	}{
		{"All", "", func(LoggedRequest) bool { return true }},
		{"Changes", "changes", func(l LoggedRequest) bool { return l.Method != http.MethodGet }},
		{"Failed", "failed", func(l LoggedRequest) bool { return l.Status == 0 || l.Status >= 400 }},
	}
}

func showRequests(p *page) error {
	v := pages.Requests{ConsoleFrame: p.console("Requests", "requests")}
	chosen := p.query("show")
	keep := func(LoggedRequest) bool { return true }
	for _, f := range requestFilters() {
		link := "/_stripe/requests?show=" + f.name
		v.Tabs = append(v.Tabs, pages.Tab{Label: f.label, Link: link, Current: f.name == chosen})
		if f.name == chosen {
			keep = f.keep
		}
	}
	err := p.view(func(tx *Tx) error {
		all, err := tx.Requests(maxLogged)
		if err != nil {
			return err
		}
		var kept []LoggedRequest
		for _, l := range all {
			if keep(l) {
				kept = append(kept, l)
			}
		}
		start := min(int(wholeNumber(p.query("from"), 0, 0, maxLogged)), len(kept))
		end := min(start+consolePage, len(kept))
		v.Rows = requestRows(kept[start:end])
		if end < len(kept) {
			v.Older = "/_stripe/requests?" + url.Values{"show": {chosen}, "from": {itoa(int64(end))}}.Encode()
		}
		if start > 0 {
			v.Newest = "/_stripe/requests?show=" + url.QueryEscape(chosen)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.RequestsPage(v))
}

func showRequest(p *page) error {
	v := pages.RequestView{ConsoleFrame: p.console("Request", "requests")}
	err := p.view(func(tx *Tx) error {
		l, err := tx.Request(p.id())
		if err != nil {
			return err
		}
		v.RequestRow, v.Params, v.Answer = requestRow(l), l.Params, strings.TrimSpace(l.Response)
		v.Title = l.Method + " " + l.Path
		v.Facts = []pages.Detail{
			{Label: "Request", Value: l.ID + ", " + v.Took}, {Label: "Sandbox time", Value: v.At},
		}
		if l.IdempotencyKey != "" {
			v.Facts = append(v.Facts, pages.Detail{Label: "Idempotency key", Value: l.IdempotencyKey})
		}
		v.Events, _, err = eventRows(tx, `WHERE json_extract(data, '$.request.id') = ? ORDER BY seq LIMIT 50`, l.ID)
		return err
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.RequestViewPage(v))
}
