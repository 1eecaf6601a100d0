package billing

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The mass-change guard. A sweep reads everything and changes nothing until it knows how many customers would lose
// access by what it found. More than a few of them at once is hardly ever true: then nothing of the sweep is
// applied, and a person decides.
//
// It need not stand in SyncCustomer as well. What a sync applies is Stripe's answer about one customer by its id; the
// only answer that a wrong key could give is that there is no such customer, and that is believed only while the
// same key is shown to belong to the connection whose rows are written. A key that is refused gives no answer at
// all. And a bound on removals in general would hold back true ones: plans that end together, at the turn of a
// year, must end.

// Why a sweep was stopped.
const (
	ReasonTooMany  = "too_many"  // more customers than can be true would lose access
	ReasonWrongKey = "wrong_key" // the key belongs to another Stripe account or mode
)

// A sweep may take access from guardFew customers, or from one in guardShare of those who pay, if that is more.
const (
	guardFew   = 3
	guardShare = 20
)

// MayLose is from how many of so many paying customers one sweep may take access.
func MayLose(paying int64) int64 { return max(guardFew, paying/guardShare) }

// CheckKey asks Stripe whose key we have. ErrKey says that it is refused; the other results are whether it belongs
// to the connection that the program found at boot. The admins hear of a refused key once, until it is taken again.
func (s *Service) CheckKey(ctx context.Context) (ours bool, err error) {
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	found, err := s.Stripe.Connection(asking)
	return found == s.Connection, s.heardOfKey(ctx, err)
}

// heardOfKey has the admins told of a key that Stripe refused, and of nothing else that may have failed. It gives
// back how the call went.
func (s *Service) heardOfKey(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return s.Resolve(ctx, AlertKey, "")
	case errors.Is(err, ErrKey):
		return errors.Join(err, s.Raise(ctx, Alert{
			Kind: AlertKey, Subject: "Nobody can be served at Stripe", Detail: err.Error(),
		}))
	}
	return err
}

// healthyKey stops the sweep if the key has become that of another connection.
func (w *sweep) healthyKey(ctx context.Context) (bool, error) {
	ours, err := w.CheckKey(ctx)
	if err != nil || ours {
		return ours, err
	}
	return false, w.stop(ctx, ReasonWrongKey, "the key belongs to another Stripe account or mode than the customers do")
}

// countPaying counts the customers with a plan that grants something, by status.
func (w *sweep) countPaying(ctx context.Context) error {
	where, account, live := inConnection(w.Connection)
	err := w.DB.Read(ctx).Model(&models.Subscription{}).Where(where, account, live).
		Where("kind = 'plan' AND status IN ?", []string{"trialing", "active", "past_due"}).
		Distinct("customer_id").Count(&w.run.Paying).Error
	if err != nil {
		return fmt.Errorf("count paying customers: %w", err)
	}
	return nil
}

// count counts what the run has found, once what has healed meanwhile is taken out: a webhook that came while the
// sweep ran is late and not lost.
func (w *sweep) count(ctx context.Context) error {
	return w.DB.Tx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec(`
DELETE FROM reconcile_drifts WHERE run_id = ? AND dirty_seq = 0 AND kind <> ? AND EXISTS (
    SELECT 1 FROM customer_sync c WHERE c.stripe_account = ? AND c.livemode = ?
    AND c.stripe_id = reconcile_drifts.customer AND c.last_ok_at > reconcile_drifts.found_at)`,
			w.run.ID, DriftStranger, w.Connection.StripeAccount, w.Connection.Livemode).Error
		if err != nil {
			return fmt.Errorf("leave out what has healed: %w", err)
		}
		row := tx.Raw(`
SELECT COALESCE(SUM(CASE WHEN kind = ? THEN 0 ELSE 1 END), 0), COALESCE(SUM(CASE WHEN kind = ? THEN 1 ELSE 0 END), 0),
       COUNT(DISTINCT CASE WHEN loses THEN customer END)
FROM reconcile_drifts WHERE run_id = ?`, DriftStranger, DriftStranger, w.run.ID).Row()
		if err := row.Scan(&w.run.Drift, &w.run.Unknown, &w.run.Losing); err != nil {
			return fmt.Errorf("count the drift: %w", err)
		}
		return saveRun(tx, w.run)
	})
}

// guard stops the sweep between comparing and healing, if too many would lose access.
func (w *sweep) guard(ctx context.Context) (more bool, err error) {
	if err := w.count(ctx); err != nil {
		return false, err
	}
	if w.run.Forced || w.run.Losing <= MayLose(w.run.Paying) {
		return false, nil
	}
	if healthy, err := w.healthyKey(ctx); err != nil || !healthy {
		return false, err
	}
	return false, w.stop(ctx, ReasonTooMany,
		fmt.Sprintf("%d of %d paying customers would lose access at once", w.run.Losing, w.run.Paying))
}

// stop ends the sweep without applying anything.
func (w *sweep) stop(ctx context.Context, reason, detail string) error {
	w.run.State, w.run.Reason = models.RunStopped, reason
	w.Logger.ErrorContext(ctx, "sweep stopped", "run", w.run.PublicID, "reason", reason, "losing", w.run.Losing,
		"paying", w.run.Paying)
	if err := w.forget(ctx); err != nil {
		return err
	}
	return w.Raise(ctx, Alert{Kind: AlertSweep, Subject: "Nothing was changed", Detail: detail})
}

