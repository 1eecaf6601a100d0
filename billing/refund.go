package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// A refund by itself takes nothing away: at Stripe it is about a charge and not about the plan. Giving the money back
// and ending the plan is therefore one action with one name, done as one operation.

// Refundable is the latest payment for an account's plan of which something can be given back.
type Refundable struct {
	Charge, Invoice string
	Amount          plan.Money // what is left of it
	PaidAt          time.Time
}

// RefundInput is what an admin saw and confirmed: the charge, and the amount in minor units of its currency.
type RefundInput struct {
	AccountID int64
	Charge    string
	Amount    int64
	Comment   string
}

// refundOp is what the operation keeps.
type refundOp struct {
	Charge  string `json:"charge"`
	Amount  int64  `json:"amount"`
	Comment string `json:"comment"`
}

// refundedPoint says that the money is given back, and the plan is next.
const refundedPoint = "refunded"

// Refundable finds what RefundAndEnd would give back. It is false where nothing was paid for the plan that runs.
func (s *Service) Refundable(ctx context.Context, accountID int64) (Refundable, bool, error) {
	sub, err := s.liveSubscription(ctx, accountID)
	if err != nil || sub == nil {
		return Refundable{}, false, err
	}
	var rows []models.Invoice
	err = s.DB.Read(ctx).Where("customer_id = ? AND subscription_id = ?", sub.CustomerID, sub.StripeID).
		Where("status = 'paid' AND charge_id <> '' AND amount_paid > amount_refunded").
		Order("issued_at DESC, id DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return Refundable{}, false, err
	}
	in := rows[0]
	offer := Refundable{
		Charge: in.ChargeID, Invoice: in.Number, PaidAt: in.IssuedAt,
		Amount: plan.Money{Amount: in.AmountPaid - in.AmountRefunded, Currency: in.Currency},
	}
	if in.PaidAt != nil {
		offer.PaidAt = *in.PaidAt
	}
	return offer, true, nil
}

// RefundAndEnd gives back the latest payment for the account's plan and ends the plan at once, and syncs. It is for
// admins. The faults are Conflict refund_outdated where something else is left to refund than was confirmed, and
// stripe_refused where Stripe gives nothing back, as for a disputed charge: then the plan goes on. Unavailable says
// that Stripe did not answer in time: both are then done as soon as it does.
func (s *Service) RefundAndEnd(ctx context.Context, in RefundInput) error {
	offer, ok, err := s.Refundable(ctx, in.AccountID)
	switch {
	case err != nil:
		return err
	case !ok, offer.Charge != in.Charge || offer.Amount.Amount != in.Amount:
		return fault.New(fault.Conflict, "refund_outdated")
	}
	return s.act(ctx, in.AccountID, opRefundEnd, refundOp{Charge: in.Charge, Amount: in.Amount, Comment: in.Comment})
}

// refundAndEnd gives the money back first, because that is what Stripe may refuse. Whether an earlier try has is read
// off the refunds, which carry the operation's key.
func (s *Service) refundAndEnd(ctx context.Context, op *models.StripeOp) (string, error) {
	var params refundOp
	if err := json.Unmarshal([]byte(op.Params), &params); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	if op.RecoveryPoint != refundedPoint {
		given, err := s.Stripe.FindRefund(ctx, params.Charge, op.IdemKey)
		if err != nil {
			return settleRefusal(fmt.Errorf("look for the refund of %s: %w", params.Charge, err))
		}
		if !given {
			refund := RefundParams{
				Charge: params.Charge, Amount: params.Amount, Reason: "requested_by_customer", Operation: op.IdemKey,
			}
			if err := s.Stripe.Refund(ctx, refund, s.opKey(*op, "_refund")); err != nil {
				return settleRefusal(fmt.Errorf("refund %s: %w", params.Charge, err))
			}
		}
		if err := s.reach(ctx, op, refundedPoint); err != nil {
			return "", err
		}
	}
	state, err := s.subject(ctx, op)
	if err != nil {
		return settleRefusal(err)
	}
	if state.EndedAt == nil {
		if err := s.Stripe.CancelNow(ctx, op.Subject, params.Comment, s.opKey(*op, "_end")); err != nil {
			return settleRefusal(fmt.Errorf("end %s: %w", op.Subject, err))
		}
	}
	return doneOutcome()
}
