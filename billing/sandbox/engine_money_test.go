package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

func TestPaymentIntents(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	pay := func(card string, change ...func(*stripe.PaymentIntentParams)) (*stripe.PaymentIntent, error) {
		params := &stripe.PaymentIntentParams{
			Amount: stripe.Int64(5000), Currency: stripe.String("usd"), Confirm: stripe.Bool(true), PaymentMethod: &card,
		}
		for _, c := range change {
			c(params)
		}
		return s.Client.PaymentIntents.New(params)
	}
	pi, err := pay("pm_card_visa")
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, pi.Status)
	require.EqualValues(t, 5000, pi.AmountReceived)
	require.Equal(t, []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}, s.events())

	for card, want := range map[string]struct {
		code    stripe.ErrorCode
		decline stripe.DeclineCode
		message string
	}{
		"pm_card_visa_chargeDeclined": {"card_declined", "generic_decline", "Your card was declined."},
		"pm_card_visa_chargeDeclinedInsufficientFunds": {
			"card_declined", "insufficient_funds", "Your card has insufficient funds.",
		},
		"pm_card_chargeDeclinedExpiredCard":   {"expired_card", "expired_card", "Your card has expired."},
		"pm_card_chargeDeclinedIncorrectCvc":  {"incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."},
		"pm_card_visa_chargeDeclinedLostCard": {"card_declined", "lost_card", "Your card was declined."},
	} {
		_, err := pay(card)
		e := stripeError(t, err)
		require.Equal(t, 402, e.HTTPStatusCode, card)
		require.Equal(t, stripe.ErrorTypeCard, e.Type)
		require.Equal(t, want.code, e.Code)
		require.Equal(t, want.decline, e.DeclineCode)
		require.Equal(t, want.message, e.Msg)
		require.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)
		require.NotEmpty(t, e.ChargeID)
		kept, err := s.Client.PaymentIntents.Get(e.PaymentIntent.ID, nil)
		require.NoError(t, err, "a declined attempt leaves its intent behind")
		require.Equal(t, want.code, kept.LastPaymentError.Code)
	}

	s.events()
	pi, err = pay("pm_card_authenticationRequired", func(p *stripe.PaymentIntentParams) {
		p.ReturnURL = stripe.String("http://localhost:8080/back")
	})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusRequiresAction, pi.Status)
	require.Equal(t, s.URL()+"/_stripe/3ds/"+pi.ID, pi.NextAction.RedirectToURL.URL)
	back, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, pi.ID, true)
	require.NoError(t, err)
	require.Contains(t, back, "http://localhost:8080/back?payment_intent="+pi.ID)
	require.Equal(t, []string{
		"payment_intent.created", "payment_intent.requires_action", "charge.succeeded", "payment_intent.succeeded",
	}, s.events())

	_, err = pay("pm_card_authenticationRequired", func(p *stripe.PaymentIntentParams) { p.OffSession = stripe.Bool(true) })
	require.Equal(t, stripe.ErrorCodeAuthenticationRequired, stripeError(t, err).Code)
}

func TestCardSetUpOnceIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("")
	si, err := s.Client.SetupIntents.New(&stripe.SetupIntentParams{
		Customer: &customer, Confirm: stripe.Bool(true),
		PaymentMethod: stripe.String("pm_card_authenticationRequiredOnSetup"),
	})
	require.NoError(t, err)
	require.Equal(t, stripe.SetupIntentStatusRequiresAction, si.Status)
	_, err = sandbox.CompleteThreeDS(s.Sandbox.Sandbox, si.ID, true)
	require.NoError(t, err)
	si, err = s.Client.SetupIntents.Get(si.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.SetupIntentStatusSucceeded, si.Status)
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.DefaultPaymentMethod = &si.PaymentMethod.ID
		p.OffSession = stripe.Bool(true)
	})
	require.Equal(t, stripe.SubscriptionStatusActive, sub.Status)
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	charge := s.sub(sub.ID).LatestInvoice.Charge.ID
	s.events()
	refund, err := s.Client.Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(500)})
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusSucceeded, refund.Status)
	require.Equal(t, []string{"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"}, s.events())
	_, err = s.Client.Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(4000)})
	e := stripeError(t, err)
	require.Equal(t, "Refund amount ($40.00) is greater than unrefunded amount on charge ($15.00)", e.Msg)
	require.Equal(t, "amount", e.Param)
	_, err = s.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
	require.NoError(t, err)
	got, err := s.Client.Charges.Get(charge, nil)
	require.NoError(t, err)
	require.True(t, got.Refunded)
	require.EqualValues(t, 2000, got.AmountRefunded)
	_, err = s.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
	require.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, stripeError(t, err).Code)
	n := 0
	for it := s.Client.Refunds.List(&stripe.RefundListParams{Charge: &charge}); it.Next(); n++ {
		require.Equal(t, charge, it.Refund().Charge.ID)
	}
	require.Equal(t, 2, n)
}

