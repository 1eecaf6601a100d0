package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// usageShop has a meter, a price of two cents for each call, and a customer who is subscribed to it beside Pro.
type usageShop struct {
	*shop
	customer, calls string
	sub             *stripe.Subscription
}

func newUsageShop(t *testing.T) *usageShop {
	t.Helper()
	s := &usageShop{shop: newShop(t, "2026-03-01T00:00")}
	s.calls = s.meteredPrice(s.meter("api_calls", "sum"), "2")
	s.customer = s.buyer("pm_card_visa")
	s.sub = s.subscribe(s.customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &s.calls})
	})
	return s
}

// preview is the invoice that comes next.
func (s *usageShop) preview(changes ...func(*stripe.InvoiceCreatePreviewParams)) *stripe.Invoice {
	s.t.Helper()
	params := &stripe.InvoiceCreatePreviewParams{Subscription: &s.sub.ID}
	for _, change := range changes {
		change(params)
	}
	inv, err := s.Client.Invoices.CreatePreview(params)
	require.NoError(s.t, err)
	return inv
}

func (s *usageShop) latest() *stripe.Invoice {
	s.t.Helper()
	all := s.invoices(s.sub.ID)
	return all[len(all)-1]
}

func TestUsageIsBilledInArrears(t *testing.T) {
	t.Parallel()
	s := newUsageShop(t)
	first := s.latest()
	require.EqualValues(t, 2000, first.Total)
	require.EqualValues(t, 0, lines(first)["0 × API calls (at $0.02 / month)"])
	require.Len(t, first.Lines.Data, 2)

	s.to("2026-03-20T00:00")
	s.use("api_calls", s.customer, "100", "2026-03-01T00:00")
	s.use("api_calls", s.customer, "50", "2026-03-19T00:00")
	s.use("api_calls", s.customer, "7", "2026-02-28T23:59") // Before the period.
	require.Equal(t, map[string]int64{
		"1 × Pro (at $20.00 / month)": 2000, "150 × API calls (at $0.02 / month)": 300,
	}, lines(s.preview()))

	s.to("2026-04-01T00:00")
	draft := s.latest()
	require.Equal(t, stripe.InvoiceStatusDraft, draft.Status)
	require.EqualValues(t, 2300, draft.Total)
	for _, line := range draft.Lines.Data {
		if line.Price.ID == s.calls {
			require.Equal(t, s.at("2026-03-01T00:00"), line.Period.Start, "the period that has passed")
			require.Equal(t, s.at("2026-04-01T00:00"), line.Period.End)
			require.EqualValues(t, 150, line.Quantity)
		} else {
			require.Equal(t, s.at("2026-05-01T00:00"), line.Period.End, "the period to come")
		}
	}
	s.to("2026-04-01T00:30")
	s.use("api_calls", s.customer, "10", "2026-03-31T23:59") // Late, and still in time.
	s.use("api_calls", s.customer, "1000", "2026-04-01T00:00")
	s.events()
	s.to("2026-04-01T01:00")
	paid := s.latest()
	require.Equal(t, stripe.InvoiceStatusPaid, paid.Status)
	require.EqualValues(t, 2320, paid.Total)
	require.EqualValues(t, 2320, paid.AmountPaid)
	require.Equal(t, []string{
		"payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded", "invoice.updated",
		"invoice.paid", "invoice.payment_succeeded",
	}, s.events())
	s.use("api_calls", s.customer, "10", "2026-03-31T23:59") // Too late.
	next := s.preview()
	s.to("2026-05-01T01:00")
	require.EqualValues(t, 4000, s.latest().Total)
	require.EqualValues(t, next.Total, s.latest().Total, "the preview is the invoice that follows")
}

