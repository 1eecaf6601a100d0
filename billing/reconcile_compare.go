package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/models"
)

// The kinds of drift.
const (
	DriftDiffers  = "differs"  // it is here, and not what it is at Stripe
	DriftMissing  = "missing"  // Stripe has it, and we do not
	DriftGone     = "gone"     // we have it, and Stripe does not
	DriftStranger = "stranger" // a running subscription of a customer that no account has
)

// driftField is one field of a subscription that has to be here what it is at Stripe.
type driftField struct {
	name string
	of   func(s *models.Subscription) string
}

// driftFields are all that the list of subscriptions tells. What comes from invoices is left out: an invoice moves
// the status or the period that it is about.
func driftFields() []driftField {
	return []driftField{
		{"status", func(s *models.Subscription) string { return s.Status }},
		{"price", func(s *models.Subscription) string { return s.LookupKey }},
		{"quantity", func(s *models.Subscription) string { return strconv.FormatInt(s.Quantity, 10) }},
		{"amount", func(s *models.Subscription) string { return strconv.FormatInt(s.Amount, 10) }},
		{"currency", func(s *models.Subscription) string { return s.Currency }},
		{"interval", func(s *models.Subscription) string { return s.BillingInterval }},
		{"mrr", func(s *models.Subscription) string { return strconv.FormatInt(s.MRR, 10) }},
		{"next amount", func(s *models.Subscription) string { return strconv.FormatInt(s.NextAmount, 10) }},
		{"started", func(s *models.Subscription) string { return stamp(&s.StartedAt) }},
		{"period start", func(s *models.Subscription) string { return stamp(&s.CurrentPeriodStart) }},
		{"period end", func(s *models.Subscription) string { return stamp(&s.CurrentPeriodEnd) }},
		{"trial start", func(s *models.Subscription) string { return stamp(s.TrialStart) }},
		{"trial end", func(s *models.Subscription) string { return stamp(s.TrialEnd) }},
		{"cancel at period end", func(s *models.Subscription) string { return strconv.FormatBool(s.CancelAtPeriodEnd) }},
		{"cancel at", func(s *models.Subscription) string { return stamp(s.CancelAt) }},
		{"canceled", func(s *models.Subscription) string { return stamp(s.CanceledAt) }},
		{"cancel reason", func(s *models.Subscription) string { return s.CancelReason }},
		{"ended", func(s *models.Subscription) string { return stamp(s.EndedAt) }},
		{"pause", func(s *models.Subscription) string { return s.PauseBehavior }},
		{"schedule", func(s *models.Subscription) string { return s.ScheduleID }},
		{"next price", func(s *models.Subscription) string { return s.NextLookupKey + stamp(s.NextAt) }},
		{"pending price", func(s *models.Subscription) string { return s.PendingLookupKey + stamp(s.PendingUntil) }},
		{"latest invoice", func(s *models.Subscription) string { return s.LatestInvoiceID }},
	}
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// detailMost bounds the text of one drift.
const detailMost = 300

// differences says in what two states of a subscription differ: nothing, if they do not.
func differences(was, is *models.Subscription) string {
	var all []string
	for _, field := range driftFields() {
		if a, b := field.of(was), field.of(is); a != b {
			all = append(all, changed(field.name, a, b))
		}
	}
	return shorten(all)
}

func changed(name, was, is string) string {
	return fmt.Sprintf("%s: %s → %s", name, cmp.Or(was, "none"), cmp.Or(is, "none"))
}

func shorten(all []string) string {
	text := []rune(strings.Join(all, ", "))
	if len(text) > detailMost {
		return string(text[:detailMost-1]) + "…"
	}
	return string(text)
}

// known is what we have of the objects of one page.
type known struct {
	customers map[string]models.Customer
	subs      map[string]models.Subscription
	items     map[int64][]string    // by subscription: its lines as text
	due       map[string]bool       // customers with a sync to come, which will settle any difference
	accounts  map[int64]accountView // what the owners may do now
}

type accountView struct {
	facts AccountFacts
	level Level
}

// knownOf reads what we have of these customers and subscriptions.
func (s *Service) knownOf(ctx context.Context, customers, subs []string) (*known, error) {
	k := &known{
		customers: map[string]models.Customer{}, subs: map[string]models.Subscription{}, items: map[int64][]string{},
		due: map[string]bool{}, accounts: map[int64]accountView{},
	}
	where, account, live := inConnection(s.Connection)
	var rows []models.Customer
	if err := s.DB.Read(ctx).Where(where, account, live).Where("stripe_id IN ?", customers).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	for _, row := range rows {
		k.customers[row.StripeID] = row
	}
	var have []models.Subscription
	if err := s.DB.Read(ctx).Where(where, account, live).Where("stripe_id IN ?", subs).Find(&have).Error; err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	ids := make([]int64, len(have))
	for i, row := range have {
		ids[i], k.subs[row.StripeID] = row.ID, row
	}
	var items []models.SubscriptionItem
	if err := s.DB.Read(ctx).Where("subscription_id IN ?", ids).Find(&items).Error; err != nil {
		return nil, fmt.Errorf("read subscription items: %w", err)
	}
	for _, item := range items {
		k.items[item.SubscriptionID] = append(k.items[item.SubscriptionID], line(item.PriceID, item.Quantity))
	}
	var due []string
	err := s.DB.Read(ctx).Model(&models.CustomerSync{}).Where(where, account, live).
		Where("stripe_id IN ? AND dirty_seq > synced_seq AND dead_at IS NULL", customers).Pluck("stripe_id", &due).Error
	if err != nil {
		return nil, fmt.Errorf("read due customers: %w", err)
	}
	for _, id := range due {
		k.due[id] = true
	}
	return k, nil
}

func line(price string, quantity int64) string { return price + "×" + strconv.FormatInt(quantity, 10) }

// compareSubscription gives the drift of one subscription, or nil. What is to come of it is worked out by the same
// conversion that a sync would use.
func (s *Service) compareSubscription(ctx context.Context, k *known, at SweptSubscription) (*models.ReconcileDrift, error) {
	customer, ours := k.customers[at.Customer]
	if !ours {
		return stranger(at), nil
	}
	if k.due[at.Customer] {
		return nil, nil
	}
	drift := &models.ReconcileDrift{Customer: at.Customer, Object: at.ID, FoundAt: s.wall()}
	was, have := k.subs[at.ID]
	a := &application{Service: s, customer: customer, fetched: s.now(), wall: s.wall()}
	if customer.DeletedAt != nil && (!have || was.EndedAt != nil) && !liveStatus(at.Status) {
		return nil, nil // over on both sides: of a deleted customer Stripe gives a sync no more than that
	}
	is := a.subscriptionRow(at.SubscriptionState, was, nil)
	if !have {
		drift.Kind, drift.Detail = DriftMissing, shorten([]string{changed("status", "", is.Status), changed("price", "", is.LookupKey)})
		return drift, nil
	}
	drift.Kind, drift.Detail = DriftDiffers, differences(&was, &is)
	if lines := linesOf(at.Items); drift.Detail == "" && !slices.Equal(lines, slices.Sorted(slices.Values(k.items[was.ID]))) {
		drift.Detail = shorten([]string{changed("lines", strings.Join(k.items[was.ID], " "), strings.Join(lines, " "))})
	}
	if drift.Detail == "" {
		return nil, nil
	}
	var err error
	drift.Loses, err = s.loses(ctx, k, customer, func(facts *AccountFacts) {
		for i := range facts.Subscriptions {
			if facts.Subscriptions[i].ID == is.StripeID {
				facts.Subscriptions[i] = weighed(is)
			}
		}
	})
	return drift, err
}

func linesOf(items []ItemState) []string {
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = line(item.Price, item.Quantity)
	}
	slices.Sort(lines)
	return lines
}

