package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

// eventRows reads events for a list, with how the deliveries of each one stand. It also returns the last row's place,
// from which the next page goes on.
func eventRows(tx *Tx, clause string, args ...any) ([]pages.EventRow, int64, error) {
	rows, err := tx.sql.Query(`SELECT seq, id, type, object_id, created,
		(SELECT count(*) FROM deliveries WHERE event = events.id AND state = 'delivered'),
		(SELECT count(*) FROM deliveries WHERE event = events.id AND state = 'pending' AND attempt = 0),
		(SELECT count(*) FROM deliveries WHERE event = events.id AND state = 'pending' AND attempt > 0),
		(SELECT count(*) FROM deliveries WHERE event = events.id AND state = 'failed')
		FROM events `+clause, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []pages.EventRow
	var seq int64
	for rows.Next() {
		var r pages.EventRow
		var created, delivered, waiting, retried, failed int64
		if err := rows.Scan(&seq, &r.ID, &r.Type, &r.About, &created, &delivered, &waiting, &retried, &failed); err != nil {
			return nil, 0, fmt.Errorf("read event: %w", err)
		}
		r.At, r.AboutLink = pages.Moment(created), "/_stripe/objects/"+url.PathEscape(r.About)
		switch {
		case failed > 0:
			r.State, r.Tone = "given up", "bad"
		case retried > 0:
			r.State, r.Tone = "retrying", "warn"
		case waiting > 0:
			r.State, r.Tone = "waiting", "warn"
		case delivered > 0:
			r.State, r.Tone = "delivered", "ok"
		}
		out = append(out, r)
	}
	return out, seq, rows.Err()
}

func showEvents(p *page) error {
	v := pages.Events{ConsoleFrame: p.console("Events", "events"), Type: p.query("type")}
	err := p.view(func(tx *Tx) error {
		before := wholeNumber(p.query("before"), 1<<62, 1, 1<<62)
		var last int64
		var err error
		v.Rows, last, err = eventRows(tx, `WHERE seq < ? AND ? IN ('', type) ORDER BY seq DESC LIMIT ?`, before, v.Type,
			consolePage+1)
		if err != nil {
			return err
		}
		if len(v.Rows) > consolePage {
			v.Rows = v.Rows[:consolePage]
			v.Older = "/_stripe/events?" + url.Values{"type": {v.Type}, "before": {strconv.FormatInt(last+1, 10)}}.Encode()
		}
		if p.query("before") != "" {
			v.Newest = "/_stripe/events?" + url.Values{"type": {v.Type}}.Encode()
		}
		v.Types, err = texts(tx, `SELECT DISTINCT type FROM events ORDER BY type LIMIT 200`)
		return err
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.EventsPage(v))
}

// texts reads a column of text.
func texts(tx *Tx, query string) ([]string, error) {
	rows, err := tx.sql.Query(query)
	if err != nil {
		return nil, fmt.Errorf("read for the console: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read for the console: %w", err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

func showEvent(p *page) error {
	v := pages.EventView{ConsoleFrame: p.console("Event", "events"), ID: p.id()}
	err := p.view(func(tx *Tx) error {
		event, err := tx.event(p.id())
		if err != nil {
			return err
		}
		if event == nil {
			return missing(http.StatusNotFound, "event", p.id(), "id")
		}
		body := pretty(event)
		v.Type, v.Body, v.Title = event.Str("type"), string(body), event.Str("type")
		v.Facts = []pages.Detail{
			{Label: "Event", Value: v.ID},
			{Label: "Sandbox time", Value: pages.Moment(event.Int("created"))},
			{Label: "Object", Value: event.Str("data.object.id")},
		}
		caused := event.Str("request.id")
		if caused == "" {
			caused = "the clock, or a hosted page"
		}
		v.Facts = append(v.Facts, pages.Detail{Label: "Caused by", Value: caused})
		v.Deliveries, _, err = deliveryRows(tx, `WHERE d.event = ? ORDER BY d.id`, v.ID)
		return err
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.EventViewPage(v))
}

func postResend(p *page) error {
	if err := p.s.Resend(p.ctx(), p.id(), p.field("endpoint")); err != nil {
		return err
	}
	if p.field("back") == "deliveries" {
		return p.to("/_stripe/deliveries?did=resent")
	}
	return p.to("/_stripe/events/" + url.PathEscape(p.id()) + "?did=resent")
}

// deliveryRows reads deliveries with what they deliver, and where to.
func deliveryRows(tx *Tx, clause string, args ...any) ([]pages.DeliveryRow, int64, error) {
	rows, err := tx.sql.Query(`SELECT d.id, d.event, coalesce(e.type, ''), d.endpoint,
		coalesce(json_extract(o.data, '$.url'), d.endpoint), d.state, d.attempt, d.status, d.at, d.next_at, d.excerpt
		FROM deliveries d LEFT JOIN events e ON e.id = d.event LEFT JOIN objects o ON o.id = d.endpoint `+clause, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read deliveries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []pages.DeliveryRow
	var id int64
	for rows.Next() {
		var r pages.DeliveryRow
		var attempt, status, at, next int64
		if err := rows.Scan(&id, &r.Event, &r.Type, &r.Endpoint, &r.EndpointURL, &r.State, &attempt, &status, &at, &next,
			&r.Answer); err != nil {
			return nil, 0, fmt.Errorf("read delivery: %w", err)
		}
		r.Tone, r.Attempts = stateTone(r.State), pages.Plural(attempt, "attempt")
		if status != 0 {
			r.Status = itoa(status)
		}
		if at != 0 {
			r.At = wallTime(at)
		}
		if r.State == "pending" && attempt > 0 {
			r.Next = wallTime(next)
		}
		if r.State == "delivered" && (r.Answer == "" || len(r.Answer) < 20) {
			r.Answer = ""
		}
		out = append(out, r)
	}
	return out, id, rows.Err()
}

// wallTime prints the wall time of a delivery, which the sandbox's clock does not move.
func wallTime(millis int64) string { return time.UnixMilli(millis).UTC().Format("2 Jan, 15:04:05") }

func showDeliveries(p *page) error { return p.deliveries(http.StatusOK, "") }

func (p *page) deliveries(status int, alert string) error {
	v := pages.Deliveries{ConsoleFrame: p.console("Webhooks", "deliveries"), URL: p.field("url"), Filter: p.field("events")}
	v.Alert = alert
	state := p.query("state")
	for _, tab := range []pages.Tab{
		{Label: "All"},
		{Label: "Waiting", Link: "pending"},
		{Label: "Delivered", Link: "delivered"},
		{Label: "Given up", Link: "failed"},
	} {
		v.Tabs = append(v.Tabs, pages.Tab{
			Label: tab.Label, Link: "/_stripe/deliveries?state=" + tab.Link, Current: state == tab.Link,
		})
	}
	err := p.view(func(tx *Tx) error {
		endpoints, err := tx.Find("webhook_endpoint", Query{OldestFirst: true, Limit: 50})
		if err != nil {
			return err
		}
		for _, o := range endpoints {
			v.Endpoints = append(v.Endpoints, endpointRow(o))
		}
		before := wholeNumber(p.query("before"), 1<<62, 1, 1<<62)
		var last int64
		v.Rows, last, err = deliveryRows(tx, `WHERE d.id < ? AND ? IN ('', d.state) ORDER BY d.id DESC LIMIT ?`, before,
			state, consolePage+1)
		if len(v.Rows) > consolePage {
			v.Rows = v.Rows[:consolePage]
			v.Older = "/_stripe/deliveries?" + url.Values{"state": {state}, "before": {itoa(last + 1)}}.Encode()
		}
		return err
	})
	if err != nil {
		return err
	}
	if p.query("before") != "" {
		v.Newest = "/_stripe/deliveries?state=" + url.QueryEscape(state)
	}
	return p.show(status, pages.DeliveriesPage(v))
}

// endpointRow says where an endpoint listens, and to what.
func endpointRow(o Object) pages.ObjectRow {
	wanted := o.Strs("enabled_events")
	label := pages.Plural(int64(len(wanted)), "event type")
	if containsText(wanted, "*") {
		label = "all events"
	} else if len(wanted) <= 3 {
		label = strings.Join(wanted, ", ")
	}
	if about := o.Str("description"); about != "" {
		label = about + ": " + label
	}
	return pages.ObjectRow{
		ID: o.ID(), Label: label, Kind: o.Str("url"), State: pages.Words(o.Str("status")),
		Tone: stateTone(o.Str("status")), At: pages.Moment(o.Int("created")),
	}
}
