package stories

import "github.com/stripe/stripe-go/v81"

func cancelAndUndo(p *Player) {
	sub := p.subscribe(p.buyer("pm_card_visa", nil), p.monthly(2000))
	sub = ok(p.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	same("the status", sub.Status, "active")
	same("when it ends", sub.CancelAt, sub.CurrentPeriodEnd)
	same("why", sub.CancellationDetails.Reason, "cancellation_requested")
	sub = ok(p.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)}))
	same("when it ends after the undoing", sub.CancelAt, 0)
	same("why after the undoing", sub.CancellationDetails.Reason, "")
}

func cancelAndLeave(p *Player) {
	clock := p.clock()
	sub := p.subscribe(p.buyer("pm_card_visa", clock), p.monthly(2000))
	first := sub.LatestInvoice.ID
	ok(p.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		CancelAtPeriodEnd:   stripe.Bool(true),
		CancellationDetails: &stripe.SubscriptionCancellationDetailsParams{Feedback: stripe.String("too_expensive")},
	}))
	p.advance(clock, newYear+month+afterDraft)
	sub = p.sub(sub.ID)
	same("the status", sub.Status, "canceled")
	same("its end", sub.EndedAt, newYear+month)
	same("the last invoice", sub.LatestInvoice.ID, first)
	same("what was said", sub.CancellationDetails.Feedback, "too_expensive")
	e := refused(p.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)}))
	same("the refusal", e.Msg, "A canceled subscription can only update its cancellation_details and metadata.")
}

func cancelNow(p *Player) {
	clock := p.clock()
	buyer := p.buyer("pm_card_visa", clock)
	sub := p.subscribe(buyer, p.monthly(3000))
	p.advance(clock, newYear+month/2)
	sub = ok(p.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{
		InvoiceNow: stripe.Bool(true), Prorate: stripe.Bool(true),
	}))
	same("the status", sub.Status, "canceled")
	same("the credit", p.latest(sub).Total, -1500)
	same("the balance", ok(p.Customers.Get(buyer.ID, nil)).Balance, -1500)
}

// failRenewal takes a subscription to its first renewal, with a card that Stripe accepts and cannot charge.
func (p *Player) failRenewal() (*stripe.TestHelpersTestClock, *stripe.Customer, *stripe.Subscription) {
	clock := p.clock()
	buyer := p.buyer("pm_card_visa", clock)
	sub := p.subscribe(buyer, p.monthly(2000))
	p.swapCard(buyer, "pm_card_chargeCustomerFail")
	p.advance(clock, newYear+month+afterDraft)
	same("the status", p.sub(sub.ID).Status, "past_due")
	inv := p.latest(sub)
	same("the invoice's status", inv.Status, "open")
	same("the attempts", inv.AttemptCount, 1)
	same("another attempt is planned", inv.NextPaymentAttempt > inv.Created, true)
	return clock, buyer, sub
}

func dunning(p *Player) {
	clock, _, sub := p.failRenewal()
	p.advance(clock, newYear+month+20*day)
	sub = p.sub(sub.ID)
	same("the status in the end", sub.Status, "canceled")
	same("why", sub.CancellationDetails.Reason, "payment_failed")
	inv := p.latest(sub)
	same("the invoice's status", inv.Status, "open")
	same("no attempt is planned", inv.NextPaymentAttempt, 0)
}

func recovery(p *Player) {
	_, buyer, sub := p.failRenewal()
	p.swapCard(buyer, "pm_card_visa")
	inv := ok(p.Invoices.Pay(p.latest(sub).ID, nil))
	same("the invoice's status", inv.Status, "paid")
	same("the status", p.sub(sub.ID).Status, "active")
}
