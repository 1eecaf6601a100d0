package billing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// told lists the mails after a number of them, by kind and reader and in no order, and the number that there are now.
func (w *world) told(after int64) (mails []string, last int64) {
	w.t.Helper()
	var rows []models.Mail
	require.NoError(w.t, w.db.Read(w.ctx()).Order("id").
		Find(&rows, "id > ? AND dedupe_key NOT LIKE 'alert:%'", after).Error)
	for _, row := range rows {
		mails, last = append(mails, row.Kind+" "+row.ToAddress), row.ID
	}
	slices.Sort(mails)
	return mails, max(after, last)
}

// lost is a world with a backup, a life of two days after it that is known to Stripe and to those who got mails, and two
// hours in which nobody served.
type lost struct {
	was, is *world
	sent    []string // after the backup was made
	last    int64    // the last mail in the backup
	failing models.Account
}

func loseDatabase(t *testing.T, newURL func(testing.TB) string) lost {
	t.Helper()
	databaseURL := newURL(t)
	w := newWorld(t, modelstest.Open(t, databaseURL))
	cancels := w.paid("cancels", "pro_v1_month", "pm_card_visa")
	resumes := w.paid("resumes", "pro_v1_month", "pm_card_visa")
	refunded := w.paid("refunded", "pro_v1_month", "pm_card_visa")
	leaves := w.paid("leaves", "pro_v1_month", "pm_card_visa")
	returns := w.paid("returns", "pro_v1_month", "pm_card_visa")
	quiet := w.paid("quiet", "pro_v1_month", "pm_card_visa")
	require.NoError(t, w.Outbox.Drain(w.ctx()))
	failing := w.account("failing")
	w.buy(failing, "pro_v1_month", "pm_card_chargeCustomerFail")
	w.settle()
	require.NoError(t, w.Cancel(w.ctx(), resumes.ID, billing.CancelReason{}))
	require.NoError(t, w.Cancel(w.ctx(), returns.ID, billing.CancelReason{}))
	w.stripe.MustAdvance(13*day + 20*time.Hour)
	w.settle()
	w.catchUp()
	require.NotZero(t, w.count("mails", "state = 'pending'"), "the backup is made before they are sent")
	l := lost{was: w, failing: failing}
	_, l.last = w.told(0)
	copied := backedUp(t, databaseURL, w.db.Dialect)

	for _, happens := range []func(){
		func() { require.NoError(t, w.Cancel(w.ctx(), cancels.ID, billing.CancelReason{})) },
		func() { require.NoError(t, w.Resume(w.ctx(), resumes.ID)) },
		func() {
			charge := w.lastInvoice(refunded).ChargeID
			_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
			require.NoError(t, err)
		},
	} {
		w.stripe.MustAdvance(16 * time.Hour)
		happens()
		w.settle()
		require.NoError(t, w.Outbox.Drain(w.ctx()))
	}
	l.sent, _ = w.told(l.last)

	w.deaf.Store(true)
	w.stripe.MustAdvance(time.Hour)
	_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(leaves).StripeID, nil)
	require.NoError(t, err)
	_, err = w.stripe.Client.Subscriptions.Update(w.subscription(returns).StripeID,
		&stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
	require.NoError(t, err)
	w.renames(w.customerOf(quiet), 130) // more than a page of what nobody has taken
	w.stripe.MustAdvance(time.Hour)
	l.is = w.restoredFrom(copied)
	return l
}

// heal is what the program does from its start on.
func (w *world) heal() {
	w.t.Helper()
	w.catchUp()
	require.NoError(w.t, w.RunOps(w.ctx()))
	require.NoError(w.t, w.SyncDue(w.ctx()))
	require.NoError(w.t, w.RunCalendar(w.ctx()))
	w.sweep()
	require.NoError(w.t, w.SyncDue(w.ctx()))
}

// onEach runs a test with databases that can be copied.
func onEach(t *testing.T, body func(t *testing.T, newURL func(testing.TB) string)) {
	t.Helper()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body(t, newURL)
		})
	}
}

// TestP09_WhatTheLostDatabaseToldIsNotToldAgain and what happened while nobody served is told, once.
func TestP09_WhatTheLostDatabaseToldIsNotToldAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, newURL func(testing.TB) string) {
		l := loseDatabase(t, newURL)
		require.Equal(t, []string{
			"cancel_scheduled cancels@example.com", "payment_failed failing@example.com",
			"refunded refunded@example.com", "resumed resumes@example.com",
		}, l.sent)

		r := l.is
		require.NoError(t, r.LookBack(r.ctx()))
		require.Contains(t, r.alert(billing.AlertRestored).Subject, "It had lived until ")
		require.Zero(t, r.count("mails", "state = 'pending' AND dedupe_key NOT LIKE 'alert:%'"), "they were sent, then")
		r.heal()
		again, last := r.told(l.last)
		require.Equal(t, []string{"resumed returns@example.com", "subscription_ended leaves@example.com"}, again)
		require.Equal(t, billing.ReasonPastDue, r.access(l.failing).Reason)

		r.stripe.MustAdvance(day + 8*time.Hour)
		r.heal()
		later, _ := r.told(last)
		require.Equal(t, []string{"payment_failed_again failing@example.com"}, later, "dunning goes on where it was")
	})
}

