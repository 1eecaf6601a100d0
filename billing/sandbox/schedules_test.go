package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// phase is one phase of a request: what it bills, and until when.
type phase = stripe.SubscriptionSchedulePhaseParams

func (s *shop) phase(price string, changes ...func(*phase)) *phase {
	p := &phase{Items: []*stripe.SubscriptionSchedulePhaseItemParams{{Price: &price, Quantity: stripe.Int64(1)}}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func from(at int64) func(*phase)  { return func(p *phase) { p.StartDate = &at } }
func until(at int64) func(*phase) { return func(p *phase) { p.EndDate = &at } }
func times(n int64) func(*phase)  { return func(p *phase) { p.Iterations = &n } }

func (s *shop) scheduleFrom(sub string) *stripe.SubscriptionSchedule {
	s.t.Helper()
	sched, err := s.Client.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{FromSubscription: &sub})
	require.NoError(s.t, err)
	return sched
}

func (s *shop) replan(id string, params *stripe.SubscriptionScheduleParams) *stripe.SubscriptionSchedule {
	s.t.Helper()
	sched, err := s.Client.SubscriptionSchedules.Update(id, params)
	require.NoError(s.t, err)
	return sched
}

func (s *shop) schedule(id string) *stripe.SubscriptionSchedule {
	s.t.Helper()
	sched, err := s.Client.SubscriptionSchedules.Get(id, nil)
	require.NoError(s.t, err)
	return sched
}

// planned is a schedule of its own for a customer.
func (s *shop) planned(customer string, start int64, end string, phases ...*phase) *stripe.SubscriptionSchedule {
	s.t.Helper()
	params := &stripe.SubscriptionScheduleParams{Customer: &customer, StartDate: &start, Phases: phases}
	if end != "" {
		params.EndBehavior = &end
	}
	sched, err := s.Client.SubscriptionSchedules.New(params)
	require.NoError(s.t, err)
	return sched
}

// The documented way to a cheaper plan at the end of the period: a schedule from the subscription, then two phases.
func TestDowngradeAtPeriodEnd(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-31T10:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.events()
	sched := s.scheduleFrom(sub.ID)
	require.Equal(t, []string{"subscription_schedule.created", "customer.subscription.updated"}, s.events())
	require.Equal(t, stripe.SubscriptionScheduleStatusActive, sched.Status)
	require.Equal(t, sub.CurrentPeriodStart, sched.CurrentPhase.StartDate)
	require.Equal(t, sub.CurrentPeriodEnd, sched.CurrentPhase.EndDate)
	require.Equal(t, s.pro, sched.Phases[0].Items[0].Price.ID)
	require.Equal(t, sched.ID, s.sub(sub.ID).Schedule.ID)

	sched = s.replan(sched.ID, &stripe.SubscriptionScheduleParams{
		EndBehavior: stripe.String("release"),
		Phases: []*phase{
			s.phase(s.pro, from(sched.Phases[0].StartDate), until(sched.Phases[0].EndDate)),
			s.phase(s.starter, times(1), func(p *phase) { p.ProrationBehavior = stripe.String("none") }),
		},
	})
	require.Equal(t, []string{"subscription_schedule.updated"}, s.events(), "nothing changes before the period ends")
	require.Len(t, sched.Phases, 2)
	require.Equal(t, sub.CurrentPeriodEnd, sched.Phases[1].StartDate)
	require.Equal(t, s.at("2026-03-28T10:00"), sched.Phases[1].EndDate)
	preview := s.nextInvoice(sub.ID)
	require.Equal(t, map[string]int64{"1 × Starter (at $10.00 / month)": 1000}, lines(preview))

	s.to("2026-02-28T10:00")
	require.Equal(t, []string{
		"customer.subscription.updated", "subscription_schedule.updated", "invoice.created",
		"customer.subscription.updated",
	}, s.events())
	got := s.sub(sub.ID)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID)
	require.Equal(t, s.at("2026-03-31T10:00"), got.CurrentPeriodEnd, "the anchor stays")
	same(t, preview, got.LatestInvoice)

	s.to("2026-03-28T10:00")
	require.Equal(t, append(collected(), "subscription_schedule.expiring", "customer.subscription.updated",
		"subscription_schedule.updated", "subscription_schedule.completed", "subscription_schedule.released"), s.events())
	sched = s.schedule(sched.ID)
	require.Equal(t, stripe.SubscriptionScheduleStatusCompleted, sched.Status)
	require.Equal(t, sub.ID, sched.ReleasedSubscription.ID)
	require.Nil(t, sched.CurrentPhase)
	require.Nil(t, s.sub(sub.ID).Schedule)
	s.to("2026-05-01T00:00")
	require.EqualValues(t, 1000, s.sub(sub.ID).LatestInvoice.AmountPaid, "it goes on by itself")
}

