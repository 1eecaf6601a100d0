package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// clock creates a test clock that stands at a date.
func (s *shop) clock(date string) string {
	s.t.Helper()
	c, err := s.Client.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{
		FrozenTime: stripe.Int64(s.at(date)), Name: stripe.String("a story"),
	})
	require.NoError(s.t, err)
	require.Equal(s.t, stripe.TestHelpersTestClockStatusReady, c.Status)
	return c.ID
}

// clocked is a customer with a card who lives in a test clock.
func (s *shop) clocked(clock, card string) string {
	s.t.Helper()
	c, err := s.tryClocked(clock, card)
	require.NoError(s.t, err)
	require.Equal(s.t, clock, c.TestClock.ID)
	return c.ID
}

func (s *shop) tryClocked(clock, card string) (*stripe.Customer, error) {
	params := &stripe.CustomerParams{
		TestClock: &clock, PaymentMethod: &card,
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &card},
	}
	return s.Client.Customers.New(params)
}

func (s *shop) advanceClock(clock string, to int64) (*stripe.TestHelpersTestClock, error) {
	return s.Client.TestHelpersTestClocks.Advance(clock, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: &to})
}

// turn advances a test clock to a date, and waits until it has arrived.
func (s *shop) turn(clock, date string) {
	s.t.Helper()
	c, err := s.advanceClock(clock, s.at(date))
	require.NoError(s.t, err)
	require.Equal(s.t, stripe.TestHelpersTestClockStatusAdvancing, c.Status)
	s.MustIdle()
	c, err = s.Client.TestHelpersTestClocks.Get(clock, nil)
	require.NoError(s.t, err)
	require.Equal(s.t, stripe.TestHelpersTestClockStatusReady, c.Status)
	require.Equal(s.t, s.at(date), c.FrozenTime)
}