// TestP09_APersonMaySayWhenTheDatabaseWasLost where no list of Stripe's can show it.
func TestP09_APersonMaySayWhenTheDatabaseWasLost(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, newURL func(testing.TB) string) {
		l := loseDatabase(t, newURL)
		r := l.is
		r.AppURL = "https://hooks.lead.elsewhere.example"
		require.NoError(t, r.LookBack(r.ctx()))
		require.False(t, r.openAlert(billing.AlertRestored))
		_, err := r.MarkRestored(r.ctx(), time.Time{}, "ops")
		require.ErrorIs(t, err, billing.ErrNoLoss)
		at, err := r.MarkRestored(r.ctx(), r.stripe.Now().Add(-119*time.Minute), "ops")
		require.NoError(t, err)
		require.Contains(t, r.alert(billing.AlertRestored).Detail, "ops")
		_, err = r.MarkRestored(r.ctx(), at.Add(-time.Hour), "ops")
		require.NoError(t, err)
		require.WithinDuration(t, at, r.cursor(models.ReconcileMails).EventAt, 0, "a later time counts")
		r.heal()
		again, _ := r.told(l.last)
		require.Equal(t, []string{"resumed returns@example.com", "subscription_ended leaves@example.com"}, again)
	})
}

// TestP09_MissingWebhooksAreNoRestoredBackup has events that nobody took, for every reason there is, and whose mails
// are owed when the listing finds them.
func TestP09_MissingWebhooksAreNoRestoredBackup(t *testing.T) {
	t.Parallel()
	endpoint := func(w *world, params *stripe.WebhookEndpointParams) {
		list := w.stripe.Client.WebhookEndpoints.List(nil)
		for list.Next() {
			_, err := w.stripe.Client.WebhookEndpoints.Update(list.WebhookEndpoint().ID, params)
			require.NoError(w.t, err)
		}
		require.NoError(w.t, list.Err())
	}
	for name, loses := range map[string]struct{ before, after func(w *world) }{
		"they are turned away": {before: func(w *world) { w.deaf.Store(true) }},
		"the endpoint is off": {before: func(w *world) {
			endpoint(w, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(true)})
		}},
		"it does not ask for them": {before: func(w *world) {
			endpoint(w, &stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice([]string{"customer.updated"})})
		}},
		"it leads elsewhere": {before: func(w *world) {
			w.deaf.Store(true)
			w.AppURL = "https://moved.example.com"
		}},
		"it was made later": {
			before: func(w *world) {
				list := w.stripe.Client.WebhookEndpoints.List(nil)
				require.True(w.t, list.Next())
				_, err := w.stripe.Client.WebhookEndpoints.Del(list.WebhookEndpoint().ID, nil)
				require.NoError(w.t, err)
			},
			after: func(w *world) {
				_, err := w.gateway.CreateWebhook(w.ctx(), w.AppURL+"/webhooks/stripe", billing.EventTypes())
				require.NoError(w.t, err)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				w.AppURL = w.url
				account := w.paid("ada", "pro_v1_month", "pm_card_visa")
				w.stripe.MustAdvance(time.Hour)
				w.settle()
				loses.before(w)
				_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
				require.NoError(t, err)
				w.stripe.MustAdvance(10 * time.Minute)
				if loses.after != nil {
					loses.after(w)
					w.deaf.Store(true)
				}
				require.NoError(t, w.LookBack(w.ctx()))
				require.False(t, w.openAlert(billing.AlertRestored))
				require.Positive(t, w.catchUp().Missed)
				require.NoError(t, w.SyncDue(w.ctx()))
				require.EqualValues(t, 1, w.mails(account, "subscription_ended"))
			})
		})
	}
}

// TestP09_NothingIsLookedForWhereNoEndpointIsOurs keeps a start from reading through Stripe's events for nothing.
func TestP09_NothingIsLookedForWhereNoEndpointIsOurs(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.AppURL = "https://elsewhere.example"
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/events", Status: 400, Times: -1})
		require.NoError(t, w.LookBack(w.ctx()))
	})
}
