package billing

import (
	"context"
	"fmt"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// Access is what an account may do now: the decision, and the plan it is about. It is computed for
// one request and not kept.
type Access struct {
	Decision
	Granted plan.Plan  // the plan whose features and limits hold now
	Bought  plan.Plan  // the plan that was bought, which differs while it grants nothing
	Status  string     // Stripe's word for the subscription that decided, or empty
	Next    plan.Money // what its next period costs, after the discount that stands now
	// Attention is what an invoice of that subscription needs its owner for, or empty.
	Attention Attention
	live      bool
	catalog   *plan.Catalog
}

// Live reports whether there is a plan subscription that is not over, so that buying means switching.
// One that still waits for its first payment does not count.
func (a Access) Live() bool { return a.live }

// Can reports whether a feature may be used. While a payment is overdue only features that the
// catalog marks as kept remain.
func (a Access) Can(f plan.Feature) bool {
	if !a.Granted.Can(f) {
		return false
	}
	if a.Level != LevelLimited {
		return true
	}
	info, ok := a.catalog.FeatureInfo(f)
	return ok && info.KeptWhenLimited
}

// Limit is how many of something the account may hold.
func (a Access) Limit(l plan.Limit) int64 { return a.Granted.Limit(l) }

// MayAdd reports whether one more of something may be created while used are there. While a payment is overdue or
// disputed, nothing is added; what is there stays.
func (a Access) MayAdd(l plan.Limit, used int64) bool {
	if a.Level == LevelLimited || a.NoGrowth || a.Reason == ReasonSuspended {
		return false
	}
	limit := a.Granted.Limit(l)
	return limit == plan.Unlimited || used < limit
}

// Entitlements lists every feature and limit, for the API and the pages.
func (a Access) Entitlements() (features map[string]bool, limits map[string]int64) {
	features, limits = map[string]bool{}, map[string]int64{}
	for _, f := range a.catalog.Features {
		features[string(f.Key)] = a.Can(f.Key)
	}
	for _, l := range a.catalog.Limits {
		limits[string(l.Key)] = a.Granted.Limit(l.Key)
	}
	return features, limits
}

// accessRow is one combination of a customer, a subscription and a grant of an account: the columns
// of accessQuery, in its order.
type accessRow struct {
	SuspendedAt        *time.Time
	CustomerDeletedAt  *time.Time
	DisputeStatus      *string
	SubID              *int64
	StripeID           *string
	Status             *string
	Plan               *string
	LookupKey          *string
	PeriodEnd          *time.Time
	TrialEnd           *time.Time
	CancelAtPeriodEnd  *bool
	CancelAt           *time.Time
	PauseBehavior      *string
	FirstInvoiceStatus *string
	PastDueSince       *time.Time
	SyncedAt           *time.Time
	KnownStatus        *string
	KnownPlan          *string
	UnknownSince       *time.Time
	GrantID            *int64
	GrantPlan          *string
	GrantStart         *time.Time
	GrantEnd           *time.Time
	TrialRefused       *bool
	NextAmount         *int64
	Currency           *string
	Attention          *string
}

// accessQuery reads at most as many rows as one decision should ever need. The casts are those that
// models.Read speaks of.
const accessQuery = `
SELECT a.suspended_at, c.deleted_at, c.dispute_status,
       s.id, s.stripe_id, s.status, s.plan, s.lookup_key, s.current_period_end,
       s.trial_end, s.cancel_at_period_end, s.cancel_at, s.pause_behavior, s.first_invoice_status,
       s.past_due_since, s.synced_at, s.known_status, s.known_plan, s.unknown_since,
       g.id, g.plan, g.starts_at, g.ends_at, s.trial_refused, s.next_amount, s.currency, s.attention
FROM accounts a
LEFT JOIN customers c ON c.account_id = a.id AND c.stripe_account = CAST(? AS TEXT)
     AND c.livemode = CAST(? AS BOOLEAN) AND c.replaced_at IS NULL
LEFT JOIN subscriptions s ON s.customer_id = c.id AND s.kind = 'plan'
LEFT JOIN grants g ON g.account_id = a.id
WHERE a.id = CAST(? AS BIGINT)
ORDER BY s.id DESC
LIMIT 500`

// Access reads an account's rows, in one query, and decides. Where the answer rests on rows that
// are due a fetch, it asks for one.
func (s *Service) Access(ctx context.Context, accountID int64) (Access, error) {
	rows, err := s.accessRows(ctx, accountID)
	if err != nil {
		return Access{}, fmt.Errorf("read access of account %d: %w", accountID, err)
	}
	access := s.decide(factsOf(rows))
	if access.Resync {
		s.RequestSync(ctx, accountID)
	}
	return access, nil
}

// accessRows scans by hand: it is on the way of every request, and finding out by reflection where
// each column belongs takes longer than SQLite takes to answer.
func (s *Service) accessRows(ctx context.Context, accountID int64) (found []accessRow, err error) {
	rows, err := s.DB.Read(ctx).Raw(accessQuery, s.Connection.StripeAccount, s.Connection.Livemode, accountID).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r accessRow
		if err := rows.Scan(
			&r.SuspendedAt, &r.CustomerDeletedAt, &r.DisputeStatus,
			&r.SubID, &r.StripeID, &r.Status, &r.Plan, &r.LookupKey, &r.PeriodEnd,
			&r.TrialEnd, &r.CancelAtPeriodEnd, &r.CancelAt, &r.PauseBehavior, &r.FirstInvoiceStatus,
			&r.PastDueSince, &r.SyncedAt, &r.KnownStatus, &r.KnownPlan, &r.UnknownSince,
			&r.GrantID, &r.GrantPlan, &r.GrantStart, &r.GrantEnd, &r.TrialRefused, &r.NextAmount, &r.Currency,
			&r.Attention,
		); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

func (s *Service) decide(facts AccountFacts) Access {
	d := Decide(facts, s.now(), Policy{Catalog: s.Catalog, Grace: s.Grace, Leeway: s.Leeway})
	access := Access{Decision: d, catalog: s.Catalog}
	access.Granted, _ = s.Catalog.ByKey(d.Plan)
	access.Bought = access.Granted
	if p, _, ok := s.Catalog.ByLookupKey(d.LookupKey); ok {
		access.Bought = p
	}
	for i := range facts.Subscriptions {
		sub := &facts.Subscriptions[i]
		if liveStatus(sub.Status) && !sub.TrialRefused && (sub.Plan != "" || sub.KnownPlan != "") {
			access.live = !facts.CustomerDeleted
		}
		if sub.ID == d.Subscription {
			access.Status, access.Next, access.Attention = sub.Status, sub.Next, sub.Attention
			if sub.TrialRefused {
				access.Status = "canceled" // it is being ended, if it has not
			}
		}
	}
	return access
}

// factsOf folds the rows of the join, in which every subscription meets every grant.
func factsOf(rows []accessRow) AccountFacts {
	var facts AccountFacts
	subs, grants := map[int64]bool{}, map[int64]bool{}
	for _, r := range rows {
		facts.Suspended = r.SuspendedAt != nil
		facts.CustomerDeleted = r.CustomerDeletedAt != nil
		facts.Dispute = value(r.DisputeStatus)
		if r.SubID != nil && !subs[*r.SubID] {
			subs[*r.SubID] = true
			facts.Subscriptions = append(facts.Subscriptions, SubscriptionFacts{
				ID: value(r.StripeID), Status: value(r.Status), Plan: value(r.Plan), LookupKey: value(r.LookupKey),
				PeriodEnd: value(r.PeriodEnd), TrialEnd: value(r.TrialEnd),
				CancelAtPeriodEnd: value(r.CancelAtPeriodEnd), CancelAt: value(r.CancelAt),
				PauseBehavior: value(r.PauseBehavior), FirstInvoiceStatus: value(r.FirstInvoiceStatus),
				PastDueSince: value(r.PastDueSince), SyncedAt: value(r.SyncedAt),
				KnownStatus: value(r.KnownStatus), KnownPlan: value(r.KnownPlan), UnknownSince: value(r.UnknownSince),
				TrialRefused: value(r.TrialRefused), Attention: Attention(value(r.Attention)),
				Next: plan.Money{Amount: value(r.NextAmount), Currency: value(r.Currency)},
			})
		}
		if r.GrantID != nil && !grants[*r.GrantID] {
			grants[*r.GrantID] = true
			facts.Grants = append(facts.Grants, GrantFacts{
				Plan: value(r.GrantPlan), Start: value(r.GrantStart), End: value(r.GrantEnd),
			})
		}
	}
	return facts
}

// value is the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// RequestSync asks for a fetch of the account's customer because somebody was refused something paid, or let in on
// rows that are old: what changed at Stripe may have come by no event. Each refusal may ask, and one a minute is
// granted; while the customer is due already there is nothing to ask for, unless nobody tries it any more.
func (s *Service) RequestSync(ctx context.Context, accountID int64) {
	wall := s.wall()
	result := s.DB.Write(ctx).Exec(`
UPDATE customer_sync SET dirty_seq = dirty_seq + 1, next_at = ?, dead_at = NULL, attempts = 0
WHERE (dirty_seq = synced_seq OR dead_at IS NOT NULL) AND stripe_account = ? AND livemode = ?
  AND (last_ok_at IS NULL OR last_ok_at < ?) AND (dead_at IS NULL OR dead_at < ?)
  AND stripe_id IN (SELECT stripe_id FROM customers WHERE account_id = ? AND replaced_at IS NULL)`,
		wall, s.Connection.StripeAccount, s.Connection.Livemode, wall.Add(-resyncEvery), wall.Add(-resyncEvery), accountID)
	if result.Error != nil {
		s.Logger.WarnContext(ctx, "sync not requested", "account", accountID, "error", result.Error)
		return
	}
	if result.RowsAffected > 0 {
		s.Wake(JobSync)
	}
}

// resyncEvery is the least time between two syncs that refusals ask for.
const resyncEvery = time.Minute

// inConnection narrows a query to the rows of the Stripe account in use.
func inConnection(c models.Connection) (string, string, bool) {
	return "stripe_account = ? AND livemode = ?", c.StripeAccount, c.Livemode
}
