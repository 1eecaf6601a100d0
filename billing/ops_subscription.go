package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// Each call below begins by reading the subscription, so that a second try finds what the first has done, and so that
// nothing is done to a subscription that is no longer what its owner saw.

// refused ends an operation that nothing will come of.
func refused(code string) (string, error) {
	return encodeOutcome(Outcome{Kind: OutcomeRefused, Code: code})
}

func doneOutcome() (string, error) { return encodeOutcome(Outcome{Kind: OutcomeDone}) }

func encodeOutcome(o Outcome) (string, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode an outcome: %w", err)
	}
	return string(text), nil
}

// settleRefusal turns an answer that no repetition will change into an outcome, and passes every other error on.
func settleRefusal(err error) (string, error) {
	var decline *Decline
	switch {
	case errors.As(err, &decline):
		return encodeOutcome(Outcome{Kind: OutcomeDeclined, Code: decline.Code})
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNotFound):
		return refused("stripe_refused")
	}
	return "", err
}

// changed marks the customer dirty: what an operation did becomes known by a sync, like everything else.
func (s *Service) changed(tx *gorm.DB, op models.StripeOp, _ string) error {
	customer := models.Customer{}
	where, stripeAccount, live := inConnection(s.Connection)
	found := tx.Where(where, stripeAccount, live).Where("account_id = ? AND replaced_at IS NULL", op.AccountID).
		Limit(1).Find(&customer)
	if found.Error != nil || found.RowsAffected == 0 {
		return found.Error
	}
	return tx.Exec(dirtySQL, stripeAccount, live, customer.StripeID, s.wall()).Error
}

func (s *Service) subject(ctx context.Context, op *models.StripeOp) (SubscriptionState, error) {
	state, err := s.Stripe.FetchSubscription(ctx, op.Subject)
	if err != nil {
		return state, fmt.Errorf("read subscription %s: %w", op.Subject, err)
	}
	return state, nil
}

// has reports whether a subscription is on a price.
func (s SubscriptionState) has(lookupKey string, quantity int64) bool {
	for _, item := range s.Items {
		if item.LookupKey == lookupKey {
			return quantity == 0 || item.Quantity == quantity
		}
	}
	return false
}

// changePlan switches the price now.
func (s *Service) changePlan(ctx context.Context, op *models.StripeOp) (string, error) {
	var offer changeOp
	if err := json.Unmarshal([]byte(op.Params), &offer); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	pending := state.Pending != nil && state.Pending.LookupKey == offer.LookupKey
	switch {
	case state.has(offer.LookupKey, offer.Quantity):
		return doneOutcome()
	case state.EndedAt != nil || state.CancelAtPeriodEnd || state.CancelAt != nil || !state.has(offer.From, 0):
		return refused("change_outdated")
	case state.Pending != nil && !pending:
		return refused("change_waiting")
	case !pending:
		if err := s.dropSchedule(ctx, op, state); err != nil {
			return settleRefusal(err)
		}
		if state, err = s.Stripe.ChangeSubscription(ctx, offer.ChangeParams, s.opKey(*op, "")); err != nil {
			return settleRefusal(fmt.Errorf("change subscription %s: %w", op.Subject, err))
		}
	}
	switch {
	case state.Pending == nil:
		return doneOutcome()
	case state.Pending.Action:
		return encodeOutcome(Outcome{Kind: OutcomeAction, URL: state.Pending.InvoiceURL})
	}
	// The card said no. Voiding the invoice takes the change back, so that no later payment brings it about unasked:
	// https://docs.stripe.com/billing/subscriptions/pending-updates
	if err := s.Stripe.VoidInvoice(ctx, state.Pending.Invoice, s.opKey(*op, "_void")); err != nil {
		return "", fmt.Errorf("take back the declined change of %s: %w", op.Subject, err)
	}
	return encodeOutcome(Outcome{Kind: OutcomeDeclined, Code: state.Pending.DeclineCode})
}

// dropSchedule takes back what is planned for a subscription. It stands alone because Stripe does not let a subscription
// under a schedule be cancelled or changed by itself.
func (s *Service) dropSchedule(ctx context.Context, op *models.StripeOp, state SubscriptionState) error {
	if state.Schedule == nil {
		return nil
	}
	err := s.Stripe.ReleaseSchedule(ctx, state.Schedule.ID, s.opKey(*op, "_release_"+state.Schedule.ID))
	if err != nil {
		return fmt.Errorf("release the schedule of %s: %w", op.Subject, err)
	}
	return nil
}

