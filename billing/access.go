package billing

import (
	"time"

	"example.com/tollgate/billing/plan"
)

// unknownFor is how long the last understood state of a subscription keeps counting after Stripe
// says something this program does not know.
const unknownFor = 24 * time.Hour

// syncMargin is how long after the end of a period a sync must have begun to prove that Stripe did
// not renew it: Stripe does its own renewals within minutes, not within the second.
const syncMargin = 10 * time.Minute

// SubscriptionFacts is what the rule reads of one subscription. Times that do not apply are zero.
type SubscriptionFacts struct {
	ID                 string
	Status             string
	Plan               string // empty where the price is not in the catalog
	LookupKey          string
	PeriodEnd          time.Time
	TrialEnd           time.Time
	CancelAtPeriodEnd  bool
	CancelAt           time.Time
	PauseBehavior      string
	FirstInvoiceStatus string
	PastDueSince       time.Time
	SyncedAt           time.Time
	KnownStatus        string
	KnownPlan          string
	UnknownSince       time.Time
	TrialRefused       bool
	Next               plan.Money // told, and not weighed: what the next period costs
	Attention          Attention  // told, and not weighed
}

// GrantFacts is what the rule reads of a grant. A zero End means for good.
type GrantFacts struct {
	Plan       string
	Start, End time.Time
}

// AccountFacts is everything the rule reads, apart from the time.
type AccountFacts struct {
	Suspended       bool
	CustomerDeleted bool
	Dispute         string // the status of the gravest dispute, or empty
	Subscriptions   []SubscriptionFacts
	Grants          []GrantFacts
}

// Policy is what an operator may decide about the rule.
type Policy struct {
	Catalog *plan.Catalog
	Grace   time.Duration
	Leeway  time.Duration
}

// Decision is the answer: which plan, how much of it, why, and until when. A zero Until means no
// end is known. Resync says that the answer rests on rows that are due a fetch.
type Decision struct {
	Plan         string
	PlanLevel    int
	Level        Level
	Reason       Reason
	Until        time.Time
	Subscription string
	LookupKey    string
	NoGrowth     bool // a dispute is open: what is there stays, seats and usage do not grow
	Resync       bool
}

// Decide says what an account may use at a time. It is a pure function: the same rows and time give
// the same answer, and it is asked on every request rather than remembered.
//
// It takes the best of the account's grants and of the subscriptions whose price the catalog knows;
// what each Stripe state is worth stands in subscriptionLevel. Source of the rule for status:
// https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
func Decide(facts AccountFacts, now time.Time, policy Policy) Decision {
	best := Decision{Reason: ReasonFree}
	if facts.Suspended {
		best.Reason = ReasonSuspended
		return withPlan(best, policy.Catalog.FreePlan())
	}
	for i := range facts.Grants {
		g := &facts.Grants[i]
		if now.Before(g.Start) || (!g.End.IsZero() && !now.Before(g.End)) {
			continue
		}
		if p, ok := policy.Catalog.ByKey(g.Plan); ok {
			best = better(best, withPlan(Decision{Level: LevelFull, Reason: ReasonGrant, Until: g.End}, p))
		}
	}
	for i := range facts.Subscriptions {
		best = better(best, decideSubscription(facts, &facts.Subscriptions[i], now, policy))
	}
	if best.Level == LevelNone {
		best.NoGrowth = false // the free plan was not paid for, so no bank holds anything of it
		return withPlan(best, policy.Catalog.FreePlan())
	}
	return best
}

func withPlan(d Decision, p plan.Plan) Decision {
	d.Plan, d.PlanLevel = p.Key, p.Level
	return d
}

// better prefers the higher level, then the higher plan, then the one that says more than "free".
func better(a, b Decision) Decision {
	switch {
	case b.Level != a.Level:
		if b.Level > a.Level {
			return b
		}
		return a
	case b.Level == LevelNone:
		if a.Reason == ReasonFree || (terminal(a.Reason) && !terminal(b.Reason)) {
			return b
		}
		return a
	case b.PlanLevel > a.PlanLevel:
		return b
	case b.PlanLevel == a.PlanLevel && b.Until.After(a.Until):
		return b
	}
	return a
}

// terminal reasons describe something that is over; any other says more about the present.
func terminal(r Reason) bool {
	return r == ReasonTrialUsed || r == ReasonCanceled || r == ReasonIncompleteOver || r == ReasonExpired
}

