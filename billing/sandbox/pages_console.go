package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

// consolePage is how many rows a list of the console shows at a time.
const consolePage = 40

func (p *page) console(title, section string) pages.ConsoleFrame {
	return pages.ConsoleFrame{Chrome: p.chrome(title), Section: section, Notice: consoleNotice(p.query("did"))}
}

// consoleNotice is what a page says after something was done. The address names it and this table speaks.
func consoleNotice(did string) string {
	return map[string]string{
		"resent": "The event is on its way once more.", "mode": "Webhooks arrive like this from now on.",
		"armed": "The fault is armed.", "disarmed": "Nothing is armed any more.", "reset": "Everything was forgotten.",
		"paid": "The invoice is paid.", "done": "Done.", "dunning": "The settings were saved.",
		"imported": "The file took the place of everything that was here.",
	}[did]
}

func showOverview(p *page) error {
	v := pages.Overview{ConsoleFrame: p.console("Overview", "overview")}
	err := p.view(func(tx *Tx) error {
		var err error
		if v.Stats, err = p.stats(tx); err != nil {
			return err
		}
		if v.Events, _, err = eventRows(tx, `ORDER BY seq DESC LIMIT 8`); err != nil {
			return err
		}
		requests, err := tx.Requests(8)
		if err != nil {
			return err
		}
		v.Requests = requestRows(requests)
		v.Steps, err = clockSteps(tx)
		return err
	})
	if err != nil {
		return err
	}
	v.Keys = []pages.Detail{
		{Label: "API base", Value: p.s.URL()},
		{Label: "Secret key", Value: p.s.SecretKey()},
		{Label: "Publishable key", Value: p.s.PublishableKey()},
		{Label: "Webhook secret", Value: p.s.WebhookSecret()},
		{Label: "Account", Value: p.s.AccountID()},
	}
	return p.show(http.StatusOK, pages.OverviewPage(v))
}

// stats are the figures of the front page.
func (p *page) stats(tx *Tx) ([]pages.Stat, error) {
	count := func(query string) (int64, error) {
		var n int64
		err := tx.sql.QueryRow(query).Scan(&n)
		if err != nil {
			return 0, fmt.Errorf("count for the console: %w", err)
		}
		return n, nil
	}
	live, err := count(`SELECT count(*) FROM objects WHERE object = 'subscription' AND deleted = 0
		AND json_extract(data, '$.status') IN ('active', 'trialing', 'past_due')`)
	if err != nil {
		return nil, err
	}
	customers, err := count(`SELECT count(*) FROM objects WHERE object = 'customer' AND deleted = 0`)
	if err != nil {
		return nil, err
	}
	events, err := count(`SELECT count(*) FROM events`)
	if err != nil {
		return nil, err
	}
	pending, err := count(`SELECT count(*) FROM deliveries WHERE state = 'pending'`)
	if err != nil {
		return nil, err
	}
	failed, err := count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`)
	if err != nil {
		return nil, err
	}
	ahead := "in step with the wall clock"
	if text := p.ahead(); text != "" {
		ahead = text + " ahead"
	}
	return []pages.Stat{
		{Label: "Clock", Value: p.s.Now().Format("2 Jan 2006"), Note: ahead, Link: "/_stripe/clock"},
		{
			Label: "Live subscriptions", Value: itoa(live), Note: "of " + pages.Plural(customers, "customer"),
			Link: "/_stripe/objects?kind=subscription",
		},
		{Label: "Events", Value: itoa(events), Note: "arriving: " + modeText(p.s.Mode()), Link: "/_stripe/events"},
		{Label: "Webhooks waiting", Value: itoa(pending), Note: itoa(failed) + " given up", Link: "/_stripe/deliveries"},
	}, nil
}

func modeText(m Mode) string {
	return map[Mode]string{Causal: "in order", Field: "as in the field", Chaos: "in chaos"}[m]
}

// ahead says how far the clock was moved, in the largest units that fit.
func (p *page) ahead() string {
	minutes := p.s.offset.Load() / int64(time.Minute)
	if minutes < 1 {
		return ""
	}
	var parts []string
	for _, unit := range []struct {
		minutes int64
		name    string
	}{{24 * 60, "day"}, {60, "hour"}, {1, "minute"}} {
		if n := minutes / unit.minutes; n > 0 && len(parts) < 2 {
			parts = append(parts, pages.Plural(n, unit.name))
		}
		minutes %= unit.minutes
	}
	return strings.Join(parts, ", ")
}
