package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestL20_AnAdminRefundsAndEndsInOneStep(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		ada := s.payer(t, "ada", "pro_v1_month")
		path := "/admin/subscribers/" + s.accountOf(t, "ada@example.com").PublicID
		page := b.get(path)
		form := page.doc().Find("#refund")
		require.Contains(t, form.Text(), "Refund $79.00 and end the plan")
		unsure := b.post(path+"/refund", url.Values{"_csrf": {b.token()}, "charge": {"ch_1"}, "amount": {"7900"}})
		require.Equal(t, http.StatusUnprocessableEntity, unsure.status)
		for _, amount := range []string{"1", "790000"} {
			other := b.submit(page, "#refund", url.Values{"sure": {"yes"}, "amount": {amount}})
			require.Equal(t, http.StatusConflict, other.status, "an amount that the page did not name")
		}
		require.Equal(t, http.StatusBadRequest, b.submit(page, "#refund", url.Values{"sure": {"yes"}, "amount": {"all"}}).status)
		require.Nil(t, s.subscriptionOf(t, "ada@example.com").EndedAt)

		done := b.submit(page, "#refund", url.Values{"sure": {"yes"}})
		require.Equal(t, path, done.location, done.text())
		after := b.get(path)
		assert.Contains(t, string(after.body), "The payment is refunded, and the plan has ended.")
		assert.Zero(t, after.doc().Find("#refund").Length())
		assert.Equal(t, "free", ada.get("/api/me/entitlements").json()["plan"])
		refunds := s.stripeAPI("/v1/refunds", nil)["data"].([]any)
		require.Len(t, refunds, 1)
		assert.EqualValues(t, 7900, refunds[0].(map[string]any)["amount"])
	})
}

func TestL21_ADisputeIsShownAndHoldsGrowth(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		ada := s.payer(t, "ada", "pro_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_createDispute")
		away := ada.submit(ada.get("/app/billing/change"), `form[action="/app/billing/change"]:has(input[value="pro_v1_year"])`, nil)
		offer := ada.get(away.location)
		offer.path = away.location
		ada.confirms(offer)
		page := ada.get(ada.get("/app/billing?from=portal").location)
		require.Contains(t, page.text(), "A payment is disputed")
		refused := ada.submit(ada.get("/app/projects"), createForm, url.Values{"name": {"One more"}})
		require.Equal(t, http.StatusPaymentRequired, refused.status)
		assert.Contains(t, refused.text(), "Your bank is asking about one of your payments")
		disputes := b.get("/admin/subscribers/" + s.accountOf(t, "ada@example.com").PublicID).doc().Find(`[aria-labelledby="disputes"]`)
		assert.Contains(t, disputes.Text(), "Needs an answer")
		assert.NotZero(t, disputes.Find("time").Length(), "there is a date to answer by")
	})
}