func decideSubscription(facts AccountFacts, sub *SubscriptionFacts, now time.Time, policy Policy) Decision {
	d := Decision{Subscription: sub.ID, LookupKey: sub.LookupKey}
	switch {
	case facts.CustomerDeleted:
		d.Reason = ReasonCustomerGone
		return d
	case facts.Dispute == "lost":
		d.Reason = ReasonDisputeLost
		return d
	case sub.TrialRefused:
		d.Reason = ReasonTrialUsed
		return d
	}
	status, planKey := sub.Status, sub.Plan
	unknown := Reason("")
	if !knownStatus(status) {
		unknown, status = ReasonUnknownStatus, sub.KnownStatus
	}
	if planKey == "" {
		unknown, planKey = ReasonUnknownPrice, sub.KnownPlan
	}
	if unknown != "" && (sub.UnknownSince.IsZero() || now.Sub(sub.UnknownSince) >= unknownFor) {
		d.Reason, d.Resync = unknown, true
		return d
	}
	p, ok := policy.Catalog.ByKey(planKey)
	if !ok {
		d.Reason = ReasonUnknownPrice
		return d
	}
	d = subscriptionLevel(withPlan(d, p), status, sub, now, policy)
	if unknown != "" {
		d.Resync = true
	}
	d.NoGrowth = facts.Dispute == "needs_response" || facts.Dispute == "under_review"
	return d
}

// knownStatus reports whether a status is one that subscriptionLevel has a case for.
func knownStatus(status string) bool {
	switch status {
	case "trialing", "active", "past_due", "unpaid", "incomplete", "incomplete_expired", "paused", "canceled":
		return true
	}
	return false
}

// subscriptionLevel is the table of the rule: one case per Stripe status.
func subscriptionLevel(d Decision, status string, sub *SubscriptionFacts, now time.Time, policy Policy) Decision {
	switch status {
	case "trialing":
		d.Level, d.Reason, d.Until = LevelFull, ReasonTrialing, sub.TrialEnd
		if end := cancelsAt(sub); !end.IsZero() {
			return untilExactly(d, ReasonEnding, end, now)
		}
		return untilUnsynced(d, sub, now, policy)
	case "active":
		return activeLevel(d, sub, now, policy)
	case "past_due":
		since := sub.PastDueSince
		if since.IsZero() {
			since = sub.SyncedAt
		}
		d.Level, d.Reason, d.Until = LevelGrace, ReasonPastDue, since.Add(policy.Grace)
		if !now.Before(d.Until) {
			d.Level, d.Reason = LevelLimited, ReasonOverdue
		}
	case "unpaid":
		d.Level, d.Reason = LevelLimited, ReasonUnpaid
	case "paused":
		d.Level, d.Reason = LevelLimited, ReasonPaused
	case "incomplete":
		d.Reason = ReasonIncomplete
	case "incomplete_expired":
		d.Reason = ReasonIncompleteOver
	default:
		d.Reason = ReasonCanceled
	}
	return d
}

// activeLevel tells apart the ways of being active: Stripe's active is no proof of payment.
func activeLevel(d Decision, sub *SubscriptionFacts, now time.Time, policy Policy) Decision {
	d.Level, d.Reason, d.Until = LevelFull, ReasonActive, sub.PeriodEnd
	switch sub.FirstInvoiceStatus {
	case "open", "draft", "uncollectible":
		d.Level, d.Reason = LevelNone, ReasonProcessing
		return d
	}
	if end := cancelsAt(sub); !end.IsZero() {
		return untilExactly(d, ReasonEnding, end, now)
	}
	switch sub.PauseBehavior {
	case "":
		return untilUnsynced(d, sub, now, policy)
	case "void":
		return untilExactly(d, ReasonPausedBilling, sub.PeriodEnd, now)
	}
	d.Reason = ReasonPausedBilling
	return d
}

// cancelsAt is when a subscription that is still running will end for good, or zero.
func cancelsAt(sub *SubscriptionFacts) time.Time {
	end := sub.CancelAt
	if sub.CancelAtPeriodEnd && (end.IsZero() || sub.PeriodEnd.Before(end)) {
		end = sub.PeriodEnd
	}
	return end
}

// untilExactly gives access to the end and not a moment longer: somebody chose that end.
func untilExactly(d Decision, reason Reason, end, now time.Time) Decision {
	d.Reason, d.Until = reason, end
	if !now.Before(end) {
		d.Level, d.Reason, d.Resync = LevelNone, ReasonExpired, true
	}
	return d
}

// untilUnsynced gives access beyond the end while no sync has begun since: then it is our knowledge
// that is old, not the customer's payment. Stripe advises "a day or two" of such leeway:
// https://docs.stripe.com/billing/subscriptions/webhooks#track
func untilUnsynced(d Decision, sub *SubscriptionFacts, now time.Time, policy Policy) Decision {
	if now.Before(d.Until) {
		return d
	}
	d.Resync = true
	if sub.SyncedAt.Before(d.Until.Add(syncMargin)) && now.Before(d.Until.Add(policy.Leeway)) {
		d.Reason, d.Until = ReasonLeeway, d.Until.Add(policy.Leeway)
		return d
	}
	d.Level, d.Reason = LevelNone, ReasonExpired
	return d
}
