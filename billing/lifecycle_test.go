package billing_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

const day = 24 * time.Hour

// buy opens Checkout for a price and pays with a card.
func (w *world) buy(account models.Account, lookupKey, card string) billing.Purchase {
	w.t.Helper()
	purchase, err := w.StartCheckout(w.ctx(), billing.CheckoutInput{
		AccountID: account.ID, UserID: account.CreatedBy, LookupKey: lookupKey, Quantity: 1,
	})
	require.NoError(w.t, err)
	require.NoError(w.t, w.pay(w.openSession(account), card))
	return purchase
}

// openSession is the Stripe id of the account's open Checkout Session.
func (w *world) openSession(account models.Account) string {
	w.t.Helper()
	var ids []string
	require.NoError(w.t, w.db.Read(w.ctx()).Model(&models.Checkout{}).
		Where("account_id = ? AND state = ? AND stripe_account = ?", account.ID, models.CheckoutOpen,
			w.Connection.StripeAccount).Pluck("stripe_id", &ids).Error)
	require.Len(w.t, ids, 1)
	return ids[0]
}

// pay confirms a Checkout Session as the hosted page does. It returns Stripe's words for a decline.
func (w *world) pay(session, card string) error {
	form := url.Values{"payment_method": {card}}
	r, err := http.NewRequestWithContext(w.ctx(), http.MethodPost,
		w.stripe.URL()+"/v1/payment_pages/"+session+"/confirm", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(w.stripe.SecretKey(), "")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(answer.Body)
		return errors.Join(fmt.Errorf("status %d: %s", answer.StatusCode, text), err)
	}
	return nil
}

func (w *world) subscription(account models.Account) models.Subscription {
	w.t.Helper()
	var rows []models.Subscription
	require.NoError(w.t, w.db.Read(w.ctx()).Where("customer_id IN (SELECT id FROM customers WHERE account_id = ?)", account.ID).
		Order("id DESC").Limit(1).Find(&rows).Error)
	require.Len(w.t, rows, 1)
	return rows[0]
}

func (w *world) mails(account models.Account, kind string) int64 {
	w.t.Helper()
	return w.count("mails", "account_id = ? AND kind = ?", account.ID, kind)
}

func TestTrialConvertsRenewsAndEnds(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		require.Equal(t, billing.ReasonFree, w.access(account).Reason)

		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		access := w.access(account)
		require.Equal(t, billing.LevelFull, access.Level)
		require.Equal(t, billing.ReasonTrialing, access.Reason)
		require.Equal(t, "pro", access.Granted.Key)
		require.WithinDuration(t, w.stripe.Now().Add(14*day), access.Until, time.Minute)
		require.EqualValues(t, 1, w.mails(account, "trial_started"))
		require.Zero(t, w.mails(account, "receipt"), "a trial costs nothing, so there is nothing to thank for")
		require.Zero(t, w.subscription(account).MRR)

		w.stripe.MustAdvance(12 * day)
		w.settle()
		require.EqualValues(t, 1, w.mails(account, "trial_ending"))

		w.stripe.MustAdvance(3 * day)
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.EqualValues(t, 1, w.mails(account, "receipt"))
		require.EqualValues(t, 7900, w.subscription(account).MRR)
		first := w.subscription(account).CurrentPeriodEnd

		w.stripe.MustAdvance(31 * day)
		w.settle()
		require.EqualValues(t, 2, w.mails(account, "receipt"))
		require.True(t, w.subscription(account).CurrentPeriodEnd.After(first), "the period moves")

		_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
			&stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
		require.NoError(t, err)
		w.settle()
		access = w.access(account)
		require.Equal(t, billing.ReasonEnding, access.Reason)
		require.Equal(t, billing.LevelFull, access.Level, "what is paid for stays until its end")
		require.EqualValues(t, 1, w.mails(account, "cancel_scheduled"))

		w.stripe.MustAdvance(32 * day)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
		require.EqualValues(t, 1, w.mails(account, "subscription_ended"))
		w.requireLedgerAddsUp(account)
	})
}

// requireLedgerAddsUp compares the movements of the ledger with the MRR there is.
func (w *world) requireLedgerAddsUp(account models.Account) {
	w.t.Helper()
	var facts []models.Fact
	require.NoError(w.t, w.db.Read(w.ctx()).Where("account_id = ?", account.ID).Order("id").Find(&facts).Error)
	var moved, now int64
	for _, fact := range facts {
		moved += fact.MRRAfter - fact.MRRBefore
	}
	require.NoError(w.t, w.db.Read(w.ctx()).Model(&models.Subscription{}).
		Where("customer_id IN (SELECT id FROM customers WHERE account_id = ?)", account.ID).
		Select("COALESCE(SUM(mrr), 0)").Scan(&now).Error)
	require.Equal(w.t, now, moved, "the ledger's movements add up to the MRR")
}

func TestSecondPurchaseHasNoTrial(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "starter_v1_month", "pm_card_visa")
		w.settle()
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level)

		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.EqualValues(t, 1, w.mails(account, "receipt"))
		w.requireLedgerAddsUp(account)
	})
}