// stranger is a subscription whose customer no account has. Only one that still runs concerns anybody.
func stranger(at SweptSubscription) *models.ReconcileDrift {
	if !liveStatus(at.Status) {
		return nil
	}
	detail := []string{changed("status", "", at.Status), "customer: " + at.Customer}
	if at.AccountID != "" {
		detail = append(detail, "account: "+at.AccountID)
	}
	return &models.ReconcileDrift{Customer: at.Customer, Object: at.ID, Kind: DriftStranger, Detail: shorten(detail)}
}

// loses reports whether a change takes access away: the owner has it now, and would not have it after.
func (s *Service) loses(ctx context.Context, k *known, c models.Customer, change func(*AccountFacts)) (bool, error) {
	if c.ReplacedAt != nil {
		return false, nil
	}
	view, ok := k.accounts[c.AccountID]
	if !ok {
		rows, err := s.accessRows(ctx, c.AccountID)
		if err != nil {
			return false, fmt.Errorf("read access of account %d: %w", c.AccountID, err)
		}
		view.facts = factsOf(rows)
		view.level = s.decide(view.facts).Level
		k.accounts[c.AccountID] = view
	}
	if view.level < LevelGrace {
		return false, nil
	}
	after := view.facts
	after.Subscriptions = slices.Clone(view.facts.Subscriptions)
	change(&after)
	return s.decide(after).Level < LevelGrace, nil
}

// weighed is what the access rule reads of a row.
func weighed(row models.Subscription) SubscriptionFacts {
	return SubscriptionFacts{
		ID: row.StripeID, Status: row.Status, Plan: row.Plan, LookupKey: row.LookupKey,
		PeriodEnd: row.CurrentPeriodEnd, TrialEnd: value(row.TrialEnd), CancelAtPeriodEnd: row.CancelAtPeriodEnd,
		CancelAt: value(row.CancelAt), PauseBehavior: row.PauseBehavior, FirstInvoiceStatus: row.FirstInvoiceStatus,
		PastDueSince: value(row.PastDueSince), SyncedAt: row.SyncedAt, KnownStatus: row.KnownStatus,
		KnownPlan: row.KnownPlan, UnknownSince: value(row.UnknownSince),
	}
}

// compareCustomer gives the drift of one customer, or nil. One that we do not have is compared by its subscriptions.
func (s *Service) compareCustomer(k *known, at SweptCustomer) *models.ReconcileDrift {
	was, ours := k.customers[at.ID]
	if !ours || k.due[at.ID] || was.SyncedAt == nil {
		return nil
	}
	var all []string
	if was.Email != at.Email {
		all = append(all, "email") // an address has no place in a record that outlives its owner
	}
	for _, field := range []struct{ name, was, is string }{
		{"currency", was.Currency, at.Currency},
		{"balance", strconv.FormatInt(was.Balance, 10), strconv.FormatInt(at.Balance, 10)},
		{"deleted", strconv.FormatBool(was.DeletedAt != nil), strconv.FormatBool(at.Deleted)},
	} {
		if field.was != field.is {
			all = append(all, changed(field.name, field.was, field.is))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &models.ReconcileDrift{Customer: at.ID, Object: at.ID, Kind: DriftDiffers, Detail: shorten(all), FoundAt: s.wall()}
}