// nextInvoice previews a subscription's next invoice.
func (s *shop) nextInvoice(sub string) *stripe.Invoice {
	s.t.Helper()
	inv, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: &sub})
	require.NoError(s.t, err)
	return inv
}

// A price migration keeps the quantity, and the item where its price stays.
func TestPriceMigration(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	dearer := s.price(s.proProduct, 2500, "month")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Items[0].Quantity = stripe.Int64(3)
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &s.starter})
	})
	sched := s.scheduleFrom(sub.ID)
	next := s.phase(dearer, times(1))
	next.Items[0].Quantity = stripe.Int64(3)
	next.Items = append(next.Items, &stripe.SubscriptionSchedulePhaseItemParams{Price: &s.starter})
	now := s.phase(s.pro, from(sched.Phases[0].StartDate), until(sched.Phases[0].EndDate))
	now.Items[0].Quantity = stripe.Int64(3)
	now.Items = append(now.Items, &stripe.SubscriptionSchedulePhaseItemParams{Price: &s.starter})
	s.replan(sched.ID, &stripe.SubscriptionScheduleParams{Phases: []*phase{now, next}})
	s.to("2026-04-01T01:00")
	got := s.sub(sub.ID)
	require.EqualValues(t, 3*2500+1000, got.LatestInvoice.AmountPaid)
	require.Equal(t, dearer, got.Items.Data[0].Price.ID)
	require.EqualValues(t, 3, got.Items.Data[0].Quantity)
	require.Equal(t, sub.Items.Data[1].ID, got.Items.Data[1].ID)
}

func TestScheduleStartsInTheFuture(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	half := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("forever")})
	s.events()
	sched := s.planned(customer, s.at("2026-03-10T00:00"), "cancel",
		s.phase(s.pro, times(2), func(p *phase) {
			p.Coupon = &half
			p.Metadata = map[string]string{"phase": "cheap"}
			p.AddInvoiceItems = []*stripe.SubscriptionSchedulePhaseAddInvoiceItemParams{{Price: s.oneTime(500)}}
		}), s.phase(s.pro, times(1)))
	require.Equal(t, stripe.SubscriptionScheduleStatusNotStarted, sched.Status)
	require.Nil(t, sched.Subscription)
	require.Equal(t, s.at("2026-06-10T00:00"), sched.Phases[1].EndDate)
	require.Contains(t, s.events(), "subscription_schedule.created")
	preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Schedule: &sched.ID})
	require.NoError(t, err)

	s.to("2026-03-10T00:00")
	require.Equal(t, []string{
		"invoiceitem.created", "invoice.created", "customer.subscription.created",
		"customer.discount.created", "customer.updated", "subscription_schedule.updated",
	}, s.events())
	sched = s.schedule(sched.ID)
	require.Equal(t, stripe.SubscriptionScheduleStatusActive, sched.Status)
	sub := s.sub(sched.Subscription.ID)
	require.Equal(t, stripe.SubscriptionStatusActive, sub.Status)
	require.Equal(t, stripe.InvoiceStatusDraft, sub.LatestInvoice.Status)
	require.Equal(t, "cheap", sub.Metadata["phase"])
	require.Equal(t, s.at("2026-06-10T00:00"), sub.CancelAt)
	require.EqualValues(t, 1250, sub.LatestInvoice.Total)
	same(t, preview, sub.LatestInvoice)
	s.to("2026-03-10T01:00")
	require.Equal(t, collected(), s.events())
	s.to("2026-05-10T01:00")
	require.EqualValues(t, 2000, s.sub(sub.ID).LatestInvoice.AmountPaid, "the second phase has no coupon")
	require.Empty(t, s.sub(sub.ID).Discounts)
	s.events()
	_, err = s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: &sub.ID})
	require.Equal(t, stripe.ErrorCodeInvoiceUpcomingNone, stripeError(t, err).Code)
	s.to("2026-06-10T00:00")
	require.Equal(t, []string{
		"subscription_schedule.expiring", "customer.subscription.deleted",
		"subscription_schedule.updated", "subscription_schedule.completed",
	}, s.events())
	require.Equal(t, stripe.SubscriptionScheduleStatusCompleted, s.schedule(sched.ID).Status)
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(sub.ID).Status)
}

