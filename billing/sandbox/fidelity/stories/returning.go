package stories

import "github.com/stripe/stripe-go/v81"

func refundInFull(p *Player) {
	intent := ok(p.pay(2000, "pm_card_visa"))
	refund := ok(p.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String(intent.ID)}))
	same("the refund's status", refund.Status, "succeeded")
	same("the refund", refund.Amount, 2000)
	charge := ok(p.Charges.Get(intent.LatestCharge.ID, nil))
	same("being refunded", charge.Refunded, true)
	e := refused(p.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String(intent.ID)}))
	same("the refusal", e.Code, stripe.ErrorCodeChargeAlreadyRefunded)
}

func refundInParts(p *Player) {
	intent := ok(p.pay(2000, "pm_card_visa"))
	charge := intent.LatestCharge.ID
	ok(p.Refunds.New(&stripe.RefundParams{Charge: stripe.String(charge), Amount: stripe.Int64(700)}))
	read := ok(p.Charges.Get(charge, nil))
	same("what is refunded", read.AmountRefunded, 700)
	same("being refunded", read.Refunded, false)
	e := refused(p.Refunds.New(&stripe.RefundParams{Charge: stripe.String(charge), Amount: stripe.Int64(1400)}))
	same("the refusal", e.Msg, "Refund amount ($14.00) is greater than unrefunded amount on charge ($13.00)")
	rest := ok(p.Refunds.New(&stripe.RefundParams{Charge: stripe.String(charge), Reason: stripe.String("requested_by_customer")}))
	same("the rest", rest.Amount, 1300)
}

// dispute pays with the card whose holder disputes it, and waits for the dispute.
func (p *Player) dispute() (charge string, dispute *stripe.Dispute) {
	intent := ok(p.pay(2000, "pm_card_createDispute"))
	p.until("there is a dispute", func() bool {
		found := each[*stripe.Dispute](p.Disputes.List(&stripe.DisputeListParams{PaymentIntent: stripe.String(intent.ID)}))
		if len(found) > 0 {
			dispute = found[0]
		}
		return dispute != nil
	})
	same("the dispute's status", dispute.Status, "needs_response")
	same("its reason", dispute.Reason, "fraudulent")
	same("its amount", dispute.Amount, 2000)
	return intent.LatestCharge.ID, dispute
}

func disputeWon(p *Player) {
	charge, dispute := p.dispute()
	same("the charge is disputed", ok(p.Charges.Get(charge, nil)).Disputed, true)
	ok(p.Disputes.Update(dispute.ID, &stripe.DisputeParams{
		Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String("winning_evidence")},
		Submit:   stripe.Bool(true),
	}))
	p.until("the dispute is decided", func() bool {
		dispute = ok(p.Disputes.Get(dispute.ID, nil))
		return dispute.Status != "under_review" && dispute.Status != "needs_response"
	})
	same("the outcome", dispute.Status, "won")
	same("the bookings", len(dispute.BalanceTransactions), 2)
}

func disputeLost(p *Player) {
	charge, dispute := p.dispute()
	e := refused(p.Refunds.New(&stripe.RefundParams{Charge: stripe.String(charge)}))
	same("a refund meanwhile", e.Code, stripe.ErrorCode("charge_disputed"))
	dispute = ok(p.Disputes.Close(dispute.ID, nil))
	same("the outcome", dispute.Status, "lost")
	same("the bookings", len(dispute.BalanceTransactions), 1)
}

func creditNote(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	inv := p.bill(buyer, 3000)
	before := ok(p.CreditNotes.New(&stripe.CreditNoteParams{Invoice: stripe.String(inv.ID), Amount: stripe.Int64(500)}))
	same("the note before the payment", before.Type, "pre_payment")
	same("its number", before.Number, inv.Number+"-CN-01")
	inv = ok(p.Invoices.Pay(inv.ID, nil))
	same("what was paid", inv.AmountPaid, 2500)
	preview := ok(p.CreditNotes.Preview(&stripe.CreditNotePreviewParams{
		Invoice: stripe.String(inv.ID), Amount: stripe.Int64(1000), RefundAmount: stripe.Int64(1000),
	}))
	same("the preview", preview.Total, 1000)
	after := ok(p.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: stripe.String(inv.ID), Amount: stripe.Int64(1000), RefundAmount: stripe.Int64(1000),
	}))
	same("the note after the payment", after.Type, "post_payment")
	same("having a refund", after.Refund != nil, true)
	same("the refund on the charge", ok(p.Charges.Get(inv.Charge.ID, nil)).AmountRefunded, 1000)
	inv = ok(p.Invoices.Get(inv.ID, nil))
	same("notes before the payment", inv.PrePaymentCreditNotesAmount, 500)
	same("notes after the payment", inv.PostPaymentCreditNotesAmount, 1000)
}

func customerBalance(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	credit := ok(p.CustomerBalanceTransactions.New(&stripe.CustomerBalanceTransactionParams{
		Customer: stripe.String(buyer.ID), Amount: stripe.Int64(-500), Currency: stripe.String("usd"),
	}))
	same("the balance", credit.EndingBalance, -500)
	inv := p.latest(p.subscribe(buyer, p.monthly(2000)))
	same("the total", inv.Total, 2000)
	same("what was due", inv.AmountDue, 1500)
	same("the balance before", inv.StartingBalance, -500)
	same("the balance after", inv.EndingBalance, 0)
	moves := each[*stripe.CustomerBalanceTransaction](p.CustomerBalanceTransactions.List(
		&stripe.CustomerBalanceTransactionListParams{Customer: stripe.String(buyer.ID)}))
	same("the moves", len(moves), 2)
	same("the last move", moves[0].Type, "applied_to_invoice")
}
