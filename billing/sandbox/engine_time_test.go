package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

// busy sets up subscriptions of several kinds: healthy, failing, on trial, cancelling, discounted.
func (s *shop) busy() {
	s.t.Helper()
	healthy := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	s.subscribe(s.buyer("pm_card_visa"), s.proYear)
	failing := s.buyer("pm_card_visa")
	s.subscribe(failing, s.pro)
	_, err := sandbox.AddPortalCard(s.Sandbox.Sandbox, failing, card("4000000000000341").Card)
	require.NoError(s.t, err)
	s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(30)
	})
	leaving := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.update(leaving.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
	third := s.coupon(&stripe.CouponParams{
		PercentOff: stripe.Float64(33), Duration: stripe.String("repeating"), DurationInMonths: stripe.Int64(4),
	})
	s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &third}}
	})
	s.planned(s.buyer("pm_card_visa"), s.Now().Unix(), "", s.phase(s.pro, until(s.Now().AddDate(0, 1, 9).Unix())),
		s.phase(s.starter, times(1)), s.phase(s.proYear, times(1)))
	s.MustAdvance(9 * 24 * time.Hour)
	s.swap(healthy, s.pro, "create_prorations")
}

// A jump of months does exactly what the same months do in small steps.
func TestAdvancingInStepsIsAdvancingAtOnce(t *testing.T) {
	t.Parallel()
	history := func(steps int) []string {
		s := newShop(t, "2026-01-31T10:00")
		s.busy()
		start := s.Now()
		whole := start.AddDate(0, 4, 0).Sub(start)
		for range steps {
			require.NoError(t, s.Advance(context.Background(), whole/time.Duration(steps)))
		}
		var out []string
		for _, e := range s.news() {
			out = append(out, time.Unix(e.Created, 0).UTC().Format(time.RFC3339)+" "+string(e.Type))
		}
		return out
	}
	once := history(1)
	require.Greater(t, len(once), 100)
	require.Equal(t, once, history(23))
}

// Over two years every cent of every paid invoice is a charge, and every invoice adds up.
func TestTwoYearsAddUp(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-31T10:00")
	s.busy()
	start := s.Now()
	require.NoError(t, s.Advance(context.Background(), start.AddDate(2, 0, 0).Sub(start)))
	var invoiced, charged int64
	all := &stripe.InvoiceListParams{}
	all.Limit = stripe.Int64(100)
	for it := s.Client.Invoices.List(all); it.Next(); {
		inv := it.Invoice()
		var subtotal, discounts int64
		for _, line := range inv.Lines.Data {
			subtotal += line.Amount
		}
		for _, d := range inv.TotalDiscountAmounts {
			discounts += d.Amount
		}
		require.Equal(t, inv.Subtotal, subtotal)
		require.Equal(t, inv.Total, subtotal-discounts)
		require.NotEqual(t, stripe.InvoiceStatusDraft, inv.Status)
		invoiced += inv.AmountPaid
	}
	moved := &stripe.BalanceTransactionListParams{}
	moved.Limit = stripe.Int64(100)
	for it := s.Client.BalanceTransactions.List(moved); it.Next(); {
		charged += it.BalanceTransaction().Amount
		require.Equal(t, it.BalanceTransaction().Amount-it.BalanceTransaction().Fee, it.BalanceTransaction().Net)
	}
	require.Greater(t, invoiced, int64(100_000))
	require.Equal(t, invoiced, charged)
}

func TestUpcomingEvent(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	require.NoError(t, s.SetUpcomingDays(context.Background(), 3))
	require.Error(t, s.SetUpcomingDays(context.Background(), -1))
	s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.events()
	s.to("2026-03-29T00:00")
	news := s.news()
	require.Len(t, news, 1)
	require.EqualValues(t, "invoice.upcoming", news[0].Type)
	require.NotContains(t, news[0].Data.Object, "id")
	require.EqualValues(t, 2000, news[0].Data.Object["amount_due"])
}
