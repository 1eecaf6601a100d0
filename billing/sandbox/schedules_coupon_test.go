package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// A coupon that is deleted before its phase begins takes nothing off, and holds nothing up.
func TestPhaseOfADeletedCoupon(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	half := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("forever")})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	sched := s.scheduleFrom(sub.ID)
	s.replan(sched.ID, &stripe.SubscriptionScheduleParams{Phases: []*phase{
		s.phase(s.pro, from(sched.Phases[0].StartDate), until(sched.Phases[0].EndDate)),
		s.phase(s.starter, times(1), func(p *phase) { p.Coupon = &half }),
	}})
	_, err := s.Client.Coupons.Del(half, nil)
	require.NoError(t, err)
	s.to("2026-04-01T02:00")
	got := s.sub(sub.ID)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID)
	require.EqualValues(t, 1000, got.LatestInvoice.AmountPaid)
}
