package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// oddStripe is the real gateway, whose snapshots can be given what the sandbox has no way to say.
type oddStripe struct {
	billing.Gateway
	mu   sync.Mutex
	edit func(*billing.Snapshot)
}

func (o *oddStripe) with(edit func(*billing.Snapshot)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.edit = edit
}

func (o *oddStripe) FetchCustomer(ctx context.Context, id string) (billing.Snapshot, error) {
	snapshot, err := o.Gateway.FetchCustomer(ctx, id)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.edit != nil {
		o.edit(&snapshot)
	}
	return snapshot, err
}

// oddWorlds is eachWorld with a gateway whose snapshots can be edited.
func oddWorlds(t *testing.T, body func(t *testing.T, w *world, odd *oddStripe)) {
	t.Helper()
	var mu sync.Mutex
	odd := map[string]*oddStripe{}
	eachWorld(t, func(t *testing.T, w *world) {
		mu.Lock()
		own := odd[w.Connection.StripeAccount]
		mu.Unlock()
		body(t, w, own)
	}, func(o *billing.Options) {
		s := &oddStripe{Gateway: o.Stripe}
		mu.Lock()
		odd[o.Connection.StripeAccount] = s
		mu.Unlock()
		o.Stripe = s
	})
}

// TestTheFirstFailureIsToldHoweverLate hears of nothing until Stripe has tried again.
func TestTheFirstFailureIsToldHoweverLate(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_chargeCustomerFail")
		w.settle()
		w.deaf.Store(true)
		require.NoError(t, w.stripe.Advance(w.ctx(), 14*day+2*time.Hour))
		require.NoError(t, w.stripe.Advance(w.ctx(), 3*day))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.EqualValues(t, 1, w.count("invoices", "status = 'open' AND attempt_count > 1"))
		require.Equal(t, []string{"payment_failed_again"}, w.dunned(account), "the notice of that day, and no other")
		require.EqualValues(t, 1, w.count("facts", "type = 'payment_failed' AND fact_key LIKE '%:1'"))
		require.WithinDuration(t, w.stripe.Now().Add(4*day), w.access(account).Until, 3*time.Hour, "grace began at the first")
		require.NoError(t, w.stripe.Advance(w.ctx(), 2*day))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, []string{"payment_failed_again", "payment_failed_last"}, w.dunned(account))
	})
}

// TestTheLedgerCountsWhatComesTwice lets a trial begin again, so that it converts twice.
func TestTheLedgerCountsWhatComesTwice(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account, _ := w.subscriber("ada")
		w.stripe.MustAdvance(15 * day)
		w.settle()
		require.EqualValues(t, 7900, w.subscription(account).MRR)
		for range 2 {
			odd.with(func(s *billing.Snapshot) { s.Subscriptions[0].Status = "trialing" })
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.Zero(t, w.subscription(account).MRR)
			odd.with(nil)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.EqualValues(t, 7900, w.subscription(account).MRR)
		}
		w.requireLedgerAddsUp(account)
		odd.with(func(s *billing.Snapshot) { s.Subscriptions = nil })
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.EqualValues(t, 7900, w.subscription(account).MRR, "a list that breaks off ends nothing")
		w.requireLedgerAddsUp(account)
	})
}

