package stories

import "github.com/stripe/stripe-go/v81"

func subscribeByCheckout(p *Player) {
	session := ok(p.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), ClientReferenceID: stripe.String("account-1"),
		SuccessURL: stripe.String(donePage), CancelURL: stripe.String(donePage),
		LineItems: []*stripe.CheckoutSessionLineItemParams{
			{Price: stripe.String(p.monthly(2000).ID), Quantity: stripe.Int64(1)},
		},
		SubscriptionData: &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"plan": "pro"}},
	}))
	same("the open session's status", session.Status, "open")
	same("the open session's payment", session.PaymentStatus, "unpaid")
	same("the amount", session.AmountTotal, 2000)
	same("having a page", session.URL != "", true)
	card := ok(p.PaymentMethods.New(&stripe.PaymentMethodParams{
		Type: stripe.String("card"), Card: &stripe.PaymentMethodCardParams{Token: stripe.String("tok_visa")},
		BillingDetails: &stripe.PaymentMethodBillingDetailsParams{
			Email: stripe.String("jenny@example.com"), Name: stripe.String("Jenny Rosen"),
		},
	}))
	p.confirmPage(session, card)
	get := &stripe.CheckoutSessionParams{}
	get.AddExpand("subscription")
	get.AddExpand("invoice")
	session = ok(p.CheckoutSessions.Get(session.ID, get))
	same("the session's status", session.Status, "complete")
	same("the session's payment", session.PaymentStatus, "paid")
	same("the session's reference", session.ClientReferenceID, "account-1")
	same("the buyer", session.CustomerDetails.Email, "jenny@example.com")
	same("the page of a complete session", session.URL, "")
	same("the subscription's status", session.Subscription.Status, "active")
	same("the subscription's metadata", session.Subscription.Metadata["plan"], "pro")
	same("the invoice's status", session.Invoice.Status, "paid")
	same("the invoice's reason", session.Invoice.BillingReason, "subscription_create")
}

func subscribeIncomplete(p *Player) {
	sub := p.subscribe(p.buyer("", nil), p.monthly(2000), func(s *stripe.SubscriptionParams) {
		s.PaymentBehavior = stripe.String("default_incomplete")
		s.PaymentSettings = &stripe.SubscriptionPaymentSettingsParams{
			SaveDefaultPaymentMethod: stripe.String("on_subscription"),
		}
		s.AddExpand("latest_invoice.payment_intent")
	})
	same("the new subscription's status", sub.Status, "incomplete")
	same("the invoice's status", sub.LatestInvoice.Status, "open")
	intent := sub.LatestInvoice.PaymentIntent
	same("the intent's status", intent.Status, "requires_payment_method")
	same("having a client secret", intent.ClientSecret != "", true)
	intent = ok(p.PaymentIntents.Confirm(intent.ID, &stripe.PaymentIntentConfirmParams{
		PaymentMethod: stripe.String("pm_card_visa"),
	}))
	same("the confirmed intent's status", intent.Status, "succeeded")
	sub = p.sub(sub.ID)
	same("the subscription's status", sub.Status, "active")
	same("the card that is kept", sub.DefaultPaymentMethod.ID, intent.PaymentMethod.ID)
}

// trial starts a trial of 14 days on a clock, with what is to happen at its end without a card.
func (p *Player) trial(card, ending string) (*stripe.Customer, *stripe.Subscription, func()) {
	clock := p.clock()
	buyer := p.buyer(card, clock)
	sub := p.subscribe(buyer, p.monthly(2000), func(s *stripe.SubscriptionParams) {
		s.TrialPeriodDays = stripe.Int64(14)
		s.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
			EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String(ending)},
		}
	})
	same("the trial's status", sub.Status, "trialing")
	same("the trial's end", sub.TrialEnd, newYear+14*day)
	first := p.latest(sub)
	same("the trial's invoice", first.Total, 0)
	same("the trial's invoice's status", first.Status, "paid")
	return buyer, sub, func() { p.advance(clock, sub.TrialEnd+afterDraft) }
}

func trialInvoiced(p *Player) {
	_, sub, end := p.trial("pm_card_visa", "create_invoice")
	end()
	same("the status after the trial", p.sub(sub.ID).Status, "active")
	inv := p.latest(sub)
	same("the first payment", inv.AmountPaid, 2000)
	same("the invoice's reason", inv.BillingReason, "subscription_cycle")
}

func trialPaused(p *Player) {
	buyer, sub, end := p.trial("", "pause")
	end()
	same("the status after the trial", p.sub(sub.ID).Status, "paused")
	p.swapCard(buyer, "pm_card_visa")
	sub = ok(p.Subscriptions.Resume(sub.ID, &stripe.SubscriptionResumeParams{BillingCycleAnchor: stripe.String("now")}))
	same("the status after resuming", sub.Status, "active")
	same("the payment on resuming", p.latest(sub).AmountPaid, 2000)
}

func trialCanceled(p *Player) {
	_, sub, end := p.trial("", "cancel")
	end()
	sub = p.sub(sub.ID)
	same("the status after the trial", sub.Status, "canceled")
	same("its end", sub.EndedAt, newYear+14*day)
}
