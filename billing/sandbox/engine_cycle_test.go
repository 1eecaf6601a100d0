package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

func collected() []string {
	return []string{
		"payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded",
	}
}

func TestSubscriptionPaidAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	s.events()
	sub := s.subscribe(customer, s.pro)
	require.Equal(t, stripe.SubscriptionStatusActive, sub.Status)
	require.Equal(t, []string{
		"invoice.created", "payment_intent.created", "invoice.finalized", "charge.succeeded",
		"payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
		"customer.subscription.created", "customer.updated",
	}, s.events(), "already active when it is told of, so that no update follows")
	require.EqualValues(t, 1, sub.Items.Data[0].Quantity)
	require.Equal(t, s.pro, sub.Items.Data[0].Price.ID)
	require.Equal(t, s.pro, sub.Items.Data[0].Plan.ID)
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-31T10:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.events()
	s.to("2026-02-28T10:00")
	news := s.news()
	require.Len(t, news, 2)
	require.EqualValues(t, "invoice.created", news[0].Type)
	require.EqualValues(t, "customer.subscription.updated", news[1].Type)
	prev := news[1].Data.PreviousAttributes
	require.Len(t, prev, 3, pretty(prev))
	require.Contains(t, prev, "current_period_start")
	require.Contains(t, prev, "current_period_end")
	require.Contains(t, prev, "latest_invoice")

	draft := s.sub(sub.ID).LatestInvoice
	require.Equal(t, stripe.InvoiceStatusDraft, draft.Status)
	require.Equal(t, stripe.InvoiceBillingReasonSubscriptionCycle, draft.BillingReason)
	require.True(t, draft.AutoAdvance)
	require.Equal(t, draft.Created+3600, draft.NextPaymentAttempt)
	require.Equal(t, s.at("2026-02-28T10:00"), draft.PeriodEnd)
	s.to("2026-02-28T11:00")
	require.Equal(t, collected(), s.events())

	// The anchor's day clamps to short months, and comes back.
	s.to("2026-05-01T00:00")
	var starts []int64
	for _, inv := range s.invoices(sub.ID) {
		require.Equal(t, stripe.InvoiceStatusPaid, inv.Status)
		starts = append(starts, inv.Lines.Data[0].Period.Start)
	}
	require.Equal(t, []int64{
		s.at("2026-01-31T10:00"), s.at("2026-02-28T10:00"), s.at("2026-03-31T10:00"), s.at("2026-04-30T10:00"),
	}, starts)
}

func TestDunningEndsInCancellation(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
	require.NoError(t, err)
	s.to("2026-04-01T00:00")
	s.events()
	s.to("2026-04-01T01:00")
	require.Equal(t, []string{
		"payment_intent.created", "invoice.finalized", "charge.failed", "payment_intent.payment_failed",
		"invoice.updated", "invoice.payment_failed", "customer.subscription.updated",
	}, s.events())
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusPastDue, got.Status)
	require.EqualValues(t, 1, got.LatestInvoice.AttemptCount)
	require.Equal(t, stripe.InvoiceStatusOpen, got.LatestInvoice.Status)
	require.Equal(t, s.at("2026-04-02T01:00"), got.LatestInvoice.NextPaymentAttempt)

	retry := []string{"charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed"}
	for i, at := range []string{"2026-04-02T01:00", "2026-04-04T01:00", "2026-04-06T01:00"} {
		s.to(at)
		require.Equal(t, retry, s.events(), at)
		require.EqualValues(t, i+2, s.sub(sub.ID).LatestInvoice.AttemptCount)
	}
	s.to("2026-04-08T01:00")
	require.Equal(t, append(retry, "customer.subscription.deleted"), s.events())
	got = s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusCanceled, got.Status)
	require.Equal(t, stripe.SubscriptionCancellationDetailsReasonPaymentFailed, got.CancellationDetails.Reason)
	require.EqualValues(t, 0, got.LatestInvoice.NextPaymentAttempt)
	require.Equal(t, stripe.InvoiceStatusOpen, got.LatestInvoice.Status)
	s.to("2026-07-01T00:00")
	require.Empty(t, s.events(), "nothing renews what has ended")
}

