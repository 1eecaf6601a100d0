package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The limits of a sync. A lease outlives the longest sync, so that a live worker never loses it, and leaves a group
// that was leased together some time to wait for each other.
const (
	leaseFor     = time.Minute
	syncFor      = 40 * time.Second
	fetchTimeout = 30 * time.Second
	waitForLease = 100 * time.Millisecond
	retryFirst   = 5 * time.Second
	retryMost    = time.Hour
	// maxAttempts adds up to about three days, which is how long Stripe itself would try.
	maxAttempts = 82
)

var (
	// errLeased says that another worker holds the customer.
	errLeased = errors.New("billing: the customer is being synced by another worker")
	// errFenced says that the lease was lost before the result could be written.
	errFenced = errors.New("billing: the lease was lost to another worker; nothing was written")
	// errUnknownCustomer says that no account has this customer, yet.
	errUnknownCustomer = errors.New("billing: no account has this Stripe customer")
)

// SyncCustomer brings one customer's rows to what Stripe says now. It is the only writer of
// subscription state. It takes the customer's lease, fetches everything inside it, and applies the
// result in one transaction that fails if the lease was lost meanwhile.
//
// It returns errLeased when another worker is at it. On any other failure the customer stays due,
// later each time, and after about three days is given up on until an event or an admin asks again.
func (s *Service) SyncCustomer(ctx context.Context, customer string) error {
	held, err := s.takeLease(ctx, customer)
	if err != nil {
		return err
	}
	return s.syncHeld(ctx, held)
}

// syncHeld syncs the customer of a lease, and gives the lease back.
func (s *Service) syncHeld(ctx context.Context, held lease) error {
	err := s.syncUnderLease(ctx, held)
	if err == nil {
		s.tally.synced.Add(1)
	}
	if err == nil || errors.Is(err, errFenced) {
		return err
	}
	s.tally.failed.Add(1)
	// The lease is given back even if the caller has gone away.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if ctx.Err() != nil {
		return errors.Join(err, s.handOver(record, held))
	}
	err = s.heardOfKey(record, err)
	return errors.Join(err, s.failSync(record, held, err))
}

// SyncAccount brings an account's own customer up to date before returning, waiting its turn if a
// worker is at it. The fault is Unavailable when Stripe does not answer before ctx ends, and for an
// account whose customer has yet to be made.
func (s *Service) SyncAccount(ctx context.Context, accountID int64) error {
	return stripeFault(s.syncAccount(ctx, accountID))
}

func (s *Service) syncAccount(ctx context.Context, accountID int64) error {
	customer, err := s.customerRow(ctx, accountID)
	if err != nil {
		return err
	}
	if customer == nil {
		return fault.New(fault.Unavailable, "customer_pending")
	}
	wanted, err := s.markDirty(ctx, customer.StripeID)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(waitForLease)
	defer ticker.Stop()
	for {
		err := s.SyncCustomer(ctx, customer.StripeID)
		if !errors.Is(err, errLeased) && !errors.Is(err, errFenced) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the sync of %s: %w", customer.StripeID, ctx.Err())
		case <-ticker.C:
		}
		if done, err := s.syncedTo(ctx, customer.StripeID, wanted); err != nil || done {
			return err
		}
	}
}

func (s *Service) syncUnderLease(ctx context.Context, held lease) error {
	if isCharge(held.customer) {
		return s.matchCharge(ctx, held)
	}
	if known, err := s.knowsCustomer(ctx, held.customer); err != nil || !known {
		// Stripe has no need to be asked about somebody else's customer.
		return errors.Join(err, errUnknownCustomer)
	}
	fetched := s.now()
	fetchCtx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	snapshot, err := s.fetchCustomer(fetchCtx, held.customer)
	if err != nil {
		return fmt.Errorf("fetch customer %s: %w", held.customer, err)
	}
	checkout, err := s.fetchOpenCheckout(fetchCtx, held.customer)
	if err != nil {
		return fmt.Errorf("fetch checkout of %s: %w", held.customer, err)
	}
	var due owed
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.finishSync(tx, held); err != nil {
			return err
		}
		due, err = s.apply(tx, snapshot, checkout, held.token, fetched)
		return err
	})
	if err != nil {
		return fmt.Errorf("apply customer %s: %w", held.customer, err)
	}
	s.logFacts(ctx, held.customer, due.facts)
	if due.mails > 0 {
		s.Outbox.Wake()
	}
	if due.ops > 0 {
		s.Wake(JobOps)
	}
	return nil
}

