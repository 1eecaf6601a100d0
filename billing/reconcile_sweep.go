package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// The terms of a sweep.
const (
	sweepHour  = 3              // of the night, UTC
	sweepPages = 300            // in one pass; the next one goes on
	sweepBatch = 100            // local rows on a page
	sweepMost  = 10_000         // differences that one sweep mends; the next one finds the rest
	sweepStale = 20 * time.Hour // after which an unfinished sweep is begun anew
)

// The phases of a sweep, in order. The first four read and compare, and change nothing; the guard stands between
// them and the last. A sweep that was interrupted goes on in its phase, so it cannot get past the guard unasked.
const (
	phaseSubscriptions = "subscriptions" // all that Stripe has, against ours
	phaseCustomers     = "customers"     // all that Stripe has, against ours
	phaseOurSubs       = "our_subs"      // ours that the list did not have, asked for by id
	phaseOurCustomers  = "our_customers" // ours that the list did not have, asked for by id
	phaseGuard         = "guard"         // may so many lose access?
	phaseHeal          = "heal"          // make the customers of what differs due
)

// SweepOptions is how to sweep. Now begins one before its time. Force lets it take access from however many
// customers; By says who answers for that.
type SweepOptions struct {
	Origin string
	Now    bool
	Force  bool
	By     string
}

// SweepDue is one pass of the job that sweeps. Another program's pass is as good.
func (s *Service) SweepDue(ctx context.Context) error {
	_, err := s.Sweep(ctx, SweepOptions{Origin: OriginSchedule})
	if errors.Is(err, ErrReconciling) {
		err = nil
	}
	return errors.Join(err, s.markHealed(ctx))
}

// Sweep compares every customer and subscription at Stripe with ours, and ours with Stripe's, if one is due or was
// interrupted. It returns the run as it is at the end of this pass, or nil where nothing was to be done: a run
// still running goes on with the next pass.
//
// It returns ErrReconciling while another program is at it.
func (s *Service) Sweep(ctx context.Context, o SweepOptions) (*models.ReconcileRun, error) {
	held, err := s.takeCursor(ctx, models.ReconcileSweep)
	if err != nil {
		return nil, err
	}
	run, err := s.sweepRun(ctx, held, o)
	if err != nil || run == nil {
		return nil, errors.Join(err, s.DB.Tx(ctx, func(tx *gorm.DB) error {
			held.LeaseUntil = nil
			return s.writeCursor(tx, held, "")
		}))
	}
	w := &sweep{Service: s, cursor: held, run: run}
	err = w.pass(ctx)
	if run.State != models.RunRunning {
		held.NextAt = nextNight(s.wall())
	}
	err = s.endPass(ctx, held, run, err)
	if run.State == models.RunRunning && err == nil {
		s.Wake(JobSweep)
	}
	return run, err
}

// nextNight is when the next sweep is due.
func nextNight(wall time.Time) time.Time {
	night := wall.Truncate(24 * time.Hour).Add(sweepHour * time.Hour)
	if !night.After(wall) {
		night = night.Add(24 * time.Hour)
	}
	return night
}

// sweepRun is the run to go on with, or a new one where it is time, or nil.
func (s *Service) sweepRun(ctx context.Context, held *models.ReconcileCursor, o SweepOptions) (*models.ReconcileRun, error) {
	var open []models.ReconcileRun
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("kind = ? AND state = ? AND started_at > ?", models.ReconcileSweep, models.RunRunning, s.wall().Add(-sweepStale)).
		Order("id DESC").Limit(1).Find(&open).Error
	if err != nil {
		return nil, fmt.Errorf("read the sweep: %w", err)
	}
	var run *models.ReconcileRun
	switch {
	case len(open) > 0:
		run = &open[0]
	case held.NextAt.After(s.wall()) && !o.Now:
		return nil, nil
	default:
		if run, err = s.beginRun(ctx, models.ReconcileSweep, o.Origin); err != nil {
			return nil, err
		}
	}
	// A program that died before it kept its first page has left a sweep without a phase.
	run.Phase = cmp.Or(run.Phase, phaseSubscriptions)
	if o.Force {
		wall := s.wall()
		run.Forced, run.ApprovedBy, run.ApprovedAt = true, o.By, &wall
	}
	return run, nil
}

// sweep is one pass of a sweep.
type sweep struct {
	*Service
	cursor *models.ReconcileCursor
	run    *models.ReconcileRun
}

// pass goes through the phases from where the last pass ended. What it may call gone depends on whose key it asks
// with, so it asks that first.
func (w *sweep) pass(ctx context.Context) error {
	if healthy, err := w.healthyKey(ctx); err != nil || !healthy {
		return err
	}
	if err := w.countPaying(ctx); err != nil {
		return err
	}
	steps := map[string]func(context.Context) (more bool, err error){
		phaseSubscriptions: w.subscriptions, phaseCustomers: w.customers,
		phaseOurSubs: w.ourSubscriptions, phaseOurCustomers: w.ourCustomers, phaseGuard: w.guard, phaseHeal: w.heal,
	}
	next := map[string]string{
		phaseSubscriptions: phaseCustomers, phaseCustomers: phaseOurSubs,
		phaseOurSubs: phaseOurCustomers, phaseOurCustomers: phaseGuard, phaseGuard: phaseHeal,
	}
	for range sweepPages {
		step, ok := steps[w.run.Phase]
		if !ok {
			return fmt.Errorf("sweep %s is in no phase %q", w.run.PublicID, w.run.Phase)
		}
		more, err := step(ctx)
		if errors.Is(err, ErrNotFound) && w.run.Position != "" {
			// What the page was to follow is gone. The phase begins anew; what it has seen it will see again.
			w.run.Position = ""
			continue
		}
		full := w.run.Drift >= sweepMost && w.run.Phase != phaseGuard && w.run.Phase != phaseHeal
		switch {
		case err != nil || w.run.State != models.RunRunning:
			return err
		case full:
			w.run.Phase, w.run.Position = phaseGuard, "" // what was found is enough for one night
		case more:
		case w.run.Phase == phaseHeal:
			return w.finish(ctx)
		default:
			w.run.Phase, w.run.Position = next[w.run.Phase], ""
		}
	}
	return nil
}

