package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// dunned are the kinds of mails about a failed payment that an account was owed, in their order.
func (w *world) dunned(account models.Account) []string {
	w.t.Helper()
	var kinds []string
	require.NoError(w.t, w.db.Read(w.ctx()).Model(&models.Mail{}).Where("account_id = ?", account.ID).
		Where("kind LIKE 'payment_failed%' OR kind IN ('access_limited', 'payment_given_up', 'action_required')").
		Order("id").Pluck("kind", &kinds).Error)
	return kinds
}

// failing makes a subscriber whose first renewal has just failed.
func (w *world) failing(name, lookupKey string) models.Account {
	w.t.Helper()
	account := w.account(name)
	w.buy(account, lookupKey, "pm_card_chargeCustomerFail")
	w.settle()
	w.stripe.MustAdvance(14*day + 2*time.Hour)
	w.settle()
	require.Equal(w.t, billing.ReasonPastDue, w.access(account).Reason)
	return account
}

func (w *world) leavePastDue(end string) {
	w.t.Helper()
	require.NoError(w.t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{2, 4}, End: end}))
}

// TestL06_DunningGoesByTheCalendar has retries on other days than the notices, one of them after the grace.
func TestL06_DunningGoesByTheCalendar(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		require.NoError(t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{1, 2, 4, 9}, End: "unpaid"}))
		account := w.failing("ada", "pro_v1_month")
		until := w.access(account).Until
		for after, want := range []struct {
			mails  []string
			level  billing.Level
			reason billing.Reason
		}{
			{[]string{"payment_failed"}, billing.LevelGrace, billing.ReasonPastDue},
			{nil, billing.LevelGrace, billing.ReasonPastDue},
			{nil, billing.LevelGrace, billing.ReasonPastDue},
			{[]string{"payment_failed_again"}, billing.LevelGrace, billing.ReasonPastDue},
			{nil, billing.LevelGrace, billing.ReasonPastDue},
			{[]string{"payment_failed_last"}, billing.LevelGrace, billing.ReasonPastDue},
			{nil, billing.LevelGrace, billing.ReasonPastDue},
			{[]string{"access_limited"}, billing.LevelLimited, billing.ReasonOverdue},
			{nil, billing.LevelLimited, billing.ReasonOverdue},
			{[]string{"payment_given_up"}, billing.LevelLimited, billing.ReasonUnpaid},
			{nil, billing.LevelLimited, billing.ReasonUnpaid},
		} {
			w.settle()
			w.settle()
			if len(want.mails) > 0 {
				require.Equal(t, want.mails, w.dunned(account)[len(w.dunned(account))-1:], "after %d days", after)
			}
			require.Equal(t, want.level, w.access(account).Level, "after %d days", after)
			require.Equal(t, want.reason, w.access(account).Reason, "after %d days", after)
			if want.reason != billing.ReasonUnpaid {
				require.Equal(t, until, w.access(account).Until, "grace moves for nothing, after %d days", after)
			}
			w.stripe.MustAdvance(day)
		}
		require.Equal(t, []string{
			"payment_failed", "payment_failed_again", "payment_failed_last", "access_limited", "payment_given_up",
		}, w.dunned(account))
		require.Zero(t, w.count("facts", "type = 'dunning_skipped'"))
		w.requireLedgerAddsUp(account)
	})
}

// TestL07_LeftPastDueIsLimitedAllTheSame has a Stripe that gives up and changes nothing, and then gets its money.
func TestL07_LeftPastDueIsLimitedAllTheSame(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.leavePastDue("past_due")
		account := w.failing("ada", "pro_v1_month")
		for range 40 {
			w.stripe.MustAdvance(day)
			w.settle()
		}
		require.Equal(t, "past_due", w.subscription(account).Status)
		require.Equal(t, billing.ReasonOverdue, w.access(account).Reason)
		require.Equal(t, []string{"payment_failed", "payment_failed_again", "payment_failed_last", "payment_given_up"},
			w.dunned(account), "the next month's invoice begins nothing of its own while an older one is open")
		w.payOpen(account)
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.Nil(t, w.subscription(account).PastDueSince)
		w.requireLedgerAddsUp(account)
	})
}

