package sandbox_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

// preview is the invoice that a change of the first item would lead to.
func (s *shop) preview(sub *stripe.Subscription, price, behavior string) *stripe.Invoice {
	s.t.Helper()
	params := &stripe.InvoiceCreatePreviewParams{Subscription: &sub.ID}
	if price != "" {
		params.SubscriptionDetails = &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{
				{ID: &sub.Items.Data[0].ID, Price: &price},
			},
			ProrationBehavior: &behavior,
		}
	}
	inv, err := s.Client.Invoices.CreatePreview(params)
	require.NoError(s.t, err)
	return inv
}

// same requires that a preview and the invoice it announced agree to the cent, line by line.
func same(t *testing.T, preview, actual *stripe.Invoice) {
	t.Helper()
	require.Equal(t, lines(preview), lines(actual))
	require.Equal(t, preview.Subtotal, actual.Subtotal)
	require.Equal(t, preview.Total, actual.Total)
	require.Equal(t, preview.AmountDue, actual.AmountDue)
}

func TestProrationsWaitForTheNextInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	s.to("2026-06-11T00:00")
	half := s.price(s.product("Half"), 500, "month")
	preview := s.preview(sub, half, "create_prorations")
	s.events()
	got := s.swap(sub, half, "create_prorations")
	require.Equal(t, half, got.Items.Data[0].Price.ID)
	require.Equal(t, sub.CurrentPeriodEnd, got.CurrentPeriodEnd)
	news := s.news()
	require.Len(t, news, 3)
	require.EqualValues(t, "invoiceitem.created", news[0].Type)
	require.EqualValues(t, "invoiceitem.created", news[1].Type)
	require.EqualValues(t, "customer.subscription.updated", news[2].Type)
	require.Contains(t, news[2].Data.PreviousAttributes, "items")
	require.Contains(t, news[2].Data.PreviousAttributes, "plan")

	same(t, preview, s.preview(got, "", ""))
	s.to("2026-07-01T01:00")
	actual := s.sub(sub.ID).LatestInvoice
	require.Equal(t, map[string]int64{
		"Unused time on Starter after 11 Jun 2026": -667, "Remaining time on Half after 11 Jun 2026": 333,
		"1 × Half (at $5.00 / month)": 500,
	}, lines(actual))
	require.EqualValues(t, -667+333+500, actual.Total)
	same(t, preview, actual)
	require.Equal(t, stripe.InvoiceStatusPaid, actual.Status)
}

func TestUpgradeInTheMiddleOfJanuary(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-01T00:00")
	low, high := s.price(s.product("Low"), 5000, "month"), s.price(s.product("High"), 10000, "month")
	sub := s.subscribe(s.buyer("pm_card_visa"), low)
	s.to("2026-01-16T12:00")
	s.swap(sub, high, "create_prorations")
	s.to("2026-02-01T01:00")
	require.EqualValues(t, 12500, s.sub(sub.ID).LatestInvoice.Total)
}

func TestAlwaysInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	s.to("2026-06-16T00:00")
	preview := s.preview(sub, s.pro, "always_invoice")
	s.events()
	s.swap(sub, s.pro, "always_invoice")
	require.Equal(t, []string{
		"invoiceitem.created", "invoiceitem.created", "invoice.created", "customer.subscription.updated",
		"payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded",
	}, s.events())
	inv := s.sub(sub.ID).LatestInvoice
	require.Equal(t, map[string]int64{
		"Unused time on Starter after 16 Jun 2026": -500, "Remaining time on Pro after 16 Jun 2026": 1000,
	}, lines(inv))
	require.Equal(t, stripe.InvoiceBillingReasonSubscriptionUpdate, inv.BillingReason)
	same(t, preview, inv)

	// A downgrade is a credit: it waits in the customer's balance, and pays the next invoice.
	got := s.sub(sub.ID)
	preview = s.preview(got, s.starter, "always_invoice")
	s.swap(got, s.starter, "always_invoice")
	inv = s.sub(sub.ID).LatestInvoice
	same(t, preview, inv)
	require.EqualValues(t, -500, inv.Total)
	require.EqualValues(t, 0, inv.AmountDue)
	require.Equal(t, stripe.InvoiceStatusPaid, inv.Status)
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.EqualValues(t, -500, c.Balance)
	next := s.preview(s.sub(sub.ID), "", "")
	require.EqualValues(t, 500, next.AmountDue)
	s.to("2026-07-01T01:00")
	same(t, next, s.sub(sub.ID).LatestInvoice)
	require.EqualValues(t, 500, s.sub(sub.ID).LatestInvoice.AmountPaid)
}

