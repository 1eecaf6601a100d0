package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func TestConsoleMovesTheClock(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro, func(p *stripe.SubscriptionParams) { p.TrialPeriodDays = stripe.Int64(14) })
	b := newBrowser(t, s.URL())
	require.Equal(t, "/_stripe/", b.open("/sandbox").location)
	overview := b.open("/_stripe/")
	require.Equal(t, http.StatusOK, overview.status)
	require.Contains(t, overview.text(".facts"), s.SecretKey())

	clock := overview.press("[name=step][value=trial]").follow()
	require.Contains(t, clock.text("#now"), "15 November 2026")
	require.Contains(t, clock.text("#happened"), "customer.subscription.trial_will_end")
	require.Contains(t, clock.text("#happened"), "customer.subscription.updated")
	require.Equal(t, stripe.SubscriptionStatusActive, s.sub(sub.ID).Status)
	require.Contains(t, clock.text("main"), "14 days ahead of the wall clock")

	clock = clock.press("[name=step][value=hour]").follow()
	require.Contains(t, clock.text("#happened"), "invoice.paid")
	clock = clock.press("[name=step][value=to]", "to", "2027-01-01").follow()
	require.Contains(t, clock.text("#now"), "1 January 2027")
	refused := clock.press("[name=step][value=to]", "to", "2026-01-01")
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, refused.text("[role=alert]"), "only moves forward")
	for _, step := range []string{"day", "week", "month", "year"} {
		before := s.Now()
		clock = clock.press("[name=step][value=" + step + "]").follow()
		require.True(t, s.Now().After(before), step)
	}
}

func TestConsoleShowsObjectsEventsAndRequests(t *testing.T) {
	t.Parallel()
	receiver := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(receiver))
	b := newBrowser(t, s.URL())
	for _, path := range []string{"objects", "events", "deliveries", "requests", "clock", "switches", ""} {
		require.Equal(t, http.StatusOK, b.open("/_stripe/"+path).status, "an empty %s", path)
	}
	var last string
	for range 45 {
		c, err := s.Client.Customers.New(&stripe.CustomerParams{Email: stripe.String("jo@example.com")})
		require.NoError(t, err)
		last = c.ID
	}
	s.MustIdle()

	objects := b.open("/_stripe/objects?kind=customer")
	require.Equal(t, 40, objects.Find(".log li").Length())
	require.Equal(t, 5, objects.click("#older").Find(".log li").Length())
	object := objects.click(".log a")
	require.Equal(t, last, object.text("h1"))
	require.Contains(t, object.text(".json"), `"email": "jo@example.com"`)
	event := object.click(".aside .log a.name")
	require.Equal(t, "customer.created", event.text("h1"))
	require.Contains(t, event.text(".deliveries"), "delivered")
	require.Equal(t, last, event.text(".facts a[href$="+last+"]"))

	seen := len(receiver.WaitEvents(45))
	event.press("#resend").follow()
	s.MustIdle()
	require.Len(t, receiver.WaitEvents(seen+1), seen+1)
	require.Equal(t, 40, b.open("/_stripe/deliveries").Find(".deliveries li").Length())

	requests := b.open("/_stripe/requests?show=changes")
	require.Equal(t, 40, requests.Find(".log li").Length())
	request := requests.click(".log a")
	require.Contains(t, request.text("h1"), "POST /v1/customers")
	require.Contains(t, request.text(".json"), "jo@example.com")
	require.Contains(t, request.text("main"), "customer.created")

	found := b.open("/_stripe/objects?id=" + last).follow()
	require.Equal(t, last, found.text("h1"))
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/objects/cus_nothing").status)
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/nothing").status)
}

func TestConsoleSwitches(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	b := newBrowser(t, s.URL())
	page := b.open("/_stripe/switches")
	page = page.press("#set-mode", "mode", "chaos").follow()
	require.Equal(t, "chaos", page.Find("[name=mode][checked]").AttrOr("value", ""))
	require.Equal(t, sandbox.Chaos, s.Mode())

	page = page.press("#arm", "match", "POST /v1/customers", "status", "500", "when", "after", "times", "2").follow()
	require.Contains(t, page.text("#armed"), "answers 500 after the work is done")
	require.Contains(t, page.text("#armed"), "next 2 requests")
	_, err := s.Client.Customers.New(&stripe.CustomerParams{Email: stripe.String("jo@example.com")})
	require.Error(t, err)
	require.Equal(t, 1, b.open("/_stripe/objects?kind=customer").Find(".log li").Length(), "the work was done")
	page = page.press("#disarm").follow()
	require.Zero(t, page.Find("#armed").Length())
	require.Equal(t, http.StatusUnprocessableEntity, page.press("#arm", "status", "0").status)

	require.NoError(t, s.Advance(t.Context(), time.Hour))
	require.Equal(t, http.StatusUnprocessableEntity, page.press("#reset").status)
	page = page.press("#reset", "sure", "1").follow()
	require.Contains(t, page.text("[role=status]"), "forgotten")
	require.Zero(t, b.open("/_stripe/objects?kind=customer").Find(".log li").Length())
}
