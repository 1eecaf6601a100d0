package billing_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// unfinished is an account whose first payment with a card does not go through.
func (w *world) unfinished(account models.Account, lookupKey, card string) *stripe.Subscription {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	method := w.attach(account, card)
	prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{lookupKey})})
	require.True(w.t, prices.Next())
	sub, err := w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &customer, DefaultPaymentMethod: &method, PaymentBehavior: stripe.String("allow_incomplete"),
		Items: []*stripe.SubscriptionItemsParams{{Price: &prices.Price().ID}},
	})
	require.NoError(w.t, err)
	w.settle()
	return sub
}

// TestL04_AFirstPaymentThatIsNotMadeGrantsNothing, whether the card is declined or its bank wants to be asked. It counts
// as no customer until it is paid, and then as one.
func TestL04_AFirstPaymentThatIsNotMadeGrantsNothing(t *testing.T) {
	t.Parallel()
	for name, card := range map[string]string{"declined": "pm_card_chargeCustomerFail", "asked": "pm_card_authenticationRequired"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.account("ada")
				w.unfinished(account, "pro_v1_month", card)
				sub, invoice := w.subscription(account), w.lastInvoice(account)
				require.Equal(t, "incomplete", sub.Status)
				access := w.access(account)
				require.Equal(t, billing.LevelNone, access.Level)
				require.Equal(t, billing.ReasonIncomplete, access.Reason)
				require.Zero(t, sub.MRR)
				require.NotEmpty(t, invoice.HostedURL, "where it can be paid or confirmed")
				require.Empty(t, w.facts(account, billing.FactStarted))
				require.Zero(t, w.count("facts", "account_id = ? AND (mrr_before <> 0 OR mrr_after <> 0)", account.ID))
				require.Zero(t, w.mails(account, "receipt"))
				require.Empty(t, w.dunned(account), "nobody is dunned for what they have not had")

				w.payOpen(account)
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason)
				require.EqualValues(t, 7900, w.subscription(account).MRR)
				require.Len(t, w.facts(account, billing.FactStarted), 1)
				w.requireLedgerAddsUp(account)
			})
		})
	}
}

// TestL04_AnUnfinishedPurchaseTakesNothingFromTheOther has one begun in the dashboard, beside a plan that is paid for.
func TestL04_AnUnfinishedPurchaseTakesNothingFromTheOther(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.unfinished(account, "pro_v1_month", "pm_card_authenticationRequired")
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("subscriptions", "status = 'active'"))
		require.EqualValues(t, 1, w.count("subscriptions", "status = 'incomplete'"))
	})
}
