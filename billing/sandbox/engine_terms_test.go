package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func TestTrialEndsWithCard(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(14)
	})
	require.Equal(t, stripe.SubscriptionStatusTrialing, sub.Status)
	require.Nil(t, sub.PendingSetupIntent)
	s.events()
	s.to("2026-03-11T23:59")
	require.Empty(t, s.events())
	s.to("2026-03-12T00:00")
	require.Equal(t, []string{"customer.subscription.trial_will_end"}, s.events())
	s.to("2026-03-15T00:00")
	require.Equal(t, []string{"invoice.created", "customer.subscription.updated"}, s.events())
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.to("2026-03-15T01:00")
	require.Equal(t, collected(), s.events())
	require.Equal(t, s.at("2026-04-15T00:00"), s.sub(sub.ID).CurrentPeriodEnd)
}

func TestAnchorNow(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.to("2026-04-16T00:00")
	got := s.update(sub.ID, &stripe.SubscriptionParams{BillingCycleAnchorNow: stripe.Bool(true)})
	require.Equal(t, s.at("2026-04-16T00:00"), got.BillingCycleAnchor)
	require.Equal(t, s.at("2026-05-16T00:00"), got.CurrentPeriodEnd)
	require.EqualValues(t, 1000, s.sub(sub.ID).LatestInvoice.AmountPaid, "half a month was credited")
}

// The 31st is the last day of shorter months, and comes back after them.
func TestAnchorConfig(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-02-14T12:00")
	customer := s.buyer("pm_card_visa")
	config := func(c *stripe.SubscriptionBillingCycleAnchorConfigParams) func(*stripe.SubscriptionParams) {
		return func(p *stripe.SubscriptionParams) { p.BillingCycleAnchorConfig = c }
	}
	sub := s.subscribe(customer, s.pro, config(&stripe.SubscriptionBillingCycleAnchorConfigParams{
		DayOfMonth: stripe.Int64(31), Hour: stripe.Int64(0), Minute: stripe.Int64(0), Second: stripe.Int64(0),
	}))
	require.EqualValues(t, 31, sub.BillingCycleAnchorConfig.DayOfMonth)
	require.Equal(t, s.at("2026-02-28T00:00"), sub.CurrentPeriodEnd)
	require.EqualValues(t, 964, s.sub(sub.ID).LatestInvoice.AmountPaid, "13.5 of the 28 days from the 31st on")
	s.to("2026-02-28T01:00")
	require.Equal(t, s.at("2026-03-31T00:00"), s.sub(sub.ID).CurrentPeriodEnd)
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.AmountPaid)

	sub = s.subscribe(customer, s.starter, config(&stripe.SubscriptionBillingCycleAnchorConfigParams{
		DayOfMonth: stripe.Int64(5),
	}))
	require.Equal(t, s.at("2026-03-05T01:00"), sub.CurrentPeriodEnd, "the time is the subscription's own")

	for says, wrong := range map[string]func(*stripe.SubscriptionParams){
		"Invalid integer: day_of_month must be between 1 and 31.": config(
			&stripe.SubscriptionBillingCycleAnchorConfigParams{DayOfMonth: stripe.Int64(32)}),
		"billing_cycle_anchor cannot be later than next natural billing date": func(p *stripe.SubscriptionParams) {
			p.BillingCycleAnchor = stripe.Int64(s.at("2026-03-28T01:01"))
		},
	} {
		_, err := s.trySubscribe(customer, s.pro, wrong)
		require.Contains(t, stripeError(t, err).Msg, says)
	}
}

func TestTrialBeforeTheAnchor(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	anchor := s.at("2026-07-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays, p.BillingCycleAnchor = stripe.Int64(15), &anchor
	})
	require.Equal(t, s.at("2026-06-16T00:00"), sub.CurrentPeriodEnd)
	s.to("2026-06-16T01:00")
	got := s.sub(sub.ID)
	require.Equal(t, anchor, got.CurrentPeriodEnd)
	require.EqualValues(t, 1000, got.LatestInvoice.AmountPaid, "half of June is left")
	s.to("2026-07-01T01:00")
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.AmountPaid)
}

