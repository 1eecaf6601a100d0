package sandbox

import (
	"context"
	"fmt"
	"strconv"
)

// The account's setting for holding invoices back, and how long that lasts at most.
const (
	holdSetting  = "hold_on_webhook_failure"
	maxHoldHours = 72
)

// SetHoldOnWebhookFailure decides whether a renewal's invoice waits, as it does at Stripe, as long as an endpoint has
// not answered its invoice.created with success: it is looked at every hour, and finalised after 72 at the latest. It is
// off at first, since a fast-forward past an endpoint that is down would otherwise find everything three days late.
func (s *Sandbox) SetHoldOnWebhookFailure(ctx context.Context, on bool) error {
	err := s.Do(ctx, func(tx *Tx) error { return tx.setMeta(holdSetting, strconv.FormatBool(on)) })
	if err == nil {
		s.holds.Store(on)
	}
	return err
}

// HoldOnWebhookFailure reports what SetHoldOnWebhookFailure decided.
func (s *Sandbox) HoldOnWebhookFailure() bool { return s.holds.Load() }

func (s *Sandbox) restoreHold(tx *Tx) error {
	value, _, err := tx.meta(holdSetting)
	s.holds.Store(value == "true")
	return err
}

// held reports whether a draft must wait for an endpoint, and if so puts its finalisation off by an hour.
func held(tx *Tx, inv Object) (bool, error) {
	if !tx.s.holds.Load() || tx.Now() >= inv.Int("created")+maxHoldHours*hour {
		return false, nil
	}
	waiting, err := unanswered(tx, inv.ID())
	if err != nil || !waiting {
		return false, err
	}
	at := min(tx.Now()+hour, inv.Int("created")+maxHoldHours*hour)
	if _, err := tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["automatically_finalizes_at"], inv["webhooks_delivered_at"] = at, nil
		if inv.Has("next_payment_attempt") {
			inv["next_payment_attempt"] = at
		}
		return nil
	}); err != nil {
		return false, err
	}
	return true, tx.Schedule(at, "invoice.finalize", inv.ID())
}

// unanswered reports whether an endpoint has not taken an invoice's invoice.created.
func unanswered(tx *Tx, invoice string) (bool, error) {
	var n int
	err := tx.sql.QueryRow(`SELECT count(*) FROM deliveries WHERE state IN ('pending', 'failed') AND event IN
		(SELECT id FROM events WHERE object_id = ? AND type = 'invoice.created')`, invoice).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for deliveries of %s: %w", invoice, err)
	}
	return n > 0, nil
}

// deliverBefore gives the endpoints the chance to answer before a finalisation that would wait for them: a
// fast-forward gets there long before the delivery of webhooks does.
func (s *Sandbox) deliverBefore(ctx context.Context, limit int64) error {
	if !s.holds.Load() {
		return nil
	}
	wait := false
	err := s.View(ctx, func(tx *Tx) error {
		item, due, err := tx.nextItem(limit)
		if err != nil || !due || item.kind != "invoice.finalize" {
			return err
		}
		wait, err = unanswered(tx, item.id)
		return err
	})
	if err != nil || !wait {
		return err
	}
	return s.DeliverDue(ctx)
}
