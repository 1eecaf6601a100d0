package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCardLinkLeadsToThePortal follows the link of a dunning mail, signed in and not.
func TestCardLinkLeadsToThePortal(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		const link = "/app/billing/card"
		ada := s.signedUp(t, "ada")
		to := ada.get(link)
		require.Equal(t, http.StatusSeeOther, to.status)
		require.True(t, strings.HasPrefix(to.location, s.Config.StripeAPIBase+"/_stripe/p/"), to.location)
		card := s.browser(t).get(to.location)
		for card.status == http.StatusSeeOther {
			card = s.browser(t).get(s.Config.StripeAPIBase + card.location)
		}
		require.Equal(t, http.StatusOK, card.status)
		require.Contains(t, card.text(), "Add a card")

		stranger := s.browser(t)
		login := stranger.get(link)
		require.Equal(t, http.StatusSeeOther, login.status)
		require.Equal(t, "/login?next="+url.QueryEscape(link), login.location, "nobody is shown anything before signing in")
		in := stranger.submit(stranger.get(login.location), `form[action="/login"]`, url.Values{
			"email": {"ada@example.com"}, "password": {"correct horse battery"},
		})
		require.Equal(t, link, in.location)
		require.True(t, strings.HasPrefix(stranger.get(in.location).location, s.Config.StripeAPIBase+"/_stripe/p/"))
	})
}