// payOpen pays an account's open invoices with a good card.
func (w *world) payOpen(account models.Account) {
	w.t.Helper()
	card := w.attach(account, "pm_card_visa")
	var open []string
	require.NoError(w.t, w.db.Read(w.ctx()).Model(&models.Invoice{}).
		Where("status = 'open' AND customer_id IN (SELECT id FROM customers WHERE account_id = ?)", account.ID).
		Order("id").Pluck("stripe_id", &open).Error)
	require.NotEmpty(w.t, open)
	for _, invoice := range open {
		_, err := w.stripe.Client.Invoices.Pay(invoice, &stripe.InvoicePayParams{PaymentMethod: stripe.String(card)})
		require.NoError(w.t, err)
	}
}

// attach gives an account's customer a card, and returns its id.
func (w *world) attach(account models.Account, card string) string {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	method, err := w.stripe.Client.PaymentMethods.Attach(card, &stripe.PaymentMethodAttachParams{Customer: &customer})
	require.NoError(w.t, err)
	return method.ID
}

func TestDunningStopsWhenPaid(t *testing.T) {
	t.Parallel()
	for name, pay := range map[string]bool{"paid": true, "void": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.failing("ada", "pro_v1_month")
				require.Equal(t, []string{"payment_failed"}, w.dunned(account))
				require.EqualValues(t, 1, w.count("mails", "kind = 'payment_failed' AND state = 'pending'"))
				if pay {
					w.payOpen(account)
				} else {
					_, err := w.stripe.Client.Invoices.VoidInvoice(w.lastInvoice(account).StripeID, nil)
					require.NoError(t, err)
				}
				w.settle()
				require.EqualValues(t, 1, w.count("mails", "kind = 'payment_failed' AND state = 'dropped'"),
					"what was not sent yet is taken back")
				for range 8 {
					w.stripe.MustAdvance(day)
					w.settle()
				}
				require.Equal(t, []string{"payment_failed"}, w.dunned(account))
			})
		})
	}
}

// TestAfterAnOutageOnlyTheLatestStepIsSent lets the program sleep through three steps, and then through all of them.
func TestAfterAnOutageOnlyTheLatestStepIsSent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		asleep  time.Duration
		want    []string
		skipped int64
	}{
		{"over the next two", 5*day + time.Hour, []string{"payment_failed", "payment_failed_last"}, 1},
		{"too late for the last", 12 * day, []string{"payment_failed"}, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				require.NoError(t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{1, 8}, End: "past_due"}))
				account := w.failing("ada", "pro_v1_month")
				w.deaf.Store(true)
				require.NoError(t, w.stripe.Advance(w.ctx(), tc.asleep))
				require.NoError(t, w.RunCalendar(w.ctx()))
				require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
				require.NoError(t, w.RunCalendar(w.ctx()))
				require.Equal(t, tc.want, w.dunned(account))
				require.EqualValues(t, tc.skipped, w.count("facts", "type = 'dunning_skipped'"))
			})
		})
	}
}

// TestDunningTableAgreesWithAccess compares the table with the rule that it only tells of.
func TestDunningTableAgreesWithAccess(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, 4 * day, 7 * day, 21 * day} {
		for _, step := range billing.DunningSteps(grace) {
			decided := billing.DecidePastDue(step.At, grace)
			require.LessOrEqual(t, decided, step.Level, "grace %s, step %s at %s", grace, step.Fact, step.At)
		}
	}
}

// TestTwoProcessesTellOnce runs the calendar in several places at once.
func TestTwoProcessesTellOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		w.stripe.MustIdle()
		w.deaf.Store(true)
		require.NoError(t, w.stripe.Advance(w.ctx(), 3*day+time.Hour))
		var group sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if i%3 == 0 {
					errs[i] = w.SyncAccount(ctx, account.ID)
				} else {
					errs[i] = w.RunCalendar(ctx)
				}
			})
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, []string{"payment_failed", "payment_failed_again"}, w.dunned(account))
		require.Zero(t, w.count("subscriptions", "notice_at <= ?", w.stripe.Now()), "nothing is due twice")
	})
}
