package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

func TestCheckoutWithTrial(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro, trial(14), func(p *stripe.CheckoutSessionParams) {
		p.ClientReferenceID = stripe.String("account-7")
		p.Metadata = map[string]string{"user": "3"}
	})
	require.EqualValues(t, 0, cs.AmountTotal)
	require.Equal(t, s.URL()+"/_stripe/c/"+cs.ID, cs.URL)
	require.Empty(t, s.events(), "creating a session is no event")

	result := s.pay(cs, "4242 4242 4242 4242")
	require.Equal(t, "http://localhost:8080/done?session="+cs.ID, result.RedirectURL)
	require.Equal(t, []string{
		"customer.created", "payment_method.attached", "setup_intent.created", "setup_intent.succeeded",
		"invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
		"customer.subscription.created", "customer.updated", "checkout.session.completed",
	}, s.events())

	done := s.session(cs.ID)
	require.Equal(t, stripe.CheckoutSessionStatusComplete, done.Status)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusNoPaymentRequired, done.PaymentStatus)
	require.Equal(t, "account-7", done.ClientReferenceID)
	require.Equal(t, "jo@example.com", done.CustomerDetails.Email)
	sub := done.Subscription
	require.Equal(t, stripe.SubscriptionStatusTrialing, sub.Status)
	require.Equal(t, s.at("2026-03-15T00:00"), sub.TrialEnd)
	require.Equal(t, sub.TrialEnd, sub.CurrentPeriodEnd)
	require.Equal(t, map[string]string{"account": "7"}, sub.Metadata)
	require.NotNil(t, sub.DefaultPaymentMethod)
	inv := sub.LatestInvoice
	require.Equal(t, stripe.InvoiceStatusPaid, inv.Status)
	require.EqualValues(t, 0, inv.Total)
	require.Equal(t, map[string]int64{"Free trial for 1 × Pro": 0}, lines(inv))

	// Pressing the button again changes nothing.
	require.Equal(t, result, s.pay(cs, "4242424242424242"))
	require.Empty(t, s.events())

	// The trial's end: the notice three days before, the draft, and an hour later the payment.
	s.to("2026-03-12T00:00")
	require.Equal(t, []string{"customer.subscription.trial_will_end"}, s.events())
	s.to("2026-03-15T00:00")
	require.Equal(t, []string{"invoice.created", "customer.subscription.updated"}, s.events())
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.to("2026-03-15T01:00")
	require.Equal(t, []string{
		"payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded",
	}, s.events())
	got := s.sub(sub.ID)
	require.EqualValues(t, 2000, got.LatestInvoice.AmountPaid)
	require.Equal(t, s.at("2026-04-15T00:00"), got.CurrentPeriodEnd)
}

func TestCheckoutPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro)
	require.EqualValues(t, 2000, cs.AmountTotal)
	s.pay(cs, "4242424242424242")
	news := s.news()
	var types []string
	for _, e := range news {
		types = append(types, string(e.Type))
	}
	require.Equal(t, []string{
		"customer.created", "payment_method.attached", "customer.subscription.created", "invoice.created",
		"payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated",
		"customer.updated", "checkout.session.completed",
	}, types)
	require.Equal(t, map[string]any{"status": "incomplete"}, news[11].Data.PreviousAttributes)
	require.Equal(t, "incomplete", news[2].GetObjectValue("status"))

	done := s.session(cs.ID)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, done.PaymentStatus)
	require.Nil(t, done.PaymentIntent, "the intent belongs to the invoice")
	require.Equal(t, stripe.CurrencyUSD, done.Customer.Currency)
	require.Equal(t, stripe.SubscriptionStatusActive, done.Subscription.Status)
	inv := done.Invoice
	require.Equal(t, stripe.InvoiceBillingReasonSubscriptionCreate, inv.BillingReason)
	require.EqualValues(t, 2000, inv.AmountPaid)
	require.Regexp(t, `^[A-Z0-9]{8}-0001$`, inv.Number)
	require.Equal(t, map[string]int64{"1 × Pro (at $20.00 / month)": 2000}, lines(inv))
	require.NotEmpty(t, inv.HostedInvoiceURL)
	require.True(t, inv.Paid)
	require.NotNil(t, inv.Charge)
	require.NotNil(t, inv.PaymentIntent)
}

func TestCheckoutDeclineKeepsTheSessionOpen(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro)
	result := s.pay(cs, "4000000000000002")
	require.NotNil(t, result.Decline)
	require.Equal(t, "Your card was declined.", result.Decline.Message)
	require.Equal(t, "generic_decline", result.Decline.DeclineCode)
	require.Equal(t, []string{"payment_intent.created", "charge.failed", "payment_intent.payment_failed"}, s.events())
	require.Equal(t, stripe.CheckoutSessionStatusOpen, s.session(cs.ID).Status)

	result = s.pay(cs, "4000000000009995")
	require.Equal(t, "Your card has insufficient funds.", result.Decline.Message)
	require.Equal(t, []string{"charge.failed", "payment_intent.payment_failed"}, s.events())

	_, err := sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, card("4242424242424241"))
	require.ErrorContains(t, err, "Your card number is incorrect.")

	s.pay(cs, "4242424242424242")
	done := s.session(cs.ID)
	require.Equal(t, stripe.CheckoutSessionStatusComplete, done.Status)
	require.EqualValues(t, 2000, done.Invoice.AmountPaid)

	// The same for a trial, which asks the bank without charging.
	cs = s.checkout(s.pro, trial(14))
	s.events()
	require.Equal(t, "Your card was declined.", s.pay(cs, "4000000000000002").Decline.Message)
	require.Equal(t, []string{"setup_intent.created", "setup_intent.setup_failed"}, s.events())
	require.NotEmpty(t, s.pay(cs, "4000000000000341").RedirectURL, "this card can be saved")
}