func TestUsageAtTheEndOfASubscription(t *testing.T) {
	t.Parallel()
	t.Run("at the end of the period", func(t *testing.T) {
		t.Parallel()
		s := newUsageShop(t)
		s.use("api_calls", s.customer, "40", "")
		s.update(s.sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
		require.EqualValues(t, 80, s.preview().Total, "what is left to bill is only usage")
		s.to("2026-04-01T00:30")
		s.use("api_calls", s.customer, "5", "2026-03-31T00:00")
		s.to("2026-04-01T02:00")
		require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub2().Status)
		last := s.latest()
		require.Equal(t, stripe.InvoiceStatusPaid, last.Status)
		require.EqualValues(t, 90, last.Total)
		require.Equal(t, last.ID, s.sub2().LatestInvoice.ID)
		s.to("2026-06-01T00:00")
		require.Len(t, s.invoices(s.sub.ID), 2)
	})
	t.Run("at once with an invoice", func(t *testing.T) {
		t.Parallel()
		s := newUsageShop(t)
		s.use("api_calls", s.customer, "40", "")
		s.to("2026-03-10T00:00")
		_, err := s.Client.Subscriptions.Cancel(s.sub.ID, &stripe.SubscriptionCancelParams{InvoiceNow: stripe.Bool(true)})
		require.NoError(t, err)
		require.EqualValues(t, 80, s.latest().Total)
		require.Equal(t, stripe.InvoiceStatusPaid, s.latest().Status)
	})
	t.Run("at once with a credit", func(t *testing.T) {
		t.Parallel()
		s := newUsageShop(t)
		s.use("api_calls", s.customer, "2000", "")
		s.to("2026-03-16T12:00")
		planned := s.preview(func(p *stripe.InvoiceCreatePreviewParams) {
			p.SubscriptionDetails = &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{CancelNow: stripe.Bool(true)}
		})
		_, err := s.Client.Subscriptions.Cancel(s.sub.ID, &stripe.SubscriptionCancelParams{
			InvoiceNow: stripe.Bool(true), Prorate: stripe.Bool(true),
		})
		require.NoError(t, err)
		require.EqualValues(t, 4000-1000, s.latest().Total, "half of Pro is given back")
		require.Equal(t, lines(planned), lines(s.latest()))
	})
	t.Run("at once without one", func(t *testing.T) {
		t.Parallel()
		s := newUsageShop(t)
		s.use("api_calls", s.customer, "40", "")
		_, err := s.Client.Subscriptions.Cancel(s.sub.ID, nil)
		require.NoError(t, err)
		s.to("2026-06-01T00:00")
		require.Len(t, s.invoices(s.sub.ID), 1, "the usage is lost")
	})
}

func (s *usageShop) sub2() *stripe.Subscription { return s.shop.sub(s.sub.ID) }

func TestUsageAndPlanChanges(t *testing.T) {
	t.Parallel()
	s := newUsageShop(t)
	dear := s.meteredPrice(s.Client.BillingMeters.List(nil).BillingMeterList().Data[0].ID, "5")
	item := s.sub.Items.Data[1].ID
	s.use("api_calls", s.customer, "40", "")
	s.to("2026-03-16T00:00")
	s.update(s.sub.ID, &stripe.SubscriptionParams{Items: []*stripe.SubscriptionItemsParams{
		{ID: &item, Price: &dear, ClearUsage: stripe.Bool(true)},
	}})
	s.use("api_calls", s.customer, "3", "")
	require.Equal(t, map[string]int64{
		"1 × Pro (at $20.00 / month)": 2000, "3 × API calls (at $0.05 / month)": 15,
	}, lines(s.preview()), "a new price bills only what follows it, and usage is never prorated")

	anchor := func(p *stripe.InvoiceCreatePreviewParams) {
		p.SubscriptionDetails = &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{BillingCycleAnchorNow: stripe.Bool(true)}
	}
	s.to("2026-03-17T00:00")
	planned := s.preview(anchor)
	s.update(s.sub.ID, &stripe.SubscriptionParams{BillingCycleAnchorNow: stripe.Bool(true)})
	require.EqualValues(t, planned.Total, s.latest().Total)
	require.EqualValues(t, 15, lines(s.latest())["3 × API calls (at $0.05 / month)"], "a new anchor bills what was used")
	s.use("api_calls", s.customer, "1", "")
	s.to("2026-04-17T01:00")
	require.EqualValues(t, 2005, s.latest().Total)

	_, err := s.Client.SubscriptionItems.Update(item, &stripe.SubscriptionItemParams{Quantity: stripe.Int64(2)})
	require.Contains(t, stripeError(t, err).Msg, "Quantity should not be specified where usage_type is `metered`.")
	_, err = s.trySubscribe(s.customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.Items = []*stripe.SubscriptionItemsParams{{Price: &dear, Quantity: stripe.Int64(1)}}
	})
	require.Equal(t, "items[0][quantity]", stripeError(t, err).Param)
}

