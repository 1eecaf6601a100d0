package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// banner is what stands above a page: its words, and where its one button leads.
func (b *browser) banner(path string) (text, action string) {
	b.t.Helper()
	page := b.get(path)
	require.Equal(b.t, http.StatusOK, page.status, path)
	alert := page.doc().Find(`main [role="status"], main [role="alert"]`).First()
	action = alert.Find("a").AttrOr("href", "") + alert.Find("form").AttrOr("action", "")
	return strings.Join(strings.Fields(alert.Text()), " "), action
}

// caughtUp asks Stripe, as coming back from its portal does.
func (b *browser) caughtUp() {
	b.t.Helper()
	require.Equal(b.t, http.StatusSeeOther, b.get("/app/billing?from=portal").status)
}

func (s *site) stripe() *sandbox.Sandbox { return s.EmbeddedStripe().(*sandbox.Sandbox) }

// subscription is the newest one at Stripe.
func (s *site) subscription() *stripe.Subscription {
	s.t.Helper()
	list := sandboxtest.Client(s.stripe()).Subscriptions.List(&stripe.SubscriptionListParams{Status: stripe.String("all")})
	require.True(s.t, list.Next())
	return list.Subscription()
}

// chargeTo has the subscription charged to another card.
func (s *site) chargeTo(card string) {
	s.t.Helper()
	api, sub := sandboxtest.Client(s.stripe()), s.subscription()
	method, err := api.PaymentMethods.Attach(card, &stripe.PaymentMethodAttachParams{Customer: &sub.Customer.ID})
	require.NoError(s.t, err)
	_, err = api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{DefaultPaymentMethod: &method.ID})
	require.NoError(s.t, err)
}

// TestL06_TheBannerStandsOnEveryPageUntilPaid goes from the first failure past the grace to a payment.
func TestL06_TheBannerStandsOnEveryPageUntilPaid(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		require.NoError(t, s.stripe().SetDunning(t.Context(), sandbox.Dunning{Days: []int64{20}, End: "past_due"}))
		s.chargeTo("pm_card_chargeCustomerFail")
		require.NoError(t, s.stripe().Advance(t.Context(), 14*24*time.Hour+2*time.Hour))
		b.caughtUp()
		for _, path := range []string{"/app", "/app/projects", "/app/billing", "/app/settings"} {
			text, action := b.banner(path)
			require.Contains(t, text, "$79.00 from Visa ending in 0341", path)
			require.Contains(t, text, "keeps working until", path)
			require.Equal(t, "/app/billing/portal", action, path)
		}
		require.NoError(t, s.stripe().Advance(t.Context(), 7*24*time.Hour))
		text, _ := b.banner("/app")
		require.Contains(t, text, "overdue")

		s.chargeTo("pm_card_visa")
		b.caughtUp()
		require.Eventually(t, func() bool {
			text, _ := b.banner("/app")
			return !strings.Contains(text, "overdue")
		}, patience, 50*time.Millisecond, "the new card is tried at once")
	})
}

// TestL14_TheBannerLeadsToTheBank has a renewal that waits for a confirmation.
func TestL14_TheBannerLeadsToTheBank(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		s.chargeTo("pm_card_authenticationRequired")
		require.NoError(t, s.stripe().Advance(t.Context(), 14*24*time.Hour+2*time.Hour))
		b.caughtUp()
		text, action := b.banner("/app")
		require.Contains(t, text, "Your bank wants you to confirm $79.00")
		require.Contains(t, action, "/_stripe/invoice/")
	})
}

// TestL04L05_AnUnfinishedPurchaseLeavesNoBanner has a first payment that the bank wants confirmed, and nobody does.
func TestL04L05_AnUnfinishedPurchaseLeavesNoBanner(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		require.Eventually(t, func() bool { // the customer is made in the background
			return strings.HasPrefix(b.get("/app/billing/card").location, s.Config.StripeAPIBase)
		}, patience, 50*time.Millisecond)
		api := sandboxtest.Client(s.stripe())
		customers := api.Customers.List(&stripe.CustomerListParams{Email: stripe.String("ada@example.com")})
		require.True(t, customers.Next())
		customer := customers.Customer().ID
		method, err := api.PaymentMethods.Attach("pm_card_authenticationRequired", &stripe.PaymentMethodAttachParams{Customer: &customer})
		require.NoError(t, err)
		prices := api.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		_, err = api.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: &customer, DefaultPaymentMethod: &method.ID, PaymentBehavior: stripe.String("default_incomplete"),
			Items: []*stripe.SubscriptionItemsParams{{Price: &prices.Price().ID}},
		})
		require.NoError(t, err)
		invoice := api.Invoices.List(&stripe.InvoiceListParams{Customer: &customer})
		require.True(t, invoice.Next())
		_, err = api.Invoices.Pay(invoice.Invoice().ID, nil)
		require.Error(t, err)
		b.caughtUp()
		text, action := b.banner("/app")
		require.Contains(t, text, "first payment for Pro is not finished")
		require.Contains(t, action, "/_stripe/invoice/")

		require.NoError(t, s.stripe().Advance(t.Context(), 24*time.Hour))
		b.caughtUp()
		text, _ = b.banner("/app")
		require.NotContains(t, text, "not finished")
		b.subscribe("pro_v1_month")
	})
}
