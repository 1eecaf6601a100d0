package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPortalKeepsToItsCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	stranger := s.buyer("pm_card_visa")
	other := s.subscribe(stranger, s.pro)
	home := s.portal(s.buyer("pm_card_visa"))
	c, err := s.Client.Customers.Get(stranger, nil)
	require.NoError(t, err)
	card := c.InvoiceSettings.DefaultPaymentMethod.ID
	for path, form := range map[string]url.Values{
		"/cards/" + card + "/default":                       {},
		"/cards/" + card + "/remove":                        {},
		"/resume":                                           {"subscription": {other.ID}},
		"/cancel?subscription=" + other.ID:                  {},
		"/plans/" + s.starter + "?subscription=" + other.ID: {},
	} {
		require.Equal(t, http.StatusNotFound, home.send(home.url.Path+path, form).status, path)
	}
	require.False(t, s.sub(other.ID).CancelAtPeriodEnd)
	require.Equal(t, http.StatusNotFound, home.b.open(home.url.Path+"/cancel?subscription="+other.ID).status)
	require.Equal(t, http.StatusNotFound, home.b.open(home.url.Path+"/plans?subscription="+other.ID).status)

	s.MustAdvance(2 * time.Hour)
	over := home.b.open(home.url.Path)
	require.Equal(t, http.StatusGone, over.status)
	require.Equal(t, "http://localhost:8080/app/billing", over.Find("main a").AttrOr("href", ""))
}
