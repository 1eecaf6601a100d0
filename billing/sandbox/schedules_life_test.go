package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// The official command line's fixture for subscription_schedule.expiring: nine days before the end, in a test clock.
func TestScheduleExpiresInAClock(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	clock := s.clock("2020-01-01T00:00")
	c, err := s.Client.Customers.New(&stripe.CustomerParams{TestClock: &clock})
	require.NoError(t, err)
	sched := s.planned(c.ID, s.at("2020-01-01T00:00"), "cancel", s.phase(s.pro, until(s.at("2020-01-29T00:00"))))
	require.Equal(t, s.at("2020-01-01T00:00"), sched.Created)
	require.Equal(t, clock, sched.TestClock.ID)
	s.events()
	s.turn(clock, "2020-01-20T00:00")
	require.Contains(t, s.events(), "subscription_schedule.expiring")
	s.turn(clock, "2020-01-29T00:00")
	require.Contains(t, s.events(), "subscription_schedule.completed")
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(sched.Subscription.ID).Status)

	it := s.Client.SubscriptionSchedules.List(&stripe.SubscriptionScheduleListParams{
		Customer: &c.ID, CompletedAt: stripe.Int64(s.at("2020-01-29T00:00")),
	})
	require.True(t, it.Next())
	it = s.Client.SubscriptionSchedules.List(&stripe.SubscriptionScheduleListParams{
		Customer:         &c.ID,
		CompletedAtRange: &stripe.RangeQueryParams{GreaterThan: s.at("2020-01-29T00:00")},
	})
	require.False(t, it.Next())
}

func TestScheduleOfADeletedCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	sched := s.planned(customer, s.at("2026-04-01T00:00"), "", s.phase(s.pro))
	_, err := s.Client.Customers.Del(customer, nil)
	require.NoError(t, err)
	s.to("2026-05-01T00:00")
	require.Equal(t, stripe.SubscriptionScheduleStatusCanceled, s.schedule(sched.ID).Status)
}

// Subscriptions whose price was archived since go on being scheduled.
func TestPhaseWithAnArchivedPrice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sched := s.planned(s.buyer("pm_card_visa"), s.at("2026-03-01T00:00"), "",
		s.phase(s.starter, times(1)), s.phase(s.pro, times(1)))
	_, err := s.Client.Prices.Update(s.pro, &stripe.PriceParams{Active: stripe.Bool(false)})
	require.NoError(t, err)
	s.to("2026-04-01T01:00")
	require.EqualValues(t, 2000, s.sub(sched.Subscription.ID).LatestInvoice.AmountPaid)
}

// A portal that puts cheaper plans and shorter intervals off makes a schedule of them; a dearer one is switched to at
// once, and leaves the schedule.
func TestPortalSwitchesLater(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	s.to("2026-11-16T00:00")
	config := s.laterConfig()
	open := func() *view {
		session, err := s.Client.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
			Customer: &customer, Configuration: &config,
		})
		require.NoError(t, err)
		return newBrowser(t, s.URL()).open(session.URL)
	}
	confirm := open().click("[data-do=switch]").click(".offer:not(.current) a")
	require.Contains(t, confirm.text("main"), "Your plan stays as it is until 1 December 2026")
	require.Equal(t, "$10.00", confirm.text("#due"))
	confirm.press("#confirm").follow()
	got := s.sub(sub.ID)
	require.Equal(t, s.pro, got.Items.Data[0].Price.ID)
	require.NotNil(t, got.Schedule)
	sched := s.schedule(got.Schedule.ID)
	require.Len(t, sched.Phases, 2)
	require.Equal(t, s.starter, sched.Phases[1].Items[0].Price.ID)

	// On second thoughts they cancel, and then think again.
	home := open()
	home.click("[data-do=cancel]").press("#cancel").follow()
	require.Equal(t, stripe.SubscriptionScheduleStatusReleased, s.schedule(sched.ID).Status)
	require.True(t, s.sub(sub.ID).CancelAtPeriodEnd)
	s.update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
	open().click("[data-do=switch]").click(".offer:not(.current) a").press("#confirm").follow()
	s.to("2026-12-01T01:00")
	got = s.sub(sub.ID)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID)
	require.EqualValues(t, 1000, got.LatestInvoice.AmountPaid)

	open().click("[data-do=switch]").click(".offer:not(.current) a").press("#confirm").follow()
	got = s.sub(sub.ID)
	require.Equal(t, s.pro, got.Items.Data[0].Price.ID, "a dearer plan begins at once")
	require.Nil(t, got.Schedule)
}

// laterConfig is a portal that puts downgrades off to the end of the period.
func (s *shop) laterConfig() string {
	s.t.Helper()
	on := stripe.Bool(true)
	type features = stripe.BillingPortalConfigurationFeaturesParams
	type update = stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams
	condition := func(name string) *stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateScheduleAtPeriodEndConditionParams {
		return &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateScheduleAtPeriodEndConditionParams{Type: &name}
	}
	config, err := s.Client.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Later")},
		Features: &features{
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{Enabled: on},
			SubscriptionUpdate: &update{
				Enabled: on, DefaultAllowedUpdates: stripe.StringSlice([]string{"price"}),
				Products: []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
					{Product: &s.starterProduct, Prices: stripe.StringSlice([]string{s.starter})},
					{Product: &s.proProduct, Prices: stripe.StringSlice([]string{s.pro})},
				},
				ScheduleAtPeriodEnd: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateScheduleAtPeriodEndParams{
					Conditions: []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateScheduleAtPeriodEndConditionParams{
						condition("decreasing_item_amount"), condition("shortening_interval"),
					},
				},
			},
		},
	})
	require.NoError(s.t, err)
	return config.ID
}
