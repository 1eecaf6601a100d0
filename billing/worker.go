package billing

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/models"
)

// The limits of one pass over the dirty customers.
const (
	syncBatch    = 64
	syncParallel = 4
	syncRounds   = 100
)

// SyncDue is one pass of the sync job: it syncs the customers that are due, a few at a time, until
// none is left or the pass has done its share. A customer that fails does not hold up the others.
func (s *Service) SyncDue(ctx context.Context) error {
	for range syncRounds {
		due, err := s.dueCustomers(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		var group errgroup.Group
		group.SetLimit(s.SyncParallel)
		for _, customer := range due {
			if jobs.Stopping(ctx) {
				return errors.Join(group.Wait(), ctx.Err())
			}
			group.Go(func() error {
				err := s.syncIfDue(ctx, customer)
				switch {
				case err == nil, errors.Is(err, errLeased), errors.Is(err, errFenced):
				case errors.Is(err, errUnknownCustomer):
					s.Logger.InfoContext(ctx, "customer is not ours yet", "customer", customer)
				default:
					s.Logger.WarnContext(ctx, "customer not synced; will try again", "customer", customer, "error", err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
	s.Wake(JobSync)
	return nil
}

// dueCustomers finds those that have waited longest. The connection is asked for by a double negation, which SQLite
// looks for in no index: it would take the primary key's, and read every customer that there ever was.
func (s *Service) dueCustomers(ctx context.Context) ([]string, error) {
	var due []string
	wall := s.wall()
	err := s.DB.Read(ctx).Model(&models.CustomerSync{}).
		Where("NOT (stripe_account <> ? OR livemode <> ?)", s.Connection.StripeAccount, s.Connection.Livemode).
		Where("dirty_seq > synced_seq AND dead_at IS NULL AND next_at <= ?", wall).
		Where("lease_until IS NULL OR lease_until < ?", wall).
		Order("next_at").Limit(syncBatch).Pluck("stripe_id", &due).Error
	if err != nil {
		return nil, fmt.Errorf("find dirty customers: %w", err)
	}
	return due, nil
}
