package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

func (w *world) start(account models.Account, lookupKey string, quantity int64) (billing.Purchase, error) {
	return w.StartCheckout(w.ctx(), billing.CheckoutInput{
		AccountID: account.ID, UserID: account.CreatedBy, LookupKey: lookupKey, Quantity: quantity,
	})
}

// another makes a further account of the user who made one already.
func (w *world) another(account models.Account) models.Account {
	w.t.Helper()
	further := account
	further.ID, further.PublicID = 0, models.NewPublicID("acct")
	var owner models.User
	require.NoError(w.t, w.db.Read(w.ctx()).Take(&owner, account.CreatedBy).Error)
	require.NoError(w.t, w.db.Tx(w.ctx(), func(tx *gorm.DB) error {
		if err := tx.Create(&further).Error; err != nil {
			return err
		}
		return w.QueueCustomer(tx, owner, further)
	}))
	return further
}

func (w *world) trialDays(account models.Account) int64 {
	w.t.Helper()
	days, err := w.TrialDays(w.ctx(), account.ID)
	require.NoError(w.t, err)
	return days
}

func TestATrialIsHadOnceByAnAccountAndByWhoMadeIt(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, stranger := w.account("ada"), w.account("grace")
		w.buy(account, "starter_v1_month", "pm_card_visa")
		w.settle()
		further := w.another(account)
		require.Zero(t, w.trialDays(further), "another account of the same person")
		require.EqualValues(t, 14, w.trialDays(stranger))
		w.buy(further, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(further).Reason, "pays at once")

		require.NoError(t, w.db.Write(w.ctx()).Model(&models.Account{}).Where("id = ?", account.ID).
			Update("created_by", stranger.CreatedBy).Error)
		require.Zero(t, w.trialDays(account), "the same account in other hands")
	})
}

func TestASessionIsHandedOutAgainOnlyForTheSame(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		two, err := w.start(account, "pro_v1_month", 2)
		require.NoError(t, err)
		require.NotEqual(t, first.URL, two.URL, "another quantity")

		w.stripe.MustAdvance(23*time.Hour - 2*time.Minute)
		fresh, err := w.start(account, "pro_v1_month", 2)
		require.NoError(t, err)
		require.NotEqual(t, two.URL, fresh.URL, "nobody pays in two minutes")
		w.stripe.MustAdvance(25 * time.Hour)
		later, err := w.start(account, "pro_v1_month", 2)
		require.NoError(t, err)
		require.NotEqual(t, fresh.URL, later.URL, "expired, though nothing told us")
		require.EqualValues(t, 1, w.count("checkouts", "state IN ('creating', 'open')"))
	})
}

// TestACheckoutLeftHalfMadeIsFinishedOrLeft is a program that stopped between its row and Stripe's
// session, or before it could write down what Stripe answered.
func TestACheckoutLeftHalfMadeIsFinishedOrLeft(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		session := w.openSession(account)
		half := func() {
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.Checkout{}).Where("account_id = ? AND state = 'open'", account.ID).
				Updates(map[string]any{"state": models.CheckoutCreating, "stripe_id": "", "url": ""}).Error)
		}
		half()
		again, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		require.Equal(t, first.URL, again.URL, "the same key finds the same session")
		require.Equal(t, session, w.openSession(account))

		half()
		w.stripe.MustAdvance(23 * time.Hour)
		later, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		require.NotEqual(t, first.URL, later.URL)
		require.EqualValues(t, 1, w.count("checkouts", "state = 'open'"))
	})
}

// TestAFailureIsNotRepeatedForADay has Stripe fail in the middle, which it remembers under the key.
func TestAFailureIsNotRepeatedForADay(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/checkout/sessions", Status: 500, AfterCommit: true, Times: -1})
		_, err := w.start(account, "pro_v1_month", 1)
		require.ErrorContains(t, err, "unavailable: stripe_unavailable")
		w.stripe.ClearFaults()
		_, err = w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
	})
}

// TestF12_BuyingSurvivesACustomerThatIsGone deletes it at Stripe without our hearing of it.
func TestF12_BuyingSurvivesACustomerThatIsGone(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		old, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.NoError(t, w.SyncDue(w.ctx()))
		_, err = w.gateway.FetchCustomer(w.ctx(), old)
		require.NoError(t, err)
		w.deaf.Store(true)
		_, err = w.stripe.Client.Customers.Del(old, nil)
		require.NoError(t, err)
		_, err = w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		require.NoError(t, w.pay(w.openSession(account), "pm_card_visa"))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)

		now, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.NotEqual(t, old, now)
		_, err = w.stripe.Client.Customers.Del(now, nil)
		require.NoError(t, err)
		url, err := w.PortalURL(w.ctx(), billing.PortalInput{AccountID: account.ID})
		require.NoError(t, err, "the portal opens for a new one too")
		require.NotEmpty(t, url)
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.EqualValues(t, 3, w.count("customers", "account_id = ?", account.ID))
	})
}

