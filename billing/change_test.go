package billing_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

func (w *world) offer(account models.Account, lookupKey string) billing.Change {
	w.t.Helper()
	id, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: lookupKey})
	require.NoError(w.t, err)
	change, err := w.Change(w.ctx(), account.ID, id)
	require.NoError(w.t, err)
	return change
}

func (w *world) confirm(account models.Account, change billing.Change) billing.Outcome {
	w.t.Helper()
	done, err := w.ConfirmChange(w.ctx(), account.ID, change.ID)
	require.NoError(w.t, err)
	return done.Outcome
}

// useCard makes another card the one that the account's subscription is charged to.
func (w *world) useCard(account models.Account, card string) {
	w.t.Helper()
	w.useCardFor(account, w.subscription(account).StripeID, card)
}

func (w *world) useCardFor(account models.Account, subscription, card string) {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	method, err := w.stripe.Client.PaymentMethods.Attach(card, &stripe.PaymentMethodAttachParams{Customer: &customer})
	require.NoError(w.t, err)
	_, err = w.stripe.Client.Subscriptions.Update(subscription, &stripe.SubscriptionParams{DefaultPaymentMethod: &method.ID})
	require.NoError(w.t, err)
}

func TestO18_UpgradeCostsWhatWasShownHoweverOftenClicked(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.stripe.MustAdvance(10 * day)
		w.settle()
		change := w.offer(account, "pro_v1_month")
		require.True(t, change.Now)
		require.Equal(t, "starter", change.From.Key)
		require.Positive(t, change.Quote.Total)
		require.Less(t, change.Quote.Total, int64(7900-2900))
		w.stripe.MustAdvance(20 * time.Minute) // somebody thinks it over: the amount stands
		var group sync.WaitGroup
		outcomes := make([]billing.Outcome, 5)
		for i := range outcomes {
			group.Go(func() { outcomes[i] = w.confirm(account, change) })
		}
		group.Wait()
		for _, outcome := range outcomes {
			require.Equal(t, billing.OutcomeDone, outcome.Kind)
		}
		require.Equal(t, "pro", w.access(account).Granted.Key)
		invoice := w.lastInvoice(account)
		require.Equal(t, "subscription_update", invoice.BillingReason)
		require.Equal(t, change.Quote.Total, invoice.Total)
		require.Equal(t, "paid", invoice.Status)
		require.EqualValues(t, 2, w.count("invoices", "1 = 1"), "five clicks are one change")
		w.settle()
		w.requireLedgerAddsUp(account)
	})
}

func TestF13_DeclinedUpgradeChangesNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_chargeCustomerFail")
		outcome := w.confirm(account, w.offer(account, "pro_v1_month"))
		require.Equal(t, billing.OutcomeDeclined, outcome.Kind)
		require.NotEmpty(t, outcome.Code)
		w.settle()
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.Equal(t, "active", w.subscription(account).Status)
		require.Empty(t, w.subscription(account).PendingLookupKey, "nothing is left that a later payment could bring about")
		require.Zero(t, w.count("invoices", "status = 'open'"))

		w.useCard(account, "pm_card_visa")
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.Equal(t, "pro", w.access(account).Granted.Key)
	})
}

func TestF14_UpgradeThatTheBankAsksAbout(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_authenticationRequired")
		change := w.offer(account, "pro_v1_month")
		outcome := w.confirm(account, change)
		require.Equal(t, billing.OutcomeAction, outcome.Kind)
		link, err := url.Parse(outcome.URL)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(w.stripe.URL(), link.Scheme+"://"+link.Host))
		w.settle()
		require.Equal(t, "starter", w.access(account).Granted.Key, "the old plan stays until Stripe confirms")
		require.Equal(t, "pro_v1_month", w.subscription(account).PendingLookupKey)
		require.NotEmpty(t, w.subscription(account).PendingURL)
		require.WithinDuration(t, w.stripe.Now().Add(23*time.Hour), *w.subscription(account).PendingUntil, time.Minute)

		w.stripe.MustAdvance(24 * time.Hour)
		w.settle()
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.Empty(t, w.subscription(account).PendingLookupKey, "after 23 hours it is off")
		require.Equal(t, "active", w.subscription(account).Status)
	})
}