func TestInvoicesByHand(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	inv, err := s.Client.Invoices.New(&stripe.InvoiceParams{Customer: &customer, Currency: stripe.String("usd")})
	require.NoError(t, err)
	_, err = s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Invoice: &inv.ID, Amount: stripe.Int64(700), Currency: stripe.String("usd"),
		Description: stripe.String("Setup"),
	})
	require.NoError(t, err)
	inv, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 700, inv.AmountDue)
	_, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.Equal(t, "This invoice is already finalized, you can't re-finalize a non-draft invoice.", stripeError(t, err).Msg)
	_, err = s.Client.Invoices.Del(inv.ID, nil)
	require.Equal(t, "You can only delete draft invoices.", stripeError(t, err).Msg)
	inv, err = s.Client.Invoices.Pay(inv.ID, nil)
	require.NoError(t, err)
	require.True(t, inv.Paid)
	_, err = s.Client.Invoices.Pay(inv.ID, nil)
	require.Equal(t, "Invoice is already paid", stripeError(t, err).Msg)
	_, err = s.Client.Invoices.VoidInvoice(inv.ID, nil)
	require.Equal(t, "You can only pass in open invoices. This invoice isn't open.", stripeError(t, err).Msg)

	for _, end := range []stripe.InvoiceStatus{stripe.InvoiceStatusVoid, stripe.InvoiceStatusUncollectible} {
		_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
			Customer: &customer, Amount: stripe.Int64(900), Currency: stripe.String("usd"),
		})
		require.NoError(t, err)
		inv, err := s.Client.Invoices.New(&stripe.InvoiceParams{
			Customer: &customer, PendingInvoiceItemsBehavior: stripe.String("include"),
		})
		require.NoError(t, err)
		require.EqualValues(t, 900, inv.Total)
		inv, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
		require.NoError(t, err)
		if end == stripe.InvoiceStatusVoid {
			inv, err = s.Client.Invoices.VoidInvoice(inv.ID, nil)
		} else {
			inv, err = s.Client.Invoices.MarkUncollectible(inv.ID, nil)
		}
		require.NoError(t, err)
		require.Equal(t, end, inv.Status)
	}
	var numbers []string
	for it := s.Client.Invoices.List(&stripe.InvoiceListParams{Customer: &customer}); it.Next(); {
		numbers = append(numbers, it.Invoice().Number[9:])
	}
	require.Equal(t, []string{"0003", "0002", "0001"}, numbers)
}

func TestPauseCollection(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]stripe.InvoiceStatus{
		"keep_as_draft": stripe.InvoiceStatusDraft, "void": stripe.InvoiceStatusVoid,
		"mark_uncollectible": stripe.InvoiceStatusUncollectible,
	} {
		t.Run(behavior, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-03-01T00:00")
			sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
			s.events()
			resumes := s.at("2026-04-10T00:00")
			s.update(sub.ID, &stripe.SubscriptionParams{PauseCollection: &stripe.SubscriptionPauseCollectionParams{
				Behavior: &behavior, ResumesAt: &resumes,
			}})
			require.Equal(t, []string{"customer.subscription.updated"}, s.events())
			s.to("2026-04-01T02:00")
			got := s.sub(sub.ID)
			require.Equal(t, stripe.SubscriptionStatusActive, got.Status)
			require.Equal(t, want, got.LatestInvoice.Status)
			s.to("2026-05-01T02:00")
			got = s.sub(sub.ID)
			require.Nil(t, got.PauseCollection)
			require.Equal(t, stripe.InvoiceStatusPaid, got.LatestInvoice.Status)
		})
	}
}

