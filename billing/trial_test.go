package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// charged counts the charges that Stripe ever made.
func (w *world) charged() int {
	w.t.Helper()
	list, n := w.stripe.Client.Charges.List(&stripe.ChargeListParams{}), 0
	for list.Next() {
		n++
	}
	require.NoError(w.t, list.Err())
	return n
}

// owedTotal adds up what every invoice at Stripe is or was over.
func (w *world) owedTotal() int64 {
	w.t.Helper()
	list, total := w.stripe.Client.Invoices.List(&stripe.InvoiceListParams{}), int64(0)
	for list.Next() {
		total += max(list.Invoice().Total, -list.Invoice().Total)
	}
	require.NoError(w.t, list.Err())
	return total
}

func TestZ10_ACardHasOneTrial(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		first, second := w.account("ada"), w.account("grace")
		w.buy(first, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.EqualValues(t, 14, w.trialDays(second), "the card is not known yet")
		w.buy(second, "starter_v1_month", "pm_card_visa")
		require.NoError(t, w.SyncAccount(w.ctx(), second.ID)) // the way back from Checkout
		access := w.access(second)
		require.Equal(t, billing.ReasonTrialUsed, access.Reason)
		require.Equal(t, billing.LevelNone, access.Level, "at once, before Stripe has ended it")
		require.False(t, access.Live())
		w.settle()
		w.settle()
		sub := w.subscription(second)
		require.Equal(t, "canceled", sub.Status)
		require.True(t, sub.TrialRefused)
		require.Equal(t, billing.ReasonTrialUsed, w.access(second).Reason)
		require.Zero(t, w.charged())
		require.Zero(t, w.owedTotal(), "no invoice over anything, and no credit")
		require.EqualValues(t, 1, w.mails(second, "trial_refused"))
		require.Zero(t, w.mails(second, "trial_started"))
		require.Zero(t, w.mails(second, "subscription_ended"))
		require.Equal(t, billing.ReasonTrialing, w.access(first).Reason, "who was first keeps the trial")
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_trial' AND state = 'done'"))

		// One click, and no trial: then the card is charged.
		require.Zero(t, w.trialDays(second))
		w.buy(second, "starter_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(second).Reason)
		require.Equal(t, "starter", w.access(second).Granted.Key)
		require.Equal(t, 1, w.charged())
		w.requireLedgerAddsUp(second)
	})
}

// TestZ10_TwoAccountsOneCardAtOnce has both come back from Checkout in the same moment.
func TestZ10_TwoAccountsOneCardAtOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := []models.Account{w.account("ada"), w.account("grace"), w.account("edith")}
		for _, account := range accounts {
			w.buy(account, "pro_v1_month", "pm_card_visa")
		}
		var group errgroup.Group
		for _, account := range accounts {
			group.Go(func() error { return w.SyncAccount(w.ctx(), account.ID) })
		}
		require.NoError(t, group.Wait())
		w.settle()
		w.settle()
		trials := 0
		for _, account := range accounts {
			if w.access(account).Reason == billing.ReasonTrialing {
				trials++
				continue
			}
			require.Equal(t, billing.ReasonTrialUsed, w.access(account).Reason)
			require.Equal(t, "canceled", w.subscription(account).Status)
		}
		require.Equal(t, 1, trials)
		require.Zero(t, w.charged())
	})
}

