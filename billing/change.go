package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// changeLife is how long an offered change stands. Past it the amounts would be of another day.
const changeLife = 30 * time.Minute

// offerKept is how long an offer that nobody confirmed can be read, if only to say that it is too old.
const offerKept = 24 * time.Hour

// ChangeInput says who wants to pay by which price instead. LookupKey is believed only if it is on sale.
type ChangeInput struct {
	AccountID int64
	LookupKey string
}

// Change is a switch of plan that was offered and may have been carried out. Now says that it takes effect at once,
// for the Quote; otherwise it does at At, and costs nothing until then. The offer stands until OfferEnd. Begun says that
// it was confirmed and Stripe has not answered yet. Outcome is empty until Stripe has.
type Change struct {
	ID               string
	Plan, From       plan.Plan
	Price, FromPrice plan.Price
	Quantity         int64
	Now, Begun       bool
	At, OfferEnd     time.Time
	Quote            Quote
	Next             plan.Money // the first regular payment by the new price, after the discount that stands now
	Outcome          Outcome
}

// Outcome is what became of an operation on a subscription.
type Outcome struct {
	Kind OutcomeKind `json:"kind"`
	// Code is Stripe's word for a decline, or ours for a refusal.
	Code string `json:"code,omitempty"`
	// URL is where the customer confirms a payment that their bank wants confirmed.
	URL string `json:"url,omitempty"`
}

// OutcomeKind is one of the ways in which an operation ends.
type OutcomeKind string

// The outcomes.
const (
	OutcomeDone     OutcomeKind = "done"
	OutcomeAction   OutcomeKind = "requires_action" // nothing has changed until the customer confirms
	OutcomeDeclined OutcomeKind = "declined"        // nothing has changed
	OutcomeRefused  OutcomeKind = "refused"         // nothing has changed
)

// changeOp is what a change's operation keeps.
type changeOp struct {
	ChangeParams
	From     string    `json:"from"`
	Quote    Quote     `json:"quote"`
	Next     int64     `json:"next"`
	OfferEnd time.Time `json:"offer_end"` // by the business clock
}

// OfferChange works out what a switch of plan would do and cost, and keeps the offer, so that what is confirmed is
// what was shown. More for the money takes effect now: a higher plan, or a year instead of a month. Less takes effect
// when the time paid for is over. During a trial nothing is owed either way, so any change is at once.
//
// The faults are Invalid price_unknown; Conflict subscription_missing, already_subscribed, change_unpaid while a
// payment is due, change_ending while the plan is to end, change_waiting while another change waits for the customer's
// bank, currency_mismatch; and Unavailable when Stripe does not answer.
func (s *Service) OfferChange(ctx context.Context, in ChangeInput) (string, error) {
	sub, item, err := s.changeable(ctx, in.AccountID)
	to, price, ok := s.Catalog.OnSale(in.LookupKey)
	if !ok && (sub == nil || sub.LookupKey != in.LookupKey) { // who has a price that is sold no more may keep it
		return "", fault.New(fault.Invalid, "price_unknown")
	}
	if err != nil {
		return "", err
	}
	from, fromPrice, ok := s.Catalog.ByLookupKey(sub.LookupKey)
	waits := sub.PendingLookupKey != "" && sub.PendingUntil != nil && s.now().Before(*sub.PendingUntil)
	switch {
	case !ok, sub.LookupKey == in.LookupKey && sub.NextLookupKey == "" && !waits:
		return "", fault.New(fault.Conflict, "already_subscribed", "plan", sub.Plan)
	case sub.LookupKey != in.LookupKey && waits:
		return "", fault.New(fault.Conflict, "change_waiting")
	case sub.LookupKey != in.LookupKey && price.Money.Currency != sub.Currency:
		return "", fault.New(fault.Conflict, "currency_mismatch")
	}
	offer := changeOp{From: sub.LookupKey, OfferEnd: s.now().Add(changeLife), ChangeParams: ChangeParams{
		Subscription: sub.StripeID, Item: item, LookupKey: in.LookupKey, Quantity: max(1, sub.Quantity),
		Proration: ProrateNow, At: s.now().Truncate(time.Second),
	}}
	state, err := s.Stripe.FetchSubscription(ctx, sub.StripeID)
	if err != nil {
		return "", stripeFault(fmt.Errorf("read %s: %w", sub.StripeID, err))
	}
	kind := opChangePlan
	more := to.Level > from.Level || to.Level == from.Level && price.Interval == plan.Year && fromPrice.Interval == plan.Month
	switch {
	case sub.LookupKey == in.LookupKey:
		kind, offer.Proration = opKeepPlan, ProrateNone
	case sub.Status == "trialing":
		offer.Proration = ProrateNone
	case !more:
		kind, offer.Proration, offer.At = opPlanChange, ProrateNone, sub.CurrentPeriodEnd
	default:
		if offer.Quote, err = s.Stripe.PreviewChange(ctx, offer.ChangeParams); err != nil {
			return "", stripeFault(fmt.Errorf("preview the change of %s: %w", sub.StripeID, err))
		}
	}
	offer.Next = nextPayment(state, offer, price, price.Interval != fromPrice.Interval)
	return s.keepOffer(ctx, in.AccountID, kind, offer)
}

