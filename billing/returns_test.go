package billing_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// paid makes a subscriber who pays at once, the trial being used up.
func (w *world) paid(name, lookupKey, card string) models.Account {
	w.t.Helper()
	account := w.account(name)
	w.settle()
	w.useTrial(account)
	w.buy(account, lookupKey, card)
	w.settle()
	require.Equal(w.t, billing.ReasonActive, w.access(account).Reason)
	return account
}

// useTrial records that an account has had its trial.
func (w *world) useTrial(account models.Account) {
	w.t.Helper()
	require.NoError(w.t, w.db.Write(w.ctx()).Create(&models.Trial{
		AccountID: account.ID, UserID: account.CreatedBy, SubscriptionID: "sub_earlier", StartedAt: w.stripe.Now(),
		StripeAccount: w.Connection.StripeAccount, Livemode: w.Connection.Livemode,
	}).Error)
}

func (w *world) lastInvoice(account models.Account) models.Invoice {
	w.t.Helper()
	var rows []models.Invoice
	require.NoError(w.t, w.db.Read(w.ctx()).Order("id DESC").Limit(1).
		Find(&rows, "customer_id IN (SELECT id FROM customers WHERE account_id = ?)", account.ID).Error)
	require.Len(w.t, rows, 1)
	return rows[0]
}

// facts are the amounts of an account's facts of a type, oldest first.
func (w *world) facts(account models.Account, kind string) []int64 {
	w.t.Helper()
	var amounts []int64
	require.NoError(w.t, w.db.Read(w.ctx()).Model(&models.Fact{}).Where("account_id = ? AND type = ?", account.ID, kind).
		Order("id").Pluck("amount", &amounts).Error)
	return amounts
}

func (w *world) pending() int64 {
	w.t.Helper()
	return w.count("webhook_events", "state NOT IN ?", []string{models.EventDone, models.EventIgnored})
}

func TestL20_RefundIsRecordedAndChangesNothingElse(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		charge := w.lastInvoice(account).ChargeID
		require.NotEmpty(t, charge)
		_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(1900)})
		require.NoError(t, err)
		w.settle()
		_, err = w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
		require.NoError(t, err)
		w.settle()
		require.Equal(t, []int64{1900, 6000}, w.facts(account, billing.FactRefunded))
		require.EqualValues(t, 7900, w.lastInvoice(account).AmountRefunded)
		require.Equal(t, billing.ReasonActive, w.access(account).Reason, "a refund by itself takes nothing away")
		require.Zero(t, w.pending())
	})
}

func TestRefundThatFailsComesBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_refundFail")
		charge := w.lastInvoice(account).ChargeID
		_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
		require.NoError(t, err)
		w.settle()
		w.stripe.MustAdvance(day)
		w.settle()
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded))
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefundFailed))
		require.Zero(t, w.pending())
	})
}

// A refund whose success no webhook told, and no sync saw, is money neither gained nor given: the slow simulator found
// only the half that comes back in the ledger.
func TestRefundThatFailedUnheardLeavesTheLedgerEven(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_refundFail")
		charge := w.lastInvoice(account).ChargeID
		_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge})
		require.NoError(t, err)
		w.stripe.MustAdvance(day)
		w.settle()
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded))
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefundFailed))
		require.Zero(t, w.mails(account, "refunded"), "nothing has reached the card")
		require.Zero(t, w.pending())
	})
}

func TestL21_DisputeHoldsAndIsLifted(t *testing.T) {
	t.Parallel()
	for evidence, want := range map[string]struct {
		level  billing.Level
		reason billing.Reason
	}{
		"winning_evidence": {billing.LevelFull, billing.ReasonActive},
		"losing_evidence":  {billing.LevelNone, billing.ReasonDisputeLost},
	} {
		t.Run(evidence, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.paid("ada", "pro_v1_month", "pm_card_createDispute")
				w.settle()
				require.Equal(t, []int64{7900}, w.facts(account, billing.FactDisputeOpened))
				access := w.access(account)
				require.Equal(t, billing.LevelFull, access.Level, "nothing is taken away before a dispute is lost")
				require.True(t, access.NoGrowth)
				var dispute models.Dispute
				require.NoError(t, w.db.Read(w.ctx()).Take(&dispute).Error)
				require.Equal(t, "needs_response", dispute.Status)
				require.True(t, dispute.DueBy.After(w.stripe.Now()), "there is a date to answer by")

				_, err := w.stripe.Client.Disputes.Update(dispute.StripeID, &stripe.DisputeParams{
					Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String(evidence)},
					Submit:   stripe.Bool(true),
				})
				require.NoError(t, err)
				w.settle()
				w.stripe.MustAdvance(day)
				w.settle()
				access = w.access(account)
				require.Equal(t, want.level, access.Level)
				require.Equal(t, want.reason, access.Reason)
				require.False(t, access.NoGrowth)
				require.Equal(t, []int64{7900}, w.facts(account, billing.FactDisputeClosed))
				require.Zero(t, w.pending())
				w.settle()
				ended := w.subscription(account).EndedAt != nil
				require.Equal(t, want.level == billing.LevelNone, ended, "what was lost is charged no more")
			})
		})
	}
}

// TestChargesAreMatchedToTheirCustomers has events about a charge that no invoice of ours knows: one of a customer of
// ours, and one of nobody.
func TestChargesAreMatchedToTheirCustomers(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		_, customer := w.subscriber("ada")
		method, err := w.stripe.Client.PaymentMethods.Attach("pm_card_createDispute",
			&stripe.PaymentMethodAttachParams{Customer: &customer})
		require.NoError(t, err)
		for _, payer := range []*string{&customer, nil} {
			params := &stripe.PaymentIntentParams{
				Amount: stripe.Int64(500), Currency: stripe.String("usd"), Confirm: stripe.Bool(true), Customer: payer,
				PaymentMethod: stripe.String("pm_card_createDispute"), PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
			}
			if payer != nil {
				params.PaymentMethod = &method.ID
			}
			_, err := w.stripe.Client.PaymentIntents.New(params)
			require.NoError(t, err)
		}
		w.settle()
		w.settle()
		require.Zero(t, w.pending(), "no event waits for a customer that it will never have")
		require.NotZero(t, w.count("webhook_events", "type = 'charge.dispute.created' AND customer = ?", customer))
		require.NotZero(t, w.count("webhook_events", "type = 'charge.dispute.created' AND customer LIKE 'ch_%'"))
	})
}

// TestL19_WhatWasPaidBeforeTheDeletionIsKept has a renewal and the deletion of its customer become known at once.
func TestL19_WhatWasPaidBeforeTheDeletionIsKept(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		w.deaf.Store(true)
		w.stripe.MustAdvance(15 * day)
		var customer models.Customer
		require.NoError(t, w.db.Read(w.ctx()).Where("account_id = ?", account.ID).Take(&customer).Error)
		_, err := w.stripe.Client.Customers.Del(customer.StripeID, nil)
		require.NoError(t, err)
		w.deaf.Store(false)
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.EqualValues(t, 1, w.count("facts", "type = 'invoice_paid' AND amount = 7900 AND account_id = ?", account.ID))
		require.EqualValues(t, 1, w.mails(account, "receipt"))
	})
}