// oneTime is a price that is paid once.
func (s *shop) oneTime(amount int64) *string {
	s.t.Helper()
	p, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &s.proProduct, Currency: stripe.String("usd"),
		UnitAmount: &amount,
	})
	require.NoError(s.t, err)
	return &p.ID
}

// A phase that begins within a period prorates as it says; the preview knows it beforehand.
func TestPhaseWithinAPeriod(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]struct {
		events []string
		next   int64
	}{
		"none": {[]string{"customer.subscription.updated", "subscription_schedule.updated"}, 2000},
		"create_prorations": {[]string{
			"invoiceitem.created", "invoiceitem.created", "customer.subscription.updated",
			"subscription_schedule.updated",
		}, 2500},
		"always_invoice": {append([]string{
			"invoiceitem.created", "invoiceitem.created", "invoice.created",
			"customer.subscription.updated",
		}, append(collected(), "subscription_schedule.updated")...), 500},
	} {
		t.Run(behavior, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-04-01T00:00")
			sched := s.planned(s.buyer("pm_card_visa"), s.at("2026-04-01T00:00"), "",
				s.phase(s.starter, until(s.at("2026-04-16T00:00"))),
				s.phase(s.pro, times(2), func(p *phase) { p.ProrationBehavior = &behavior }))
			id := sched.Subscription.ID
			s.to("2026-04-02T00:00")
			preview := s.nextInvoice(id)
			require.Equal(t, want.next, preview.Total)
			s.events()
			s.to("2026-04-16T00:00")
			require.Equal(t, want.events, s.events())
			require.Equal(t, s.pro, s.sub(id).Items.Data[0].Price.ID)
			if behavior != "always_invoice" {
				s.to("2026-05-01T00:00")
			}
			same(t, preview, s.sub(id).LatestInvoice)
		})
	}
}

func TestPhaseAnchorsAndIntervals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	// A phase with another interval bills its own period from its start, as the renewal.
	sched := s.planned(s.buyer("pm_card_visa"), s.at("2026-04-01T00:00"), "",
		s.phase(s.pro, times(1)), s.phase(s.proYear, times(1)))
	yearly := sched.Subscription.ID
	// A phase may also ask for a period of its own in the middle of one.
	anchored := s.planned(s.buyer("pm_card_visa"), s.at("2026-04-01T00:00"), "",
		s.phase(s.pro, until(s.at("2026-04-16T00:00"))),
		s.phase(s.starter, times(1), func(p *phase) { p.BillingCycleAnchor = stripe.String("phase_start") }))
	preview := s.nextInvoice(yearly)
	s.to("2026-04-16T02:00")
	got := s.sub(anchored.Subscription.ID)
	require.Equal(t, s.at("2026-05-16T00:00"), got.CurrentPeriodEnd)
	require.EqualValues(t, 0, got.LatestInvoice.Total, "1000 of credit pay the new period")
	s.to("2026-05-01T01:00")
	got = s.sub(yearly)
	require.Equal(t, s.at("2027-05-01T00:00"), got.CurrentPeriodEnd)
	require.EqualValues(t, 20000, got.LatestInvoice.AmountPaid)
	same(t, preview, got.LatestInvoice)
}

func TestScheduledTrial(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	sched := s.planned(s.buyer("pm_card_visa"), s.at("2026-04-01T00:00"), "",
		s.phase(s.pro, until(s.at("2026-04-15T00:00")), func(p *phase) { p.Trial = stripe.Bool(true) }),
		s.phase(s.pro, times(1)))
	require.Equal(t, s.at("2026-04-15T00:00"), sched.Phases[0].TrialEnd)
	sub := s.sub(sched.Subscription.ID)
	require.Equal(t, stripe.SubscriptionStatusTrialing, sub.Status)
	require.Equal(t, stripe.InvoiceStatusPaid, sub.LatestInvoice.Status)
	s.to("2026-04-15T01:00")
	sub = s.sub(sub.ID)
	require.Equal(t, stripe.SubscriptionStatusActive, sub.Status)
	require.EqualValues(t, 2000, sub.LatestInvoice.AmountPaid)
	require.Equal(t, s.at("2026-05-15T00:00"), sub.CurrentPeriodEnd)
}