func TestCancelAt(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	at := s.at("2026-04-10T00:00")
	s.update(sub.ID, &stripe.SubscriptionParams{CancelAt: &at})
	s.to("2026-04-09T23:59")
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.to("2026-04-10T00:00")
	require.Equal(t, at, s.sub(sub.ID).EndedAt)
}

func TestCheckoutOfOtherModes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	once, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &s.proProduct, Currency: stripe.String("usd"), UnitAmount: stripe.Int64(4900),
	})
	require.NoError(t, err)
	s.events()
	cs := s.checkout(once.ID, func(p *stripe.CheckoutSessionParams) { p.Mode = stripe.String("payment") })
	s.pay(cs, "4242424242424242")
	require.Equal(t, []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
	}, s.events())
	done := s.session(cs.ID)
	require.Nil(t, done.Customer, "a guest")
	require.NotNil(t, done.PaymentIntent)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, done.PaymentStatus)

	customer := s.buyer("")
	s.events()
	setup, err := s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("setup"), Customer: &customer, Currency: stripe.String("usd"),
		SuccessURL: stripe.String("http://localhost:8080/done"),
	})
	require.NoError(t, err)
	s.pay(setup, "4242424242424242")
	require.Contains(t, s.events(), "setup_intent.succeeded")
	require.NotNil(t, s.session(setup.ID).SetupIntent)

	// A subscription with something sold once beside it: both are on the first invoice.
	both := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.LineItems = append(p.LineItems, &stripe.CheckoutSessionLineItemParams{Price: &once.ID, Quantity: stripe.Int64(1)})
	})
	require.EqualValues(t, 6900, both.AmountTotal)
	s.pay(both, "4242424242424242")
	require.EqualValues(t, 6900, s.session(both.ID).Invoice.AmountPaid)

	// A trial need not ask for a card.
	free := s.checkout(s.pro, trial(14), func(p *stripe.CheckoutSessionParams) {
		p.PaymentMethodCollection = stripe.String("if_required")
	})
	in := card("")
	in.Card = sandbox.CardInput{}
	_, err = sandbox.ConfirmCheckout(s.Sandbox.Sandbox, free.ID, in)
	require.NoError(t, err)
	require.Nil(t, s.session(free.ID).Subscription.DefaultPaymentMethod)
	items := s.Client.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: &both.ID})
	n := 0
	for ; items.Next(); n++ {
		require.Positive(t, items.LineItem().AmountTotal)
	}
	require.Equal(t, 2, n)
	open := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.Customer = &customer })
	list := s.Client.CheckoutSessions.List(&stripe.CheckoutSessionListParams{
		Customer: &customer, Status: stripe.String("open"),
	})
	require.True(t, list.Next())
	require.Equal(t, open.ID, list.CheckoutSession().ID)
	require.False(t, list.Next())
}

func TestCheckoutUpdatesItsCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.Customer = &customer
		p.CustomerUpdate = &stripe.CheckoutSessionCustomerUpdateParams{
			Name: stripe.String("auto"), Address: stripe.String("auto"),
		}
		p.TaxIDCollection = &stripe.CheckoutSessionTaxIDCollectionParams{Enabled: stripe.Bool(true)}
		p.BillingAddressCollection = stripe.String("required")
	})
	in := card("4242424242424242")
	in.Name, in.Country, in.TaxIDType, in.TaxID = "Jo Ltd", "DE", "eu_vat", "DE123456789"
	_, err := sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, in)
	require.NoError(t, err)
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.Equal(t, "Jo Ltd", c.Name)
	require.Equal(t, "DE", c.Address.Country)
	done := s.session(cs.ID)
	require.Equal(t, "DE123456789", done.CustomerDetails.TaxIDs[0].Value)
	require.Equal(t, "DE", done.Invoice.CustomerAddress.Country)
	require.Equal(t, "DE123456789", done.Invoice.CustomerTaxIDs[0].Value)
}

