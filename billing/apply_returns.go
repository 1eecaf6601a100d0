package billing

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// applyReturns writes what came back of the money: refunds, and the disputes that banks opened.
func (a *application) applyReturns(snap Snapshot) error {
	for _, invoice := range snap.Invoices {
		for _, refund := range invoice.Refunds {
			if err := a.applyRefund(invoice, refund); err != nil {
				return err
			}
		}
		if invoice.Dispute == nil {
			continue
		}
		if err := a.applyDispute(invoice, *invoice.Dispute); err != nil {
			return err
		}
		if invoice.Dispute.Status == "lost" {
			if err := a.endDisputed(snap, invoice); err != nil {
				return err
			}
		}
	}
	return nil
}

// endDisputed owes the end of a subscription whose payment a bank has taken back for good, or it would be charged to
// the same card again. It is owed once: whoever lets it go on after that has decided so.
func (a *application) endDisputed(snap Snapshot, invoice InvoiceState) error {
	for _, sub := range snap.Subscriptions {
		if sub.ID != invoice.Subscription || sub.EndedAt != nil {
			continue
		}
		owed, err := a.oweOnce(opEndDisputed, sub.ID, CancelReason{Comment: "The dispute " + invoice.Dispute.ID + " was lost."})
		if err != nil {
			return err
		}
		if owed {
			a.Logger.Warn("a lost dispute ends a subscription", "customer", snap.ID, "subscription", sub.ID,
				"dispute", invoice.Dispute.ID)
		}
	}
	return nil
}

func (a *application) applyRefund(invoice InvoiceState, state RefundState) error {
	row := models.Refund{
		CustomerID: a.customer.ID, StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode,
		StripeID: state.ID, ChargeID: invoice.Charge, InvoiceID: invoice.ID, Amount: state.Amount,
		Currency: state.Currency, Status: state.Status, Reason: state.Reason, IssuedAt: state.Created,
		CreatedAt: a.wall, UpdatedAt: a.wall,
	}
	if err := upsertMirror(a.tx, &row, "status", "reason", "amount"); err != nil {
		return fmt.Errorf("write refund %s: %w", state.ID, err)
	}
	sub := models.Subscription{Currency: state.Currency}
	switch state.Status {
	case "succeeded":
		a.fact(FactRefunded, state.ID, "", state.Created, state.Amount, sub)
		a.ofPayment(invoice)
	case "failed":
		// What comes back had gone out, also where nobody heard of it in between: the ledger needs both sides.
		a.fact(FactRefunded, state.ID, "", state.Created, state.Amount, sub)
		a.ofPayment(invoice)
		a.fact(FactRefundFailed, state.ID, "", a.fetched, state.Amount, sub)
		a.ofPayment(invoice)
	}
	return nil
}

func (a *application) applyDispute(invoice InvoiceState, state DisputeState) error {
	row := models.Dispute{
		CustomerID: a.customer.ID, StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode,
		StripeID: state.ID, ChargeID: invoice.Charge, InvoiceID: invoice.ID, Amount: state.Amount,
		Currency: state.Currency, Status: state.Status, Reason: state.Reason, DueBy: state.DueBy,
		OpenedAt: state.Created, CreatedAt: a.wall, UpdatedAt: a.wall,
	}
	if err := upsertMirror(a.tx, &row, "status", "reason", "amount", "due_by"); err != nil {
		return fmt.Errorf("write dispute %s: %w", state.ID, err)
	}
	// One that is over by the time it is first heard of was opened all the same.
	sub := models.Subscription{Currency: state.Currency}
	a.fact(FactDisputeOpened, state.ID, "", state.Created, state.Amount, sub)
	a.ofPayment(invoice)
	switch state.Status {
	case "won", "lost", "warning_closed":
		a.fact(FactDisputeClosed, state.ID, state.Status, a.fetched, state.Amount, sub)
	}
	return nil
}

// upsertMirror inserts a row that mirrors a Stripe object, or changes the named columns of the one there.
func upsertMirror(tx *gorm.DB, row any, columns ...string) error {
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "stripe_account"}, {Name: "livemode"}, {Name: "stripe_id"}},
		DoUpdates: clause.AssignmentColumns(append(columns, "updated_at")),
	}).Create(row).Error
}

// gravestDispute is the status that decides about access: a lost dispute while the subscription that was
// disputed lives, or else one that is still open. Inquiries, whose status begins with warning_, take no
// money and hold nothing back: https://docs.stripe.com/disputes/how-disputes-work#inquiries
func gravestDispute(snap Snapshot) string {
	gravity := map[string]int{"under_review": 1, "needs_response": 2, "lost": 3}
	over := map[string]bool{"": true}
	for _, sub := range snap.Subscriptions {
		over[sub.ID] = sub.EndedAt != nil
	}
	gravest := ""
	for _, invoice := range snap.Invoices {
		if invoice.Dispute == nil || invoice.Dispute.Status == "lost" && over[invoice.Subscription] {
			continue
		}
		if gravity[invoice.Dispute.Status] > gravity[gravest] {
			gravest = invoice.Dispute.Status
		}
	}
	return gravest
}