func TestNoProration(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	s.to("2026-06-16T00:00")
	s.events()
	s.swap(sub, s.pro, "none")
	require.Equal(t, []string{"customer.subscription.updated"}, s.events())
	s.to("2026-07-01T01:00")
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.Total)
}

func TestIntervalChangeBillsTheNewPeriod(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.to("2026-06-16T00:00")
	preview := s.preview(sub, s.proYear, "create_prorations")
	got := s.swap(sub, s.proYear, "create_prorations")
	require.Equal(t, s.at("2026-06-16T00:00"), got.BillingCycleAnchor)
	require.Equal(t, s.at("2027-06-16T00:00"), got.CurrentPeriodEnd)
	inv := s.sub(sub.ID).LatestInvoice
	require.Equal(t, map[string]int64{
		"Unused time on Pro after 16 Jun 2026": -1000, "1 × Pro (at $200.00 / year)": 20000,
	}, lines(inv))
	require.EqualValues(t, 19000, inv.AmountPaid)
	same(t, preview, inv)
}

func TestPortalSwitchEqualsItsPreview(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	s.to("2026-06-09T13:37")
	for _, price := range []string{s.pro, s.starter, s.proYear} {
		want, err := sandbox.PreviewSwitch(s.Sandbox.Sandbox, sub.ID, price)
		require.NoError(t, err)
		got, _, err := sandbox.SwitchPlan(s.Sandbox.Sandbox, sub.ID, price)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestPortalSwitchThatTheCardRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
	require.NoError(t, err)
	s.to("2026-06-16T00:00")
	s.events()
	_, _, err = sandbox.SwitchPlan(s.Sandbox.Sandbox, sub.ID, s.pro)
	require.ErrorContains(t, err, "Your card was declined.")
	require.Empty(t, s.events(), "nothing is left behind")

	url, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000003220").Card)
	require.NoError(t, err)
	_, err = sandbox.CompleteThreeDS(s.Sandbox.Sandbox, url[len(s.URL()+"/_stripe/3ds/"):], true)
	require.NoError(t, err)
	_, intent, err := sandbox.SwitchPlan(s.Sandbox.Sandbox, sub.ID, s.pro)
	require.NoError(t, err)
	got := s.sub(sub.ID)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID, "it waits for the challenge")
	require.NotNil(t, got.PendingUpdate)
	_, err = sandbox.CompleteThreeDS(s.Sandbox.Sandbox, intent, true)
	require.NoError(t, err)
	got = s.sub(sub.ID)
	require.Equal(t, s.pro, got.Items.Data[0].Price.ID)
	require.Equal(t, stripe.InvoiceStatusPaid, got.LatestInvoice.Status)
}

func TestSwitchDuringTrialCostsNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(14)
	})
	got := s.swap(sub, s.proYear, "always_invoice")
	require.Equal(t, stripe.SubscriptionStatusTrialing, got.Status)
	require.Equal(t, sub.TrialEnd, got.CurrentPeriodEnd)
	require.Equal(t, sub.LatestInvoice.ID, got.LatestInvoice.ID)
	preview := s.preview(got, "", "")
	require.EqualValues(t, 20000, preview.AmountDue)

	// Ending the trial bills at once.
	s.update(sub.ID, &stripe.SubscriptionParams{TrialEndNow: stripe.Bool(true)})
	ended := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusActive, ended.Status)
	require.EqualValues(t, 20000, ended.LatestInvoice.AmountPaid)
	require.Equal(t, s.at("2027-06-01T00:00"), ended.CurrentPeriodEnd)
}

