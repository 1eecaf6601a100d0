package billing

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/tollgate/internal/jobs"
)

// The limits of one pass over the dirty customers. A group is leased in one commit, and few enough to have their turn
// while the lease lasts, even at the default rate of calls.
const (
	syncGroup    = 16
	syncParallel = 4
	syncRounds   = 400
)

// SyncDue is one pass of the sync job: it leases the customers that are due in groups, and syncs a few of each at a
// time, until none is left or the pass has done its share. A customer that fails does not hold up the others.
func (s *Service) SyncDue(ctx context.Context) error {
	for range syncRounds {
		due, err := s.leaseDue(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		var group errgroup.Group
		group.SetLimit(s.SyncParallel)
		for _, held := range due {
			group.Go(func() error { return s.syncLeased(ctx, held) })
		}
		if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
			return err
		}
		if jobs.Stopping(ctx) {
			return nil
		}
	}
	s.Wake(JobSync)
	return nil
}

// syncLeased syncs a customer of a group, unless the program is stopping or the others took so long that the lease
// might not outlast the sync: somebody else can have it then. It returns an error only when the customer could not be
// given back.
func (s *Service) syncLeased(ctx context.Context, held lease) error {
	if jobs.Stopping(ctx) || s.wall().After(held.begin) {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return s.handOver(record, held)
	}
	err := s.syncHeld(ctx, held)
	switch {
	case err == nil, errors.Is(err, errFenced):
	case errors.Is(err, errUnknownCustomer):
		s.Logger.InfoContext(ctx, "customer is not ours yet", "customer", held.customer)
	default:
		s.Logger.WarnContext(ctx, "customer not synced; will try again", "customer", held.customer, "error", err)
	}
	return nil
}