// nextPayment is the first regular payment by a new price. A change at once is invoiced at once, which uses up a discount
// that counts once; and with another interval the next payment is one of its own periods away.
func nextPayment(state SubscriptionState, offer changeOp, price plan.Price, resets bool) int64 {
	total, at := price.Money.Amount*offer.Quantity, state.PeriodEnd
	if offer.Proration == ProrateNow {
		state.Discounts = slices.DeleteFunc(slices.Clone(state.Discounts), func(d DiscountState) bool { return d.Once })
		switch {
		case resets && price.Interval == plan.Year:
			at = offer.At.AddDate(1, 0, 0)
		case resets:
			at = offer.At.AddDate(0, 1, 0)
		}
	}
	return state.net(total, at)
}

// changeable is the account's subscription and its plan item, if they are in a state to be changed.
func (s *Service) changeable(ctx context.Context, accountID int64) (*models.Subscription, string, error) {
	sub, err := s.liveSubscription(ctx, accountID)
	if err != nil {
		return nil, "", err
	}
	switch {
	case sub == nil:
		return nil, "", fault.New(fault.Conflict, "subscription_missing")
	case sub.Status != "active" && sub.Status != "trialing":
		return nil, "", fault.New(fault.Conflict, "change_unpaid")
	case sub.CancelAtPeriodEnd || sub.CancelAt != nil:
		return nil, "", fault.New(fault.Conflict, "change_ending")
	}
	var items []string
	err = s.DB.Read(ctx).Model(&models.SubscriptionItem{}).
		Where("subscription_id = ? AND lookup_key = ?", sub.ID, sub.LookupKey).Limit(1).Pluck("stripe_id", &items).Error
	if err != nil {
		return nil, "", fmt.Errorf("read the items of %s: %w", sub.StripeID, err)
	}
	if len(items) == 0 {
		return nil, "", fault.New(fault.Conflict, "subscription_missing")
	}
	return sub, items[0], nil
}

func (s *Service) keepOffer(ctx context.Context, accountID int64, kind string, offer changeOp) (string, error) {
	params, err := json.Marshal(offer)
	if err != nil {
		return "", fmt.Errorf("encode the change: %w", err)
	}
	_, stripeAccount, live := inConnection(s.Connection)
	row := models.StripeOp{
		AccountID: accountID, StripeAccount: stripeAccount, Livemode: live, Kind: kind, Subject: offer.Subscription,
		IdemKey: "change_" + models.NewToken(), Params: string(params), State: models.OpOffered,
		NextAt: s.wall(), CreatedAt: s.wall(),
	}
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		// What was looked at and left is of no use the day after, and would otherwise pile up.
		stale := tx.Where("account_id = ? AND state = ? AND created_at < ?", accountID, models.OpOffered, s.wall().Add(-offerKept)).
			Delete(&models.StripeOp{})
		if stale.Error != nil {
			return stale.Error
		}
		return tx.Create(&row).Error
	})
	if err != nil {
		return "", fmt.Errorf("keep the offered change: %w", err)
	}
	return row.IdemKey, nil
}

// Change reads an offered change of the account's own. The fault is NotFound for any other.
func (s *Service) Change(ctx context.Context, accountID int64, id string) (Change, error) {
	_, change, err := s.change(ctx, accountID, id)
	return change, err
}

