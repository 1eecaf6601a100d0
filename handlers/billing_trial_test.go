package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/plan"
)

func TestZ10_ACardThatHadItsTrialIsToldAndMayPay(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada").subscribe("pro_v1_month")
		b := s.signedUp(t, "grace")
		order := b.get("/app/billing/checkout?price=pro_v1_month")
		require.Contains(t, order.text(), "$0.00")
		away := b.submit(order, `form[action="/app/billing/checkout"]`, nil)
		b.pay(away.location, "pm_card_visa")
		home := b.get("/app/billing/return")
		require.Equal(t, "/app/billing", home.location)
		page := b.get("/app/billing")
		for _, want := range []string{"This card has had its trial. Nothing was charged.", "Pay $79.00 a month", "Free"} {
			require.Contains(t, page.text(), want)
		}
		require.Equal(t, "free", b.get("/api/me/entitlements").json()["plan"])
		require.NotContains(t, b.get("/pricing").text(), "free for 14 days")

		away = b.submit(page, `form[action="/app/billing/checkout"]`, nil)
		require.Equal(t, http.StatusSeeOther, away.status, away.text())
		b.pay(away.location, "pm_card_visa")
		require.Equal(t, "/app/billing", b.get("/app/billing/return").location)
		paid := b.get("/app/billing").text()
		assert.NotContains(t, paid, "has had its trial")
		assert.Contains(t, paid, "Renews")
		assert.Equal(t, "pro", b.get("/api/me/entitlements").json()["plan"])
	})
}

func TestL02_AddACardToResume(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.Catalog.TrialEnd = plan.TrialPauses
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		sub := s.stripeAPI("/v1/subscriptions/"+s.subscriptionOf(t, "ada@example.com").StripeID, nil)
		s.stripeAPI("/v1/payment_methods/"+sub["default_payment_method"].(string)+"/detach", map[string][]string{"x": nil})
		s.forward(15 * 24 * time.Hour)
		page := b.get("/app/billing?from=portal")
		page = b.get(page.location)
		require.Contains(t, page.text(), "The trial ended without a card")
		require.Contains(t, page.text(), "Add a card to resume")
		require.Equal(t, "limited", b.get("/api/me/entitlements").json()["level"])

		s.usesCard(t, "ada@example.com", "pm_card_visa")
		page = b.get(b.get("/app/billing?from=portal").location)
		require.Contains(t, page.text(), "Pay $79.00 and resume")
		away := b.submit(page, `form[action="/app/billing/resume"]`, nil)
		require.Equal(t, "/app/billing", away.location, away.text())
		page = b.get(away.location)
		assert.Contains(t, string(page.body), "Your plan has started again.")
		assert.Contains(t, page.text(), "Renews")
		assert.Equal(t, "full", b.get("/api/me/entitlements").json()["level"])
	})
}

// TestF14_ASwitchThatWaitsIsTakenBackOnThePage has somebody who is asked by their bank think better of it.
func TestF14_ASwitchThatWaitsIsTakenBackOnThePage(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_authenticationRequired")
		b.confirms(b.chooses("pro_v1_month"))
		plans := b.get("/app/billing/change")
		require.Contains(t, plans.text(), "Another switch waits for your bank")
		require.Zero(t, plans.doc().Find(`form[action="/app/billing/change"]`).Length(), "nothing else is to be had meanwhile")
		away := b.submit(b.get("/app/billing"), `form[action="/app/billing/keep"]`, nil)
		require.Equal(t, "/app/billing", away.location, away.text())
		page := b.get("/app/billing").text()
		assert.NotContains(t, page, "waits for your bank")
		assert.Contains(t, page, "Starter")
		assert.Empty(t, s.subscriptionOf(t, "ada@example.com").PendingLookupKey)
	})
}
