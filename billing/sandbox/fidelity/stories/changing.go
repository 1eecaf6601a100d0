package stories

import (
	"fmt"
	"slices"

	"github.com/stripe/stripe-go/v81"
)

// switchTo are the parameters that move a subscription's only item to another price.
func switchTo(sub *stripe.Subscription, price *stripe.Price, behavior string) *stripe.SubscriptionParams {
	return &stripe.SubscriptionParams{
		Items: []*stripe.SubscriptionItemsParams{
			{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(price.ID)},
		},
		ProrationBehavior: stripe.String(behavior),
	}
}

// amounts are those of an invoice's lines, the smallest first: their order is not documented.
func amounts(inv *stripe.Invoice) string {
	var out []int64
	for _, line := range inv.Lines.Data {
		out = append(out, line.Amount)
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

func upgradeAtOnce(p *Player) {
	sub := p.subscribe(p.buyer("pm_card_visa", nil), p.monthly(1000))
	same("the status", sub.Status, "active")
	params := switchTo(sub, p.monthly(3000), "always_invoice")
	params.ProrationDate = stripe.Int64(halfway(sub))
	sub = ok(p.Subscriptions.Update(sub.ID, params))
	inv := p.latest(sub)
	same("the invoice's reason", inv.BillingReason, "subscription_update")
	same("half a month back, and half a month anew", amounts(inv), "[-500 1500]")
	same("being a proration", inv.Lines.Data[0].Proration, true)
	same("what was paid", inv.AmountPaid, 1000)
}

func downgradeBySchedule(p *Player) {
	clock := p.clock()
	pro, basic := p.monthly(3000), p.monthly(1000)
	sub := p.subscribe(p.buyer("pm_card_visa", clock), pro)
	schedule := ok(p.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{
		FromSubscription: stripe.String(sub.ID),
	}))
	same("the schedule's status", schedule.Status, "active")
	same("its phases", len(schedule.Phases), 1)
	schedule = ok(p.SubscriptionSchedules.Update(schedule.ID, &stripe.SubscriptionScheduleParams{
		EndBehavior: stripe.String("release"),
		Phases: []*stripe.SubscriptionSchedulePhaseParams{
			{
				Items:     []*stripe.SubscriptionSchedulePhaseItemParams{{Price: stripe.String(pro.ID), Quantity: stripe.Int64(1)}},
				StartDate: stripe.Int64(schedule.Phases[0].StartDate), EndDate: stripe.Int64(schedule.Phases[0].EndDate),
			},
			{
				Items:      []*stripe.SubscriptionSchedulePhaseItemParams{{Price: stripe.String(basic.ID), Quantity: stripe.Int64(1)}},
				Iterations: stripe.Int64(1),
			},
		},
	}))
	same("the price until then", p.sub(sub.ID).Items.Data[0].Price.ID, pro.ID)
	p.advance(clock, newYear+month+afterDraft)
	sub = p.sub(sub.ID)
	same("the price afterwards", sub.Items.Data[0].Price.ID, basic.ID)
	same("the renewal", p.latest(sub).AmountPaid, 1000)
	p.advance(clock, newYear+month+28*day+afterDraft)
	same("the schedule's end", ok(p.SubscriptionSchedules.Get(schedule.ID, nil)).Status, "completed")
	same("the status", p.sub(sub.ID).Status, "active")
}

func seats(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	sub := p.subscribe(buyer, p.monthly(1000), func(s *stripe.SubscriptionParams) {
		s.Items[0].Quantity = stripe.Int64(3)
	})
	same("three seats", p.latest(sub).AmountPaid, 3000)
	item := ok(p.SubscriptionItems.Update(sub.Items.Data[0].ID, &stripe.SubscriptionItemParams{
		Quantity: stripe.Int64(5), ProrationBehavior: stripe.String("create_prorations"),
		ProrationDate: stripe.Int64(halfway(sub)),
	}))
	same("the quantity", item.Quantity, 5)
	var sum int64
	pending := each[*stripe.InvoiceItem](p.InvoiceItems.List(&stripe.InvoiceItemListParams{
		Customer: stripe.String(buyer.ID), Pending: stripe.Bool(true),
	}))
	for _, it := range pending {
		sum += it.Amount
	}
	same("the prorations that wait", len(pending), 2)
	same("their sum", sum, 1000)
}

func monthToYear(p *Player) {
	sub := p.subscribe(p.buyer("pm_card_visa", p.clock()), p.monthly(1000))
	sub = ok(p.Subscriptions.Update(sub.ID, switchTo(sub, p.price(10000, "year"), "create_prorations")))
	inv := p.latest(sub)
	same("a month back, and a year anew", amounts(inv), "[-1000 10000]")
	same("what was paid", inv.AmountPaid, 9000)
	same("the new period", sub.CurrentPeriodEnd, newYear+365*day)
	same("the new anchor", sub.BillingCycleAnchor, newYear)
}

func pendingUpdate(p *Player) {
	buyer, pro := p.buyer("pm_card_visa", nil), p.monthly(3000)
	sub := p.subscribe(buyer, p.monthly(1000))
	basic := sub.Items.Data[0].Price.ID
	p.swapCard(buyer, "pm_card_threeDSecure2Required")
	params := switchTo(sub, pro, "always_invoice")
	params.PaymentBehavior = stripe.String("pending_if_incomplete")
	params.AddExpand("latest_invoice.payment_intent")
	sub = ok(p.Subscriptions.Update(sub.ID, params))
	same("the status", sub.Status, "active")
	same("waiting", sub.PendingUpdate != nil, true)
	same("what it waits for", sub.PendingUpdate.SubscriptionItems[0].Price.ID, pro.ID)
	same("the price meanwhile", sub.Items.Data[0].Price.ID, basic)
	same("the intent's status", sub.LatestInvoice.PaymentIntent.Status, "requires_action")
	other := ok(p.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{
		Customer: stripe.String(buyer.ID),
	}))
	inv := ok(p.Invoices.Pay(sub.LatestInvoice.ID, &stripe.InvoicePayParams{PaymentMethod: stripe.String(other.ID)}))
	same("the invoice's status", inv.Status, "paid")
	sub = p.sub(sub.ID)
	same("waiting after the payment", sub.PendingUpdate != nil, false)
	same("the price after the payment", sub.Items.Data[0].Price.ID, pro.ID)
}

