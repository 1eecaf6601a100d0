package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// charged pays an amount with a magic card and returns the intent.
func (s *shop) charged(card string, amount int64, changes ...func(*stripe.PaymentIntentParams)) *stripe.PaymentIntent {
	s.t.Helper()
	params := &stripe.PaymentIntentParams{
		Amount: &amount, Currency: stripe.String("usd"), Confirm: stripe.Bool(true), PaymentMethod: &card,
		Description: stripe.String("An order"),
	}
	for _, change := range changes {
		change(params)
	}
	pi, err := s.Client.PaymentIntents.New(params)
	require.NoError(s.t, err)
	return pi
}

// dispute finds the one dispute of a payment.
func (s *shop) dispute(pi string) *stripe.Dispute {
	s.t.Helper()
	it := s.Client.Disputes.List(&stripe.DisputeListParams{PaymentIntent: &pi})
	require.True(s.t, it.Next(), "no dispute")
	d := it.Dispute()
	require.False(s.t, it.Next(), "more than one dispute")
	return d
}

// net is what a charge, its refunds and disputes have left in the balance altogether.
func (s *shop) net() int64 {
	s.t.Helper()
	var sum, listed int64
	it := s.Client.BalanceTransactions.List(&stripe.BalanceTransactionListParams{})
	for it.Next() {
		t := it.BalanceTransaction()
		require.Equal(s.t, t.Amount-t.Fee, t.Net)
		var fees int64
		for _, f := range t.FeeDetails {
			fees += f.Amount
		}
		require.Equal(s.t, t.Fee, fees)
		sum += t.Net
	}
	require.NoError(s.t, it.Err())
	balance, err := s.Client.Balance.Get(nil)
	require.NoError(s.t, err)
	for _, a := range balance.Available {
		listed += a.Amount
	}
	for _, a := range balance.Pending {
		listed += a.Amount
	}
	require.Equal(s.t, listed, sum, "the balance is the sum of its transactions")
	return sum
}

func evidence(text string) *stripe.DisputeParams {
	return &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: &text}}
}

func TestDisputeTakesTheMoney(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_createDispute", 5000)
	require.Equal(t, []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.dispute.created",
		"charge.dispute.funds_withdrawn",
	}, s.events())
	d := s.dispute(pi.ID)
	require.Equal(t, stripe.DisputeStatusNeedsResponse, d.Status)
	require.Equal(t, stripe.DisputeReasonFraudulent, d.Reason)
	require.EqualValues(t, 5000, d.Amount)
	require.Equal(t, s.at("2026-03-16T23:59")+59, d.EvidenceDetails.DueBy)
	require.False(t, d.EvidenceDetails.HasEvidence)
	require.False(t, d.IsChargeRefundable)
	require.Equal(t, "10.4", d.PaymentMethodDetails.Card.NetworkReasonCode)
	require.Len(t, d.BalanceTransactions, 1)
	require.EqualValues(t, -5000, d.BalanceTransactions[0].Amount)
	require.EqualValues(t, 1500, d.BalanceTransactions[0].Fee)
	require.EqualValues(t, -6500, d.BalanceTransactions[0].Net)
	require.Equal(t, "adjustment", string(d.BalanceTransactions[0].Type))
	require.EqualValues(t, 5000-175-6500, s.net())
	charge, err := s.Client.Charges.Get(d.Charge.ID, nil)
	require.NoError(t, err)
	require.True(t, charge.Disputed)
	_, err = s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	e := stripeError(t, err)
	require.Equal(t, stripe.ErrorCodeChargeDisputed, e.Code)
	require.Equal(t, "Charge "+charge.ID+" has been charged back; cannot issue a refund.", e.Msg)
}

func TestDisputeIsAnswered(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		status stripe.DisputeStatus
		events []string
		net    int64
	}{
		"winning_evidence": {
			stripe.DisputeStatusWon,
			[]string{"charge.dispute.closed", "charge.dispute.funds_reinstated"},
			5000 - 175 - 1500,
		},
		"losing_evidence":      {stripe.DisputeStatusLost, []string{"charge.dispute.closed"}, -175 - 1500},
		"it was theirs, truly": {stripe.DisputeStatusUnderReview, []string{}, -175 - 1500},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "2026-03-01T10:00")
			pi := s.charged("pm_card_createDisputeProductNotReceived", 5000)
			d := s.dispute(pi.ID)
			require.Equal(t, stripe.DisputeReasonProductNotReceived, d.Reason)
			s.events()
			params := evidence(text)
			params.Submit = stripe.Bool(false)
			d, err := s.Client.Disputes.Update(d.ID, params)
			require.NoError(t, err)
			require.Equal(t, stripe.DisputeStatusNeedsResponse, d.Status, "what is only staged is not submitted")
			require.True(t, d.EvidenceDetails.HasEvidence)
			require.EqualValues(t, 0, d.EvidenceDetails.SubmissionCount)
			d, err = s.Client.Disputes.Update(d.ID, &stripe.DisputeParams{Submit: stripe.Bool(true)})
			require.NoError(t, err)
			require.Equal(t, stripe.DisputeStatusUnderReview, d.Status)
			require.EqualValues(t, 1, d.EvidenceDetails.SubmissionCount)
			require.Equal(t, []string{"charge.dispute.updated", "charge.dispute.updated"}, s.events())
			_, err = s.Client.Disputes.Update(d.ID, evidence("more"))
			require.Error(t, err, "evidence is submitted once")
			s.MustAdvance(30 * 24 * time.Hour)
			require.Equal(t, want.events, s.events())
			require.Equal(t, want.status, s.dispute(pi.ID).Status)
			require.Equal(t, want.net, s.net())
			if want.status == stripe.DisputeStatusWon {
				_, err = s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
				require.NoError(t, err)
			}
		})
	}
}

