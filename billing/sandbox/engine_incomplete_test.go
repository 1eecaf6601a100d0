package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

func behavior(b string) func(*stripe.SubscriptionParams) {
	return func(p *stripe.SubscriptionParams) { p.PaymentBehavior = &b }
}

func TestErrorIfIncompleteWritesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_chargeCustomerFail")
	s.events()
	_, err := s.trySubscribe(customer, s.pro, behavior("error_if_incomplete"))
	e := stripeError(t, err)
	require.Equal(t, 402, e.HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeCardDeclined, e.Code)
	require.Empty(t, s.events())
}

func TestIncompleteExpiresAfter23Hours(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_chargeCustomerFail")
	s.events()
	sub := s.subscribe(customer, s.pro)
	require.Equal(t, stripe.SubscriptionStatusIncomplete, sub.Status)
	require.Contains(t, s.events(), "invoice.payment_failed")
	s.to("2026-06-01T23:00")
	require.Equal(t, []string{
		"invoice.updated", "invoice.voided", "payment_intent.canceled", "customer.subscription.updated",
	}, s.events())
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusIncompleteExpired, got.Status)
	require.Equal(t, stripe.InvoiceStatusVoid, got.LatestInvoice.Status)
}

func TestDefaultIncompleteWaitsForItsIntent(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("")
	s.events()
	sub := s.subscribe(customer, s.pro, behavior("default_incomplete"), func(p *stripe.SubscriptionParams) {
		p.PaymentSettings = &stripe.SubscriptionPaymentSettingsParams{
			SaveDefaultPaymentMethod: stripe.String("on_subscription"),
		}
		p.AddExpand("latest_invoice.payment_intent")
	})
	require.Equal(t, stripe.SubscriptionStatusIncomplete, sub.Status)
	require.Equal(t, []string{
		"customer.subscription.created", "invoice.created", "payment_intent.created", "invoice.finalized",
		"customer.updated",
	}, s.events())
	pi := sub.LatestInvoice.PaymentIntent
	pi, err := s.Client.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{
		PaymentMethod: stripe.String("pm_card_visa"),
	})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, pi.Status)
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusActive, got.Status)
	require.Equal(t, pi.PaymentMethod.ID, got.DefaultPaymentMethod.ID)
}

func TestThreeDSOnSubscriptionAndRenewal(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_authenticationRequired")
	s.events()
	sub := s.subscribe(customer, s.pro)
	require.Equal(t, stripe.SubscriptionStatusIncomplete, sub.Status)
	events := s.events()
	require.Contains(t, events, "payment_intent.requires_action")
	require.Contains(t, events, "invoice.payment_action_required")
	_, err := sandbox.CompleteThreeDS(s.Sandbox.Sandbox, s.sub(sub.ID).LatestInvoice.PaymentIntent.ID, true)
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	s.to("2026-07-01T01:00")
	require.Contains(t, s.events(), "invoice.payment_action_required")
	require.Equal(t, stripe.SubscriptionStatusPastDue, s.sub(sub.ID).Status)
}

func TestPendingIfIncomplete(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, customer, card("4000000000000341").Card)
	require.NoError(t, err)
	s.to("2026-06-16T00:00")
	change := &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &s.pro}},
		ProrationBehavior: stripe.String("always_invoice"), PaymentBehavior: stripe.String("pending_if_incomplete"),
	}
	got := s.update(sub.ID, change)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID)
	require.Equal(t, stripe.SubscriptionStatusActive, got.Status)
	require.NotNil(t, got.PendingUpdate)
	s.events()
	_, err = s.Client.Invoices.Pay(got.LatestInvoice.ID, &stripe.InvoicePayParams{
		PaymentMethod: stripe.String("pm_card_visa"),
	})
	require.NoError(t, err)
	require.Contains(t, s.events(), "customer.subscription.pending_update_applied")
	got = s.sub(sub.ID)
	require.Equal(t, s.pro, got.Items.Data[0].Price.ID)
	require.Nil(t, got.PendingUpdate)
}

func TestSubscribingWithoutCard(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	_, err := s.trySubscribe(s.buyer(""), s.pro)
	e := stripeError(t, err)
	require.Contains(t, e.Msg, "This customer has no attached payment source or default payment method.")
	require.Equal(t, stripe.ErrorCodeResourceMissing, e.Code)
}
