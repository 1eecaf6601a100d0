package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
)

// admin is a browser of somebody whose address is in ADMIN_EMAILS and confirmed.
func (s *site) admin(t *testing.T) *browser {
	t.Helper()
	b := s.signedUp(t, "admin")
	link := s.mailedLink(t, "admin@example.com", "/verify-email/")
	require.Equal(t, http.StatusOK, b.submit(b.get(link), `form[action="`+link+`"]`, nil).status)
	return b
}

// accountOf is the account that somebody made by signing up.
func (s *site) accountOf(t *testing.T, email string) models.Account {
	t.Helper()
	var account models.Account
	require.NoError(t, s.DB.Read(t.Context()).Where("billing_email = ?", email).Take(&account).Error)
	return account
}

// eventually asks until the answer is there, or patience is at an end.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	require.Eventually(t, ask, patience, 50*time.Millisecond, what)
}

func TestTheAdminIsForAdminsOnly(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		unconfirmed := s.signedUp(t, "admin")
		user, visitor := s.signedUp(t, "ada"), s.browser(t)
		id := s.accountOf(t, "ada@example.com").PublicID
		for _, path := range []string{
			"/admin", "/admin/subscribers", "/admin/subscribers/" + id, "/admin/events", "/admin/events/whe_1",
		} {
			for who, b := range map[string]*browser{"a visitor": visitor, "a user": user, "an unconfirmed admin": unconfirmed} {
				assert.Equal(t, http.StatusNotFound, b.get(path).status, "%s at %s", who, path)
			}
		}
		for _, path := range []string{"/admin/subscribers/" + id + "/sync", "/admin/events/whe_1/replay"} {
			a := user.post(path, url.Values{"_csrf": {user.token()}})
			assert.Equal(t, http.StatusNotFound, a.status, path)
		}
	})
}

func TestTheAdminSeesASubscriberWhole(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		ada := s.signedUp(t, "ada")
		account := s.accountOf(t, "ada@example.com")
		ada.subscribe("pro_v1_month")

		list := b.get("/admin/subscribers?q=ADA%40exa")
		require.Equal(t, http.StatusOK, list.status, list.text())
		link := list.doc().Find(`main a[href="/admin/subscribers/` + account.PublicID + `"]`)
		require.NotZero(t, link.Length())
		assert.NotContains(t, list.text(), "admin@example.com")

		page := b.get("/admin/subscribers/" + account.PublicID)
		require.Equal(t, http.StatusOK, page.status, page.text())
		text := page.text()
		for _, want := range []string{"ada@example.com", "cus_", "sub_", "Pro", "the trial runs", "trial_started"} {
			assert.Contains(t, text, want)
		}
		customer := customerID(t, s, account)
		assert.Contains(t, b.get("/admin/subscribers?q="+customer).text(), "ada@example.com", "found by Stripe id")
		assert.Contains(t, b.get("/admin/subscribers?plan=pro&status=trialing&sort=-mrr").text(), "ada@example.com")
		assert.NotContains(t, b.get("/admin/subscribers?plan=starter").text(), "ada@example.com")

		synced := b.submit(page, `form[action$="/sync"]`, nil)
		require.Equal(t, "/admin/subscribers/"+account.PublicID, synced.location)
		assert.Contains(t, string(b.get(synced.location).body), "Read from Stripe just now.")
		assert.Equal(t, http.StatusNotFound, b.get("/admin/subscribers/acc_nobody").status)
	})
}

func customerID(t *testing.T, s *site, account models.Account) string {
	t.Helper()
	var customer models.Customer
	require.NoError(t, s.DB.Read(t.Context()).Where("account_id = ?", account.ID).Take(&customer).Error)
	return customer.StripeID
}

func TestTheAdminReplaysAnEvent(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		ada := s.signedUp(t, "ada")
		ada.subscribe("starter_v1_year")
		var path string
		eventually(t, "an event is done", func() bool {
			inbox := b.get("/admin/events?state=done&type=customer.subscription.created")
			path = inbox.doc().Find(`main td a[href^="/admin/events/"]`).First().AttrOr("href", "")
			return path != ""
		})

		event := b.get(path)
		require.Equal(t, http.StatusOK, event.status, event.text())
		assert.Contains(t, event.text(), `"type": "customer.subscription.created"`, "the payload is indented")
		assert.NotZero(t, event.doc().Find(`main a[href^="/admin/subscribers/"]`).Length(), "leads to the subscriber")

		replayed := b.submit(event, `form[action$="/replay"]`, nil)
		require.Equal(t, path, replayed.location)
		eventually(t, "the event is done again", func() bool {
			return b.get(path).doc().Find("main dd .badge").First().Text() == "Done"
		})
		assert.Equal(t, http.StatusNotFound, b.get("/admin/events/whe_nope").status)
		none := b.get("/admin/events?q=evt_nope")
		assert.Contains(t, none.text(), "No events here")
	})
}

func TestTheOverviewCounts(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		assert.Equal(t, http.StatusOK, b.get("/admin").status, "with hardly anything to count")
		_, err := seed.Run(t.Context(), seed.Options{
			DB: s.DB, Catalog: s.Catalog, Connection: s.Billing.Connection, Accounts: 300, Seed: 1, Now: time.Now(),
		})
		require.NoError(t, err)
		page := b.get("/admin")
		require.Equal(t, http.StatusOK, page.status, page.text())
		assert.Contains(t, page.text(), "of 301 accounts")
		assert.NotZero(t, page.doc().Find("main svg").Length(), "the chart")

		var mrr int64
		require.NoError(t, s.DB.Read(t.Context()).Raw("SELECT SUM(mrr) FROM subscriptions").Scan(&mrr).Error)
		require.NotZero(t, mrr)
		second := b.get("/admin/subscribers?page=2&sort=name")
		assert.Contains(t, second.text(), "26")
		for _, query := range []string{"sort=%27&page=-1&plan=%00", "page=99999&q=%25", "status=none&sort=status", "q=" + strings.Repeat("x", 500)} {
			assert.Equal(t, http.StatusOK, b.get("/admin/subscribers?"+query).status, query)
		}
	})
}
