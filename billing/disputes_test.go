package billing_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// answer submits evidence for the newest dispute at Stripe, and lets the bank decide.
func (w *world) answer(evidence string) {
	w.t.Helper()
	list := w.stripe.Client.Disputes.List(&stripe.DisputeListParams{})
	require.True(w.t, list.Next())
	_, err := w.stripe.Client.Disputes.Update(list.Dispute().ID, &stripe.DisputeParams{
		Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String(evidence)}, Submit: stripe.Bool(true),
	})
	require.NoError(w.t, err)
	require.NoError(w.t, w.stripe.Advance(w.ctx(), day))
}

// hears delivers what Stripe has to say in another order than it happened in.
func (w *world) hears(order func(a, b billing.Event) int) {
	w.t.Helper()
	list := w.stripe.Client.Events.List(&stripe.EventListParams{})
	var events []*stripe.Event
	for list.Next() {
		events = append(events, list.Event())
	}
	require.NoError(w.t, list.Err())
	slices.SortStableFunc(events, func(a, b *stripe.Event) int {
		return order(billing.Event{Type: string(a.Type)}, billing.Event{Type: string(b.Type)})
	})
	for _, event := range events {
		body, err := json.Marshal(map[string]any{
			"id": event.ID, "object": "event", "type": event.Type, "created": event.Created, "livemode": false,
			"api_version": event.APIVersion, "data": map[string]any{"object": event.Data.Object},
		})
		require.NoError(w.t, err)
		require.NoError(w.t, w.Receive(w.ctx(), body, signed(body)))
		require.NoError(w.t, w.SyncDue(w.ctx()))
	}
}

// TestL21_DisputeHeardOfBackwards hears of its end before its beginning, and of both only when it is lost.
func TestL21_DisputeHeardOfBackwards(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(a, b billing.Event) int{
		"the newest first": func(_, _ billing.Event) int { return 0 }, // as Stripe lists them
		"closed before created": func(a, b billing.Event) int {
			rank := map[string]int{"charge.dispute.closed": 1, "charge.dispute.created": 2}
			return rank[a.Type] - rank[b.Type]
		},
		"created, already lost": func(a, b billing.Event) int {
			rank := map[string]int{"charge.dispute.created": -1}
			return rank[a.Type] - rank[b.Type]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.paid("ada", "pro_v1_month", "pm_card_visa")
				w.useCard(account, "pm_card_createDispute")
				w.settle()
				w.deaf.Store(true)
				require.NoError(t, w.stripe.Advance(w.ctx(), 31*day+2*time.Hour)) // the renewal is disputed
				w.answer("losing_evidence")
				w.hears(order)
				require.Equal(t, billing.LevelNone, w.access(account).Level)
				require.Equal(t, []int64{7900}, w.facts(account, billing.FactDisputeOpened))
				require.Equal(t, []int64{7900}, w.facts(account, billing.FactDisputeClosed), "one loss, counted once")
				require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_disputed'"))
				require.NoError(t, w.RunOps(w.ctx()))
				require.NoError(t, w.SyncDue(w.ctx()))
				require.NotNil(t, w.subscription(account).EndedAt)
				require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
				w.requireLedgerAddsUp(account)
				w.deaf.Store(false)
				w.settle()
				require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_disputed'"))

				w.buy(account, "starter_v1_month", "pm_card_visa")
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason, "who comes back and pays has what they pay for")
			})
		})
	}
}

// TestL21_AnOpenDisputeHoldsGrowth keeps what is there and adds nothing, until the bank has decided.
func TestL21_AnOpenDisputeHoldsGrowth(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_createDispute")
		w.settle()
		access := w.access(account)
		require.True(t, access.NoGrowth)
		require.True(t, access.Can(plan.API), "what is there stays")
		require.False(t, access.MayAdd(plan.Projects, 0))
		w.answer("winning_evidence")
		w.settle()
		require.True(t, w.access(account).MayAdd(plan.Projects, 0))
		require.Zero(t, w.count("stripe_ops", "kind = 'end_disputed'"))
	})
}

