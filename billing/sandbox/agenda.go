package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// agendaStep does what is due for one object. It must look at the object again: the world may have moved since the
// step was scheduled.
type agendaStep func(tx *Tx, id string) error

// agendaSteps is the one table of everything that time brings about.
func agendaSteps() map[string]agendaStep {
	return map[string]agendaStep{
		"clock.tick": func(*Tx, string) error { return nil }, // A wake-up without effect, for tests of the engine.

		"charge.expire":                  expireCharge,
		"checkout_session.expire":        expireSession,
		"coupon.expire":                  expireCoupon,
		"dispute.decide":                 decideDispute,
		"dispute.lapse":                  lapseDispute,
		"invoice.due":                    invoiceDue,
		"invoice.finalize":               finalizeDue,
		"invoice.retry":                  retryInvoice,
		"invoice.will_be_due":            noticeDue,
		"promotion_code.expire":          expirePromotionCode,
		"refund.settle":                  settleRefund,
		"subscription.cancel":            cancelDue,
		"subscription.cycle":             cycleSubscription,
		"subscription.incomplete_expire": expireIncomplete,
		"subscription.pending_expire":    expirePending,
		"subscription.resume_collection": resumeCollection,
		"subscription.trial_will_end":    noticeTrialEnd,
		"subscription.upcoming":          noticeUpcoming,
		"subscription_schedule.expiring": noticeScheduleEnd,
		"subscription_schedule.phase":    followSchedule,
		"tax_id.verify":                  verifyTaxID,
		"test_clock.expire":              expireTestClock,
		stepClockReady:                   testClockReady,
	}
}

// Limits of the agenda engine: how many steps one Advance may run, how often a failing step is tried, and how long it
// is put off between tries, in virtual seconds.
const (
	maxSteps     = 200_000
	maxStepTries = 5
	stepBackoff  = 60
)

type agendaItem struct {
	kind, id string
	at       int64
	tries    int
	clock    string
}

// runDue pops the earliest item until none is due at the limit. The live ticker and Advance both come here, so a jump
// of two months does exactly what two months of waiting would have done.
func (s *Sandbox) runDue(ctx context.Context, limit func() int64) error {
	var failures []error
	for range maxSteps {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failures, err)...)
		}
		if err := s.deliverBefore(ctx, limit()); err != nil {
			return errors.Join(append(failures, err)...)
		}
		ran, err := s.runNext(ctx, limit())
		if err != nil {
			failures = append(failures, err)
		}
		if !ran {
			return errors.Join(failures...)
		}
	}
	return errors.Join(append(failures, fmt.Errorf("the agenda did not empty in %d steps", maxSteps))...)
}

// runNext runs the earliest item that is due at the limit, in a transaction of its own whose time is the item's. A test
// clock that is being advanced comes first: it has a limit of its own, and nothing of the account waits for it.
func (s *Sandbox) runNext(ctx context.Context, limit int64) (bool, error) {
	var item agendaItem
	ran := false
	err := s.transact(ctx, txOptions{stepUpTo: limit}, func(tx *Tx) error {
		var err error
		if item, ran, err = tx.nextItem(limit); err != nil || !ran {
			return err
		}
		if err := tx.Unschedule(item.kind, item.id); err != nil {
			return err
		}
		if item.clock != "" {
			tx.clock, tx.now = item.clock, item.at
		} else if err := tx.moveTo(item.at); err != nil {
			return err
		}
		step := s.steps[item.kind]
		if step == nil {
			return fmt.Errorf("the agenda has no step %s", item.kind)
		}
		return step(tx, item.id)
	})
	if err == nil {
		return ran, nil
	}
	err = fmt.Errorf("agenda step %s of %s: %w", item.kind, item.id, err)
	s.log.Error("sandbox agenda step failed", "kind", item.kind, "id", item.id, "tries", item.tries+1, "error", err)
	if item.kind == "" || item.kind == stepClockReady {
		return false, err // Not even the agenda could be read, or there is nothing on it that could be put off.
	}
	return true, errors.Join(err, s.putOff(ctx, item))
}

// nextItem is the step that the engine is to run next.
func (tx *Tx) nextItem(limit int64) (agendaItem, bool, error) {
	item, due, err := tx.dueInClocks()
	if err != nil || due {
		return item, due, err
	}
	return tx.earliest("", limit)
}

// earliest is what is due first by a test clock, or by the account's own clock when it is empty.
func (tx *Tx) earliest(clock string, limit int64) (agendaItem, bool, error) {
	item := agendaItem{clock: clock}
	err := tx.sql.direct.QueryRow(`SELECT kind, id, at, tries FROM agenda WHERE clock = ? AND at <= ? ORDER BY at, rowid LIMIT 1`,
		clock, limit).Scan(&item.kind, &item.id, &item.at, &item.tries)
	if errors.Is(err, sql.ErrNoRows) {
		return item, false, nil
	}
	if err != nil {
		return item, false, fmt.Errorf("read agenda: %w", err)
	}
	return item, true, nil
}

// forgetAgenda drops everything that is due by a test clock.
func (tx *Tx) forgetAgenda(clock string) error {
	if _, err := tx.sql.direct.Exec(`DELETE FROM agenda WHERE clock = ?`, clock); err != nil {
		return fmt.Errorf("forget what is due by %s: %w", clock, err)
	}
	return nil
}

// putOff moves a failed step a little into the future, or gives it up, so that it cannot hold up everything else.
func (s *Sandbox) putOff(ctx context.Context, item agendaItem) error {
	return s.Do(ctx, func(tx *Tx) error {
		if item.tries+1 >= maxStepTries {
			return tx.Unschedule(item.kind, item.id)
		}
		_, err := tx.sql.direct.Exec(`UPDATE agenda SET at = ?, tries = ? WHERE kind = ? AND id = ?`,
			item.at+stepBackoff, item.tries+1, item.kind, item.id)
		if err != nil {
			return fmt.Errorf("put off %s of %s: %w", item.kind, item.id, err)
		}
		return nil
	})
}
