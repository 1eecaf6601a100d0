package billing

import (
	"context"
	"fmt"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// Attention is what an invoice needs the owner of a subscription for.
type Attention string

// What there may be.
const (
	AttentionConfirm Attention = "action_required"     // the bank wants a payment confirmed
	AttentionAddress Attention = "finalization_failed" // an invoice cannot be made, most often for want of an address
)

// attention looks through the invoices of a subscription that is not over. A change that waits for the bank has a notice
// of its own where it was asked for, and keeps nobody from anything.
func attention(state SubscriptionState, invoices []InvoiceState) Attention {
	found := Attention("")
	for _, invoice := range invoices {
		switch {
		case invoice.Subscription != state.ID || state.EndedAt != nil:
		case invoice.Status == "draft" && invoice.FinalizeError != "":
			return AttentionAddress
		case invoice.Status == "open" && invoice.ActionRequired && invoice.BillingReason != "subscription_update":
			found = AttentionConfirm
		}
	}
	return found
}

// Owed is what an account has to pay, as its pages tell it. PayURL is Stripe's page of the invoice, where the bank can be
// answered too.
type Owed struct {
	Amount    plan.Money
	CardBrand string
	CardLast4 string
	PayURL    string
}

// Owed reads what is owed for a subscription: its oldest open invoice that was tried. ok is false where there is none.
func (s *Service) Owed(ctx context.Context, accountID int64, subscription string) (owed Owed, ok bool, err error) {
	customer, err := s.currentCustomer(ctx, accountID)
	if err != nil || customer == nil {
		return owed, false, err
	}
	var rows []models.Invoice
	err = s.DB.Read(ctx).Where("customer_id = ? AND subscription_id = ?", customer.ID, subscription).
		Where("status = 'open' AND attempt_count > 0").Order("issued_at, id").Limit(1).Find(&rows).Error
	if err != nil {
		return owed, false, fmt.Errorf("read what account %d owes: %w", accountID, err)
	}
	if len(rows) == 0 {
		return owed, false, nil
	}
	return Owed{
		Amount:    plan.Money{Amount: rows[0].AmountRemaining, Currency: rows[0].Currency},
		CardBrand: customer.CardBrand, CardLast4: customer.CardLast4, PayURL: rows[0].HostedURL,
	}, true, nil
}