func TestDowngradeWaitsForThePeriodsEnd(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		change := w.offer(account, "starter_v1_month")
		require.False(t, change.Now)
		require.Zero(t, change.Quote.Total)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, change).Kind)
		sub := w.subscription(account)
		require.Equal(t, "starter_v1_month", sub.NextLookupKey)
		require.WithinDuration(t, sub.CurrentPeriodEnd, *sub.NextAt, time.Second)
		require.Equal(t, "pro", w.access(account).Granted.Key)

		// Another mind, twice: the other plan by the year, and then all as it was.
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_year")).Kind)
		require.Equal(t, "starter_v1_year", w.subscription(account).NextLookupKey)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.Empty(t, w.subscription(account).NextLookupKey)
		_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "pro_v1_month"})
		require.True(t, fault.Is(err, "already_subscribed"))

		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind)
		w.stripe.MustAdvance(31*day + 2*time.Hour)
		w.settle()
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.EqualValues(t, 2900, w.lastInvoice(account).Total, "the next period costs the smaller plan's price")
		require.Equal(t, "paid", w.lastInvoice(account).Status)
		w.stripe.MustAdvance(31 * day)
		w.settle()
		require.Equal(t, "active", w.subscription(account).Status, "the schedule has let go of it")
		require.Empty(t, w.subscription(account).ScheduleID)
		w.requireLedgerAddsUp(account)
	})
}

func TestChangesThatAreNotOffered(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, other := w.paid("ada", "starter_v1_month", "pm_card_visa"), w.account("bob")
		offer := func(account models.Account, key string) error {
			_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: key})
			return err
		}
		require.True(t, fault.Is(offer(account, "nonsense"), "price_unknown"))
		require.True(t, fault.Is(offer(other, "pro_v1_month"), "subscription_missing"))
		change := w.offer(account, "pro_v1_month")
		_, err := w.ConfirmChange(w.ctx(), other.ID, change.ID)
		require.True(t, fault.Is(err, "not_found"), "a change of somebody else's")
		w.stripe.MustAdvance(time.Hour)
		_, err = w.ConfirmChange(w.ctx(), account.ID, change.ID)
		require.True(t, fault.Is(err, "change_expired"))
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "unused"}))
		require.True(t, fault.Is(offer(account, "pro_v1_month"), "change_ending"))
	})
}

// TestAnOutdatedOfferIsRefused has somebody switch the plan elsewhere between the offer and its confirmation.
func TestAnOutdatedOfferIsRefused(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		now, later := w.offer(account, "pro_v1_month"), w.offer(account, "starter_v1_year")
		require.True(t, now.Now && later.Now)
		sub, err := w.stripe.Client.Subscriptions.Get(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"starter_v1_year"})})
		require.True(t, prices.Next())
		_, err = w.stripe.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: stripe.String(prices.Price().ID)}},
		})
		require.NoError(t, err)
		outcome := w.confirm(account, now)
		require.Equal(t, billing.Outcome{Kind: billing.OutcomeRefused, Code: "change_outdated"}, outcome)
		require.Equal(t, "starter_v1_year", w.access(account).LookupKey)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, later).Kind, "what was wanted is so already")
	})
}

// TestOffersDoNotPileUp has an account that looks at changes and takes none.
func TestOffersDoNotPileUp(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		old, recent := w.offer(account, "pro_v1_month"), w.offer(account, "pro_v1_year")
		age := func(change billing.Change, by time.Duration) {
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("idem_key = ?", change.ID).
				Update("created_at", time.Now().UTC().Add(-by)).Error)
		}
		age(old, 25*time.Hour)
		age(recent, 23*time.Hour)
		w.offer(account, "pro_v1_month")
		_, err := w.Change(w.ctx(), account.ID, old.ID)
		require.True(t, fault.Is(err, "not_found"))
		_, err = w.Change(w.ctx(), account.ID, recent.ID)
		require.NoError(t, err)
		require.EqualValues(t, 2, w.count("stripe_ops", "state = 'offered'"))
	})
}

