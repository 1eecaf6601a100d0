package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func manual(p *stripe.PaymentIntentParams) { p.CaptureMethod = stripe.String("manual") }

func TestManualCapture(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_visa", 5000, manual)
	require.Equal(t, stripe.PaymentIntentStatusRequiresCapture, pi.Status)
	require.EqualValues(t, 5000, pi.AmountCapturable)
	require.Equal(t, []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
	}, s.events())
	require.False(t, s.chargeOf(pi).Captured)
	require.EqualValues(t, 0, s.net(), "held funds have not moved")
	_, err := s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	require.Error(t, err)
	_, err = s.Client.PaymentIntents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(5001)})
	require.Equal(t, "amount_to_capture", stripeError(t, err).Param)
	pi, err = s.Client.PaymentIntents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(3000)})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, pi.Status)
	require.EqualValues(t, 3000, pi.AmountReceived)
	require.EqualValues(t, 0, pi.AmountCapturable)
	require.Equal(t, []string{"charge.captured", "payment_intent.succeeded"}, s.events())
	charge := s.chargeOf(pi)
	require.True(t, charge.Captured)
	require.EqualValues(t, 3000, charge.AmountCaptured)
	require.EqualValues(t, 3000-117, s.net())
	_, err = s.Client.PaymentIntents.Capture(pi.ID, nil)
	e := stripeError(t, err)
	require.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, e.Code)
	require.Contains(t, e.Msg, "could not be captured because it has a status of succeeded")
	s.MustAdvance(8 * 24 * time.Hour)
	require.Empty(t, s.events(), "what was captured does not expire")
	_, err = s.Client.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(3001)})
	require.Contains(t, stripeError(t, err).Msg, "unrefunded amount on charge ($30.00)")
}

func TestHeldFundsAreLetGo(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pi := s.charged("pm_card_visa", 5000, manual)
	s.events()
	reason := "abandoned"
	pi, err := s.Client.PaymentIntents.Cancel(pi.ID, &stripe.PaymentIntentCancelParams{CancellationReason: &reason})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusCanceled, pi.Status)
	require.Equal(t, stripe.PaymentIntentCancellationReasonAbandoned, pi.CancellationReason)
	require.Equal(t, []string{"charge.refunded", "payment_intent.canceled"}, s.events())
	require.True(t, s.chargeOf(pi).Refunded)
	_, err = s.Client.PaymentIntents.Cancel(pi.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "because it has a status of canceled")
	_, err = s.Client.PaymentIntents.Cancel(pi.ID, &stripe.PaymentIntentCancelParams{
		CancellationReason: stripe.String("boredom"),
	})
	require.Contains(t, stripeError(t, err).Msg, "Invalid cancellation_reason")

	pi = s.charged("pm_card_visa", 5000, manual)
	s.events()
	s.MustAdvance(7*24*time.Hour + time.Second)
	require.Equal(t, []string{"charge.expired", "payment_intent.canceled"}, s.events())
	pi, err = s.Client.PaymentIntents.Get(pi.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentCancellationReasonAutomatic, pi.CancellationReason)
	require.EqualValues(t, 0, s.net())
}