// TestZ10_APersonHasOneTrial has one person open two accounts, and one mailbox under several spellings.
func TestZ10_APersonHasOneTrial(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		first := w.account("ada.lovelace")
		further := w.another(first)
		// Both Checkouts are open, each with a trial, before either is paid; and the cards differ.
		for _, account := range []models.Account{first, further} {
			_, err := w.start(account, "pro_v1_month", 1)
			require.NoError(t, err)
		}
		require.NoError(t, w.pay(w.openSession(first), "pm_card_visa"))
		require.NoError(t, w.pay(w.openSession(further), "pm_card_mastercard"))
		w.settle()
		w.settle()
		reasons := []billing.Reason{w.access(first).Reason, w.access(further).Reason}
		require.ElementsMatch(t, []billing.Reason{billing.ReasonTrialing, billing.ReasonTrialUsed}, reasons)

		require.Zero(t, w.trialDays(w.account("Ada.Lovelace+work")))
		require.EqualValues(t, 14, w.trialDays(w.account("adalovelace")), "dots count outside of Gmail")
		for name, spellings := range map[string][]string{
			"one":  {"a.b@gmail.com", "ab+x@gmail.com", "AB@googlemail.com", "a.b+y.z@GoogleMail.com"},
			"two":  {"a.b@example.org", "a.b+x@example.org"},
			"tag":  {"+x@example.org"},
			"none": {"a.b@example.com"},
		} {
			for _, email := range spellings {
				require.Equal(t, billing.Mailbox(spellings[0]), billing.Mailbox(email), name)
			}
		}
		require.NotEqual(t, billing.Mailbox("+x@example.org"), billing.Mailbox("+y@example.org"))
		require.NotEqual(t, billing.Mailbox("a.b@example.org"), billing.Mailbox("ab@example.org"))
	})
}

// TestZ10_WhatIsNotRefused changes to a card that somebody else's trial began with, and keeps what it has; and
// a trial given in the dashboard is not taken back.
func TestZ10_WhatIsNotRefused(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		first, second, given := w.account("ada"), w.account("grace"), w.account("edith")
		w.buy(first, "pro_v1_month", "pm_card_visa")
		w.buy(second, "pro_v1_month", "pm_card_mastercard")
		w.settle()
		w.useCard(second, "pm_card_visa")
		w.settle()
		require.Equal(t, billing.ReasonTrialing, w.access(second).Reason)

		customer, err := w.EnsureCustomer(w.ctx(), given.ID)
		require.NoError(t, err)
		method, err := w.stripe.Client.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer})
		require.NoError(t, err)
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		_, err = w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: &customer, DefaultPaymentMethod: &method.ID, TrialPeriodDays: stripe.Int64(30),
			Items: []*stripe.SubscriptionItemsParams{{Price: &prices.Price().ID}},
		})
		require.NoError(t, err)
		w.settle()
		w.settle()
		require.Equal(t, billing.ReasonTrialing, w.access(given).Reason)
	})
}

// TestZ10_ATrialThatBecamePaidIsLeft has Stripe out of reach until the trial has turned into a plan that was paid for.
func TestZ10_ATrialThatBecamePaidIsLeft(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		first, second := w.account("ada"), w.account("grace")
		w.buy(first, "pro_v1_month", "pm_card_visa")
		w.settle()
		w.buy(second, "pro_v1_month", "pm_card_visa")
		w.stripe.AddFault(sandbox.Fault{Match: "DELETE /v1/subscriptions/*", Status: 503, Times: -1})
		w.settle()
		require.Equal(t, billing.ReasonTrialUsed, w.access(second).Reason)
		w.stripe.MustAdvance(15 * day)
		w.stripe.ClearFaults()
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(second).Reason, "what is paid for is had")
		require.EqualValues(t, 1, w.mails(second, "subscription_started"))
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("state = 'pending'").
			Update("next_at", time.Now().UTC().Add(-time.Second)).Error)
		w.settle()
		w.settle()
		require.Equal(t, "active", w.subscription(second).Status)
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_trial' AND state = 'done'"))
		w.requireLedgerAddsUp(second)
	})
}

