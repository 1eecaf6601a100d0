package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// makeDefault makes a card the customer's default, as the portal does, and leaves the plan's own as it is.
func (w *world) makeDefault(account models.Account, card string) {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	method := w.attach(account, card)
	_, err = w.stripe.Client.Customers.Update(customer, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &method},
	})
	require.NoError(w.t, err)
}

// TestANewCardPaysWhatIsOverdue gives a good card, in both places where Stripe keeps one.
func TestANewCardPaysWhatIsOverdue(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]func(w *world, account models.Account){
		"the plan's own":         func(w *world, account models.Account) { w.useCard(account, "pm_card_visa") },
		"the customer's default": func(w *world, account models.Account) { w.makeDefault(account, "pm_card_visa") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.failing("ada", "pro_v1_month")
				w.stripe.MustAdvance(8 * time.Hour)
				give(w, account)
				for range 4 {
					w.settle()
				}
				require.Equal(t, billing.ReasonActive, w.access(account).Reason, "without waiting for the next retry")
				require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'pay_invoice' AND state = 'done'"))
				require.EqualValues(t, 1, w.mails(account, "receipt"))
				w.stripe.MustAdvance(31 * day)
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason, "and it is the card of the next renewal")
				require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'pay_invoice'"))
				w.requireLedgerAddsUp(account)
			})
		})
	}
}

// TestANewCardThatIsDeclinedIsTriedOnce has one bad card replaced by another, through an outage of Stripe's.
func TestANewCardThatIsDeclinedIsTriedOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/invoices/*/pay", Status: 500, AfterCommit: true, Times: 3})
		w.useCard(account, "pm_card_chargeCustomerFail")
		for range 3 {
			w.settle()
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("state = 'pending'").
				Update("next_at", time.Now().UTC().Add(-time.Second)).Error)
		}
		require.Equal(t, billing.ReasonPastDue, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'pay_invoice' AND state = 'done'"))
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'pay_invoice' AND result LIKE '%declined%'"))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'pay_invoice'"))
		require.Equal(t, []string{"payment_failed"}, w.dunned(account), "the notices go by the calendar all the same")

		w.useCard(account, "pm_card_authenticationRequired")
		for range 4 {
			w.settle()
		}
		require.EqualValues(t, 2, w.count("stripe_ops", "kind = 'pay_invoice' AND state = 'done'"))
		require.Equal(t, []string{"payment_failed", "action_required"}, w.dunned(account), "the bank is asked for")
	})
}

// TestACardForAnotherPlanIsNotUsedForTheOldOne lets somebody who is past due buy anew.
func TestACardForAnotherPlanIsNotUsedForTheOldOne(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		w.subscribeAtStripe(account, "starter_v1_month")
		for range 3 {
			w.settle()
		}
		w.makeDefault(account, "pm_card_mastercard")
		for range 3 {
			w.settle()
		}
		require.Zero(t, w.count("stripe_ops", "kind = 'pay_invoice'"))
		require.EqualValues(t, 1, w.count("invoices", "status = 'open'"))
	})
}

// TestACardThatWasJustTriedIsNotTriedAgain declines a card that is no default, and then one that has become it.
func TestACardThatWasJustTriedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.failing("ada", "pro_v1_month")
		invoice, bad := w.lastInvoice(account).StripeID, w.attach(account, "pm_card_chargeCustomerFail")
		try := func() {
			_, err := w.stripe.Client.Invoices.Pay(invoice, &stripe.InvoicePayParams{PaymentMethod: &bad})
			require.Error(t, err)
		}
		try() // on the page of the invoice, say
		w.settle()
		require.Zero(t, w.count("stripe_ops", "kind = 'pay_invoice'"), "the default is what it was")
		_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
			&stripe.SubscriptionParams{DefaultPaymentMethod: &bad})
		require.NoError(t, err)
		try()
		w.settle()
		require.Zero(t, w.count("stripe_ops", "kind = 'pay_invoice'"), "it has been tried")
	})
}