func TestClockHasItsOwnTime(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock := s.clock("2030-01-31T10:00")
	customer := s.clocked(clock, "pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	require.Equal(t, s.at("2030-01-31T10:00"), sub.Created)
	require.Equal(t, s.at("2030-02-28T10:00"), sub.CurrentPeriodEnd)
	require.Equal(t, clock, sub.TestClock.ID)
	inv := s.sub(sub.ID).LatestInvoice
	require.Equal(t, clock, inv.TestClock.ID)
	require.Equal(t, s.at("2030-01-31T10:00"), inv.StatusTransitions.PaidAt)
	outside := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	require.Equal(t, s.at("2026-03-01T00:00"), outside.Created)
	s.events()

	// The account's clock does not move what lives in a test clock, even where it is far ahead of it.
	require.NoError(t, s.Advance(context.Background(), 5*365*24*time.Hour))
	require.Equal(t, s.at("2030-02-28T10:00"), s.sub(sub.ID).CurrentPeriodEnd)
	require.Greater(t, s.sub(outside.ID).CurrentPeriodEnd, s.at("2031-01-01T00:00"))
}

func TestClockAdvances(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock := s.clock("2030-01-31T10:00")
	sub := s.subscribe(s.clocked(clock, "pm_card_visa"), s.pro)
	s.events()
	before := s.Now()
	s.turn(clock, "2030-02-28T10:30")
	news := s.news()
	var types []string
	for _, e := range news {
		types = append(types, string(e.Type))
	}
	require.Equal(t, []string{
		"test_helpers.test_clock.advancing", "invoice.created", "customer.subscription.updated",
		"test_helpers.test_clock.ready",
	}, types)
	require.Equal(t, s.at("2030-02-28T10:00"), news[1].Created, "what happens in a clock happens in its time")
	s.turn(clock, "2030-02-28T11:00")
	require.Len(t, s.events(), 2+len(collected()))
	require.Equal(t, stripe.InvoiceStatusPaid, s.sub(sub.ID).LatestInvoice.Status)
	require.Equal(t, before, s.Now(), "the account's clock stood still")

	// A refund in the clock carries the clock's time too, as does everything else below the customer.
	ref, err := s.Client.Refunds.New(&stripe.RefundParams{Charge: &s.sub(sub.ID).LatestInvoice.Charge.ID})
	require.NoError(t, err)
	require.Equal(t, s.at("2030-02-28T11:00"), ref.Created)
}

func TestClockLimits(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock := s.clock("2026-06-01T00:00")
	for _, refused := range []struct{ to, says string }{
		{"2026-06-01T00:00", "must be after the test clock's current frozen time"},
		{"2026-05-01T00:00", "must be after the test clock's current frozen time"},
		{"2028-06-01T00:01", "cannot be more than two years in the future"},
	} {
		_, err := s.advanceClock(clock, s.at(refused.to))
		require.Contains(t, stripeError(t, err).Msg, refused.says)
		require.Equal(t, "frozen_time", stripeError(t, err).Param)
	}
	customer := s.clocked(clock, "pm_card_visa")
	s.subscribe(customer, s.proYear)
	s.subscribe(customer, s.pro)
	_, err := s.advanceClock(clock, s.at("2026-08-01T00:01"))
	require.Contains(t, stripeError(t, err).Msg, "two intervals in the future from the shortest subscription")
	s.turn(clock, "2026-08-01T00:00")

	s.subscribe(customer, s.starter)
	_, err = s.trySubscribe(customer, s.pro)
	require.Contains(t, stripeError(t, err).Msg, "limit of 3 subscriptions")
	s.clocked(clock, "pm_card_visa")
	s.clocked(clock, "pm_card_visa")
	_, err = s.tryClocked(clock, "pm_card_visa")
	require.Contains(t, stripeError(t, err).Msg, "limit of 3 customers")
	_, err = s.tryClocked("clock_none", "pm_card_visa")
	require.Equal(t, "No such test clock: 'clock_none'", stripeError(t, err).Msg)
	_, err = s.Client.Customers.Update(customer, &stripe.CustomerParams{TestClock: &clock})
	require.Equal(t, "Received unknown parameter: test_clock", stripeError(t, err).Msg)
}

func TestClockObjectsStayOutOfLists(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock := s.clock("2026-06-01T00:00")
	inside, outside := s.clocked(clock, "pm_card_visa"), s.buyer("pm_card_visa")
	sub := s.subscribe(inside, s.pro)
	s.subscribe(outside, s.pro)
	for name, want := range map[string]string{"": outside, clock: inside} {
		params := &stripe.CustomerListParams{}
		if name != "" {
			params.TestClock = &name
		}
		it := s.Client.Customers.List(params)
		require.True(t, it.Next())
		require.Equal(t, want, it.Customer().ID)
		require.False(t, it.Next())
	}
	it := s.Client.Subscriptions.List(&stripe.SubscriptionListParams{TestClock: &clock})
	require.True(t, it.Next())
	require.Equal(t, sub.ID, it.Subscription().ID)
	it = s.Client.Subscriptions.List(&stripe.SubscriptionListParams{})
	require.True(t, it.Next())
	require.Equal(t, outside, it.Subscription().Customer.ID)
	require.False(t, it.Next())
	require.Len(t, s.invoices(sub.ID), 1, "a parent brings them back")
	clocks := s.Client.TestHelpersTestClocks.List(nil)
	require.True(t, clocks.Next())
	require.Equal(t, clock, clocks.TestHelpersTestClock().ID)
}

func TestClockDeletion(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock, short := s.clock("2026-06-01T00:00"), s.clock("2026-06-01T00:00")
	customer := s.clocked(clock, "pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	s.events()
	gone, err := s.Client.TestHelpersTestClocks.Del(clock, nil)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
	require.Equal(t, []string{
		"customer.subscription.deleted", "payment_method.detached", "customer.updated",
		"customer.deleted", "test_helpers.test_clock.deleted",
	}, s.events())
	got := s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusCanceled, got.Status)
	require.Equal(t, s.at("2026-06-01T00:00"), got.EndedAt)
	_, err = s.Client.TestHelpersTestClocks.Get(clock, nil)
	require.Equal(t, 404, stripeError(t, err).HTTPStatusCode)

	left, err := s.Client.TestHelpersTestClocks.Get(short, nil)
	require.NoError(t, err)
	require.Equal(t, s.at("2026-03-31T00:00"), left.DeletesAfter)
	s.to("2026-03-31T00:00")
	require.Equal(t, []string{"test_helpers.test_clock.deleted"}, s.events(), "nobody keeps a clock for longer")
}

// While a clock is advancing nobody else may write in it; an advance that a restart interrupts goes on by itself.
func TestClockAdvanceSurvivesARestart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	opts := sandbox.Options{
		Path: filepath.Join(t.TempDir(), "s.db"), Now: func() time.Time { return at },
		CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: t.Name(),
	}
	first, err := sandbox.New(opts) // Without Start nothing works the agenda off, so the advance stays where it is.
	require.NoError(t, err)
	sandbox.Serve(t, first)
	s := &shop{t: t, Sandbox: &sandboxtest.Sandbox{Sandbox: first, Client: sandboxtest.Client(first)}}
	s.proProduct = s.product("Pro")
	s.pro = s.price(s.proProduct, 2000, "month")
	clock := s.clock("2026-03-01T00:00")
	customer := s.clocked(clock, "pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	c, err := s.advanceClock(clock, s.at("2026-04-20T00:00"))
	require.NoError(t, err)
	require.Equal(t, stripe.TestHelpersTestClockStatusAdvancing, c.Status)
	require.Equal(t, s.at("2026-04-20T00:00"), c.StatusDetails.Advancing.TargetFrozenTime)
	for _, write := range []error{
		second(s.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})),
		second(s.Client.Subscriptions.Cancel(sub.ID, nil)),
		second(s.tryClocked(clock, "pm_card_visa")),
		second(s.advanceClock(clock, s.at("2026-04-21T00:00"))),
	} {
		require.Equal(t, 429, stripeError(t, write).HTTPStatusCode)
		require.Equal(t, "Test clock advancement underway - cannot perform modifications: "+clock,
			stripeError(t, write).Msg)
	}
	require.EqualValues(t, s.at("2026-04-01T00:00"), s.sub(sub.ID).CurrentPeriodEnd, "reading is not writing")
	require.NoError(t, first.Close())

	again, err := sandbox.New(opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = again.Close() })
	sandbox.Serve(t, again)
	s.Sandbox = &sandboxtest.Sandbox{Sandbox: again, Client: sandboxtest.Client(again)}
	require.NoError(t, again.Idle(context.Background()))
	c, err = s.Client.TestHelpersTestClocks.Get(clock, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.TestHelpersTestClockStatusReady, c.Status)
	require.Equal(t, s.at("2026-05-01T00:00"), s.sub(sub.ID).CurrentPeriodEnd)
}

