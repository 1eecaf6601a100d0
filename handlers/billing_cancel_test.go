package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestL09_CancelWithAReasonAndResume(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		require.NotZero(t, b.get("/app/billing").doc().Find(`a[href="/app/billing/cancel"]`).Length())
		form := b.get("/app/billing/cancel")
		sub := s.subscriptionOf(t, "ada@example.com")
		end := sub.CurrentPeriodEnd.Format("Jan 2, 2006")
		assert.Contains(t, form.text(), "You keep Starter until "+end)
		assert.Contains(t, form.text(), "All of your work stays")
		assert.Equal(t, 8, form.doc().Find(`fieldset input[type="radio"][name="feedback"]`).Length())

		long := b.submit(form, `form[action="/app/billing/cancel"]`, url.Values{
			"feedback": {"too_complex"}, "comment": {strings.Repeat("ä", 501)},
		})
		require.Equal(t, http.StatusUnprocessableEntity, long.status)
		assert.Contains(t, long.text(), "longer than 500")
		assert.Equal(t, "too_complex", long.doc().Find(`input[name="feedback"][checked]`).AttrOr("value", ""))
		assert.Equal(t, strings.Repeat("ä", 501), long.doc().Find(`textarea[name="comment"]`).Text())
		unknown := b.submit(form, `form[action="/app/billing/cancel"]`, url.Values{"feedback": {"spite"}, "comment": {"Kept."}})
		require.Equal(t, http.StatusUnprocessableEntity, unknown.status)
		assert.Contains(t, unknown.text(), "Choose one of the reasons")
		assert.Equal(t, "Kept.", unknown.doc().Find(`textarea[name="comment"]`).Text())
		assert.False(t, s.subscriptionOf(t, "ada@example.com").CancelAtPeriodEnd)

		gone := b.submit(form, `form[action="/app/billing/cancel"]`, url.Values{"feedback": {"unused"}, "comment": {"Too quiet."}})
		require.Equal(t, "/app/billing", gone.location, gone.text())
		page := b.get("/app/billing")
		assert.Contains(t, string(page.body), "Your plan is cancelled.")
		assert.Contains(t, page.text(), "You keep everything until it ends on "+end)
		details := s.stripeAPI("/v1/subscriptions/"+sub.StripeID, nil)["cancellation_details"].(map[string]any)
		assert.Equal(t, "unused", details["feedback"])
		assert.Equal(t, "Too quiet.", details["comment"])

		plans := b.get("/app/billing/change")
		assert.Contains(t, plans.text(), "Keep it first")
		assert.Equal(t, "/app/billing", b.get("/app/billing/cancel").location, "it is cancelled already")
		resumed := b.submit(plans, `form[action="/app/billing/resume"]`, nil)
		assert.Equal(t, "/app/billing", resumed.location)
		assert.Contains(t, b.get("/app/billing").text(), "Renews on "+end)
	})
}

func TestAnAdminPausesResumesAndEnds(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		ada := s.payer(t, "ada", "pro_v1_month")
		path := "/admin/subscribers/" + s.accountOf(t, "ada@example.com").PublicID
		does := func(form string, fields url.Values) answer {
			t.Helper()
			fields.Set("sure", "yes")
			done := b.submit(b.get(path), form, fields)
			require.Equal(t, path, done.location, done.text())
			return b.get(path)
		}
		unsure := b.post(path+"/end", url.Values{"_csrf": {b.token()}, "comment": {"asked for by phone"}})
		require.Equal(t, http.StatusUnprocessableEntity, unsure.status)
		assert.Contains(t, unsure.text(), "Tick the box to confirm.")
		assert.Equal(t, "asked for by phone", unsure.doc().Find(`input[name="comment"]`).AttrOr("value", ""))
		assert.Nil(t, s.subscriptionOf(t, "ada@example.com").EndedAt)

		paused := does("#pause", url.Values{})
		assert.Contains(t, string(paused.body), "Billing is paused. No invoices are made.")
		assert.Contains(t, ada.get("/app/billing").text(), "Billing is paused")
		resumed := does("#go-on", url.Values{})
		assert.Contains(t, string(resumed.body), "Billing goes on.")
		assert.Empty(t, s.subscriptionOf(t, "ada@example.com").PauseBehavior)
		ended := does("#end", url.Values{"comment": {"asked for by phone"}})
		assert.Contains(t, string(ended.body), "The plan has ended. Nothing was refunded.")
		assert.Equal(t, "free", ada.get("/api/me/entitlements").json()["plan"])
		assert.Zero(t, ended.doc().Find("#end").Length(), "there is nothing left to end")
		over := b.post(path+"/end", url.Values{"_csrf": {b.token()}, "sure": {"yes"}})
		assert.Equal(t, http.StatusConflict, over.status)
	})
}
