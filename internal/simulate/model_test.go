package simulate_test

import (
	"strings"
	"time"
)

// The reference model of access: what somebody may use, worked out from Stripe's objects alone and written from the
// rule's table, apart from billing's own code for it. What differs between the two is a bug in one of them.
//
// It reads what Stripe says and when it said so. Asked with the truth of this moment it tells what must hold once
// everything is quiet; asked with an older answer, what must hold for somebody who has heard nothing since.

// The terms of the rule.
const (
	grace  = 7 * day
	leeway = 2 * day
	margin = 10 * time.Minute  // Stripe renews within minutes of a period's end, not within the second
	news   = 4*day - time.Hour // what is heard of later owes no mail
)

// truth is what Stripe says of a customer.
type truth struct {
	at       time.Time // when it said so
	deleted  bool
	subs     []object
	invoices []object
	disputes map[string]object // the newest of each charge
}

// The levels, the better the higher.
var levels = []string{"none", "limited", "grace", "full"}

// standing is what one subscription gives.
type standing struct {
	level string
	plan  string
}

func (s standing) rank() int {
	worth := map[string]int{"starter": 1, "pro": 2}
	for i, level := range levels {
		if s.level == level {
			return 10*i + worth[s.plan]
		}
	}
	return -1
}

// access is the best that a customer's subscriptions give at a time.
func (t truth) access(now time.Time) standing {
	best := standing{"none", "free"}
	for _, sub := range t.subs {
		s := standing{t.level(sub, now), planIn(sub)}
		if s.level == "none" || s.plan == "" {
			continue
		}
		if s.rank() > best.rank() {
			best = s
		}
	}
	return best
}

// level is the table of the rule.
func (t truth) level(sub object, now time.Time) string {
	if t.deleted || t.lostDispute() {
		return "none"
	}
	switch sub.str("status") {
	case "trialing":
		return t.running(sub, "trial_end", now)
	case "active":
		if t.unpaidFirst(sub) {
			return "none"
		}
		return t.running(sub, "current_period_end", now)
	case "past_due":
		if now.Before(t.failing(sub).Add(grace)) {
			return "grace"
		}
		return "limited"
	case "unpaid", "paused":
		return "limited"
	}
	return "none"
}

// running is the level of a subscription in good standing, which it has to the end that the key names.
func (t truth) running(sub object, key string, now time.Time) string {
	end := unix(sub, key)
	full := func(yes bool) string {
		if yes {
			return "full"
		}
		return "none"
	}
	if stop := stops(sub); !stop.IsZero() {
		return full(now.Before(stop)) // somebody chose this end, so nothing comes after it
	}
	if key == "current_period_end" {
		switch sub.obj("pause_collection").str("behavior") {
		case "void":
			return full(now.Before(end))
		case "keep_as_draft", "mark_uncollectible":
			return "full"
		}
	}
	switch {
	case now.Before(end):
		return "full"
	case t.at.Before(end.Add(margin)):
		return full(now.Before(end.Add(leeway))) // nothing was heard since: that is not the customer's fault
	}
	return "none"
}

// stops is when a subscription was told to end, or zero.
func stops(sub object) time.Time {
	at := unix(sub, "cancel_at")
	if sub.is("cancel_at_period_end") {
		if end := unix(sub, "current_period_end"); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	return at
}

// unpaidFirst reports whether what a subscription began with was never paid.
func (t truth) unpaidFirst(sub object) bool {
	for _, invoice := range t.invoices {
		if invoice.str("subscription") != sub.str("id") || invoice.str("billing_reason") != "subscription_create" {
			continue
		}
		switch invoice.str("status") {
		case "open", "draft", "uncollectible":
			return true
		}
	}
	return false
}

// failing is since when the oldest invoice that is still open could not be collected.
func (t truth) failing(sub object) time.Time {
	var since time.Time
	for _, invoice := range t.invoices {
		if invoice.str("subscription") != sub.str("id") || invoice.str("status") != "open" || invoice.num("attempt_count") == 0 {
			continue
		}
		at := unix(invoice.obj("status_transitions"), "finalized_at")
		if since.IsZero() || at.Before(since) {
			since = at
		}
	}
	return since
}

// lostDispute reports whether a payment for something that still runs was taken back for good.
func (t truth) lostDispute() bool {
	over := map[string]bool{}
	for _, sub := range t.subs {
		over[sub.str("id")] = sub.num("ended_at") != 0
	}
	for _, invoice := range t.invoices {
		sub := invoice.str("subscription")
		if t.disputes[chargeOf(invoice)].str("status") == "lost" && sub != "" && !over[sub] {
			return true
		}
	}
	return false
}

// chargeOf is the id of an invoice's charge, expanded or not.
func chargeOf(invoice object) string {
	if charge := invoice.obj("charge"); charge != nil {
		return charge.str("id")
	}
	return invoice.str("charge")
}

// planIn is the plan that a subscription's price belongs to: pro_v1_month is pro.
func planIn(sub object) string {
	for _, item := range sub.list("items") {
		if plan, _, ok := strings.Cut(item.obj("price").str("lookup_key"), "_v"); ok {
			return plan
		}
	}
	return ""
}

func unix(o object, key string) time.Time {
	if o.num(key) == 0 {
		return time.Time{}
	}
	return time.Unix(o.num(key), 0).UTC()
}