func (s *Service) change(ctx context.Context, accountID int64, id string) (models.StripeOp, Change, error) {
	var rows []models.StripeOp
	where, stripeAccount, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, stripeAccount, live).
		Where("idem_key = ? AND account_id = ? AND kind IN ?", id, accountID,
			[]string{opChangePlan, opPlanChange, opKeepPlan}).Limit(1).Find(&rows).Error
	if err != nil {
		return models.StripeOp{}, Change{}, fmt.Errorf("read change %s: %w", id, err)
	}
	if len(rows) == 0 {
		return models.StripeOp{}, Change{}, fault.New(fault.NotFound, "not_found")
	}
	op, offer := rows[0], changeOp{}
	if err := json.Unmarshal([]byte(op.Params), &offer); err != nil {
		return op, Change{}, fmt.Errorf("decode change %s: %w", id, err)
	}
	change := Change{
		ID: id, Now: op.Kind != opPlanChange, At: offer.At, OfferEnd: offer.OfferEnd, Quote: offer.Quote,
		Quantity: offer.Quantity, Begun: op.State == models.OpPending,
	}
	change.Plan, change.Price, _ = s.Catalog.ByLookupKey(offer.LookupKey)
	change.From, change.FromPrice, _ = s.Catalog.ByLookupKey(offer.From)
	change.Next = plan.Money{Amount: offer.Next, Currency: change.Price.Money.Currency}
	switch op.State {
	case models.OpDone:
		change.Outcome, err = readOutcome(op)
	case models.OpDead:
		change.Outcome = Outcome{Kind: OutcomeRefused, Code: "change_given_up"}
	case models.OpOffered:
		if !s.now().Before(offer.OfferEnd) {
			err = fault.New(fault.Conflict, "change_expired")
		}
	}
	return op, change, err
}

// ConfirmChange carries out an offered change, once, however often it is asked to, and syncs. The outcome says
// whether a bank or card stood in the way; then nothing has changed. The faults are NotFound for a change that is not
// the account's, Conflict change_expired for one offered too long ago, RateLimited change_often, and Unavailable
// change_pending when Stripe does not answer in time: the change is then carried out as soon as it does.
func (s *Service) ConfirmChange(ctx context.Context, accountID int64, id string) (Change, error) {
	op, change, err := s.change(ctx, accountID, id)
	if err != nil || op.State == models.OpDead {
		return change, err
	}
	if op.State == models.OpOffered {
		if err := s.beginChange(ctx, op); err != nil {
			return change, err
		}
	}
	change.Outcome, err = s.awaitOp(ctx, op)
	return change, overdue(ctx, err, "change_pending")
}

// changesAnHour is how often an account may change its plan. Each change at once is an invoice, of which Stripe makes at
// most ten a minute and twenty a day for a subscription: https://docs.stripe.com/rate-limits
const changesAnHour = 10

// beginChange makes an offered change one that is owed, unless there were too many lately. The account's row is held, so
// that changes confirmed at once are counted one after the other.
func (s *Service) beginChange(ctx context.Context, op models.StripeOp) error {
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		var account models.Account
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&account, op.AccountID).Error; err != nil {
			return err
		}
		var lately int64
		err := tx.Model(&models.StripeOp{}).
			Where("account_id = ? AND kind IN ?", op.AccountID, []string{opChangePlan, opPlanChange, opKeepPlan}).
			Where("state <> ? AND created_at > ?", models.OpOffered, s.wall().Add(-time.Hour)).Count(&lately).Error
		if err != nil {
			return err
		}
		if lately >= changesAnHour && op.Kind != opKeepPlan {
			return fault.New(fault.RateLimited, "change_often")
		}
		return tx.Model(&models.StripeOp{}).Where("id = ? AND state = ?", op.ID, models.OpOffered).
			Updates(map[string]any{"state": models.OpPending, "next_at": s.wall(), "created_at": s.wall()}).Error
	})
	if err != nil {
		return fmt.Errorf("confirm change %s: %w", op.IdemKey, err)
	}
	return nil
}

// awaitOp runs an operation or waits for whoever runs it, syncs its account, and gives its outcome.
func (s *Service) awaitOp(ctx context.Context, op models.StripeOp) (Outcome, error) {
	ticker := time.NewTicker(pollCustomer)
	defer ticker.Stop()
	for {
		mine, err := s.leaseOps(ctx, 1, func(tx *gorm.DB) *gorm.DB { return tx.Where("id = ?", op.ID) })
		for _, leased := range mine {
			err = errors.Join(err, s.runOp(ctx, leased))
		}
		if err != nil {
			return Outcome{}, fault.Wrap(err, fault.Unavailable, "change_pending")
		}
		var row models.StripeOp
		if err := s.DB.Read(ctx).Take(&row, op.ID).Error; err != nil {
			return Outcome{}, fmt.Errorf("read operation %d: %w", op.ID, err)
		}
		if row.State == models.OpDone {
			outcome, err := readOutcome(row)
			return outcome, errors.Join(err, s.SyncAccount(ctx, op.AccountID))
		}
		select {
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		case <-ticker.C:
		}
	}
}

func readOutcome(op models.StripeOp) (Outcome, error) {
	var outcome Outcome
	if err := json.Unmarshal([]byte(op.Result), &outcome); err != nil {
		return outcome, fmt.Errorf("decode the outcome of operation %d: %w", op.ID, err)
	}
	return outcome, nil
}