func second[T any](_ T, err error) error { return err }

// Advancing a clock in many steps does what one step does, to the second.
func TestClockStepsCompose(t *testing.T) {
	t.Parallel()
	history := func(dates ...string) []string {
		s := newShop(t, "2026-01-01T00:00")
		clock := s.clock("2026-01-31T10:00")
		s.subscribe(s.clocked(clock, "pm_card_visa"), s.pro)
		s.subscribe(s.clocked(clock, "pm_card_chargeCustomerFail"), s.pro, func(p *stripe.SubscriptionParams) {
			p.TrialPeriodDays = stripe.Int64(10)
		})
		leaving := s.subscribe(s.clocked(clock, "pm_card_visa"), s.starter)
		s.update(leaving.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
		s.events()
		for _, date := range dates {
			s.turn(clock, date)
		}
		var out []string
		for _, e := range s.news() {
			if e.Type != "test_helpers.test_clock.advancing" && e.Type != "test_helpers.test_clock.ready" {
				out = append(out, time.Unix(e.Created, 0).UTC().Format(time.RFC3339)+" "+string(e.Type))
			}
		}
		return out
	}
	once := history("2026-03-31T10:00")
	require.Greater(t, len(once), 30)
	require.Equal(t, once, history("2026-02-10T10:00", "2026-02-28T10:00", "2026-02-28T10:59", "2026-03-03T12:00",
		"2026-03-31T10:00"))
}