func TestItems(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	s.to("2026-06-16T00:00")
	item, err := s.Client.SubscriptionItems.New(&stripe.SubscriptionItemParams{
		Subscription: &sub.ID, Price: &s.pro, Quantity: stripe.Int64(3),
	})
	require.NoError(t, err)
	got := s.sub(sub.ID)
	require.Len(t, got.Items.Data, 2)
	require.Equal(t, sub.Items.Data[0].ID, got.Items.Data[0].ID, "items that are not named stay")
	_, err = s.Client.SubscriptionItems.Update(item.ID, &stripe.SubscriptionItemParams{Quantity: stripe.Int64(5)})
	require.NoError(t, err)
	item, err = s.Client.SubscriptionItems.Get(item.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 5, item.Quantity)
	preview := s.preview(s.sub(sub.ID), "", "")
	require.Equal(t, map[string]int64{
		"Remaining time on 3 × Pro after 16 Jun 2026": 3000, "Unused time on 3 × Pro after 16 Jun 2026": -3000,
		"Remaining time on 5 × Pro after 16 Jun 2026": 5000, "5 × Pro (at $20.00 / month)": 10000,
		"1 × Starter (at $10.00 / month)": 1000,
	}, lines(preview))
	_, err = s.Client.SubscriptionItems.New(&stripe.SubscriptionItemParams{Subscription: &sub.ID, Price: &s.proYear})
	require.Contains(t, stripeError(t, err).Msg, "Currency and interval fields must match")
	deleted, err := s.Client.SubscriptionItems.Del(item.ID, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
	require.Len(t, s.sub(sub.ID).Items.Data, 1)
	s.to("2026-07-01T01:00")
	require.EqualValues(t, 1000, s.sub(sub.ID).LatestInvoice.Total, "what was added and taken away within a second is free")
}

// Whatever is switched, and whenever, the invoice is the one that was previewed.
func TestEveryPreviewIsItsInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-31T10:00")
	coupon := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(17.5), Duration: stripe.String("forever")})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter, func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &coupon}}
	})
	odd := s.price(s.proProduct, 1237, "month")
	yearly := s.price(s.proProduct, 9999, "year")
	prices := []string{s.pro, odd, s.proYear, yearly, s.starter}
	random := rand.New(rand.NewPCG(1, 2))
	for range 25 {
		s.MustAdvance(time.Duration(random.IntN(40*24*3600)) * time.Second)
		sub = s.sub(sub.ID)
		price := prices[random.IntN(len(prices))]
		if price == sub.Items.Data[0].Price.ID {
			continue
		}
		preview := s.preview(sub, price, "always_invoice")
		s.swap(sub, price, "always_invoice")
		same(t, preview, s.sub(sub.ID).LatestInvoice)
		next := s.preview(s.sub(sub.ID), "", "")
		require.NoError(t, s.AdvanceTo(context.Background(), time.Unix(s.sub(sub.ID).CurrentPeriodEnd+3600, 0)))
		same(t, next, s.sub(sub.ID).LatestInvoice)
	}
}

func TestAnchorInTheFuture(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-16T00:00")
	anchor := s.at("2026-07-01T00:00")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{BillingCycleAnchor: &anchor}
	})
	require.EqualValues(t, 1000, cs.AmountTotal, "half of June is left")
	s.pay(cs, "4242424242424242")
	sub := s.session(cs.ID).Subscription
	require.EqualValues(t, 1000, sub.LatestInvoice.AmountPaid)
	require.Equal(t, anchor, sub.CurrentPeriodEnd)
	s.to("2026-07-01T01:00")
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.AmountPaid)
	_, err := s.Client.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &s.session(cs.ID).Customer.ID,
		Items: []*stripe.SubscriptionItemsParams{{PriceData: &stripe.SubscriptionItemPriceDataParams{
			Currency: stripe.String("eur"), Product: &s.proProduct, UnitAmount: stripe.Int64(900),
			Recurring: &stripe.SubscriptionItemPriceDataRecurringParams{Interval: stripe.String("month")},
		}}},
	})
	require.Contains(t, stripeError(t, err).Msg, "You cannot combine currencies on a single customer.")
}
