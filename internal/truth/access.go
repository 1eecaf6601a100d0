package truth

import (
	"slices"
	"strings"
	"time"
)

// The terms of the rule.
const (
	day    = 24 * time.Hour
	grace  = 7 * day
	leeway = 2 * day
	margin = 10 * time.Minute  // Stripe renews within minutes of a period's end, not within the second
	news   = 4*day - time.Hour // what is heard of later owes no mail
)

// Customer is what Stripe says of a customer, and when it said so. Asked with the truth of this moment it tells what must
// hold once everything is quiet; asked with an older answer, what must hold for somebody who has heard nothing since.
type Customer struct {
	At       time.Time // when Stripe said so
	Deleted  bool
	Subs     []Object
	Invoices []Object          // their charges may be expanded
	Disputes map[string]Object // the newest of each charge
}

// Charge keeps a charge's disputes, of which the first is the newest.
func (t *Customer) Charge(id string, disputes []Object) {
	if t.Disputes == nil {
		t.Disputes = map[string]Object{}
	}
	if len(disputes) > 0 {
		t.Disputes[id] = disputes[0]
	}
}

// Standing is what somebody may use: how much, and of which plan.
type Standing struct{ Level, Plan string }

func (s Standing) rank() int {
	levels := []string{"none", "limited", "grace", "full"} // the better the later
	plans := []string{"free", "starter", "pro"}
	return len(plans)*slices.Index(levels, s.Level) + slices.Index(plans, s.Plan)
}

// Access is the best that a customer's subscriptions give at a time.
func (t Customer) Access(now time.Time) Standing {
	best := Standing{"none", "free"}
	for _, sub := range t.Subs {
		s := Standing{t.level(sub, now), planIn(sub)}
		if s.Level != "none" && s.Plan != "" && s.rank() > best.rank() {
			best = s
		}
	}
	return best
}

// level is the table of the rule.
func (t Customer) level(sub Object, now time.Time) string {
	if t.Deleted || t.lostDispute() {
		return "none"
	}
	switch sub.Str("status") {
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
func (t Customer) running(sub Object, key string, now time.Time) string {
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
		switch sub.Obj("pause_collection").Str("behavior") {
		case "void":
			return full(now.Before(end))
		case "keep_as_draft", "mark_uncollectible":
			return "full"
		}
	}
	switch {
	case now.Before(end):
		return "full"
	case t.At.Before(end.Add(margin)):
		return full(now.Before(end.Add(leeway))) // nothing was heard since: that is not the customer's fault
	}
	return "none"
}

// stops is when a subscription was told to end, or zero.
func stops(sub Object) time.Time {
	at := unix(sub, "cancel_at")
	if sub.Is("cancel_at_period_end") {
		if end := unix(sub, "current_period_end"); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	return at
}

// unpaidFirst reports whether what a subscription began with was never paid.
func (t Customer) unpaidFirst(sub Object) bool {
	for _, invoice := range t.Invoices {
		if invoice.Str("subscription") != sub.Str("id") || invoice.Str("billing_reason") != "subscription_create" {
			continue
		}
		switch invoice.Str("status") {
		case "open", "draft", "uncollectible":
			return true
		}
	}
	return false
}

// failing is since when the oldest invoice that is still open could not be collected.
func (t Customer) failing(sub Object) time.Time {
	var since time.Time
	for _, invoice := range t.Invoices {
		if invoice.Str("subscription") != sub.Str("id") || invoice.Str("status") != "open" || invoice.Num("attempt_count") == 0 {
			continue
		}
		at := unix(invoice.Obj("status_transitions"), "finalized_at")
		if since.IsZero() || at.Before(since) {
			since = at
		}
	}
	return since
}

// lostDispute reports whether a payment for something that still runs was taken back for good.
func (t Customer) lostDispute() bool {
	over := map[string]bool{}
	for _, sub := range t.Subs {
		over[sub.Str("id")] = sub.Num("ended_at") != 0
	}
	for _, invoice := range t.Invoices {
		sub := invoice.Str("subscription")
		if t.Disputes[chargeOf(invoice)].Str("status") == "lost" && sub != "" && !over[sub] {
			return true
		}
	}
	return false
}

// chargeOf is the id of an invoice's charge, expanded or not.
func chargeOf(invoice Object) string {
	if charge := invoice.Obj("charge"); charge != nil {
		return charge.Str("id")
	}
	return invoice.Str("charge")
}

// planIn is the plan that a subscription's price belongs to: pro_v1_month is pro.
func planIn(sub Object) string {
	for _, item := range sub.List("items") {
		if plan, _, ok := strings.Cut(item.Obj("price").Str("lookup_key"), "_v"); ok {
			return plan
		}
	}
	return ""
}
