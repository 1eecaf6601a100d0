package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// What random lives found wrong, each as the smallest case that shows it. The lives themselves are lived in
// fidelity/properties.

func TestPreviewOfACancellation(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.to("2026-06-16T00:00")
	preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Subscription: &sub.ID, SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			CancelNow: stripe.Bool(true),
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, -1000, preview.Total)
	ended, err := s.Client.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{
		Prorate: stripe.Bool(true), InvoiceNow: stripe.Bool(true),
	})
	require.NoError(t, err)
	require.NotEqual(t, sub.LatestInvoice.ID, ended.LatestInvoice.ID, "the last invoice is the latest")
	last, err := s.Client.Invoices.Get(ended.LatestInvoice.ID, nil)
	require.NoError(t, err)
	same(t, preview, last)
}

func TestPreviewOfAFreeBeginning(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-05-15T00:00")
	customer, anchor := s.buyer("pm_card_visa"), s.at("2026-06-01T00:00")
	preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Customer: &customer, SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items:              []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: &s.pro}},
			BillingCycleAnchor: &anchor, ProrationBehavior: stripe.String("none"),
		},
	})
	require.NoError(t, err)
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.BillingCycleAnchor, p.ProrationBehavior = &anchor, stripe.String("none")
	})
	require.Zero(t, preview.Total)
	same(t, preview, s.sub(sub.ID).LatestInvoice)
}

func TestADraftIsToldOfWithItsHour(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.events()
	s.to("2026-07-01T00:00")
	for _, event := range s.news() {
		if event.Type == "invoice.created" {
			require.EqualValues(t, s.at("2026-07-01T01:00"), event.Data.Object["next_payment_attempt"])
			require.EqualValues(t, s.at("2026-07-01T01:00"), event.Data.Object["automatically_finalizes_at"])
			return
		}
	}
	t.Fatal("no invoice was made")
}

func TestATrialIsToldOfWithItsSetupIntent(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("")
	s.events()
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) { p.TrialPeriodDays = stripe.Int64(14) })
	for _, event := range s.news() {
		if event.Type == "customer.subscription.created" {
			require.Equal(t, sub.PendingSetupIntent.ID, event.Data.Object["pending_setup_intent"])
			return
		}
	}
	t.Fatal("no subscription was told of")
}

func TestAnIncompleteSubscriptionStaysWhatItIs(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.PaymentBehavior = stripe.String("default_incomplete")
	})
	_, err := s.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEnd: stripe.Int64(s.at("2026-07-01T00:00"))})
	require.Equal(t, "trial_end", stripeError(t, err).Param)
	got := s.update(sub.ID, &stripe.SubscriptionParams{Metadata: map[string]string{"a": "b"}})
	require.Equal(t, stripe.SubscriptionStatusIncomplete, got.Status)
}

func TestAPausedSubscriptionEndsWhenItIsTo(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	end := s.at("2026-07-10T00:00")
	sub := s.subscribe(s.buyer(""), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays, p.CancelAt = stripe.Int64(14), &end
		p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
			EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")},
		}
	})
	s.to("2026-07-01T00:00")
	require.Equal(t, stripe.SubscriptionStatusPaused, s.sub(sub.ID).Status)
	s.to("2026-07-20T00:00")
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(sub.ID).Status)
	require.Equal(t, end, s.sub(sub.ID).EndedAt)
}

func TestAPausedSubscriptionCanBeCancelledAndChanged(t *testing.T) {
	t.Parallel()
	for _, cancel := range []bool{true, false} {
		s := newShop(t, "2026-06-01T00:00")
		sub := s.subscribe(s.buyer(""), s.pro, func(p *stripe.SubscriptionParams) {
			p.TrialPeriodDays = stripe.Int64(14)
			p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
				EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")},
			}
		})
		s.to("2026-07-01T00:00")
		require.Equal(t, stripe.SubscriptionStatusPaused, s.sub(sub.ID).Status)
		if cancel {
			ended, err := s.Client.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{
				Prorate: stripe.Bool(true), InvoiceNow: stripe.Bool(true),
			})
			require.NoError(t, err)
			require.Equal(t, sub.LatestInvoice.ID, ended.LatestInvoice.ID, "nothing was paid, and nothing is left")
			continue
		}
		got := s.swap(sub, s.proYear, "create_prorations")
		require.Equal(t, stripe.SubscriptionStatusPaused, got.Status)
		require.Len(t, s.invoices(sub.ID), 1)
	}
}