func TestDisputeIsLostBySilence(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_createDispute", 5000)
	s.events()
	s.to("2026-03-16T23:59")
	require.Empty(t, s.events())
	s.to("2026-03-17T00:00")
	require.Equal(t, []string{"charge.dispute.closed"}, s.events())
	d := s.dispute(pi.ID)
	require.Equal(t, stripe.DisputeStatusLost, d.Status)
	_, err := s.Client.Disputes.Update(d.ID, evidence("winning_evidence"))
	require.Contains(t, stripeError(t, err).Msg, "already closed")
	d, err = s.Client.Disputes.Update(d.ID, &stripe.DisputeParams{Metadata: map[string]string{"case": "7"}})
	require.NoError(t, err)
	require.Equal(t, "7", d.Metadata["case"])
}

func TestDisputeIsAccepted(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	d := s.dispute(s.charged("pm_card_createDispute", 5000).ID)
	s.events()
	d, err := s.Client.Disputes.Close(d.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.DisputeStatusLost, d.Status)
	require.Equal(t, []string{"charge.dispute.closed"}, s.events())
	_, err = s.Client.Disputes.Close(d.ID, nil)
	require.Error(t, err)
	s.MustAdvance(30 * 24 * time.Hour)
	require.Empty(t, s.events(), "a closed dispute does not lapse")
}

func TestInquiry(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_createDisputeInquiry", 5000)
	require.Equal(t, "charge.dispute.created", s.events()[3])
	d := s.dispute(pi.ID)
	require.Equal(t, stripe.DisputeStatusWarningNeedsResponse, d.Status)
	require.True(t, d.IsChargeRefundable)
	require.Empty(t, d.BalanceTransactions)
	_, err := s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(1000)})
	require.NoError(t, err, "an inquiry leaves the charge refundable")
	s.events()
	d, err = s.Client.Disputes.Update(d.ID, evidence("escalate_inquiry_evidence"))
	require.NoError(t, err)
	require.Equal(t, stripe.DisputeStatusWarningUnderReview, d.Status)
	s.MustAdvance(10 * time.Second)
	require.Equal(t, []string{
		"charge.dispute.updated", "charge.dispute.updated", "charge.dispute.funds_withdrawn",
	}, s.events())
	d = s.dispute(pi.ID)
	require.Equal(t, stripe.DisputeStatusNeedsResponse, d.Status)
	require.Equal(t, "chargeback", string(d.PaymentMethodDetails.Card.CaseType))
	_, err = s.Client.Disputes.Update(d.ID, evidence("winning_evidence"))
	require.NoError(t, err)
	s.MustAdvance(10 * time.Second)
	require.Equal(t, stripe.DisputeStatusWon, s.dispute(pi.ID).Status)

	quiet := s.charged("pm_card_createDisputeInquiry", 5000)
	s.MustAdvance(20 * 24 * time.Hour)
	require.Equal(t, stripe.DisputeStatusWarningClosed, s.dispute(quiet.ID).Status)
}

func TestDisputeRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	d := s.dispute(s.charged("pm_card_createDispute", 5000).ID)
	_, err := s.Client.Disputes.Update(d.ID, &stripe.DisputeParams{
		Evidence: &stripe.DisputeEvidenceParams{Receipt: stripe.String("file_123")},
	})
	e := stripeError(t, err)
	require.Equal(t, "No such file upload: 'file_123'", e.Msg)
	require.Equal(t, "evidence[receipt]", e.Param)
	_, err = s.Client.Disputes.Get("du_none", nil)
	require.Equal(t, 404, stripeError(t, err).HTTPStatusCode)
}

func TestEarlyFraudWarning(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_createIssuerFraudRecord", 5000)
	require.Equal(t, "radar.early_fraud_warning.created", s.events()[3])
	it := s.Client.RadarEarlyFraudWarnings.List(&stripe.RadarEarlyFraudWarningListParams{PaymentIntent: &pi.ID})
	require.True(t, it.Next())
	w := it.RadarEarlyFraudWarning()
	require.True(t, w.Actionable)
	require.Equal(t, pi.LatestCharge.ID, w.Charge.ID)
	_, err := s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Reason: stripe.String("fraudulent")})
	require.NoError(t, err)
	require.Contains(t, s.events(), "radar.early_fraud_warning.updated")
	w, err = s.Client.RadarEarlyFraudWarnings.Get(w.ID, nil)
	require.NoError(t, err)
	require.False(t, w.Actionable)
	charge, err := s.Client.Charges.Get(pi.LatestCharge.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.ChargeFraudUserReportFraudulent, charge.FraudDetails.UserReport)
}