// TestL21_AnInquiryHoldsNothing: no money has moved.
func TestL21_AnInquiryHoldsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_createDisputeInquiry")
		w.settle()
		require.EqualValues(t, 1, w.count("disputes", "status = 'warning_needs_response'"))
		require.False(t, w.access(account).NoGrowth)
		w.answer("losing_evidence")
		w.settle()
		require.EqualValues(t, 1, w.count("disputes", "status IN ('warning_closed', 'warning_under_review')"))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.Zero(t, w.count("stripe_ops", "kind = 'end_disputed'"))
	})
}

func TestL20_RefundAndEndIsOneAction(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		charge := w.lastInvoice(account).ChargeID
		_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(1900)})
		require.NoError(t, err)
		w.settle()
		offer, ok, err := w.Refundable(w.ctx(), account.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, plan.Money{Amount: 6000, Currency: "usd"}, offer.Amount)
		input := billing.RefundInput{AccountID: account.ID, Charge: offer.Charge, Amount: 7900}
		require.True(t, fault.Is(w.RefundAndEnd(w.ctx(), input), "refund_outdated"), "not what the page said")
		input.Amount = 6000
		var group errgroup.Group
		for range 4 {
			group.Go(func() error {
				err := w.RefundAndEnd(w.ctx(), input)
				if fault.Is(err, "refund_outdated") || fault.Is(err, "subscription_missing") {
					return nil // somebody else's click was first, and all is done
				}
				return err
			})
		}
		require.NoError(t, group.Wait())
		w.settle()
		require.Equal(t, []int64{1900, 6000}, w.facts(account, billing.FactRefunded), "O18: four clicks are one refund")
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.Equal(t, "canceled", w.subscription(account).Status)
		_, ok, err = w.Refundable(w.ctx(), account.ID)
		require.NoError(t, err)
		require.False(t, ok)
		w.requireLedgerAddsUp(account)
	})
}

// TestL20_RefundThatIsRefusedEndsNothing: a disputed payment is not ours to give back.
func TestL20_RefundThatIsRefusedEndsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_createDispute")
		w.settle()
		offer, ok, err := w.Refundable(w.ctx(), account.ID)
		require.NoError(t, err)
		require.True(t, ok)
		err = w.RefundAndEnd(w.ctx(), billing.RefundInput{AccountID: account.ID, Charge: offer.Charge, Amount: offer.Amount.Amount})
		require.True(t, fault.Is(err, "stripe_refused"), "%v", err)
		require.Equal(t, "active", w.subscription(account).Status)
	})
}

// TestF02_RefundOfUnknownOutcome has Stripe give the money back and lose its answer, or stop half-way.
func TestF02_RefundOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]sandbox.Fault{
		"refunded and not told":      {Match: "POST /v1/refunds", Status: 500, AfterCommit: true},
		"not refunded":               {Match: "POST /v1/refunds", Status: 500},
		"refunded and not ended yet": {Match: "DELETE /v1/subscriptions/*", Status: 503},
		"ended and not told":         {Match: "DELETE /v1/subscriptions/*", Cut: true, AfterCommit: true},
	} {
		failure.Times = -1
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.paid("ada", "pro_v1_month", "pm_card_visa")
				offer, _, err := w.Refundable(w.ctx(), account.ID)
				require.NoError(t, err)
				w.stripe.AddFault(failure)
				require.Error(t, w.RefundAndEnd(w.ctx(), billing.RefundInput{
					AccountID: account.ID, Charge: offer.Charge, Amount: offer.Amount.Amount,
				}))
				w.stripe.ClearFaults()
				require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("state = 'pending'").
					Update("next_at", time.Now().UTC().Add(-time.Second)).Error)
				w.settle()
				w.settle()
				require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded))
				require.Equal(t, "canceled", w.subscription(account).Status)
				require.Zero(t, w.count("stripe_ops", "state = 'pending'"))
			})
		})
	}
}