func TestPlainCharges(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	params := &stripe.ChargeParams{Amount: stripe.Int64(700), Currency: stripe.String("usd"), Capture: stripe.Bool(false)}
	require.NoError(t, params.SetSource("tok_visa"))
	charge, err := s.Client.Charges.New(params)
	require.NoError(t, err)
	require.False(t, charge.Captured)
	charge, err = s.Client.Charges.Capture(charge.ID, nil)
	require.NoError(t, err)
	require.True(t, charge.Captured)
	require.Equal(t, []string{"charge.succeeded", "charge.captured"}, s.events())
	_, err = s.Client.Charges.Capture(charge.ID, nil)
	require.Equal(t, stripe.ErrorCodeChargeAlreadyCaptured, stripeError(t, err).Code)
	charge, err = s.Client.Charges.Update(charge.ID, &stripe.ChargeParams{
		Description:  stripe.String("Lunch"),
		FraudDetails: &stripe.ChargeFraudDetailsParams{UserReport: stripe.String("safe")},
	})
	require.NoError(t, err)
	require.Equal(t, "Lunch", charge.Description)
	require.Equal(t, stripe.ChargeFraudUserReportSafe, charge.FraudDetails.UserReport)
	require.Equal(t, []string{"charge.updated"}, s.events())
	require.NoError(t, params.SetSource("tok_chargeDeclinedExpiredCard"))
	_, err = s.Client.Charges.New(params)
	require.Equal(t, stripe.ErrorCodeExpiredCard, stripeError(t, err).Code)
	require.Equal(t, []string{"charge.failed"}, s.events())
	s.charged("pm_card_mastercard", 900)
	found := s.Client.Charges.Search(&stripe.ChargeSearchParams{SearchParams: stripe.SearchParams{
		Query: `payment_method_details.card.brand:"mastercard" AND amount>800`,
	}})
	require.True(t, found.Next())
	require.EqualValues(t, 900, found.Charge().Amount)
	require.False(t, found.Next())
	intents := s.Client.PaymentIntents.Search(&stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{
		Query: `status:"succeeded"`,
	}})
	require.True(t, intents.Next())
}

func TestConfirmOptions(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T10:00")
	pay := func(changes ...func(*stripe.PaymentIntentParams)) (*stripe.PaymentIntent, error) {
		params := &stripe.PaymentIntentParams{
			Amount: stripe.Int64(700), Currency: stripe.String("usd"), Confirm: stripe.Bool(true),
			PaymentMethod: stripe.String("pm_card_authenticationRequired"),
		}
		for _, c := range changes {
			c(params)
		}
		return s.Client.PaymentIntents.New(params)
	}
	_, err := pay(func(p *stripe.PaymentIntentParams) { p.ErrorOnRequiresAction = stripe.Bool(true) })
	e := stripeError(t, err)
	require.Equal(t, stripe.ErrorCodeAuthenticationRequired, e.Code)
	require.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)
	back := func(p *stripe.PaymentIntentParams) { p.ReturnURL = stripe.String("http://localhost/back") }
	pi, err := pay(back, func(p *stripe.PaymentIntentParams) { p.UseStripeSDK = stripe.Bool(true) })
	require.NoError(t, err)
	require.Equal(t, "use_stripe_sdk", string(pi.NextAction.Type))
	auto := func(redirects string) func(*stripe.PaymentIntentParams) {
		return func(p *stripe.PaymentIntentParams) {
			p.AutomaticPaymentMethods = &stripe.PaymentIntentAutomaticPaymentMethodsParams{
				Enabled: stripe.Bool(true), AllowRedirects: &redirects,
			}
		}
	}
	_, err = pay(auto("always"))
	require.Contains(t, stripeError(t, err).Msg, "you must provide a `return_url`")
	_, err = pay(auto("never"))
	require.NoError(t, err)
	pi, err = pay(auto("always"), back)
	require.NoError(t, err)
	require.Equal(t, "redirect_to_url", string(pi.NextAction.Type))
	_, err = s.Client.PaymentIntents.Update(pi.ID, &stripe.PaymentIntentParams{Amount: stripe.Int64(10)})
	require.Equal(t, stripe.ErrorCodeAmountTooSmall, stripeError(t, err).Code)
	pi = s.charged("pm_card_visa", 900)
	_, err = s.Client.PaymentIntents.Update(pi.ID, &stripe.PaymentIntentParams{Amount: stripe.Int64(1000)})
	require.Contains(t, stripeError(t, err).Msg, "amount could not be updated because it has a status of succeeded")
	_, err = s.Client.PaymentIntents.Confirm(pi.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "it has already succeeded after being previously confirmed")
}