// heal makes a batch of the customers of what differs due.
func (w *sweep) heal(ctx context.Context) (bool, error) {
	var drifts []models.ReconcileDrift
	err := w.DB.Read(ctx).Where("run_id = ? AND dirty_seq = 0 AND kind <> ?", w.run.ID, DriftStranger).
		Order("id").Limit(sweepBatch).Find(&drifts).Error
	if err != nil || len(drifts) == 0 {
		return false, err
	}
	err = w.DB.Tx(ctx, func(tx *gorm.DB) error {
		seqs := map[string]int64{}
		for _, drift := range drifts {
			if seqs[drift.Customer] == 0 {
				var seq int64
				err := tx.Raw(markDirtySQL, w.Connection.StripeAccount, w.Connection.Livemode, drift.Customer, w.wall()).
					Scan(&seq).Error
				if err != nil {
					return fmt.Errorf("mark customer %s dirty: %w", drift.Customer, err)
				}
				seqs[drift.Customer] = seq
			}
			err := tx.Model(&models.ReconcileDrift{}).Where("id = ?", drift.ID).
				Update("dirty_seq", seqs[drift.Customer]).Error
			if err != nil {
				return fmt.Errorf("note what heals %s: %w", drift.Object, err)
			}
		}
		return w.keepCursor(tx, w.cursor)
	})
	w.Wake(JobSync)
	return err == nil, err
}

// finish ends a sweep that has been applied, and tells the admins what is worth telling.
func (w *sweep) finish(ctx context.Context) error {
	w.run.State = models.RunDone
	err := errors.Join(w.forget(ctx), w.Resolve(ctx, AlertSweep, ""))
	err = errors.Join(err, w.tell(ctx, w.run.Drift > 0, Alert{
		Kind: AlertDrift, Key: models.ReconcileSweep, Subject: fmt.Sprintf("%d differed", w.run.Drift),
		Detail: fmt.Sprintf("%d of %d objects differed from Stripe and are being mended", w.run.Drift, w.run.Seen),
	}))
	return errors.Join(err, w.tell(ctx, w.run.Unknown > 0, Alert{
		Kind: AlertStranger, Subject: fmt.Sprintf("%d subscriptions of nobody", w.run.Unknown),
		Detail: fmt.Sprintf("%d running subscriptions have a customer that no account has", w.run.Unknown),
	}))
}

// tell raises an alert or resolves it.
func (s *Service) tell(ctx context.Context, holds bool, alert Alert) error {
	if holds {
		return s.Raise(ctx, alert)
	}
	return s.Resolve(ctx, alert.Kind, alert.Key)
}

// forget drops what only the comparison needed.
func (w *sweep) forget(ctx context.Context) error {
	if err := w.DB.Write(ctx).Where("run_id = ?", w.run.ID).Delete(&seenRow{}).Error; err != nil {
		return fmt.Errorf("forget what was seen: %w", err)
	}
	return nil
}

// ApplyRun applies a sweep that the guard has stopped, because by, who is a person, says that it is right. The fault
// is NotFound for a run that is not there, and Conflict for one that was not stopped for that, or is not the last.
func (s *Service) ApplyRun(ctx context.Context, publicID, by string) error {
	where, account, live := inConnection(s.Connection)
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		var rows []models.ReconcileRun
		err := tx.Where(where, account, live).Where("kind = ?", models.ReconcileSweep).
			Where("id >= (SELECT id FROM reconcile_runs WHERE public_id = ?)", publicID).
			Order("id").Limit(2).Find(&rows).Error
		switch {
		case err != nil:
			return fmt.Errorf("read run %s: %w", publicID, err)
		case len(rows) == 0 || rows[0].PublicID != publicID:
			return fault.New(fault.NotFound, "not_found")
		case len(rows) > 1 || rows[0].State != models.RunStopped || rows[0].Reason != ReasonTooMany:
			return fault.New(fault.Conflict, "sweep_not_stopped")
		}
		// Its start is what says how long a sweep may go on, so it starts anew.
		return tx.Model(&models.ReconcileRun{}).Where("id = ? AND state = ?", rows[0].ID, models.RunStopped).
			Updates(map[string]any{
				"state": models.RunRunning, "phase": phaseHeal, "position": "", "forced": true, "approved_by": by,
				"approved_at": s.wall(), "started_at": s.wall(), "finished_at": nil,
			}).Error
	})
	if err != nil {
		return err
	}
	s.Logger.WarnContext(ctx, "a stopped sweep is applied", "run", publicID, "by", by)
	return s.requestSweep(ctx)
}

// markHealed notes which differences a sync has covered since.
func (s *Service) markHealed(ctx context.Context) error {
	err := s.DB.Write(ctx).Exec(`
UPDATE reconcile_drifts SET healed_at = ?
WHERE healed_at IS NULL AND dirty_seq > 0
  AND run_id IN (SELECT id FROM reconcile_runs WHERE stripe_account = ? AND livemode = ?)
  AND EXISTS (SELECT 1 FROM customer_sync c WHERE c.stripe_account = ? AND c.livemode = ?
      AND c.stripe_id = reconcile_drifts.customer AND c.synced_seq >= reconcile_drifts.dirty_seq)`,
		s.wall(), s.Connection.StripeAccount, s.Connection.Livemode, s.Connection.StripeAccount, s.Connection.Livemode).Error
	if err != nil {
		return fmt.Errorf("note what has healed: %w", err)
	}
	return nil
}