func TestTaxRatesAndBalance(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	rate, err := s.Client.TaxRates.New(&stripe.TaxRateParams{
		DisplayName: stripe.String("VAT"), Percentage: stripe.Float64(19), Inclusive: stripe.Bool(false),
	})
	require.NoError(t, err)
	customer := s.buyer("pm_card_visa")
	_, err = s.Client.CustomerBalanceTransactions.New(&stripe.CustomerBalanceTransactionParams{
		Customer: &customer, Amount: stripe.Int64(-300), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.DefaultTaxRates = stripe.StringSlice([]string{rate.ID})
	})
	inv := s.sub(sub.ID).LatestInvoice
	require.EqualValues(t, 380, inv.Tax)
	require.EqualValues(t, 2380, inv.Total)
	require.EqualValues(t, 2080, inv.AmountPaid)
	require.EqualValues(t, -300, inv.StartingBalance)
	require.EqualValues(t, 0, inv.EndingBalance)
	var amounts []int64
	it := s.Client.CustomerBalanceTransactions.List(&stripe.CustomerBalanceTransactionListParams{Customer: &customer})
	for it.Next() {
		amounts = append(amounts, it.CustomerBalanceTransaction().Amount)
	}
	require.Equal(t, []int64{300, -300}, amounts)
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.LineItems[0].TaxRates = stripe.StringSlice([]string{rate.ID})
	})
	require.EqualValues(t, 2380, cs.AmountTotal)
	require.EqualValues(t, 380, cs.TotalDetails.AmountTax)
	s.pay(cs, "4242424242424242")
	require.EqualValues(t, 2380, s.session(cs.ID).Invoice.AmountPaid)
}

func TestPortal(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	s.events()
	params := &stripe.BillingPortalSessionParams{
		Customer: &customer, ReturnURL: stripe.String("http://localhost:8080/billing"),
	}
	session, err := s.Client.BillingPortalSessions.New(params)
	require.NoError(t, err)
	require.Equal(t, s.URL()+"/_stripe/p/"+session.ID, session.URL)
	require.Equal(t, []string{"billing_portal.configuration.created", "billing_portal.session.created"}, s.events())
	_, err = s.Client.BillingPortalSessions.New(params)
	require.NoError(t, err)
	require.Equal(t, []string{"billing_portal.session.created"}, s.events())

	config, err := s.Client.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Tollgate")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
				Enabled: stripe.Bool(true), DefaultAllowedUpdates: stripe.StringSlice([]string{"price"}),
				ProrationBehavior: stripe.String("always_invoice"),
				Products: []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
					{Product: &s.proProduct, Prices: stripe.StringSlice([]string{s.pro, s.proYear})},
				},
			},
		},
	})
	require.NoError(t, err)
	require.Equal(t, []string{s.pro, s.proYear}, config.Features.SubscriptionUpdate.Products[0].Prices)
	params.Configuration = &config.ID
	params.FlowData = &stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String("subscription_update_confirm"),
		SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{
			Subscription: &sub.ID,
			Items: []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{
				{ID: &sub.Items.Data[0].ID, Price: &s.pro, Quantity: stripe.Int64(1)},
			},
		},
	}
	session, err = s.Client.BillingPortalSessions.New(params)
	require.NoError(t, err)
	require.Equal(t, s.pro, session.Flow.SubscriptionUpdateConfirm.Items[0].Price)
	params.FlowData = &stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("payment_method_update")}
	_, err = s.Client.BillingPortalSessions.New(params)
	require.Contains(t, stripeError(t, err).Msg, "does not have the `payment_method_update` feature enabled")
}

func TestDeletingACustomerEndsTheirSubscriptions(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	_, err := s.Client.Customers.Del(customer, nil)
	require.NoError(t, err)
	require.Contains(t, s.events(), "customer.subscription.deleted")
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(sub.ID).Status)
	s.MustAdvance(60 * 24 * time.Hour)
	require.Empty(t, s.events())
}

func TestUpcoming(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	_, err := s.Client.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &customer})
	require.Equal(t, stripe.ErrorCodeInvoiceUpcomingNone, stripeError(t, err).Code)
	sub := s.subscribe(customer, s.pro)
	inv, err := s.Client.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &customer})
	require.NoError(t, err)
	require.Empty(t, inv.ID)
	require.EqualValues(t, 2000, inv.AmountDue)
	require.Equal(t, sub.CurrentPeriodEnd, inv.PeriodEnd)
	first, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Customer: &customer,
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: &s.proYear}},
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, 20000, first.AmountDue)
	s.update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
	_, err = s.Client.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})
	require.Equal(t, 404, stripeError(t, err).HTTPStatusCode)
}
