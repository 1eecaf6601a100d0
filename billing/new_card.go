package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// A new card is what an overdue payment waits for, and whoever gives one expects it to be used. Stripe does not do that
// by itself: only a new `source`, of its older API, has the latest invoice of what is past due tried again
// (https://docs.stripe.com/api/customers/update). A payment method made the default, as the portal does, waits for the
// next retry, days later; where it is the customer's default and the subscription has a card of its own, it is not used
// even then (https://docs.stripe.com/billing/revenue-recovery/smart-retries#payment-method-ordering). So a sync that
// finds another card than the last one did, and an invoice that is overdue, owes an attempt. (The sandbox's portal tries
// at once; then there is nothing left to do here.)

// payOp is what the operation keeps.
type payOp struct {
	Subscription string `json:"subscription"`
	Card         string `json:"card"`
}

// cards names what is charged by default: the card of the plan itself, where it has one, and the customer's.
func (snap Snapshot) cards() string {
	own := ""
	for _, sub := range snap.Subscriptions {
		if sub.Card != nil && sub.EndedAt == nil {
			own = sub.Card.ID
		}
	}
	return own + "," + snap.Card.ID
}

// running counts the subscriptions that are not over.
func (snap Snapshot) running() (n int) {
	for _, sub := range snap.Subscriptions {
		if sub.EndedAt == nil {
			n++
		}
	}
	return n
}

// tryNewCard owes an attempt to pay what a subscription owes, if a card was changed and is not the one that was just
// tried. before is what cards said at the last sync, empty where there was none. There is one attempt for an invoice and
// a card, ever: its key names both. Who has bought anew meanwhile has given that card for the new plan, not for the old.
func (a *application) tryNewCard(snap Snapshot, before string, sub models.Subscription) error {
	owed, ok := debtOf(sub, a.invoices, a.Grace)
	if !ok || before == "" || sub.EndedAt != nil || snap.running() > 1 {
		return nil
	}
	tried := ""
	for _, invoice := range snap.Invoices {
		if invoice.ID == owed.invoice.StripeID {
			tried = invoice.TriedCard
		}
	}
	card := ""
	was, is := strings.Split(before, ","), strings.Split(snap.cards(), ",")
	for i := range is {
		if card == "" && is[i] != "" && is[i] != was[i] && is[i] != tried {
			card = is[i]
		}
	}
	if card == "" {
		return nil
	}
	params, err := json.Marshal(payOp{Subscription: sub.StripeID, Card: card})
	if err != nil {
		return fmt.Errorf("encode the payment of %s: %w", owed.invoice.StripeID, err)
	}
	row := models.StripeOp{
		AccountID: a.account.ID, StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode,
		Kind: opPayInvoice, Subject: owed.invoice.StripeID, IdemKey: opPayInvoice + "_" + owed.invoice.StripeID + "_" + card,
		Params: string(params), State: models.OpPending, NextAt: a.wall, CreatedAt: a.wall,
	}
	made := a.tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "idem_key"}}, DoNothing: true}).Create(&row)
	if made.Error != nil {
		return fmt.Errorf("owe the payment of %s: %w", owed.invoice.StripeID, made.Error)
	}
	a.ops += int(made.RowsAffected)
	return nil
}

// payInvoice has the subscription charged to the new card from now on, and tries it. A second try cannot pay twice: an
// invoice that is paid refuses to be. A decline is a result like another, and the notices go on; a bank that wants a
// confirmation is found by the sync that follows.
func (s *Service) payInvoice(ctx context.Context, op *models.StripeOp) (string, error) {
	var params payOp
	if err := json.Unmarshal([]byte(op.Params), &params); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	state, err := s.Stripe.FetchSubscription(ctx, params.Subscription)
	if err != nil {
		return settleRefusal(fmt.Errorf("read subscription %s: %w", params.Subscription, err))
	}
	if state.EndedAt != nil {
		return refused("subscription_missing")
	}
	if state.Card != nil && state.Card.ID != params.Card {
		if err := s.Stripe.UseCard(ctx, params.Subscription, params.Card, s.opKey(*op, "_card")); err != nil {
			return settleRefusal(fmt.Errorf("charge %s to another card: %w", params.Subscription, err))
		}
	}
	if err := s.Stripe.PayInvoice(ctx, op.Subject, params.Card, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("pay %s: %w", op.Subject, err))
	}
	return doneOutcome()
}
