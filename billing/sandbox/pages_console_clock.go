package sandbox

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

// Bounds of the clock's page: how many events of a jump it lists, and how much of what is due next.
const (
	clockEvents = 60
	clockAgenda = 12
)

// clockSteps are the jumps on offer; the trial's end only where there is a trial.
func clockSteps(tx *Tx) ([]pages.Step, error) {
	steps := []pages.Step{
		{Value: "hour", Label: "1 hour"}, {Value: "day", Label: "1 day"}, {Value: "week", Label: "1 week"},
	}
	at, err := nextTrialEnd(tx)
	if err != nil {
		return nil, err
	}
	if at > 0 {
		steps = append(steps, pages.Step{Value: "trial", Label: "To the trial's end"})
	}
	return append(steps, pages.Step{Value: "month", Label: "1 month"}, pages.Step{Value: "year", Label: "1 year"}), nil
}

// nextTrialEnd is when the next running trial ends, and 0 when none runs.
func nextTrialEnd(tx *Tx) (int64, error) {
	var at sql.NullInt64
	err := tx.sql.QueryRow(`SELECT min(json_extract(data, '$.trial_end')) FROM objects WHERE object = 'subscription'
		AND deleted = 0 AND json_extract(data, '$.status') = 'trialing' AND json_extract(data, '$.trial_end') > ?`,
		tx.now).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("look for a trial: %w", err)
	}
	return at.Int64, nil
}

func showClock(p *page) error { return p.clock(http.StatusOK, "") }

func (p *page) clock(status int, alert string) error {
	now := p.s.Now()
	v := pages.Clock{
		ConsoleFrame: p.console("Clock", "clock"), Now: now.Format("Monday, 2 January 2006, 15:04 UTC"),
		Day: now.AddDate(0, 0, 1).Format(time.DateOnly), Ahead: p.ahead(),
	}
	v.Alert = alert
	err := p.view(func(tx *Tx) error {
		var err error
		if v.Steps, err = clockSteps(tx); err != nil {
			return err
		}
		at, err := nextTrialEnd(tx)
		if err != nil {
			return err
		}
		v.TrialEnd = pages.Day(at)
		if v.Agenda, err = agendaRows(tx); err != nil {
			return err
		}
		if v.Clocks, _, err = objectRows(tx, `WHERE object = ? AND deleted = 0 ORDER BY seq DESC LIMIT 20`, kindClock); err != nil {
			return err
		}
		return p.happened(tx, &v)
	})
	if err != nil {
		return err
	}
	return p.show(status, pages.ClockPage(v))
}

// happened lists the events since the place in the log at which a jump began.
func (p *page) happened(tx *Tx, v *pages.Clock) error {
	from := wholeNumber(p.query("from"), -1, 0, 1<<62)
	if from < 0 || p.query("since") == "" {
		return nil
	}
	v.Since = pages.Moment(wholeNumber(p.query("since"), 0, 0, 1<<40))
	var err error
	if v.Happened, _, err = eventRows(tx, `WHERE seq > ? ORDER BY seq LIMIT ?`, from, clockEvents); err != nil {
		return err
	}
	var total int
	if err := tx.sql.QueryRow(`SELECT count(*) FROM events WHERE seq > ?`, from).Scan(&total); err != nil {
		return fmt.Errorf("count events: %w", err)
	}
	v.More = total - len(v.Happened)
	return nil
}

// agendaRows are the next things that fall due.
func agendaRows(tx *Tx) ([]pages.AgendaRow, error) {
	rows, err := tx.sql.Query(`SELECT kind, id, at FROM agenda WHERE clock = '' ORDER BY at, kind, id LIMIT ?`, clockAgenda)
	if err != nil {
		return nil, fmt.Errorf("read agenda: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []pages.AgendaRow
	for rows.Next() {
		var kind, id string
		var at int64
		if err := rows.Scan(&kind, &id, &at); err != nil {
			return nil, fmt.Errorf("read agenda: %w", err)
		}
		out = append(out, pages.AgendaRow{
			At: pages.Minute(at), What: agendaText(kind), ID: id, Link: "/_stripe/objects/" + url.PathEscape(id),
		})
	}
	return out, rows.Err()
}

// agendaText says what a step of the agenda does, to somebody who does not know its name.
func agendaText(kind string) string {
	text, ok := map[string]string{
		"charge.expire":                  "The held funds are let go",
		"checkout_session.expire":        "The checkout expires",
		"coupon.expire":                  "The coupon runs out",
		"dispute.decide":                 "The bank decides the dispute",
		"dispute.lapse":                  "The time to answer the dispute is over",
		"invoice.due":                    "The invoice was to be paid by then",
		"invoice.will_be_due":            "The invoice will soon have to be paid",
		"invoice.finalize":               "The invoice is made final and paid",
		"invoice.retry":                  "A failed payment is tried again",
		"promotion_code.expire":          "The promotion code runs out",
		"refund.settle":                  "The refund arrives, or fails",
		"subscription.cancel":            "The subscription is cancelled",
		"subscription.cycle":             "The subscription's period ends",
		"subscription.incomplete_expire": "The unpaid subscription expires",
		"subscription.pending_expire":    "The unpaid change is dropped",
		"subscription.resume_collection": "Collection is taken up again",
		"subscription.trial_will_end":    "The trial's end is announced",
		"subscription.upcoming":          "The next invoice is announced",
		"subscription_schedule.expiring": "The end of the subscription's schedule is announced",
		"subscription_schedule.phase":    "The subscription's schedule enters its next phase",
		"test_clock.expire":              "The test clock is deleted with its customers",
	}[kind]
	if !ok {
		return pages.Words(strings.ReplaceAll(kind, ".", " "))
	}
	return text
}

// postClock moves the clock, and shows what that brought about.
func postClock(p *page) error {
	var from, trial int64
	err := p.view(func(tx *Tx) error {
		if err := tx.sql.QueryRow(`SELECT coalesce(max(seq), 0) FROM events`).Scan(&from); err != nil {
			return fmt.Errorf("read the place in the log: %w", err)
		}
		var err error
		trial, err = nextTrialEnd(tx)
		return err
	})
	if err != nil {
		return err
	}
	start := p.s.Now()
	target, ok := clockTarget(start, p.field("step"), p.field("to"), trial)
	if !ok {
		return p.clock(http.StatusUnprocessableEntity, "The clock only moves forward, and by five years at most.")
	}
	if err := p.s.AdvanceTo(p.ctx(), target); err != nil {
		return err
	}
	return p.to("/_stripe/clock?" + url.Values{"from": {itoa(from)}, "since": {itoa(start.Unix())}}.Encode())
}

// clockTarget is the time that a button or a date stands for.
func clockTarget(now time.Time, step, date string, trialEnd int64) (time.Time, bool) {
	var target time.Time
	switch step {
	case "hour":
		target = now.Add(time.Hour)
	case "day":
		target = now.AddDate(0, 0, 1)
	case "week":
		target = now.AddDate(0, 0, 7)
	case "month":
		target = now.AddDate(0, 1, 0)
	case "year":
		target = now.AddDate(1, 0, 0)
	case "trial":
		if trialEnd == 0 {
			return target, false
		}
		target = time.Unix(trialEnd, 0)
	case "to":
		var err error
		if target, err = time.Parse(time.DateOnly, date); err != nil {
			return target, false
		}
	}
	return target, target.After(now) && target.Sub(now) <= maxJump
}
