package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
)

// Dunning is the account's schedule for payments that failed. Stripe's own retries follow a model that nobody outside
// can reproduce; this one is a table, so that a test can wait for the right day.
type Dunning struct {
	// Days are when a failed invoice is tried again, counted from the first failure.
	Days []int64 `json:"days"`
	// End is what becomes of the subscription when the last retry fails: cancel, unpaid or past_due.
	End string `json:"end"`
}

// DefaultDunning tries again after one, three, five and seven days, and then cancels.
func DefaultDunning() Dunning { return Dunning{Days: []int64{1, 3, 5, 7}, End: endCancel} }

const (
	endCancel  = "cancel"
	endUnpaid  = "unpaid"
	endPastDue = "past_due"

	dunningSetting = "dunning"
	maxRetries     = 30
	maxRetryDay    = 60
)

// SetDunning changes the account's schedule. It applies from the next failure on.
func (s *Sandbox) SetDunning(ctx context.Context, d Dunning) error {
	if len(d.Days) > maxRetries {
		return fmt.Errorf("dunning: %d retries are more than %d", len(d.Days), maxRetries)
	}
	for i, day := range d.Days {
		if day < 1 || day > maxRetryDay || i > 0 && day <= d.Days[i-1] {
			return fmt.Errorf("dunning: the days are %v; they must rise, from 1 to at most %d", d.Days, maxRetryDay)
		}
	}
	if d.End != endCancel && d.End != endUnpaid && d.End != endPastDue {
		return fmt.Errorf("dunning: %q is not cancel, unpaid or past_due", d.End)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("dunning: %w", err)
	}
	return s.Do(ctx, func(tx *Tx) error { return tx.setMeta(dunningSetting, string(raw)) })
}

func (tx *Tx) dunning() (Dunning, error) {
	raw, ok, err := tx.meta(dunningSetting)
	if err != nil || !ok {
		return DefaultDunning(), err
	}
	var d Dunning
	if err := json.Unmarshal([]byte(raw), &d); err != nil {
		return d, fmt.Errorf("read dunning: %w", err)
	}
	return d, nil
}

// next is when an invoice that has just failed is tried again, or 0 when the schedule is exhausted.
func (d Dunning) next(inv Object) int64 {
	tries := inv.Int("attempt_count")
	if tries < 1 || tries > int64(len(d.Days)) {
		return 0
	}
	return inv.Int("_first_failure") + d.Days[tries-1]*daySeconds
}

// retryInvoice is the agenda's step for one retry.
func retryInvoice(tx *Tx, id string) error {
	inv, err := tx.load(id)
	if err != nil || inv.Str("status") != "open" || !inv.Has("next_payment_attempt") {
		return err
	}
	_, err = collectInvoice(tx, id, collection{payOptions: payOptions{offSession: true}, automatic: true})
	return err
}

// invoiceDue is the agenda's step at the due date of an invoice that was sent to be paid: a subscription that is still
// owed for is past due from then on.
func invoiceDue(tx *Tx, id string) error {
	inv, err := tx.load(id)
	if err != nil || inv.Str("status") != "open" {
		return err
	}
	if at := inv.Int("due_date"); at > tx.Now() {
		return tx.Schedule(at, "invoice.due", id) // It was put off meanwhile.
	}
	if err := tx.Emit("invoice.overdue", inv, nil); err != nil {
		return err
	}
	sub, err := tx.load(inv.Str("subscription"))
	if err != nil || sub.Str("status") != "active" {
		return err
	}
	_, err = updateSubscription(tx, sub.ID(), func(s Object) error {
		s["status"] = "past_due"
		return nil
	})
	return err
}

// invoiceFailed moves the subscription of an invoice that could not be collected, and ends it with the last retry.
func invoiceFailed(tx *Tx, inv Object, policy Dunning) error {
	sub, err := tx.load(inv.Str("subscription"))
	if err != nil || sub == nil {
		return err
	}
	if sub.Has("pending_update") && sub.Str("_pending_invoice") == inv.ID() {
		return nil // A change that is not paid for is not made, and what was paid for before goes on.
	}
	switch sub.Str("status") {
	case "active", "trialing":
		sub, err = updateSubscription(tx, sub.ID(), func(s Object) error {
			s["status"] = "past_due"
			return nil
		})
	}
	if err != nil || inv.Has("next_payment_attempt") || !dunned(inv) || sub.Str("status") != "past_due" {
		return err
	}
	switch policy.End {
	case endPastDue:
		return nil
	case endUnpaid:
		if err := endScheduleOf(tx, sub, "payment_failed"); err != nil {
			return err
		}
		_, err = updateSubscription(tx, sub.ID(), func(s Object) error {
			s["status"], s["schedule"] = "unpaid", nil
			return nil
		})
		return err
	default:
		_, err = endSubscription(tx, sub.ID(), "payment_failed")
		return err
	}
}

// invoicePaid lets a subscription recover, begin, or change as it had been waiting to.
func invoicePaid(tx *Tx, inv Object) error {
	sub, err := tx.load(inv.Str("subscription"))
	if err != nil || sub == nil || sub.Bool("deleted") {
		return err
	}
	if sub.Has("pending_update") && sub.Str("_pending_invoice") == inv.ID() {
		return applyPendingUpdate(tx, sub)
	}
	switch sub.Str("status") {
	case "incomplete":
		return activate(tx, sub, inv)
	case "past_due", "unpaid":
		if sub.Str("latest_invoice") != inv.ID() {
			return nil
		}
		_, err = updateSubscription(tx, sub.ID(), func(s Object) error {
			s["status"] = "active"
			return nil
		})
	}
	return err
}

// activate begins a subscription whose first invoice has been paid.
func activate(tx *Tx, sub, inv Object) error {
	method := ""
	if sub.Str("payment_settings.save_default_payment_method") == "on_subscription" {
		if pi, err := tx.load(inv.Str("payment_intent")); err == nil && pi != nil {
			method = pi.Str("payment_method")
		}
	}
	sub, err := updateSubscription(tx, sub.ID(), func(s Object) error {
		s["status"] = "active"
		if method != "" && !s.Has("default_payment_method") {
			s["default_payment_method"] = method
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := tx.Unschedule("subscription.incomplete_expire", sub.ID()); err != nil {
		return err
	}
	return scheduleSubscription(tx, sub)
}