// TestNobodyBuysTwiceWhatWeHaveNotHeardOf has a subscription that only an event has told us of.
func TestNobodyBuysTwiceWhatWeHaveNotHeardOf(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		w.subscribeAtStripe(account, "pro_v1_month")
		w.stripe.MustIdle()
		require.Equal(t, billing.ReasonFree, w.access(account).Reason, "the event waits to be worked off")
		_, err := w.start(account, "pro_v1_month", 1)
		require.ErrorContains(t, err, "already_subscribed")
		require.Zero(t, w.count("checkouts", "state IN ('creating', 'open')"))
		require.Equal(t, "pro", w.access(account).Granted.Key)
	})
}

// subscribeAtStripe makes a subscription the way somebody in Stripe's dashboard does.
func (w *world) subscribeAtStripe(account models.Account, lookupKey string) *stripe.Subscription {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	card, err := w.stripe.Client.PaymentMethods.Attach("pm_card_visa",
		&stripe.PaymentMethodAttachParams{Customer: stripe.String(customer)})
	require.NoError(w.t, err)
	prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{lookupKey})})
	require.True(w.t, prices.Next())
	sub, err := w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: stripe.String(customer), DefaultPaymentMethod: stripe.String(card.ID),
		Items: []*stripe.SubscriptionItemsParams{{Price: stripe.String(prices.Price().ID)}},
	})
	require.NoError(w.t, err)
	return sub
}

// hurriedStripe is the real gateway, which lets somebody pay between our look at a session and our
// closing it.
type hurriedStripe struct {
	billing.Gateway
	pay func(session string) error
}

func (h *hurriedStripe) ExpireCheckout(ctx context.Context, id, key string) (billing.CheckoutSession, error) {
	if err := h.pay(id); err != nil {
		return billing.CheckoutSession{}, err
	}
	return h.Gateway.ExpireCheckout(ctx, id, key)
}

func TestPaidInTheLastMomentIsPaid(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		_, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		options := w.Options
		options.Stripe = &hurriedStripe{Gateway: w.gateway, pay: func(id string) error { return w.pay(id, "pm_card_visa") }}
		purchase, err := billing.New(options).StartCheckout(w.ctx(), billing.CheckoutInput{
			AccountID: account.ID, UserID: account.CreatedBy, LookupKey: "pro_v1_year",
		})
		require.NoError(t, err)
		require.True(t, purchase.Paid)
		require.Equal(t, "pro_v1_month", w.access(account).LookupKey)
		require.EqualValues(t, 1, w.count("checkouts", "state = 'complete'"))
		require.Zero(t, w.count("checkouts", "state IN ('creating', 'open')"))
	})
}

func TestEightTabsOpenOneSession(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		urls := make([]string, 8)
		var group errgroup.Group
		for i := range urls {
			group.Go(func() error {
				purchase, err := w.start(account, "pro_v1_month", 1)
				urls[i] = purchase.URL
				return err
			})
		}
		require.NoError(t, group.Wait())
		for _, url := range urls {
			require.Equal(t, urls[0], url)
		}
		require.EqualValues(t, 1, w.count("checkouts", "true"))
	})
}

// TestARefusalHasWordsAndLeavesNothingOpen takes the price off sale at Stripe, and puts it back.
func TestARefusalHasWordsAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		sell := func(active bool) {
			_, err := w.stripe.Client.Prices.Update(prices.Price().ID, &stripe.PriceParams{Active: stripe.Bool(active)})
			require.NoError(t, err)
		}
		sell(false)
		_, err := w.start(account, "pro_v1_month", 1)
		require.ErrorContains(t, err, "unavailable: stripe_refused")
		require.Zero(t, w.count("checkouts", "state IN ('creating', 'open')"))
		sell(true)
		_, err = w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
	})
}

func TestThePortalOpensWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		open := func(account models.Account, flow string) error {
			_, err := w.PortalURL(w.ctx(), billing.PortalInput{AccountID: account.ID, Flow: flow})
			return err
		}
		for _, flow := range []string{"", billing.FlowPaymentMethod} {
			require.NoError(t, open(account, flow), flow)
		}
		for _, flow := range []string{"subscription_update_confirm", "subscription_update", "subscription_cancel"} {
			require.ErrorContains(t, open(account, flow), "bad_request", "plans are changed on our own pages")
		}
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/billing_portal/sessions", Status: 503, Times: -1})
		require.ErrorContains(t, open(account, ""), "unavailable: stripe_unavailable")
	})
}
