package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// mailText is the text of the one mail of a kind that an account was owed.
func (w *world) mailText(account models.Account, kind string) string {
	w.t.Helper()
	var rows []models.Mail
	require.NoError(w.t, w.db.Read(w.ctx()).Find(&rows, "account_id = ? AND kind = ?", account.ID, kind).Error)
	require.Len(w.t, rows, 1, kind)
	return rows[0].Text
}

// sleep turns every webhook away, and moves the clock without any.
func (w *world) sleep(d time.Duration) {
	w.t.Helper()
	w.deaf.Store(true)
	require.NoError(w.t, w.stripe.Advance(w.ctx(), d))
}

// TestL03_TrialEndingComesOnceWithTheTrueDate hears of it twice, or never.
func TestL03_TrialEndingComesOnceWithTheTrueDate(t *testing.T) {
	t.Parallel()
	for name, hear := range map[string]func(w *world, account models.Account){
		"the webhook came, and a sync more": func(w *world, account models.Account) {
			w.stripe.MustAdvance(11*day + time.Hour)
			w.settle()
			for _, id := range []string{"evt_again", "evt_and_again"} {
				require.NoError(w.t, w.hear(id, "customer.subscription.trial_will_end", w.customerOf(account), nil))
				require.NoError(w.t, w.SyncDue(w.ctx()))
			}
			require.NoError(w.t, w.SyncAccount(w.ctx(), account.ID))
		},
		"the webhook never came": func(w *world, _ models.Account) {
			w.sleep(11*day + time.Hour)
			require.NoError(w.t, w.RunCalendar(w.ctx()))
			require.NoError(w.t, w.RunCalendar(w.ctx()))
			require.Zero(w.t, w.count("subscriptions", "notice_at IS NOT NULL"), "it is not looked at again for that")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account, _ := w.subscriber("ada")
				end := w.subscription(account).TrialEnd
				w.stripe.MustAdvance(2 * day)
				w.settle()
				require.Zero(t, w.mails(account, "trial_ending"), "not before it is time")
				hear(w, account)
				require.Contains(t, w.mailText(account, "trial_ending"), "on "+end.Format("Jan 2, 2006"))
			})
		})
	}
}

// TestL03_AOneDayTrialHasOneMail welcomes and warns in one.
func TestL03_AOneDayTrialHasOneMail(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		card := w.attach(account, "pm_card_visa")
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		_, err = w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: &customer, DefaultPaymentMethod: &card, TrialPeriodDays: stripe.Int64(1),
			Items: []*stripe.SubscriptionItemsParams{{Price: &prices.Price().ID}},
		})
		require.NoError(t, err)
		for range 3 {
			w.settle()
		}
		end := w.subscription(account).TrialEnd
		require.WithinDuration(t, w.stripe.Now().Add(day), *end, time.Minute)
		require.Contains(t, w.mailText(account, "trial_ending"), "on "+end.Format("Jan 2, 2006"))
		require.EqualValues(t, 1, w.count("mails", "account_id = ?", account.ID))
	})
}

// TestATrialMadeLongerIsAnnouncedAgain moves the end after it was told.
func TestATrialMadeLongerIsAnnouncedAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		w.stripe.MustAdvance(12 * day)
		w.settle()
		require.EqualValues(t, 1, w.mails(account, "trial_ending"))
		longer := w.subscription(account).TrialEnd.Add(10 * day)
		_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID, &stripe.SubscriptionParams{
			TrialEnd: stripe.Int64(longer.Unix()), ProrationBehavior: stripe.String("none"),
		})
		require.NoError(t, err)
		w.settle()
		require.EqualValues(t, 1, w.mails(account, "trial_ending"), "not yet")
		w.stripe.MustAdvance(9*day + time.Hour)
		w.settle()
		require.EqualValues(t, 2, w.mails(account, "trial_ending"))
	})
}