// subscriptions compares one page of all that Stripe has.
func (w *sweep) subscriptions(ctx context.Context) (bool, error) {
	page, err := w.listSubscriptions(ctx)
	if err != nil || len(page.Rows) == 0 {
		return false, err
	}
	ids, customers := make([]string, len(page.Rows)), make([]string, len(page.Rows))
	for i, row := range page.Rows {
		ids[i], customers[i] = row.ID, row.Customer
	}
	k, err := w.knownOf(ctx, customers, ids)
	if err != nil {
		return false, err
	}
	var found []models.ReconcileDrift
	for _, row := range page.Rows {
		drift, err := w.compareSubscription(ctx, k, row)
		if err != nil {
			return false, err
		}
		if drift != nil {
			found = append(found, *drift)
		}
	}
	return page.More, w.keep(ctx, ids, found, ids[len(ids)-1])
}

func (w *sweep) listSubscriptions(ctx context.Context) (SubscriptionPage, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	return w.Stripe.ListSubscriptions(ctx, w.run.Position)
}

// customers compares one page of all that Stripe has.
func (w *sweep) customers(ctx context.Context) (bool, error) {
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page, err := w.Stripe.ListCustomers(asking, w.run.Position)
	if err != nil || len(page.Rows) == 0 {
		return false, err
	}
	ids := make([]string, len(page.Rows))
	for i, row := range page.Rows {
		ids[i] = row.ID
	}
	k, err := w.knownOf(ctx, ids, nil)
	if err != nil {
		return false, err
	}
	var found []models.ReconcileDrift
	for _, row := range page.Rows {
		if drift := w.compareCustomer(k, row); drift != nil {
			found = append(found, *drift)
		}
	}
	return page.More, w.keep(ctx, ids, found, ids[len(ids)-1])
}

// keep writes what a page came to, and where the next one begins, in one transaction: a program that dies has
// either read a page or not.
func (w *sweep) keep(ctx context.Context, seen []string, found []models.ReconcileDrift, position string) error {
	run := *w.run
	err := w.DB.Tx(ctx, func(tx *gorm.DB) error {
		*w.run = run // the transaction may be run again
		if err := w.keepSeen(tx, seen); err != nil {
			return err
		}
		if err := w.keepDrift(tx, found); err != nil {
			return err
		}
		w.run.Position = position
		if err := saveRun(tx, w.run); err != nil {
			return err
		}
		return w.keepCursor(tx, w.cursor)
	})
	if err != nil {
		return fmt.Errorf("keep a page of the sweep: %w", err)
	}
	return nil
}

// seenRow is one line of what a run has met.
type seenRow struct {
	RunID    int64
	StripeID string
}

// TableName names the table after what a row is.
func (seenRow) TableName() string { return "reconcile_seen" }

func (w *sweep) keepSeen(tx *gorm.DB, ids []string) error {
	rows := make([]seenRow, len(ids))
	for i, id := range ids {
		rows[i] = seenRow{w.run.ID, id}
	}
	added := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows)
	if added.Error != nil {
		return fmt.Errorf("note what was seen: %w", added.Error)
	}
	w.run.Seen += added.RowsAffected
	return nil
}

func (w *sweep) keepDrift(tx *gorm.DB, found []models.ReconcileDrift) error {
	for _, drift := range found {
		drift.RunID, drift.FoundAt = w.run.ID, w.wall()
		added := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&drift)
		if added.Error != nil {
			return fmt.Errorf("note the drift of %s: %w", drift.Object, added.Error)
		}
		if added.RowsAffected == 0 {
			continue
		}
		if drift.Kind == DriftStranger {
			w.run.Unknown++
			continue
		}
		w.run.Drift++
	}
	return nil
}

// ReconcileNow does both comparisons because somebody waits for them: all of the list, and as much of a sweep as ctx
// leaves time for. The job goes on with the rest. The fault is Unavailable when Stripe does not answer.
func (s *Service) ReconcileNow(ctx context.Context) error {
	_, err := s.CatchUp(ctx, CatchUpOptions{Origin: OriginAdmin, Unsettled: true})
	if err == nil || errors.Is(err, ErrReconciling) {
		_, err = s.Sweep(ctx, SweepOptions{Origin: OriginAdmin, Now: true})
	}
	s.Wake(JobSweep)
	if errors.Is(err, ErrReconciling) || ctx.Err() != nil {
		return nil
	}
	return stripeFault(err)
}