func TestBackdatedSubscription(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-10T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.BackdateStartDate = stripe.Int64(s.at("2026-05-01T00:00"))
	})
	require.Equal(t, s.at("2026-05-01T00:00"), sub.StartDate)
	require.Equal(t, s.at("2026-07-01T00:00"), sub.CurrentPeriodEnd)
	require.EqualValues(t, 4000, s.sub(sub.ID).LatestInvoice.AmountPaid)
	_, err := s.trySubscribe(customer, s.starter, func(p *stripe.SubscriptionParams) {
		p.BackdateStartDate = stripe.Int64(s.at("2026-06-11T00:00"))
	})
	require.Equal(t, "backdate_start_date", stripeError(t, err).Param)
}

// A subscription whose invoices are sent is past due once one is not paid in time, and recovers when it is.
func TestSentInvoicesFallDue(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer(""), s.pro, func(p *stripe.SubscriptionParams) {
		p.CollectionMethod, p.DaysUntilDue = stripe.String("send_invoice"), stripe.Int64(10)
	})
	require.Equal(t, stripe.SubscriptionStatusActive, sub.Status)
	s.events()
	s.to("2026-03-01T01:00")
	require.Equal(t, []string{"payment_intent.created", "invoice.finalized", "invoice.sent"}, s.events())
	inv := s.sub(sub.ID).LatestInvoice
	require.Equal(t, s.at("2026-03-11T00:00"), inv.DueDate)
	s.to("2026-03-10T23:59")
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.to("2026-03-11T00:00")
	require.Equal(t, []string{"invoice.will_be_due", "invoice.overdue", "customer.subscription.updated"}, s.events())
	require.Equal(t, stripe.SubscriptionStatusPastDue, s.sub(sub.ID).Status)
	_, err := s.Client.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.events()

	s.to("2026-04-02T00:00")
	inv = s.sub(sub.ID).LatestInvoice
	_, err = s.Client.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	require.NoError(t, err)
	s.to("2026-04-20T00:00")
	require.NotContains(t, s.events(), "invoice.overdue", "it was paid in time")
}

// With the switch on, a renewal waits for its invoice.created to be taken, for three days at most.
func TestHoldOnWebhookFailure(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	var down atomic.Bool
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(endpoint.Close)
	_, err := s.Client.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: &endpoint.URL, EnabledEvents: []*string{stripe.String("invoice.created")},
	})
	require.NoError(t, err)
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.MustIdle()
	require.False(t, s.HoldOnWebhookFailure())
	down.Store(true)
	s.to("2026-04-01T01:00")
	require.Equal(t, stripe.InvoiceStatusPaid, s.sub(sub.ID).LatestInvoice.Status, "it is off at first")

	require.NoError(t, s.SetHoldOnWebhookFailure(context.Background(), true))
	require.True(t, s.HoldOnWebhookFailure())
	s.to("2026-05-03T23:59")
	require.Equal(t, stripe.InvoiceStatusDraft, s.sub(sub.ID).LatestInvoice.Status)
	require.Equal(t, s.at("2026-05-04T00:00"), s.sub(sub.ID).LatestInvoice.AutomaticallyFinalizesAt)
	s.to("2026-05-04T00:00")
	require.Equal(t, stripe.InvoiceStatusPaid, s.sub(sub.ID).LatestInvoice.Status, "72 hours are the most")

	s.to("2026-06-01T03:30")
	held := s.sub(sub.ID).LatestInvoice
	require.Equal(t, stripe.InvoiceStatusDraft, held.Status)
	down.Store(false)
	require.NoError(t, s.Resend(context.Background(), s.createdEvent(held.ID), ""))
	s.MustIdle()
	s.to("2026-06-01T04:00")
	require.Equal(t, stripe.InvoiceStatusPaid, s.sub(sub.ID).LatestInvoice.Status)

	// A healthy endpoint holds nothing up, however fast the clock is moved.
	require.NoError(t, s.Advance(context.Background(), 31*24*time.Hour))
	got := s.sub(sub.ID).LatestInvoice
	require.Equal(t, got.Created+3600, got.StatusTransitions.FinalizedAt)
}

// createdEvent finds the invoice.created of an invoice.
func (s *shop) createdEvent(invoice string) string {
	s.t.Helper()
	it := s.Client.Events.List(&stripe.EventListParams{Type: stripe.String("invoice.created")})
	for it.Next() {
		if it.Event().Data.Object["id"] == invoice {
			return it.Event().ID
		}
	}
	s.t.Fatalf("no invoice.created of %s", invoice)
	return ""
}