func TestFailedRenewalGivesGraceThatIsNotExtended(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_chargeCustomerFail")
		w.settle()
		w.stripe.MustAdvance(14*day + 2*time.Hour)
		w.settle()
		access := w.access(account)
		require.Equal(t, billing.LevelGrace, access.Level)
		until := access.Until
		require.EqualValues(t, 1, w.mails(account, "payment_failed"))

		w.stripe.MustAdvance(3 * day)
		w.settle()
		require.Equal(t, until, w.access(account).Until, "a further failure extends nothing")
		require.EqualValues(t, 1, w.mails(account, "payment_failed"))

		w.stripe.MustAdvance(30 * day)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		w.requireLedgerAddsUp(account)
	})
}

func TestCheckoutIsOnePerAccount(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		start := func(lookupKey string) billing.Purchase {
			t.Helper()
			purchase, err := w.StartCheckout(w.ctx(), billing.CheckoutInput{
				AccountID: account.ID, UserID: account.CreatedBy, LookupKey: lookupKey,
			})
			require.NoError(t, err)
			return purchase
		}
		first := start("pro_v1_year")
		require.Equal(t, first.URL, start("pro_v1_year").URL, "a second click finds the same session")
		old := w.openSession(account)

		other := start("pro_v1_month")
		require.NotEqual(t, first.URL, other.URL)
		session, err := w.stripe.Client.CheckoutSessions.Get(old, nil)
		require.NoError(t, err)
		require.Equal(t, stripe.CheckoutSessionStatusExpired, session.Status, "the other price's session is closed")

		require.NoError(t, w.pay(w.openSession(account), "pm_card_visa"))
		paid := start("pro_v1_month")
		require.True(t, paid.Paid, "the open session turned out to be paid, though no webhook has said so")
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)

		_, err = w.StartCheckout(w.ctx(), billing.CheckoutInput{
			AccountID: account.ID, UserID: account.CreatedBy, LookupKey: "starter_v1_month",
		})
		require.ErrorContains(t, err, "already_subscribed")
	})
}

func TestM08_CheckoutSellsOnlyWhatTheCatalogSells(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		product, err := w.stripe.Client.Products.New(&stripe.ProductParams{Name: stripe.String("Backdoor")})
		require.NoError(t, err)
		price, err := w.stripe.Client.Prices.New(&stripe.PriceParams{
			Product: stripe.String(product.ID), Currency: stripe.String("usd"), UnitAmount: stripe.Int64(100),
			LookupKey: stripe.String("pro_for_a_dollar"),
			Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
		require.NoError(t, err)
		for _, wanted := range []string{"", "free", "pro", "pro_for_a_dollar", price.ID, "pro_v1_month "} {
			_, err := w.StartCheckout(w.ctx(), billing.CheckoutInput{
				AccountID: account.ID, UserID: account.CreatedBy, LookupKey: wanted,
			})
			require.ErrorContains(t, err, "price_unknown", "price %q", wanted)
		}
	})
}

func TestM08_SubscriptionOnForeignPriceGrantsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		product, err := w.stripe.Client.Products.New(&stripe.ProductParams{Name: stripe.String("Backdoor")})
		require.NoError(t, err)
		price, err := w.stripe.Client.Prices.New(&stripe.PriceParams{
			Product: stripe.String(product.ID), Currency: stripe.String("usd"), UnitAmount: stripe.Int64(100),
			Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
		require.NoError(t, err)
		card, err := w.stripe.Client.PaymentMethods.Attach("pm_card_visa",
			&stripe.PaymentMethodAttachParams{Customer: stripe.String(customer)})
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: stripe.String(customer), DefaultPaymentMethod: stripe.String(card.ID),
			Items: []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}},
		})
		require.NoError(t, err)
		w.settle()
		access := w.access(account)
		require.Equal(t, billing.LevelNone, access.Level)
		require.Equal(t, billing.ReasonUnknownPrice, access.Reason)
		require.Equal(t, "free", access.Granted.Key)
	})
}

func TestF12L19_DeletedCustomerIsReplaced(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		before, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		_, err = w.stripe.Client.Customers.Del(before, nil)
		require.NoError(t, err)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level)

		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		after, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.NotEqual(t, before, after)
		require.Equal(t, billing.ReasonActive, w.access(account).Reason, "a new customer, but no second trial")
	})
}

func TestNextPaymentIsNetOfTheDiscount(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.EqualValues(t, 7900, w.access(account).Next.Amount)
		coupon, err := w.stripe.Client.Coupons.New(&stripe.CouponParams{
			PercentOff: stripe.Float64(20), Duration: stripe.String("forever"),
		})
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
			&stripe.SubscriptionParams{Coupon: stripe.String(coupon.ID)})
		require.NoError(t, err)
		w.settle()
		require.EqualValues(t, 6320, w.access(account).Next.Amount)

		w.stripe.MustAdvance(15 * day)
		w.settle()
		var paid models.Invoice
		require.NoError(t, w.db.Read(w.ctx()).Where("status = 'paid' AND total > 0").Take(&paid).Error)
		require.EqualValues(t, 6320, paid.Total, "what was announced is what was taken")
		require.EqualValues(t, 6320, w.subscription(account).MRR)
	})
}

// TestNobodyBuysTwiceOnAPageThatWasLeftOpen has a plan begin in the dashboard while a checkout is open, which would
// otherwise be handed out again.
func TestNobodyBuysTwiceOnAPageThatWasLeftOpen(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		_, err := w.start(account, "pro_v1_month", 1)
		require.NoError(t, err)
		w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		_, err = w.start(account, "pro_v1_month", 1)
		require.ErrorContains(t, err, "already_subscribed")
	})
}