// TestOnlyAnAnnualRenewalIsAnnounced has one plan by the month, one by the year, and one by the year that ends.
func TestOnlyAnAnnualRenewalIsAnnounced(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		month := w.paid("ada", "pro_v1_month", "pm_card_visa")
		year := w.paid("grace", "pro_v1_year", "pm_card_visa")
		ends := w.paid("joan", "pro_v1_year", "pm_card_visa")
		require.NoError(t, w.Cancel(w.ctx(), ends.ID, billing.CancelReason{}))
		renews := w.subscription(year).CurrentPeriodEnd
		w.stripe.MustAdvance(350 * day)
		w.settle()
		require.Zero(t, w.mails(year, "renewal_coming"))
		w.sleep(2 * day)
		require.NoError(t, w.RunCalendar(w.ctx()), "invoice.upcoming is days away")
		require.Contains(t, w.mailText(year, "renewal_coming"), "on "+renews.Format("Jan 2, 2006"))
		w.deaf.Store(false)
		w.stripe.MustAdvance(20 * day)
		w.settle()
		require.EqualValues(t, 1, w.mails(year, "renewal_coming"), "invoice.upcoming says it no second time")
		require.Zero(t, w.mails(month, "renewal_coming")+w.mails(ends, "renewal_coming"))
	})
}

// TestL14_ARenewalThatWantsConfirmationHasOneMail leads to the bank at once, and in the notices after that.
func TestL14_ARenewalThatWantsConfirmationHasOneMail(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		require.NoError(t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{9}, End: "unpaid"}))
		account := w.confirming("ada")
		w.settle()
		require.Equal(t, []string{"action_required"}, w.dunned(account), "and not that the payment failed, too")
		hosted := w.lastInvoice(account).HostedURL
		require.Contains(t, w.mailText(account, "action_required"), hosted)
		require.Equal(t, billing.LevelGrace, w.access(account).Level)
		require.Equal(t, billing.AttentionConfirm, w.access(account).Attention)
		w.stripe.MustAdvance(3*day + time.Hour)
		w.settle()
		require.Equal(t, []string{"action_required", "payment_failed_again"}, w.dunned(account))
		require.Contains(t, w.mailText(account, "payment_failed_again"), hosted)
	})
}

// TestL13_AnInvoiceThatCannotBeMadeIsShown tells the owner in the app and the admins by mail, and takes nothing away.
func TestL13_AnInvoiceThatCannotBeMadeIsShown(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account := w.account("ada")
		sub := w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		odd.with(func(s *billing.Snapshot) {
			s.Invoices = append(s.Invoices, billing.InvoiceState{
				ID: "in_odd", Subscription: sub.ID, Status: "draft", BillingReason: "subscription_cycle", Currency: "usd", Total: 7900,
				FinalizeError: "customer_tax_location_invalid", Created: w.stripe.Now(),
			})
		})
		for range 2 {
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		}
		require.Equal(t, billing.LevelFull, w.access(account).Level)
		require.Equal(t, billing.AttentionAddress, w.access(account).Attention)
		require.EqualValues(t, 1, w.count("mails", "kind = 'finalization_failed' AND to_address = 'admin@example.com'"))
		odd.with(nil)
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Empty(t, w.access(account).Attention)
	})
}

// TestNobodyIsMailedAboutThePast connects to a Stripe account in which a customer has a history.
func TestNobodyIsMailedAboutThePast(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		w.deaf.Store(true)
		w.subscribeAtStripe(account, "pro_v1_month")
		for range 3 {
			require.NoError(t, w.stripe.Advance(w.ctx(), 31*day))
		}
		require.NoError(t, w.stripe.Advance(w.ctx(), 5*day))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Len(t, w.facts(account, billing.FactInvoicePaid), 4)
		require.Zero(t, w.count("mails", "account_id = ?", account.ID))
	})
}

// TestAPaymentAfterFailuresSaysThatAllIsWell in its receipt, once.
func TestAPaymentAfterFailuresSaysThatAllIsWell(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		w.payOpen(account)
		w.settle()
		require.True(t, strings.HasPrefix(w.mailText(account, "receipt"), "All is well"))
	})
}

// TestAPlanNotPaidForEndsWithOneMail has Stripe cancel it with the last try.
func TestAPlanNotPaidForEndsWithOneMail(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		for range 8 {
			w.stripe.MustAdvance(day)
			w.settle()
		}
		require.Equal(t, "canceled", w.subscription(account).Status)
		require.Equal(t, []string{"payment_failed", "payment_failed_again", "payment_failed_last", "payment_given_up"}, w.dunned(account))
		require.Contains(t, w.mailText(account, "payment_given_up"), "your subscription has ended")
		require.Zero(t, w.mails(account, "subscription_ended"))
	})
}