// dropPlans is dropSchedule, and takes back a change that waits for its payment too: its invoice is voided, so that it
// cannot be paid any more.
func (s *Service) dropPlans(ctx context.Context, op *models.StripeOp, state SubscriptionState) error {
	if pending := state.Pending; pending != nil && pending.Invoice != "" {
		if err := s.Stripe.VoidInvoice(ctx, pending.Invoice, s.opKey(*op, "_void_"+pending.Invoice)); err != nil {
			return fmt.Errorf("take back what waits for %s: %w", op.Subject, err)
		}
	}
	return s.dropSchedule(ctx, op, state)
}

// planChange switches the price when the period that is paid for ends.
func (s *Service) planChange(ctx context.Context, op *models.StripeOp) (string, error) {
	var offer changeOp
	if err := json.Unmarshal([]byte(op.Params), &offer); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	switch {
	case state.EndedAt != nil || state.CancelAtPeriodEnd || !state.has(offer.From, 0):
		return refused("change_outdated")
	case state.Pending != nil:
		return refused("change_waiting")
	}
	offer.At = state.PeriodEnd // it may have been renewed since the offer
	schedule := op.RecoveryPoint
	switch {
	case state.Schedule != nil:
		schedule = state.Schedule.ID
	case schedule == "":
		if schedule, err = s.Stripe.CreateSchedule(ctx, op.Subject, s.opKey(*op, "_make")); err != nil {
			return settleRefusal(fmt.Errorf("plan the change of %s: %w", op.Subject, err))
		}
		if err := s.reach(ctx, op, schedule); err != nil {
			return "", err
		}
	}
	if err := s.Stripe.ScheduleChange(ctx, offer.ChangeParams, schedule, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("plan the change of %s: %w", op.Subject, err))
	}
	return doneOutcome()
}

// keepPlan takes back a planned change, and one that waits for its payment.
func (s *Service) keepPlan(ctx context.Context, op *models.StripeOp) (string, error) {
	state, err := s.subject(ctx, op)
	if err == nil {
		err = s.dropPlans(ctx, op, state)
	}
	if err != nil {
		return settleRefusal(err)
	}
	return doneOutcome()
}

// cancelPlan ends the subscription with the period that is paid for.
func (s *Service) cancelPlan(ctx context.Context, op *models.StripeOp) (string, error) {
	var why CancelReason
	if err := json.Unmarshal([]byte(op.Params), &why); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if state.EndedAt != nil || state.CancelAtPeriodEnd {
		return doneOutcome()
	}
	if err := s.dropPlans(ctx, op, state); err != nil {
		return settleRefusal(err)
	}
	if err := s.Stripe.CancelAtPeriodEnd(ctx, op.Subject, why, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("cancel %s: %w", op.Subject, err))
	}
	return doneOutcome()
}

// resumePlan takes back a cancellation that is still to come.
func (s *Service) resumePlan(ctx context.Context, op *models.StripeOp) (string, error) {
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if state.EndedAt != nil {
		return refused("subscription_missing")
	}
	if !state.CancelAtPeriodEnd && state.CancelAt == nil {
		return doneOutcome()
	}
	if err := s.Stripe.ResumeSubscription(ctx, op.Subject, state.CancelAtPeriodEnd, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("resume %s: %w", op.Subject, err))
	}
	return doneOutcome()
}

// endNow ends the subscription at once, because an admin says so.
func (s *Service) endNow(ctx context.Context, op *models.StripeOp) (string, error) {
	var why CancelReason
	if err := json.Unmarshal([]byte(op.Params), &why); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if state.EndedAt != nil {
		return doneOutcome()
	}
	if err := s.Stripe.CancelNow(ctx, op.Subject, why.Comment, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("end %s: %w", op.Subject, err))
	}
	return doneOutcome()
}

// pauseBilling stops the invoices, and unpauseBilling starts them again.
func (s *Service) pauseBilling(ctx context.Context, op *models.StripeOp) (string, error) {
	return s.setPaused(ctx, op, true)
}

func (s *Service) unpauseBilling(ctx context.Context, op *models.StripeOp) (string, error) {
	return s.setPaused(ctx, op, false)
}

func (s *Service) setPaused(ctx context.Context, op *models.StripeOp, pause bool) (string, error) {
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if state.EndedAt != nil {
		return refused("subscription_missing")
	}
	if (state.PauseBehavior != "") == pause {
		return doneOutcome()
	}
	if err := s.Stripe.PauseBilling(ctx, op.Subject, pause, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("pause %s: %w", op.Subject, err))
	}
	return doneOutcome()
}