func TestUsageDuringATrialIsFree(t *testing.T) {
	t.Parallel()
	s := newUsageShop(t)
	sub := s.subscribe(s.customer, s.calls, func(p *stripe.SubscriptionParams) { p.TrialPeriodDays = stripe.Int64(10) })
	s.use("api_calls", s.customer, "40", "2026-03-01T00:00")
	s.to("2026-03-11T02:00")
	all := s.invoices(sub.ID)
	require.EqualValues(t, 0, all[len(all)-1].Total)
	s.use("api_calls", s.customer, "60", "")
	s.to("2026-04-11T02:00")
	all = s.invoices(sub.ID)
	require.EqualValues(t, 120, all[len(all)-1].Total)
}

func TestUsageThroughCheckout(t *testing.T) {
	t.Parallel()
	s := newUsageShop(t)
	_, err := s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), SuccessURL: stripe.String("http://localhost:8080/done"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &s.calls, Quantity: stripe.Int64(1)}},
	})
	require.Equal(t, "Quantity should not be specified where usage_type is `metered`. Remove quantity from "+
		"`line_items[0]`", stripeError(t, err).Msg)
	cs := s.checkout(s.calls, func(p *stripe.CheckoutSessionParams) { p.LineItems[0].Quantity = nil })
	require.Zero(t, cs.AmountTotal)
	s.pay(cs, "4242424242424242")
	done := s.session(cs.ID)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusNoPaymentRequired, done.PaymentStatus)
	s.use("api_calls", done.Customer.ID, "500", "")
	s.to("2026-04-01T01:00")
	all := s.invoices(done.Subscription.ID)
	require.EqualValues(t, 1000, all[len(all)-1].AmountPaid)
}

// What a meter counted is priced by the models that quantities are priced by, and rounded once.
func TestUsageInEveryPriceModel(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	meter := s.meter("api_calls", "sum")
	onMeter := func(p *stripe.PriceParams) {
		p.Recurring.UsageType, p.Recurring.Meter = stripe.String("metered"), &meter
	}
	type used struct {
		value string
		want  int64
	}
	subs := map[string]int64{}
	for _, model := range []struct {
		change func(*stripe.PriceParams)
		cases  []used
	}{
		{withTiers("volume", 0), []used{{"20", 12000}, {"6", 3900}, {"0", 0}, {"-5", 0}}},
		{withTiers("graduated", 5000), []used{{"6", 9150}, {"0", 5000}}},
		{packages("up"), []used{{"11", 2000}}},
		{packages("down"), []used{{"19", 1000}}},
		{decimalAmount("0.0125"), []used{{"10000", 125}, {"1000000", 12500}, {"9960", 125}, {"-5", 0}}},
	} {
		price := s.priced(onMeter, model.change)
		for _, c := range model.cases {
			customer := s.buyer("pm_card_visa")
			sub := s.subscribe(customer, price)
			require.Zero(t, s.sub(sub.ID).LatestInvoice.Total)
			s.use("api_calls", customer, c.value, "")
			preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: &sub.ID})
			require.NoError(t, err)
			require.Equal(t, c.want, preview.Total, "%s used", c.value)
			subs[sub.ID] = c.want
		}
	}
	s.to("2026-04-01T02:00")
	for id, want := range subs {
		require.Equal(t, want, s.sub(id).LatestInvoice.Total)
	}
}