// TestMRRIsNetAndByTheMonth has what a licence is worth a month, whatever it is billed by.
func TestMRRIsNetAndByTheMonth(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account := w.account("ada")
		w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		item := func(change func(*billing.ItemState)) func(*billing.Snapshot) {
			return func(s *billing.Snapshot) { change(&s.Subscriptions[0].Items[0]) }
		}
		off := func(discounts ...billing.DiscountState) func(*billing.Snapshot) {
			return func(s *billing.Snapshot) { s.Subscriptions[0].Discounts = discounts }
		}
		for name, tc := range map[string]struct {
			edit func(*billing.Snapshot)
			want int64
		}{
			"a month":            {func(*billing.Snapshot) {}, 7900},
			"three seats":        {item(func(i *billing.ItemState) { i.Quantity = 3 }), 23700},
			"a year":             {item(func(i *billing.ItemState) { i.Interval, i.UnitAmount = "year", 79000 }), 6583},
			"a quarter":          {item(func(i *billing.ItemState) { i.Count = 3 }), 2633},
			"a week":             {item(func(i *billing.ItemState) { i.Interval = "week" }), 34233},
			"a day":              {item(func(i *billing.ItemState) { i.Interval = "day" }), 240291},
			"by use":             {item(func(i *billing.ItemState) { i.UsageType = "metered" }), 0},
			"a fifth less":       {off(billing.DiscountState{Percent: 2000}), 6320},
			"ten less":           {off(billing.DiscountState{Fixed: 1000}), 6900},
			"one upon another":   {off(billing.DiscountState{Percent: 5000}, billing.DiscountState{Fixed: 1000}), 2950},
			"the other upon one": {off(billing.DiscountState{Fixed: 1000}, billing.DiscountState{Percent: 5000}), 3450},
			"more than all":      {off(billing.DiscountState{Fixed: 99999}, billing.DiscountState{Percent: 5000}), 0},
			"ten less a year": {func(s *billing.Snapshot) {
				item(func(i *billing.ItemState) { i.Interval, i.UnitAmount = "year", 79000 })(s)
				off(billing.DiscountState{Fixed: 10000})(s)
			}, 5750},
			"on trial": {func(s *billing.Snapshot) { s.Subscriptions[0].Status = "trialing" }, 0},
			"unpaid":   {func(s *billing.Snapshot) { s.Subscriptions[0].Status = "unpaid" }, 0},
			"past due": {func(s *billing.Snapshot) { s.Subscriptions[0].Status = "past_due" }, 7900},
		} {
			odd.with(tc.edit)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID), name)
			require.Equal(t, tc.want, w.subscription(account).MRR, name)
			w.requireLedgerAddsUp(account)
		}
	})
}

// TestPastDueSinceIsTheOldestOpenInvoiceOfItsOwn and does not move when none is left.
func TestPastDueSinceIsTheOldestOpenInvoiceOfItsOwn(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account := w.account("ada")
		sub := w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		now := w.stripe.Now().UTC().Truncate(time.Second)
		since := func(edit func(*billing.Snapshot)) time.Time {
			odd.with(func(s *billing.Snapshot) {
				s.Subscriptions[0].Status = "past_due"
				edit(s)
			})
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			return w.subscription(account).PastDueSince.UTC()
		}
		open := func(id, subscription string, at time.Time, attempts int64) billing.InvoiceState {
			return billing.InvoiceState{
				ID: id, Subscription: subscription, Status: "open", BillingReason: "subscription_cycle", Currency: "usd",
				AttemptCount: attempts, Attempted: attempts > 0, FinalizedAt: &at, Created: at, PeriodStart: at, PeriodEnd: at,
			}
		}
		begun := time.Unix(sub.CurrentPeriodStart, 0).UTC()
		require.Equal(t, begun, since(func(*billing.Snapshot) {}), "without any invoice, since the period began")
		require.Equal(t, now.Add(-5*day), since(func(s *billing.Snapshot) {
			s.Invoices = append(s.Invoices, open("in_new", sub.ID, now.Add(-2*day), 1), open("in_old", sub.ID, now.Add(-5*day), 3),
				open("in_other", "sub_other", now.Add(-9*day), 1), open("in_untried", sub.ID, now.Add(-8*day), 0))
		}))
		w.stripe.MustAdvance(3 * day)
		require.Equal(t, now.Add(-5*day), since(func(*billing.Snapshot) {}), "the old one was written off, and nothing paid")
		require.Equal(t, billing.ReasonOverdue, w.access(account).Reason)

		odd.with(func(s *billing.Snapshot) {
			s.Invoices = append(s.Invoices, open("in_cycle", sub.ID, now, 0))
		})
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Nil(t, w.subscription(account).PastDueSince, "active again")
		require.Equal(t, billing.ReasonActive, w.access(account).Reason, "an open renewal is not the first invoice")
	})
}