// TestFiveCancellationsAreOne has a double click, and more.
func TestFiveCancellationsAreOne(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		errs := make([]error, 5)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { errs[i] = w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "unused"}) })
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.True(t, w.subscription(account).CancelAtPeriodEnd)
		w.settle()
		require.EqualValues(t, 1, w.mails(account, "cancel_scheduled"))
	})
}

func TestL09_CancelResumeAndEnd(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind)
		require.True(t, fault.Is(w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "nonsense"}), "reason_unknown"))
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "unused", Comment: "Too quiet."}))
		sub := w.subscription(account)
		require.True(t, sub.CancelAtPeriodEnd)
		require.Equal(t, "unused", sub.CancelReason)
		require.Empty(t, sub.ScheduleID, "what was planned is off")
		require.Equal(t, billing.ReasonEnding, w.access(account).Reason)
		require.NoError(t, w.Resume(w.ctx(), account.ID))
		require.False(t, w.subscription(account).CancelAtPeriodEnd)
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{}))
		require.True(t, w.subscription(account).CancelAtPeriodEnd, "a second cancellation is one of its own")
		require.NoError(t, w.Resume(w.ctx(), account.ID))

		require.NoError(t, w.PauseBilling(w.ctx(), account.ID, true))
		require.Equal(t, billing.ReasonPausedBilling, w.access(account).Reason)
		require.NoError(t, w.PauseBilling(w.ctx(), account.ID, false))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)

		require.NoError(t, w.EndNow(w.ctx(), account.ID, "asked for by telephone"))
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.True(t, fault.Is(w.EndNow(w.ctx(), account.ID, ""), "subscription_missing"))
		require.Equal(t, "free", w.access(account).Plan)
	})
}

// TestF02_ChangeOfUnknownOutcome has Stripe do the work and lose the answer, or fail before it: either way the change
// comes about, once.
func TestF02_ChangeOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]sandbox.Fault{
		"done and not told":  {Status: 500, AfterCommit: true},
		"not done":           {Status: 500},
		"done and cut off":   {Cut: true, AfterCommit: true},
		"not done, and busy": {Status: 429},
	} {
		failure.Match, failure.Times = "POST /v1/subscriptions/*", -1
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.paid("ada", "starter_v1_month", "pm_card_visa")
				change := w.offer(account, "pro_v1_month")
				w.stripe.AddFault(failure)
				_, err := w.ConfirmChange(w.ctx(), account.ID, change.ID)
				require.Error(t, err)
				w.stripe.ClearFaults()
				require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("state = 'pending'").
					Update("next_at", time.Now().UTC().Add(-time.Second)).Error)
				w.settle()
				w.settle()
				require.Equal(t, "pro", w.access(account).Granted.Key)
				require.Equal(t, billing.OutcomeDone, w.confirm(account, change).Kind)
				require.EqualValues(t, 2, w.count("invoices", "1 = 1"), "charged once")
				require.Equal(t, change.Quote.Total, w.lastInvoice(account).Total)
			})
		})
	}
}

// TestAPriceThatIsSoldNoMoreCanBeKept has a customer of it think better of a planned change.
func TestAPriceThatIsSoldNoMoreCanBeKept(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind)
		for _, p := range w.Catalog.Plans {
			for i := range p.Prices {
				p.Prices[i].Retired = p.Prices[i].LookupKey == "pro_v1_month"
			}
		}
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.Empty(t, w.subscription(account).NextLookupKey)
		_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: w.account("bob").ID, LookupKey: "pro_v1_month"})
		require.True(t, fault.Is(err, "price_unknown"), "nobody else gets it")
	})
}