func TestCheckoutThreeDS(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stripe.CheckoutSessionParams){
		"paid": func(*stripe.CheckoutSessionParams) {}, "trial": trial(14),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-03-01T00:00")
			cs := s.checkout(s.pro, change)
			result := s.pay(cs, "4000000000003220")
			require.Contains(t, result.ThreeDSURL, s.URL()+"/_stripe/3ds/")
			intent := result.ThreeDSURL[len(s.URL()+"/_stripe/3ds/"):]

			back, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, intent, false)
			require.NoError(t, err)
			require.Equal(t, cs.URL, back, "a failed challenge leads back to the page")
			require.Equal(t, stripe.CheckoutSessionStatusOpen, s.session(cs.ID).Status)

			require.NotEmpty(t, s.pay(cs, "4000000000003220").ThreeDSURL)
			to, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, intent, true)
			require.NoError(t, err)
			require.Equal(t, "http://localhost:8080/done?session="+cs.ID, to)
			require.Equal(t, stripe.CheckoutSessionStatusComplete, s.session(cs.ID).Status)
			again, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, intent, true)
			require.NoError(t, err)
			require.Equal(t, to, again)
		})
	}
}

func TestCheckoutThreeDSThenDecline(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro)
	result := s.pay(cs, "4000008260003178")
	s.events()
	back, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, result.ThreeDSURL[len(s.URL()+"/_stripe/3ds/"):], true)
	require.NoError(t, err)
	require.Equal(t, cs.URL, back)
	require.Equal(t, []string{"charge.failed", "payment_intent.payment_failed"}, s.events())
}

func TestCheckoutExpires(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro)
	s.MustAdvance(24 * time.Hour)
	require.Equal(t, []string{"checkout.session.expired"}, s.events())
	got := s.session(cs.ID)
	require.Equal(t, stripe.CheckoutSessionStatusExpired, got.Status)
	require.Empty(t, got.URL)
	_, err := sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, card("4242424242424242"))
	require.ErrorContains(t, err, "expired")

	cs = s.checkout(s.pro)
	cs, err = s.Client.CheckoutSessions.Expire(cs.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.CheckoutSessionStatusExpired, cs.Status)
	_, err = s.Client.CheckoutSessions.Expire(cs.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "Only Checkout Sessions with a status in")
}

func TestCheckoutRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	for want, change := range map[string]func(*stripe.CheckoutSessionParams){
		"No such price":           func(p *stripe.CheckoutSessionParams) { p.LineItems[0].Price = stripe.String("price_x") },
		"recurring price":         func(p *stripe.CheckoutSessionParams) { p.Mode = stripe.String("payment") },
		"Not a valid URL":         func(p *stripe.CheckoutSessionParams) { p.SuccessURL = stripe.String("/done") },
		"minimum number of trial": trial(0),
		"at least 30 minutes":     func(p *stripe.CheckoutSessionParams) { p.ExpiresAt = stripe.Int64(s.at("2026-03-01T00:20")) },
		"less than 24 hours":      func(p *stripe.CheckoutSessionParams) { p.ExpiresAt = stripe.Int64(s.at("2026-03-03T00:00")) },
		"Quantity is required":    func(p *stripe.CheckoutSessionParams) { p.LineItems[0].Quantity = nil },
		"No such customer":        func(p *stripe.CheckoutSessionParams) { p.Customer = stripe.String("cus_x") },
		"only be used with": func(p *stripe.CheckoutSessionParams) {
			p.CustomerUpdate = &stripe.CheckoutSessionCustomerUpdateParams{Name: stripe.String("auto")}
		},
		"must provide at least one recurring": func(p *stripe.CheckoutSessionParams) {
			p.LineItems[0].Price = nil
			p.LineItems[0].PriceData = &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String("usd"), UnitAmount: stripe.Int64(900), Product: &s.proProduct,
			}
		},
	} {
		t.Run(want, func(t *testing.T) {
			params := &stripe.CheckoutSessionParams{
				Mode: stripe.String("subscription"), SuccessURL: stripe.String("http://localhost:8080/done"),
				LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &s.pro, Quantity: stripe.Int64(1)}},
			}
			change(params)
			_, err := s.Client.CheckoutSessions.New(params)
			e := stripeError(t, err)
			require.Contains(t, e.Msg, want)
			require.Equal(t, 400, e.HTTPStatusCode)
		})
	}
}