func TestL01_ATrialsEndThatIsHeardOfLate(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		end := *w.subscription(account).TrialEnd
		w.deaf.Store(true)
		require.NoError(t, w.stripe.Advance(w.ctx(), end.Sub(w.stripe.Now())+6*time.Hour))
		access := w.access(account)
		require.Equal(t, billing.LevelFull, access.Level)
		require.Equal(t, billing.ReasonLeeway, access.Reason)
		require.WithinDuration(t, end.Add(48*time.Hour), access.Until, time.Second)
		require.True(t, access.Resync)
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.CustomerSync{}).Where("1 = 1").Update("last_ok_at", nil).Error)
		w.access(account)
		require.EqualValues(t, 1, w.count("customer_sync", "dirty_seq > synced_seq"), "asking has made a fetch due")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.EqualValues(t, 7900, w.lastInvoice(account).Total)
	})
}

// dropCard takes the card away in the middle of a trial.
func (w *world) dropCard(account models.Account) {
	w.t.Helper()
	sub, err := w.stripe.Client.Subscriptions.Get(w.subscription(account).StripeID, nil)
	require.NoError(w.t, err)
	_, err = w.stripe.Client.PaymentMethods.Detach(sub.DefaultPaymentMethod.ID, nil)
	require.NoError(w.t, err)
	w.settle()
}

// onTrial is eachWorld with an account whose trial is over, without a card, under a catalog that says how it ends.
func onTrial(t *testing.T, ends plan.TrialEnd, body func(t *testing.T, w *world, account models.Account)) {
	t.Helper()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		w.dropCard(account)
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		w.stripe.MustAdvance(14*day + 2*time.Hour)
		w.settle()
		body(t, w, account)
	}, func(o *billing.Options) { o.Catalog.TrialEnd = ends })
}

func TestL02_TrialWithoutACardIsCancelled(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]plan.TrialEnd{"told": plan.TrialCancels, "by default": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onTrial(t, ends, func(t *testing.T, w *world, account models.Account) {
				require.Equal(t, "canceled", w.subscription(account).Status)
				require.Equal(t, billing.LevelNone, w.access(account).Level)
				require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
				require.Zero(t, w.owedTotal())
				w.buy(account, "pro_v1_month", "pm_card_visa")
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason, "buying anew is possible")
			})
		})
	}
}

func TestL02_TrialWithoutACardIsPausedAndResumes(t *testing.T) {
	t.Parallel()
	onTrial(t, plan.TrialPauses, func(t *testing.T, w *world, account models.Account) {
		require.Equal(t, "paused", w.subscription(account).Status)
		access := w.access(account)
		require.Equal(t, billing.LevelLimited, access.Level)
		require.Equal(t, billing.ReasonPaused, access.Reason)
		require.False(t, access.MayAdd(plan.Projects, 0))
		require.Zero(t, w.owedTotal())
		require.True(t, fault.Is(w.Resume(w.ctx(), account.ID), "card_missing"))

		w.useCard(account, "pm_card_visa")
		w.settle()
		require.Equal(t, "paused", w.subscription(account).Status, "a card alone charges nothing")
		require.Zero(t, w.charged())
		var group errgroup.Group
		for range 4 {
			group.Go(func() error { return w.Resume(w.ctx(), account.ID) })
		}
		require.NoError(t, group.Wait())
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.EqualValues(t, 7900, w.lastInvoice(account).Total)
		require.Equal(t, 1, w.charged(), "four clicks are one payment")
		w.settle()
		w.requireLedgerAddsUp(account)
	})
}

func TestL02_TrialWithoutACardIsInvoiced(t *testing.T) {
	t.Parallel()
	onTrial(t, plan.TrialInvoices, func(t *testing.T, w *world, account models.Account) {
		require.Equal(t, "past_due", w.subscription(account).Status)
		require.Equal(t, billing.LevelGrace, w.access(account).Level)
		invoice := w.lastInvoice(account)
		require.Equal(t, "open", invoice.Status)
		require.EqualValues(t, 7900, invoice.AmountRemaining)
		require.NotEmpty(t, invoice.HostedURL)
		w.stripe.MustAdvance(8 * day)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level, "Stripe has given up on it")
	})
}