func TestScheduleStartsInThePast(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-10T00:00")
	sched := s.planned(s.buyer("pm_card_visa"), s.at("2026-02-01T00:00"), "", s.phase(s.pro, times(12)))
	sub := s.sub(sched.Subscription.ID)
	require.Equal(t, s.at("2026-02-01T00:00"), sub.StartDate)
	require.Equal(t, s.at("2026-05-01T00:00"), sub.CurrentPeriodEnd)
	require.EqualValues(t, 6000, sub.LatestInvoice.Total, "two months that have passed, and the present one")
	require.Equal(t, s.at("2027-02-01T00:00"), sched.Phases[0].EndDate)
}

// While a schedule is in charge, a direct change of the items shows in its current phase, and one of the end is refused.
func TestDirectChangesOfAScheduledSubscription(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	sched := s.scheduleFrom(sub.ID)
	for _, params := range []*stripe.SubscriptionParams{
		{CancelAtPeriodEnd: stripe.Bool(true)}, {CancelAt: stripe.Int64(s.at("2026-06-01T00:00"))},
	} {
		_, err := s.Client.Subscriptions.Update(sub.ID, params)
		require.Equal(t, "The subscription is managed by the subscription schedule `"+sched.ID+"`, and updating any "+
			"cancelation behavior directly is not allowed. Please update the schedule instead.", stripeError(t, err).Msg)
	}
	s.events()
	s.update(sub.ID, &stripe.SubscriptionParams{
		Items: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Quantity: stripe.Int64(2)}},
	})
	require.Equal(t, []string{
		"invoiceitem.created", "invoiceitem.created", "customer.subscription.updated",
		"subscription_schedule.updated",
	}, s.events())
	require.EqualValues(t, 2, s.schedule(sched.ID).Phases[0].Items[0].Quantity)

	_, err := s.Client.Subscriptions.Cancel(sub.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionScheduleStatusCanceled, s.schedule(sched.ID).Status)
	require.Contains(t, s.events(), "subscription_schedule.canceled")
}

// A change of the current phase is prorated at once, as the update says; one that splits it takes effect now.
func TestCurrentPhaseChanges(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter)
	sched := s.scheduleFrom(sub.ID)
	s.to("2026-04-16T00:00")
	s.events()
	start, end := sched.Phases[0].StartDate, sched.Phases[0].EndDate
	change := &stripe.SubscriptionScheduleParams{
		Phases:            []*phase{s.phase(s.pro, from(start), until(end))},
		ProrationBehavior: stripe.String("always_invoice"),
	}
	preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Schedule: &sched.ID, ScheduleDetails: &stripe.InvoiceCreatePreviewScheduleDetailsParams{
			Phases: []*stripe.InvoiceCreatePreviewScheduleDetailsPhaseParams{{
				StartDate: &start, EndDate: &end,
				Items: []*stripe.InvoiceCreatePreviewScheduleDetailsPhaseItemParams{{Price: &s.pro}},
			}},
			ProrationBehavior: stripe.String("always_invoice"),
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, 500, preview.Total)
	s.replan(sched.ID, change)
	same(t, preview, s.sub(sub.ID).LatestInvoice)
	require.Equal(t, s.pro, s.sub(sub.ID).Items.Data[0].Price.ID)

	sched = s.replan(sched.ID, &stripe.SubscriptionScheduleParams{Phases: []*phase{
		s.phase(s.pro, from(start), func(p *phase) { p.EndDateNow = stripe.Bool(true) }),
		s.phase(s.starter, until(end)),
	}})
	require.Len(t, sched.Phases, 2)
	require.Equal(t, s.at("2026-04-16T00:00"), sched.CurrentPhase.StartDate)
	require.Equal(t, s.starter, s.sub(sub.ID).Items.Data[0].Price.ID)
}