func TestDunningEndsInUnpaid(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	require.NoError(t, s.SetDunning(context.Background(), sandbox.Dunning{Days: []int64{2}, End: "unpaid"}))
	require.Error(t, s.SetDunning(context.Background(), sandbox.Dunning{End: "forgive"}))
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
	require.NoError(t, err)
	s.to("2026-04-04T00:00")
	require.Equal(t, stripe.SubscriptionStatusUnpaid, s.sub(sub.ID).Status)
	s.to("2026-05-02T00:00")
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusUnpaid, got.Status)
	require.Equal(t, stripe.InvoiceStatusDraft, got.LatestInvoice.Status)
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	recovered := []string{
		"charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid",
		"invoice.payment_succeeded", "customer.subscription.updated",
	}
	for name, recover := range map[string]func(t *testing.T, s *shop, customer, invoice string){
		"next retry after a new default card": func(t *testing.T, s *shop, customer, _ string) {
			pm, err := s.Client.PaymentMethods.Attach("pm_card_visa",
				&stripe.PaymentMethodAttachParams{Customer: &customer})
			require.NoError(t, err)
			_, err = s.Client.Customers.Update(customer, &stripe.CustomerParams{
				InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &pm.ID},
			})
			require.NoError(t, err)
			subs := s.Client.Subscriptions.List(&stripe.SubscriptionListParams{Customer: &customer})
			require.True(t, subs.Next())
			s.update(subs.Subscription().ID, &stripe.SubscriptionParams{DefaultPaymentMethod: &pm.ID})
			s.events()
			s.to("2026-04-02T01:00")
		},
		"invoice paid by hand": func(t *testing.T, s *shop, customer, invoice string) {
			pm, err := s.Client.PaymentMethods.Attach("pm_card_visa",
				&stripe.PaymentMethodAttachParams{Customer: &customer})
			require.NoError(t, err)
			s.events()
			inv, err := s.Client.Invoices.Pay(invoice, &stripe.InvoicePayParams{PaymentMethod: &pm.ID})
			require.NoError(t, err)
			require.True(t, inv.Paid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-03-01T00:00")
			customer := s.buyer("pm_card_visa")
			sub := s.subscribe(customer, s.pro)
			_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
			require.NoError(t, err)
			s.to("2026-04-01T02:00")
			got := s.sub(sub.ID)
			require.Equal(t, stripe.SubscriptionStatusPastDue, got.Status)
			recover(t, s, customer, got.LatestInvoice.ID)
			require.Equal(t, recovered, s.events())
			require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
			s.to("2026-04-20T00:00")
			require.Empty(t, s.events(), "the schedule is over")
		})
	}
}

func TestPortalCardRecoversAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
	require.NoError(t, err)
	s.to("2026-04-01T02:00")
	s.events()
	_, err = sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4242424242424242").Card)
	require.NoError(t, err)
	require.Equal(t, []string{
		"setup_intent.created", "payment_method.attached", "setup_intent.succeeded", "customer.updated",
		"customer.subscription.updated", "charge.succeeded", "payment_intent.succeeded", "invoice.updated",
		"invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated",
	}, s.events())
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
}

func TestCancelAtPeriodEnd(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.events()
	got := s.update(sub.ID, &stripe.SubscriptionParams{
		CancelAtPeriodEnd: stripe.Bool(true),
		CancellationDetails: &stripe.SubscriptionCancellationDetailsParams{
			Feedback: stripe.String("too_expensive"), Comment: stripe.String("for now"),
		},
	})
	require.Equal(t, sub.CurrentPeriodEnd, got.CancelAt)
	news := s.news()
	require.Len(t, news, 1)
	prev := news[0].Data.PreviousAttributes
	require.Equal(t, false, prev["cancel_at_period_end"])
	require.Nil(t, prev["cancel_at"])
	require.Nil(t, prev["canceled_at"])
	require.Equal(t, map[string]any{"reason": nil, "feedback": nil, "comment": nil}, prev["cancellation_details"])

	s.update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
	require.Equal(t, []string{"customer.subscription.updated"}, s.events())
	require.Zero(t, s.sub(sub.ID).CancelAt)
	s.to("2026-04-01T02:00")
	require.Len(t, s.events(), 2+len(collected()), "it renewed")

	s.update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
	s.events()
	s.to("2026-05-01T00:00")
	require.Equal(t, []string{"customer.subscription.deleted"}, s.events(), "and no invoice")
	got = s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusCanceled, got.Status)
	require.Equal(t, s.at("2026-05-01T00:00"), got.EndedAt)
	require.Equal(t, stripe.SubscriptionCancellationDetailsReasonCancellationRequested, got.CancellationDetails.Reason)
	_, err := s.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
	require.Equal(t, "A canceled subscription can only update its cancellation_details and metadata.",
		stripeError(t, err).Msg)
}

