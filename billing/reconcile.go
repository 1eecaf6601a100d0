package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// Reconciliation makes up for what no webhook told. Two comparisons, each a pass over Stripe's lists by whichever
// program holds the lease of its cursor:
//
//	the list of events   every few minutes: what is in Stripe's list and not in the inbox is put there,
//	                     as if it had been delivered. Stripe keeps events for 30 days.
//	the sweep            nightly: every customer and subscription, both ways, however long we were away,
//	                     and whether or not there ever was an event.
//
// Neither writes a subscription: they make customers due, and SyncCustomer asks Stripe about each by its id. So a
// list that is behind, doubled or broken off costs a fetch and never access.

// The limits of reconciliation.
const (
	passLease   = 2 * time.Minute // renewed with every page
	pageTimeout = 30 * time.Second
	runsKept    = 30 * 24 * time.Hour
)

// What began a run.
const (
	OriginSchedule = "schedule"
	OriginAdmin    = "admin"
	OriginCommand  = "command"
)

// Why a run did not end as it should, beside Stripe's own words.
const (
	ReasonInterrupted = "interrupted" // the program that was at it went away
	ReasonStripe      = "stripe"      // Stripe did not answer
	ReasonTooOld      = "too_old"     // the cursor is older than Stripe's list, so a sweep was asked for
)

// ErrReconciling says that another program is at the same comparison now.
var ErrReconciling = errors.New("billing: another program is comparing with Stripe now")

// takeCursor leases the cursor of one kind of comparison, making it where there is none yet.
func (s *Service) takeCursor(ctx context.Context, kind string) (*models.ReconcileCursor, error) {
	wall := s.wall()
	fresh := models.ReconcileCursor{
		StripeAccount: s.Connection.StripeAccount, Livemode: s.Connection.Livemode, Kind: kind,
		EventAt: s.now().Add(-eventOverlap), NextAt: wall,
	}
	err := s.DB.Write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error
	if err != nil {
		return nil, fmt.Errorf("make the cursor %s: %w", kind, err)
	}
	var held []models.ReconcileCursor
	err = s.DB.Write(ctx).Raw(`
UPDATE reconcile_cursors SET lease_token = ?, lease_until = ?
WHERE stripe_account = ? AND livemode = ? AND kind = ? AND (lease_until IS NULL OR lease_until < ?)
RETURNING *`,
		models.NewToken(), wall.Add(passLease), s.Connection.StripeAccount, s.Connection.Livemode, kind, wall).
		Scan(&held).Error
	if err != nil {
		return nil, fmt.Errorf("lease the cursor %s: %w", kind, err)
	}
	if len(held) == 0 {
		return nil, ErrReconciling
	}
	return &held[0], nil
}

// keepCursor writes where the pass has come and renews its lease. It fails if the lease is another's by now.
func (s *Service) keepCursor(tx *gorm.DB, held *models.ReconcileCursor) error {
	until := s.wall().Add(passLease)
	held.LeaseUntil = &until
	return s.writeCursor(tx, held, held.LeaseToken)
}

// writeCursor is the fence of a pass.
func (s *Service) writeCursor(tx *gorm.DB, held *models.ReconcileCursor, token string) error {
	where, account, live := inConnection(s.Connection)
	result := tx.Model(&models.ReconcileCursor{}).Where(where, account, live).
		Where("kind = ? AND lease_token = ?", held.Kind, held.LeaseToken).
		Updates(map[string]any{
			"event_id": held.EventID, "event_at": held.EventAt, "next_at": held.NextAt,
			"lease_token": token, "lease_until": held.LeaseUntil,
			"last_ok_at": held.LastOKAt, "last_error": held.LastError,
		})
	if result.Error != nil {
		return fmt.Errorf("keep the cursor %s: %w", held.Kind, result.Error)
	}
	if result.RowsAffected != 1 {
		return errFenced
	}
	return nil
}

// beginRun opens the record of a comparison. One of the same kind that is still called running has nobody left who
// runs it, because its lease was free.
func (s *Service) beginRun(ctx context.Context, kind, origin string) (*models.ReconcileRun, error) {
	run := &models.ReconcileRun{
		PublicID: models.NewPublicID("run"), StripeAccount: s.Connection.StripeAccount, Livemode: s.Connection.Livemode,
		Kind: kind, Origin: origin, State: models.RunRunning, StartedAt: s.wall(),
	}
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		where, account, live := inConnection(s.Connection)
		err := tx.Model(&models.ReconcileRun{}).Where(where, account, live).
			Where("kind = ? AND state = ?", kind, models.RunRunning).
			Updates(map[string]any{
				"state": models.RunFailed, "reason": ReasonInterrupted, "finished_at": run.StartedAt,
			}).Error
		if err != nil {
			return err
		}
		run.ID = 0 // the transaction may be run again
		return tx.Create(run).Error
	})
	if err != nil {
		return nil, fmt.Errorf("begin a run of %s: %w", kind, err)
	}
	return run, nil
}

// endPass writes how a pass went and gives its lease back, even if the caller has gone away.
func (s *Service) endPass(ctx context.Context, held *models.ReconcileCursor, run *models.ReconcileRun, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	wall := s.wall()
	held.LastError = ""
	if cause != nil {
		held.LastError, run.Error = clip(cause.Error()), clip(cause.Error())
		if run.State == models.RunRunning && held.Kind == models.ReconcileEvents {
			run.State, run.Reason = models.RunFailed, ReasonStripe
		}
	}
	if run.State == models.RunDone {
		held.LastOKAt = &wall
	}
	if run.State != models.RunRunning {
		run.FinishedAt = &wall
	}
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		held.LeaseUntil = nil
		if err := s.writeCursor(tx, held, ""); err != nil {
			return err
		}
		return saveRun(tx, run)
	})
	return errors.Join(cause, err)
}

func saveRun(tx *gorm.DB, run *models.ReconcileRun) error {
	err := tx.Model(&models.ReconcileRun{}).Where("id = ?", run.ID).Select("*").Omit("id", "public_id").Updates(run).Error
	if err != nil {
		return fmt.Errorf("keep run %s: %w", run.PublicID, err)
	}
	return nil
}

// pruneRuns forgets runs, with what they found, that nobody looks at any more.
func (s *Service) pruneRuns(ctx context.Context) error {
	err := s.DB.Write(ctx).Where("started_at < ? AND state <> ?", s.wall().Add(-runsKept), models.RunRunning).
		Delete(&models.ReconcileRun{}).Error
	if err != nil {
		return fmt.Errorf("forget old runs: %w", err)
	}
	return nil
}
