package stories

import "github.com/stripe/stripe-go/v81"

func setupIntent(p *Player) {
	buyer := p.buyer("", nil)
	intent := ok(p.SetupIntents.New(&stripe.SetupIntentParams{
		Customer: stripe.String(buyer.ID), PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true),
		Usage: stripe.String("off_session"), PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
	}))
	same("the status", intent.Status, "succeeded")
	cards := each[*stripe.PaymentMethod](p.PaymentMethods.List(&stripe.PaymentMethodListParams{
		Customer: stripe.String(buyer.ID), Type: stripe.String("card"),
	}))
	same("the cards", len(cards), 1)
	same("the card", cards[0].ID, intent.PaymentMethod.ID)
	same("its last digits", cards[0].Card.Last4, "4242")
	paid := ok(p.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(2000), Currency: stripe.String("usd"), Customer: stripe.String(buyer.ID),
		PaymentMethod: stripe.String(cards[0].ID), OffSession: stripe.Bool(true), Confirm: stripe.Bool(true),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
	}))
	same("a payment without the customer", paid.Status, "succeeded")
	same("what was received", paid.AmountReceived, 2000)
}

func threeDSecure(p *Player) {
	intent := ok(p.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(2000), Currency: stripe.String("usd"), Confirm: stripe.Bool(true),
		PaymentMethod: stripe.String("pm_card_threeDSecure2Required"), ReturnURL: stripe.String(donePage),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
	}))
	same("the status", intent.Status, "requires_action")
	same("the next step", intent.NextAction.Type, "redirect_to_url")
	same("the way back", intent.NextAction.RedirectToURL.ReturnURL, donePage)
	same("what was received", intent.AmountReceived, 0)
	intent = ok(p.PaymentIntents.Cancel(intent.ID, nil))
	same("the status once canceled", intent.Status, "canceled")
	e := refused(p.PaymentIntents.Confirm(intent.ID, nil))
	same("confirming it", e.Code, stripe.ErrorCodePaymentIntentUnexpectedState)
}

func declineCodes(p *Player) {
	for _, card := range []struct{ id, code, decline string }{
		{"pm_card_visa_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"},
		{"pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"},
		{"pm_card_chargeDeclinedExpiredCard", "expired_card", ""},
		{"pm_card_chargeDeclinedProcessingError", "processing_error", ""},
		{"pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", ""},
	} {
		e := refused(p.pay(2000, card.id))
		same(card.id+": the status", e.HTTPStatusCode, 402)
		same(card.id+": the type", e.Type, stripe.ErrorTypeCard)
		same(card.id+": the code", string(e.Code), card.code)
		if card.decline != "" {
			same(card.id+": the decline code", string(e.DeclineCode), card.decline)
		}
		same(card.id+": the intent", e.PaymentIntent.Status, "requires_payment_method")
	}
}

func portal(p *Player) {
	config := ok(p.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Your plan")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			InvoiceHistory: &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripe.Bool(true)},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: stripe.Bool(true), Mode: stripe.String("at_period_end"),
			},
		},
	}))
	same("being active", config.Active, true)
	same("history", config.Features.InvoiceHistory.Enabled, true)
	same("the way to cancel", config.Features.SubscriptionCancel.Mode, "at_period_end")
	config = ok(p.BillingPortalConfigurations.Update(config.ID, &stripe.BillingPortalConfigurationParams{
		DefaultReturnURL: stripe.String(donePage),
	}))
	same("the way back", config.DefaultReturnURL, donePage)
	session := ok(p.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: stripe.String(p.buyer("", nil).ID), Configuration: stripe.String(config.ID),
	}))
	same("having a page", session.URL != "", true)
	same("its configuration", session.Configuration.ID, config.ID)
	same("its way back", session.ReturnURL, donePage)
}
