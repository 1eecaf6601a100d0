package billing

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// Cancel ends the account's plan when the period that is paid for does, and syncs. The faults are Conflict
// subscription_missing when there is none, Invalid reason_unknown, and Unavailable when Stripe does not answer in time:
// the plan is then cancelled as soon as it does.
func (s *Service) Cancel(ctx context.Context, accountID int64, why CancelReason) error {
	if !knownFeedback(why.Feedback) {
		return fault.New(fault.Invalid, "reason_unknown")
	}
	return s.act(ctx, accountID, opCancelPlan, why)
}

// Resume takes back a cancellation that has not taken effect yet, and syncs. A plan that waits for a card since its
// trial ended starts again instead, and its first period is charged. The faults are those of Cancel, and Conflict
// card_missing where there is nothing to charge.
func (s *Service) Resume(ctx context.Context, accountID int64) error {
	sub, err := s.liveSubscription(ctx, accountID)
	if err != nil {
		return err
	}
	if sub == nil || sub.Status != "paused" {
		return s.act(ctx, accountID, opResumePlan, nil)
	}
	customer, err := s.currentCustomer(ctx, accountID)
	if err != nil {
		return err
	}
	if customer == nil || customer.CardLast4 == "" {
		return fault.New(fault.Conflict, "card_missing")
	}
	return s.act(ctx, accountID, opResumePaused, nil)
}

// EndNow ends the account's plan at once, without a refund, and syncs. It is for admins; comment says why.
func (s *Service) EndNow(ctx context.Context, accountID int64, comment string) error {
	return s.act(ctx, accountID, opEndNow, CancelReason{Comment: comment})
}

// PauseBilling stops the invoices of the account's plan, or starts them again, and syncs. While paused, access lasts
// to the end of the period that is paid for.
func (s *Service) PauseBilling(ctx context.Context, accountID int64, pause bool) error {
	if pause {
		return s.act(ctx, accountID, opPauseBilling, nil)
	}
	return s.act(ctx, accountID, opUnpause, nil)
}

// Feedback lists what a leaving customer may give as a reason, in Stripe's words:
// https://docs.stripe.com/api/subscriptions/update#update_subscription-cancellation_details-feedback
func Feedback() []string {
	return []string{
		"too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex",
		"low_quality", "other",
	}
}

func knownFeedback(word string) bool {
	if word == "" {
		return true
	}
	for _, known := range Feedback() {
		if word == known {
			return true
		}
	}
	return false
}

// act owes an operation on the account's plan and carries it out.
func (s *Service) act(ctx context.Context, accountID int64, kind string, params any) error {
	sub, err := s.liveSubscription(ctx, accountID)
	if err != nil {
		return err
	}
	if sub == nil {
		return fault.New(fault.Conflict, "subscription_missing")
	}
	var op models.StripeOp
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		op, err = s.owe(tx, accountID, kind, sub.StripeID, params)
		return err
	})
	if err != nil {
		return err
	}
	outcome, err := s.awaitOp(ctx, op)
	switch {
	case err != nil:
		return overdue(ctx, err, "change_pending")
	case outcome.Kind == OutcomeRefused:
		return fault.New(fault.Conflict, outcome.Code)
	}
	return nil
}

// owe writes down an operation on a subscription. Until it is done, asking for the same again gives the same one, so
// that a double click is one call. Its key counts the operations before it.
func (s *Service) owe(tx *gorm.DB, accountID int64, kind, subscription string, params any) (models.StripeOp, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return models.StripeOp{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	where, stripeAccount, live := inConnection(s.Connection)
	var earlier []models.StripeOp
	err = tx.Where(where, stripeAccount, live).Where("subject = ? AND kind = ?", subscription, kind).
		Order("id").Find(&earlier).Error
	if err != nil {
		return models.StripeOp{}, fmt.Errorf("read operations on %s: %w", subscription, err)
	}
	if n := len(earlier); n > 0 && earlier[n-1].State == models.OpPending {
		return earlier[n-1], nil
	}
	row := models.StripeOp{
		AccountID: accountID, StripeAccount: stripeAccount, Livemode: live, Kind: kind, Subject: subscription,
		IdemKey: fmt.Sprintf("%s_%s_%d", kind, subscription, len(earlier)+1), Params: string(body),
		State: models.OpPending, NextAt: s.wall(), CreatedAt: s.wall(),
	}
	err = tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "idem_key"}}, DoNothing: true}).Create(&row).Error
	if err == nil && row.ID == 0 { // somebody else's click was a little earlier
		err = tx.Where("idem_key = ?", row.IdemKey).Take(&row).Error
	}
	if err != nil {
		return row, fmt.Errorf("owe %s of %s: %w", kind, subscription, err)
	}
	return row, nil
}