func previewEqualsInvoice(p *Player) {
	sub := p.subscribe(p.buyer("pm_card_visa", nil), p.monthly(1099))
	pro, at := p.monthly(2899), halfway(sub)-12345
	preview := ok(p.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Subscription: stripe.String(sub.ID),
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{
				{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(pro.ID)},
			},
			ProrationBehavior: stripe.String("always_invoice"), ProrationDate: stripe.Int64(at),
		},
	}))
	params := switchTo(sub, pro, "always_invoice")
	params.ProrationDate = stripe.Int64(at)
	inv := p.latest(ok(p.Subscriptions.Update(sub.ID, params)))
	same("the lines", amounts(inv), amounts(preview))
	same("the total", inv.Total, preview.Total)
	same("the amount due", inv.AmountDue, preview.AmountDue)
	same("the text", inv.Lines.Data[0].Description, preview.Lines.Data[0].Description)
}

func pauseCollection(p *Player) {
	clock := p.clock()
	sub := p.subscribe(p.buyer("pm_card_visa", clock), p.monthly(2000))
	sub = ok(p.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")},
	}))
	same("the status while paused", sub.Status, "active")
	p.advance(clock, newYear+month+afterDraft)
	same("the invoice while paused", p.latest(sub).Status, "void")
	resume := &stripe.SubscriptionParams{}
	resume.AddExtra("pause_collection", "")
	sub = ok(p.Subscriptions.Update(sub.ID, resume))
	same("being paused", sub.PauseCollection != nil, false)
	p.advance(clock, newYear+month+28*day+afterDraft)
	same("the invoice afterwards", p.latest(sub).Status, "paid")
}
