package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func (s *shop) chargeOf(pi *stripe.PaymentIntent) *stripe.Charge {
	s.t.Helper()
	params := &stripe.ChargeParams{}
	params.AddExpand("refunds")
	params.AddExpand("balance_transaction")
	c, err := s.Client.Charges.Get(pi.LatestCharge.ID, params)
	require.NoError(s.t, err)
	return c
}

func TestSlowRefund(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_pendingRefund", 5000)
	s.events()
	refund, err := s.Client.Refunds.New(&stripe.RefundParams{
		PaymentIntent: &pi.ID, Amount: stripe.Int64(2000),
		Reason: stripe.String("requested_by_customer"), Params: stripe.Params{Metadata: map[string]string{"a": "b"}},
	})
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusPending, refund.Status)
	require.Equal(t, stripe.RefundReasonRequestedByCustomer, refund.Reason)
	require.Equal(t, "b", refund.Metadata["a"])
	require.Equal(t, []string{"refund.created", "charge.refunded"}, s.events())
	charge := s.chargeOf(pi)
	require.EqualValues(t, 2000, charge.AmountRefunded)
	require.False(t, charge.Refunded)
	require.Len(t, charge.Refunds.Data, 1)
	require.Equal(t, refund.ID, charge.Refunds.Data[0].ID)
	_, err = s.Client.Refunds.Cancel(refund.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "requires_action")
	s.MustAdvance(2 * time.Minute)
	require.Equal(t, []string{"refund.updated", "charge.refund.updated"}, s.events())
	refund, err = s.Client.Refunds.Get(refund.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusSucceeded, refund.Status)
	require.EqualValues(t, 5000-175-2000, s.net())
}

func TestFailingRefund(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_refundFail", 5000)
	refund, err := s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusSucceeded, refund.Status)
	require.True(t, s.chargeOf(pi).Refunded)
	s.events()
	s.MustAdvance(2 * time.Minute)
	require.Equal(t, []string{"refund.updated", "charge.refund.updated", "refund.failed"}, s.events())
	params := &stripe.RefundParams{}
	params.AddExpand("failure_balance_transaction")
	refund, err = s.Client.Refunds.Get(refund.ID, params)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusFailed, refund.Status)
	require.Equal(t, stripe.RefundFailureReasonExpiredOrCanceledCard, refund.FailureReason)
	require.EqualValues(t, 5000, refund.FailureBalanceTransaction.Amount)
	charge := s.chargeOf(pi)
	require.False(t, charge.Refunded)
	require.EqualValues(t, 0, charge.AmountRefunded)
	require.EqualValues(t, 5000-175, s.net(), "the money is back")
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_visa", 5000)
	waiting, err := s.Client.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(700), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	for want, params := range map[string]*stripe.RefundParams{
		"You must specify either `charge` or `payment_intent`.": {},
		"No such charge: 'ch_x'":                                {Charge: stripe.String("ch_x")},
		"No such payment_intent: 'pi_x'":                        {PaymentIntent: stripe.String("pi_x")},
		"Invalid positive integer":                              {PaymentIntent: &pi.ID, Amount: stripe.Int64(-1)},
		"Refund amount ($50.01) is greater than unrefunded amount on charge ($50.00)": {
			PaymentIntent: &pi.ID, Amount: stripe.Int64(5001),
		},
		"Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer": {
			PaymentIntent: &pi.ID, Reason: stripe.String("bored"),
		},
		"This PaymentIntent (" + waiting.ID + ") does not have a successful charge to refund.": {
			PaymentIntent: &waiting.ID,
		},
	} {
		_, err := s.Client.Refunds.New(params)
		e := stripeError(t, err)
		require.Equal(t, 400, e.HTTPStatusCode)
		require.Equal(t, want, e.Msg)
	}
}

func TestBalanceTransactions(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_visa", 10000)
	_, err := s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(2500)})
	require.NoError(t, err)
	bt := s.chargeOf(pi).BalanceTransaction
	require.EqualValues(t, 10000, bt.Amount)
	require.EqualValues(t, 320, bt.Fee)
	require.Equal(t, "Stripe processing fees", bt.FeeDetails[0].Description)
	require.Equal(t, s.at("2026-03-03T10:00"), bt.AvailableOn)
	require.Equal(t, stripe.BalanceTransactionStatusPending, bt.Status)
	list := func(params *stripe.BalanceTransactionListParams) (out []int64) {
		it := s.Client.BalanceTransactions.List(params)
		for it.Next() {
			out = append(out, it.BalanceTransaction().Amount)
		}
		require.NoError(t, it.Err())
		return out
	}
	require.Equal(t, []int64{-2500, 10000}, list(&stripe.BalanceTransactionListParams{}))
	require.Equal(t, []int64{-2500}, list(&stripe.BalanceTransactionListParams{Type: stripe.String("refund")}))
	require.Equal(t, []int64{10000}, list(&stripe.BalanceTransactionListParams{Source: &pi.LatestCharge.ID}))
	require.Equal(t, []int64{-2500, 10000}, list(&stripe.BalanceTransactionListParams{Currency: stripe.String("usd")}))
	require.Empty(t, list(&stripe.BalanceTransactionListParams{Currency: stripe.String("eur")}))
	require.Empty(t, list(&stripe.BalanceTransactionListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThan: s.at("2026-03-01T10:00")},
	}))
	balance, err := s.Client.Balance.Get(nil)
	require.NoError(t, err)
	require.EqualValues(t, 7180, balance.Pending[0].Amount)
	s.MustAdvance(49 * time.Hour)
	balance, err = s.Client.Balance.Get(nil)
	require.NoError(t, err)
	require.EqualValues(t, 7180, balance.Available[0].Amount)
	require.EqualValues(t, 0, balance.Pending[0].Amount)
	bt, err = s.Client.BalanceTransactions.Get(bt.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.BalanceTransactionStatusAvailable, bt.Status)

	at := s.charged("pm_card_bypassPending", 1000)
	require.Equal(t, stripe.BalanceTransactionStatusAvailable, s.chargeOf(at).BalanceTransaction.Status)
}