func TestCancelNowAndLists(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	other := s.subscribe(customer, s.starter)
	s.events()
	got, err := s.Client.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{
		CancellationDetails: &stripe.SubscriptionCancelCancellationDetailsParams{Feedback: stripe.String("unused")},
	})
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionStatusCanceled, got.Status)
	require.Equal(t, []string{"customer.subscription.deleted"}, s.events())
	for status, want := range map[string][]string{
		"": {other.ID}, "all": {other.ID, sub.ID}, "ended": {sub.ID}, "canceled": {sub.ID}, "active": {other.ID},
	} {
		params := &stripe.SubscriptionListParams{Customer: &customer}
		if status != "" {
			params.Status = &status
		}
		var ids []string
		for it := s.Client.Subscriptions.List(params); it.Next(); {
			ids = append(ids, it.Subscription().ID)
		}
		require.Equal(t, want, ids, "status %q", status)
	}
	_, err = s.Client.Subscriptions.Cancel(sub.ID, nil)
	require.Equal(t, 404, stripeError(t, err).HTTPStatusCode)
	_, err = s.Client.Subscriptions.Cancel(other.ID, &stripe.SubscriptionCancelParams{
		Prorate: stripe.Bool(true), InvoiceNow: stripe.Bool(true),
	})
	require.NoError(t, err)
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.EqualValues(t, -1000, c.Balance, "the whole period was credited")
}

func TestTrialEndsWithoutCard(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]struct {
		status stripe.SubscriptionStatus
		events []string
	}{
		"pause":  {stripe.SubscriptionStatusPaused, []string{"customer.subscription.updated", "customer.subscription.paused"}},
		"cancel": {stripe.SubscriptionStatusCanceled, []string{"customer.subscription.deleted"}},
		"create_invoice": {stripe.SubscriptionStatusPastDue, []string{
			"invoice.created", "customer.subscription.updated", "payment_intent.created", "invoice.finalized",
			"invoice.updated", "invoice.payment_failed", "customer.subscription.updated",
		}},
	} {
		t.Run(behavior, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-03-01T00:00")
			sub := s.subscribe(s.buyer(""), s.pro, func(p *stripe.SubscriptionParams) {
				p.TrialPeriodDays = stripe.Int64(2)
				p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
					EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: &behavior},
				}
			})
			require.NotNil(t, sub.PendingSetupIntent)
			require.Contains(t, s.events(), "customer.subscription.trial_will_end", "a short trial tells at once")
			s.MustAdvance(49 * time.Hour)
			require.Equal(t, want.events, s.events())
			require.Equal(t, want.status, s.sub(sub.ID).Status)
		})
	}
}

func TestPausedSubscriptionResumes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("")
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(7)
		p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{
			EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")},
		}
	})
	s.to("2026-03-20T00:00")
	require.Equal(t, stripe.SubscriptionStatusPaused, s.sub(sub.ID).Status)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4242424242424242").Card)
	require.NoError(t, err)
	s.events()
	got, err := s.Client.Subscriptions.Resume(sub.ID, &stripe.SubscriptionResumeParams{
		BillingCycleAnchor: stripe.String("now"),
	})
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionStatusActive, got.Status)
	require.Equal(t, s.at("2026-04-20T00:00"), got.CurrentPeriodEnd)
	events := s.events()
	require.Contains(t, events, "customer.subscription.resumed")
	require.Contains(t, events, "invoice.paid")
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.AmountPaid)
}