// fetchCustomer reads a customer, and believes that it is gone only if the key still belongs to the
// connection it was found to belong to at boot: with a key of another mode or account every customer
// looks deleted.
func (s *Service) fetchCustomer(ctx context.Context, id string) (Snapshot, error) {
	snapshot, err := s.Stripe.FetchCustomer(ctx, id)
	if !errors.Is(err, ErrNotFound) {
		return snapshot, err
	}
	connection, probe := s.Stripe.Connection(ctx)
	if probe != nil {
		return Snapshot{}, errors.Join(err, probe)
	}
	if connection != s.Connection {
		return Snapshot{}, fmt.Errorf("the key now belongs to another Stripe account or mode: %w", err)
	}
	return Snapshot{ID: id, Deleted: true}, nil
}

// markDirty says that a customer must be fetched, and returns the sequence that a sync must reach.
func (s *Service) markDirty(ctx context.Context, customer string) (int64, error) {
	var seq int64
	err := s.DB.Write(ctx).Raw(markDirtySQL, s.Connection.StripeAccount, s.Connection.Livemode, customer, s.wall()).
		Scan(&seq).Error
	if err != nil {
		return 0, fmt.Errorf("mark customer %s dirty: %w", customer, err)
	}
	return seq, nil
}

// dirtySQL makes a customer due now. It also revives one that had been given up on.
const dirtySQL = `
INSERT INTO customer_sync (stripe_account, livemode, stripe_id, dirty_seq, next_at) VALUES (?, ?, ?, 1, ?)
ON CONFLICT (stripe_account, livemode, stripe_id) DO UPDATE
SET dirty_seq = customer_sync.dirty_seq + 1, next_at = excluded.next_at, dead_at = NULL, attempts = 0`

// markDirtySQL is dirtySQL for a caller that waits for the sync.
const markDirtySQL = dirtySQL + " RETURNING dirty_seq"

func (s *Service) syncedTo(ctx context.Context, customer string, seq int64) (bool, error) {
	where, account, live := inConnection(s.Connection)
	var count int64
	err := s.DB.Read(ctx).Model(&models.CustomerSync{}).Where(where, account, live).
		Where("stripe_id = ? AND synced_seq >= ?", customer, seq).Count(&count).Error
	if err != nil {
		return false, fmt.Errorf("read the sync of %s: %w", customer, err)
	}
	return count == 1, nil
}

// knowsCustomer reports whether a customer belongs to one of our accounts.
func (s *Service) knowsCustomer(ctx context.Context, customer string) (bool, error) {
	where, account, live := inConnection(s.Connection)
	var count int64
	err := s.DB.Read(ctx).Model(&models.Customer{}).Where(where, account, live).
		Where("stripe_id = ?", customer).Count(&count).Error
	if err != nil {
		return false, fmt.Errorf("look for customer %s: %w", customer, err)
	}
	return count > 0, nil
}

// currentCustomer is the account's customer at the Stripe account in use, or nil where there is none
// or it has been deleted there.
func (s *Service) currentCustomer(ctx context.Context, accountID int64) (*models.Customer, error) {
	row, err := s.customerRow(ctx, accountID)
	if err != nil || row == nil || row.DeletedAt != nil {
		return nil, err
	}
	return row, nil
}

// customerRow is currentCustomer, a deleted one included.
func (s *Service) customerRow(ctx context.Context, accountID int64) (*models.Customer, error) {
	var rows []models.Customer
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("account_id = ? AND replaced_at IS NULL", accountID).Limit(1).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the customer of account %d: %w", accountID, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}