func TestReleaseAndCancelSchedules(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	customer := s.buyer("pm_card_visa")
	sched := s.planned(customer, s.at("2026-04-01T00:00"), "cancel", s.phase(s.pro, times(6)))
	s.to("2026-04-16T00:00")
	s.events()
	id := sched.Subscription.ID
	sched, err := s.Client.SubscriptionSchedules.Release(sched.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionScheduleStatusReleased, sched.Status)
	require.Equal(t, id, sched.ReleasedSubscription.ID)
	require.Equal(t, []string{
		"customer.subscription.updated", "subscription_schedule.updated",
		"subscription_schedule.released",
	}, s.events())
	require.Zero(t, s.sub(id).CancelAt)
	require.Nil(t, s.sub(id).Schedule)
	_, err = s.Client.SubscriptionSchedules.Release(sched.ID, nil)
	require.Equal(t, "You cannot release a subscription schedule that is currently in the `released` status.",
		stripeError(t, err).Msg)

	sched = s.scheduleFrom(id)
	s.events()
	sched, err = s.Client.SubscriptionSchedules.Cancel(sched.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionScheduleStatusCanceled, sched.Status)
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(id).Status)
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.EqualValues(t, -1000, c.Balance, "the rest of the period was credited")

	waiting := s.planned(customer, s.at("2026-08-01T00:00"), "", s.phase(s.pro))
	it := s.Client.SubscriptionSchedules.List(&stripe.SubscriptionScheduleListParams{Scheduled: stripe.Bool(true)})
	require.True(t, it.Next())
	require.Equal(t, waiting.ID, it.SubscriptionSchedule().ID)
	require.False(t, it.Next())
	waiting, err = s.Client.SubscriptionSchedules.Cancel(waiting.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.SubscriptionScheduleStatusCanceled, waiting.Status)
	s.to("2026-09-01T00:00")
	require.Nil(t, s.schedule(waiting.ID).Subscription, "it never began")
}

func TestDunningAbortsTheSchedule(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	sched := s.planned(s.buyer("pm_card_chargeCustomerFail"), s.at("2026-04-01T00:00"), "", s.phase(s.pro, times(6)))
	s.to("2026-04-01T01:00")
	require.Equal(t, stripe.SubscriptionStatusPastDue, s.sub(sched.Subscription.ID).Status)
	s.to("2026-04-20T00:00")
	require.Equal(t, stripe.SubscriptionStatusCanceled, s.sub(sched.Subscription.ID).Status)
	require.Contains(t, s.events(), "subscription_schedule.aborted")
	require.Equal(t, stripe.SubscriptionScheduleStatusCanceled, s.schedule(sched.ID).Status)
}

func TestScheduleRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-04-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	sched := s.scheduleFrom(sub.ID)
	other := s.subscribe(customer, s.starter)
	start, end := sched.Phases[0].StartDate, sched.Phases[0].EndDate
	create := func(p *stripe.SubscriptionScheduleParams) error { return second(s.Client.SubscriptionSchedules.New(p)) }
	update := func(phases ...*phase) error {
		return second(s.Client.SubscriptionSchedules.Update(sched.ID, &stripe.SubscriptionScheduleParams{Phases: phases}))
	}
	for says, err := range map[string]error{
		"You cannot set `phases` if `from_subscription` is set.": create(&stripe.SubscriptionScheduleParams{
			FromSubscription: &other.ID, Phases: []*phase{s.phase(s.pro)},
		}),
		"You cannot migrate a subscription that is already attached to a schedule: `" + sched.ID + "`.": create(
			&stripe.SubscriptionScheduleParams{FromSubscription: &sub.ID}),
		"Missing required param: phases.": create(&stripe.SubscriptionScheduleParams{Customer: &customer}),
		"The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates to.": update(
			s.phase(s.pro, until(end))),
		"You can not modify the start date of the current phase.": update(s.phase(s.pro, from(start+1), until(end))),
		"You may only specify one of these parameters: end_date, iterations.": update(
			s.phase(s.pro, from(start), until(end), times(1))),
		"The end date of a phase must be after its start date.": update(s.phase(s.pro, from(start), until(start))),
		"The start date of a phase must be equal to the end date of the phase before it.": update(
			s.phase(s.pro, from(start), until(end)), s.phase(s.pro, from(end+1))),
	} {
		require.Equal(t, says, stripeError(t, err).Msg)
	}
	_, err := s.Client.SubscriptionSchedules.Get("sub_sched_none", nil)
	require.Equal(t, "No such subscription schedule: 'sub_sched_none'", stripeError(t, err).Msg)
}
