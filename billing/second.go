package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/tollgate/models"
)

// secondOp is what the operation that ends a second subscription keeps: the one that stays.
type secondOp struct {
	Winner string `json:"winner"`
}

// secondWithin is how old a second subscription may be to be ended without asking. Buying twice by mistake is noticed
// sooner; what somebody has paid for longer, beside a first one that may have been of no use meanwhile, is for a person
// to decide, and is only made known.
const secondWithin = 7 * 24 * time.Hour

// winnerMissing is the code of an end_second that found the subscription which stays to grant nothing any more. It may
// grant something again, as one that was past due and is paid does, and then the second is one too many after all.
const winnerMissing = "winner_missing"

// keepOne holds an account to one live plan. Checkout does not open a second one, but two devices and the dashboard
// can bring one about. The older one stays, and the newer is ended and refunded; but only while the older one is sure
// to grant something, so that nobody who paid is left with nothing.
func (a *application) keepOne(rows []models.Subscription) error {
	var first *models.Subscription
	live := func(row *models.Subscription) bool {
		return row.Plan != "" && liveStatus(row.Status) && !row.TrialRefused
	}
	for i := range rows { // Stripe lists the newest first, so of two of the same second the later in the list is older
		if live(&rows[i]) && (first == nil || !rows[i].StartedAt.After(first.StartedAt)) {
			first = &rows[i]
		}
	}
	for i := range rows {
		row := &rows[i]
		if row == first || !live(row) {
			continue
		}
		a.Logger.Warn("an account has two live subscriptions", "customer", a.customer.StripeID,
			"first", first.StripeID, "second", row.StripeID)
		outcome := "" // what was first left alone and is ended later is news again to its owner
		if winner(first.Status, first.FirstInvoiceStatus) && a.fetched.Sub(row.StartedAt) <= secondWithin {
			if err := a.endSecond(first, row); err != nil {
				return err
			}
			outcome = "ending"
		}
		a.fact(FactSecond, row.StripeID, outcome, row.StartedAt, row.Amount, *row)
	}
	return nil
}

// winner reports whether a subscription gives its owner what they pay for, so that another one is one too many.
func winner(status, firstInvoice string) bool {
	return status == "trialing" || status == "active" && (firstInvoice == "paid" || firstInvoice == "")
}

func (a *application) endSecond(first, second *models.Subscription) error {
	if a.ending == nil {
		a.ending = map[string]bool{}
	}
	a.ending[second.StripeID] = true
	_, err := a.oweOnce(opEndSecond, second.StripeID, secondOp{Winner: first.StripeID})
	return err
}

// oweOnce owes an operation of a kind on a subscription, unless one was owed before. Whatever became of that, it is not
// owed again, with one exception: one that did nothing because the other subscription granted nothing at that moment.
func (a *application) oweOnce(kind, subscription string, params any) (owed bool, err error) {
	var before int64
	idle, err := refused(winnerMissing)
	if err != nil {
		return false, err
	}
	where, account, live := inConnection(a.Connection)
	err = a.tx.Model(&models.StripeOp{}).Where(where, account, live).
		Where("subject = ? AND kind = ? AND result <> ?", subscription, kind, idle).Count(&before).Error
	if err != nil {
		return false, fmt.Errorf("look for %s of %s: %w", kind, subscription, err)
	}
	if before > 0 {
		return false, nil
	}
	a.ops++
	_, err = a.owe(a.tx, a.account.ID, kind, subscription, params)
	return err == nil, err
}

// endSecond ends the subscription and gives back what was paid for it. Stripe is asked about the one that stays first:
// without it, the second is all that there is.
func (s *Service) endSecond(ctx context.Context, op *models.StripeOp) (string, error) {
	var params secondOp
	if err := json.Unmarshal([]byte(op.Params), &params); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	second, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if second.EndedAt == nil {
		first, err := s.Stripe.FetchSubscription(ctx, params.Winner)
		if err != nil {
			return settleRefusal(fmt.Errorf("read subscription %s: %w", params.Winner, err))
		}
		if first.EndedAt != nil || !winner(first.Status, "") {
			return refused(winnerMissing)
		}
		comment := "A second subscription beside " + params.Winner + ", ended and refunded."
		if err := s.Stripe.CancelNow(ctx, op.Subject, comment, s.opKey(*op, "_end")); err != nil {
			return settleRefusal(fmt.Errorf("end %s: %w", op.Subject, err))
		}
	}
	payments, err := s.Stripe.Payments(ctx, op.Subject)
	if err != nil {
		return "", fmt.Errorf("find what was paid for %s: %w", op.Subject, err)
	}
	for _, payment := range payments {
		if payment.Amount <= 0 {
			continue
		}
		refund := RefundParams{Charge: payment.Charge, Reason: "duplicate"}
		if err := s.Stripe.Refund(ctx, refund, s.opKey(*op, "_refund_"+payment.Charge)); err != nil {
			return settleRefusal(fmt.Errorf("refund %s: %w", payment.Charge, err))
		}
	}
	return doneOutcome()
}
