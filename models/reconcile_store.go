package models

import (
	"context"
	"fmt"
	"time"
)

// DriftRow is a difference with the account that it concerns, by its public id, or empty where there is none, and
// how far the customer has been fetched since.
type DriftRow struct {
	ReconcileDrift
	Account   string
	SyncedSeq *int64
	SyncedAt  *time.Time
}

// ListRuns reads the newest runs of a kind, newest first.
func (db *DB) ListRuns(ctx context.Context, conn Connection, kind string, limit int) ([]ReconcileRun, error) {
	var runs []ReconcileRun
	err := db.Read(ctx).Where("stripe_account = ? AND livemode = ? AND kind = ?", conn.StripeAccount, conn.Livemode, kind).
		Order("id DESC").Limit(limit).Find(&runs).Error
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

// RunsSince reads the runs that found something since a time, oldest first and at most limit.
func (db *DB) RunsSince(ctx context.Context, conn Connection, since time.Time, limit int) ([]ReconcileRun, error) {
	var runs []ReconcileRun
	err := db.Read(ctx).Where("stripe_account = ? AND livemode = ?", conn.StripeAccount, conn.Livemode).
		Where("started_at >= ? AND (drift > 0 OR missed > 0)", since).Order("id").Limit(limit).Find(&runs).Error
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

// ListDrifts reads the newest differences, newest first: of one run, or of all for zero. One whose customer has
// been fetched since it was to be mended counts as healed, though nobody has written it down yet.
func (db *DB) ListDrifts(ctx context.Context, conn Connection, run int64, limit int) ([]DriftRow, error) {
	query := db.Read(ctx).Table("reconcile_drifts d").
		Select("d.*, a.public_id AS account, c.synced_seq, c.last_ok_at AS synced_at").
		Joins("JOIN reconcile_runs r ON r.id = d.run_id").
		Joins("LEFT JOIN customers u ON u.stripe_id = d.customer AND u.stripe_account = r.stripe_account AND u.livemode = r.livemode").
		Joins("LEFT JOIN accounts a ON a.id = u.account_id").
		Joins("LEFT JOIN customer_sync c ON c.stripe_id = d.customer AND c.stripe_account = r.stripe_account AND c.livemode = r.livemode").
		Where("r.stripe_account = ? AND r.livemode = ?", conn.StripeAccount, conn.Livemode)
	if run != 0 {
		query = query.Where("d.run_id = ?", run)
	}
	var rows []DriftRow
	if err := query.Order("d.id DESC").Limit(limit).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list drift: %w", err)
	}
	for i := range rows {
		row := &rows[i]
		if row.HealedAt == nil && row.DirtySeq > 0 && row.SyncedSeq != nil && *row.SyncedSeq >= row.DirtySeq {
			row.HealedAt = row.SyncedAt
		}
	}
	return rows, nil
}

// ListCursors reads where each kind of comparison stands.
func (db *DB) ListCursors(ctx context.Context, conn Connection) (map[string]ReconcileCursor, error) {
	var rows []ReconcileCursor
	err := db.Read(ctx).Where("stripe_account = ? AND livemode = ?", conn.StripeAccount, conn.Livemode).Limit(10).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list cursors: %w", err)
	}
	cursors := map[string]ReconcileCursor{}
	for _, row := range rows {
		cursors[row.Kind] = row
	}
	return cursors, nil
}

// ReconcileStats is what a monitor asks about.
type ReconcileStats struct {
	Drift, Unknown, Losing int64 // of the last sweep that ended
	Stopped                bool  // whether the guard stopped it
	Unhealed               int64 // differences that are still there
	Missed                 int64 // events of the last day that no webhook had brought
	LastOK                 map[string]time.Time
}

// ReconcileStats reads them.
func (db *DB) ReconcileStats(ctx context.Context, conn Connection, now time.Time) (ReconcileStats, error) {
	stats := ReconcileStats{LastOK: map[string]time.Time{}}
	sweeps, err := db.ListRuns(ctx, conn, ReconcileSweep, 2)
	if err != nil {
		return stats, err
	}
	for _, run := range sweeps {
		if run.FinishedAt != nil {
			stats.Drift, stats.Unknown, stats.Losing = run.Drift, run.Unknown, run.Losing
			stats.Stopped = run.State == RunStopped
			break
		}
	}
	cursors, err := db.ListCursors(ctx, conn)
	if err != nil {
		return stats, err
	}
	for kind, cursor := range cursors {
		if cursor.LastOKAt != nil {
			stats.LastOK[kind] = *cursor.LastOKAt
		}
	}
	err = db.Read(ctx).Raw(`
SELECT COALESCE(SUM(missed), 0) FROM reconcile_runs
WHERE stripe_account = ? AND livemode = ? AND kind = ? AND started_at > ?`,
		conn.StripeAccount, conn.Livemode, ReconcileEvents, now.Add(-24*time.Hour)).Scan(&stats.Missed).Error
	if err != nil {
		return stats, fmt.Errorf("count missed events: %w", err)
	}
	err = db.Read(ctx).Raw(`
SELECT COUNT(*) FROM reconcile_drifts d JOIN reconcile_runs r ON r.id = d.run_id
WHERE r.stripe_account = ? AND r.livemode = ? AND d.healed_at IS NULL AND d.dirty_seq > 0
  AND NOT EXISTS (SELECT 1 FROM customer_sync c WHERE c.stripe_account = r.stripe_account
      AND c.livemode = r.livemode AND c.stripe_id = d.customer AND c.synced_seq >= d.dirty_seq)`,
		conn.StripeAccount, conn.Livemode).Scan(&stats.Unhealed).Error
	if err != nil {
		return stats, fmt.Errorf("count drift: %w", err)
	}
	return stats, nil
}