// TestWhatWeDoNotUnderstandKeepsForADay has a status and a price that no version of ours knows.
func TestWhatWeDoNotUnderstandKeepsForADay(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		for name, edit := range map[string]func(*billing.SubscriptionState){
			"ada":   func(s *billing.SubscriptionState) { s.Status = "hibernating" },
			"grace": func(s *billing.SubscriptionState) { s.Items[0].LookupKey = "pro_v9_decade" },
		} {
			account := w.account(name)
			w.subscribeAtStripe(account, "pro_v1_month")
			w.settle()
			odd.with(func(s *billing.Snapshot) { edit(&s.Subscriptions[0]) })
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.Equal(t, "pro", w.access(account).Granted.Key, name)
			w.stripe.MustAdvance(23 * time.Hour)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.Equal(t, "pro", w.access(account).Granted.Key, name)
			w.stripe.MustAdvance(time.Hour)
			require.Equal(t, "free", w.access(account).Granted.Key, name)
			require.True(t, w.access(account).Live(), "%s: and no second one is sold meanwhile", name)
			odd.with(nil)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.Equal(t, "pro", w.access(account).Granted.Key, name)
		}
	})
}

// TestAContractOfAnotherKindIsNoPlan sells a plan beside a subscription that was never ours.
func TestAContractOfAnotherKindIsNoPlan(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account := w.account("ada")
		odd.with(func(s *billing.Snapshot) {
			for i := range s.Subscriptions {
				if s.Subscriptions[i].Items[0].UnitAmount == 2900 {
					s.Subscriptions[i].Items[0].LookupKey = ""
				}
			}
		})
		w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		require.Equal(t, billing.ReasonUnknownPrice, w.access(account).Reason)
		require.False(t, w.access(account).Live())
		_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "pro_v1_month"})
		require.ErrorContains(t, err, "subscription_missing", "it is not turned into one")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, "pro", w.access(account).Granted.Key)
		require.Zero(t, w.count("facts", "type = 'second_subscription'"))
	})
}

func TestAResumedPlanGoesOn(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		for range 2 {
			_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
				&stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
			require.NoError(t, err)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			require.Equal(t, billing.ReasonEnding, w.access(account).Reason)
			require.NoError(t, w.Resume(w.ctx(), account.ID))
			require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "without waiting for an event")
			require.NoError(t, w.Resume(w.ctx(), account.ID), "twice is once")
			w.stripe.MustAdvance(time.Hour)
		}
		require.EqualValues(t, 2, w.count("facts", "type = 'resumed'"))
		require.EqualValues(t, 2, w.count("facts", "type = 'cancel_scheduled'"))
	})
}

// TestAccessSaysWhatMayBeDone reads rows as they may stand and asks for each thing an account may do.
func TestAccessSaysWhatMayBeDone(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		set := func(status string) billing.Access {
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.Subscription{}).
				Where("stripe_id = ?", w.subscription(account).StripeID).Update("status", status).Error)
			return w.access(account)
		}
		full := set("trialing")
		require.True(t, full.Can("export") && full.Can("api") && full.MayAdd("projects", 9999) && full.Live())
		free := w.access(w.account("grace"))
		require.True(t, free.MayAdd("projects", 2))
		require.False(t, free.MayAdd("projects", 3), "the third was the last")

		limited := set("unpaid")
		require.True(t, limited.Can("export"), "what is theirs they may take with them")
		require.False(t, limited.Can("api") || limited.MayAdd("projects", 0))
		require.True(t, limited.Live())

		for status, live := range map[string]bool{
			"incomplete": false, "incomplete_expired": false, "canceled": false, "paused": true, "past_due": true,
		} {
			require.Equal(t, live, set(status).Live(), status)
		}
		set("active")
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.Account{}).Where("id = ?", account.ID).
			Update("suspended_at", time.Now().UTC()).Error)
		require.False(t, w.access(account).MayAdd("projects", 0), "a suspended account grows no more")
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.Customer{}).Where("account_id = ?", account.ID).
			Update("deleted_at", time.Now().UTC()).Error)
		require.False(t, w.access(account).Live(), "a deleted customer has nothing to switch")
	})
}
