package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func TestInvoicePagePays(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	home := s.portal(customer)
	home.click("#add-card").press("[data-card='4000000000000341']").follow()
	s.to("2026-02-01T02:00")
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusPastDue, got.Status)

	b := newBrowser(t, s.URL())
	page := b.open(got.LatestInvoice.HostedInvoiceURL)
	require.Equal(t, "Open", page.text("#status"))
	require.Equal(t, "Pay $20.00", page.text("#pay"))
	stranger, err := s.Client.Customers.Get(s.buyer("pm_card_visa"), nil)
	require.NoError(t, err)
	foreign := stranger.InvoiceSettings.DefaultPaymentMethod.ID
	require.Equal(t, http.StatusNotFound, page.press("#pay", "payment_method", foreign).status)

	s.events()
	page = page.press("#pay")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Contains(t, s.events(), "charge.failed", "a declined attempt leaves its charge behind")
	require.Equal(t, "Your card was declined.", page.text("[role=alert]"))
	page = page.press(oneClick).follow()
	require.Equal(t, "Paid", page.text("#status"))
	require.Contains(t, page.text("[role=status]"), "paid")
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
}
