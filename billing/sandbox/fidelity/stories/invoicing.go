package stories

import "github.com/stripe/stripe-go/v81"

// draft makes an invoice over one amount that nothing happens to by itself.
func (p *Player) draft(c *stripe.Customer, cents int64, changes ...func(*stripe.InvoiceParams)) *stripe.Invoice {
	ok(p.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: stripe.String(c.ID), Amount: stripe.Int64(cents), Currency: stripe.String("usd"),
		Description: stripe.String("Setting up"),
	}))
	params := &stripe.InvoiceParams{
		Customer: stripe.String(c.ID), AutoAdvance: stripe.Bool(false),
		PendingInvoiceItemsBehavior: stripe.String("include"),
	}
	for _, change := range changes {
		change(params)
	}
	return ok(p.Invoices.New(params))
}

// bill makes an open invoice over one amount.
func (p *Player) bill(c *stripe.Customer, cents int64) *stripe.Invoice {
	return ok(p.Invoices.FinalizeInvoice(p.draft(c, cents).ID, nil))
}

func oneOffInvoice(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	inv := p.draft(buyer, 2500)
	same("the draft's status", inv.Status, "draft")
	same("the draft's number", inv.Number, "")
	same("the reason", inv.BillingReason, "manual")
	inv = ok(p.Invoices.FinalizeInvoice(inv.ID, nil))
	same("the status", inv.Status, "open")
	same("what is due", inv.AmountDue, 2500)
	same("having a page", inv.HostedInvoiceURL != "", true)
	inv = ok(p.Invoices.Pay(inv.ID, nil))
	same("the status once paid", inv.Status, "paid")
	same("what was paid", inv.AmountPaid, 2500)
	e := refused(p.Invoices.Pay(inv.ID, nil))
	same("paying again", e.Msg, "Invoice is already paid")

	sent := p.draft(buyer, 1000, func(i *stripe.InvoiceParams) {
		i.CollectionMethod, i.DaysUntilDue = stripe.String("send_invoice"), stripe.Int64(30)
	})
	sent = ok(p.Invoices.SendInvoice(sent.ID, nil))
	same("the status once sent", sent.Status, "open")
	same("the days", (sent.DueDate-sent.Created)/day, 30)
	sent = ok(p.Invoices.Pay(sent.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)}))
	same("the status", sent.Status, "paid")
	same("paid elsewhere", sent.PaidOutOfBand, true)
}

func voidAndUncollectible(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	void := ok(p.Invoices.VoidInvoice(p.bill(buyer, 1000).ID, nil))
	same("the status", void.Status, "void")
	same("paying it", refused(p.Invoices.Pay(void.ID, nil)).HTTPStatusCode, 400)
	bad := ok(p.Invoices.MarkUncollectible(p.bill(buyer, 1000).ID, nil))
	same("the status", bad.Status, "uncollectible")
	same("the status once paid after all", ok(p.Invoices.Pay(bad.ID, nil)).Status, "paid")
	draft := p.draft(buyer, 1000)
	same("a deleted draft", ok(p.Invoices.Del(draft.ID, nil)).Deleted, true)
	e := refused(p.Invoices.Del(void.ID, nil))
	same("deleting another", e.HTTPStatusCode, 400)
}

func testClock(p *Player) {
	clock := p.clock()
	same("the status", clock.Status, "ready")
	same("the time", clock.FrozenTime, newYear)
	buyer := p.buyer("pm_card_visa", clock)
	same("the customer's clock", buyer.TestClock.ID, clock.ID)
	sub := p.subscribe(buyer, p.monthly(2000))
	same("the period's end", sub.CurrentPeriodEnd, newYear+month)
	moving := ok(p.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{
		FrozenTime: stripe.Int64(newYear + month + hour/2),
	}))
	same("the status on the way", moving.Status, "advancing")
	p.until("the clock is ready", func() bool {
		return ok(p.TestHelpersTestClocks.Get(clock.ID, nil)).Status == stripe.TestHelpersTestClockStatusReady
	})
	inv := p.latest(sub)
	same("the renewal within its first hour", inv.Status, "draft")
	same("the reason", inv.BillingReason, "subscription_cycle")
	p.advance(clock, newYear+month+afterDraft)
	same("the renewal", p.latest(sub).Status, "paid")
	same("the next period's end", p.sub(sub.ID).CurrentPeriodEnd, newYear+month+28*day)
	back := &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(newYear)}
	same("going back", refused(p.TestHelpersTestClocks.Advance(clock.ID, back)).HTTPStatusCode, 400)
	same("being deleted", ok(p.TestHelpersTestClocks.Del(clock.ID, nil)).Deleted, true)
	same("the customer of a deleted clock", ok(p.Customers.Get(buyer.ID, nil)).Deleted, true)
}
