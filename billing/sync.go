package billing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// The limits of a sync. A lease outlives the longest fetch, so that a live worker never loses it.
const (
	leaseFor     = 90 * time.Second
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

// lease is the right to write one customer's rows. seq is the dirty sequence that the fetch after it
// covers: an event that arrives during the fetch makes a higher one, and the customer stays due.
type lease struct {
	customer string
	token    string
	seq      int64
}

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
	err = s.syncUnderLease(ctx, held)
	if err == nil || errors.Is(err, errFenced) {
		return err
	}
	// The failure is recorded even if the caller has gone away, so that the lease is given back.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, s.failSync(record, held, err))
}

// SyncAccount brings an account's own customer up to date before returning, waiting its turn if a
// worker is at it. An account without a customer has nothing to sync.
func (s *Service) SyncAccount(ctx context.Context, accountID int64) error {
	customer, err := s.currentCustomer(ctx, accountID)
	if err != nil || customer == nil {
		return err
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

func (s *Service) takeLease(ctx context.Context, customer string) (lease, error) {
	wall := s.wall()
	held := lease{customer: customer, token: models.NewToken()}
	var seqs []int64
	err := s.DB.Write(ctx).Raw(`
UPDATE customer_sync SET lease_token = ?, lease_until = ?
WHERE stripe_account = ? AND livemode = ? AND stripe_id = ? AND (lease_until IS NULL OR lease_until < ?)
RETURNING dirty_seq`,
		held.token, wall.Add(leaseFor), s.Connection.StripeAccount, s.Connection.Livemode, customer, wall).
		Scan(&seqs).Error
	if err != nil {
		return lease{}, fmt.Errorf("lease customer %s: %w", customer, err)
	}
	if len(seqs) == 0 {
		return lease{}, errLeased
	}
	held.seq = seqs[0]
	return held, nil
}

func (s *Service) syncUnderLease(ctx context.Context, held lease) error {
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
	var owed int
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.finishSync(tx, held); err != nil {
			return err
		}
		owed, err = s.apply(tx, snapshot, checkout, held.seq, fetched)
		return err
	})
	if err != nil {
		return fmt.Errorf("apply customer %s: %w", held.customer, err)
	}
	if owed > 0 {
		s.Outbox.Wake()
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

// finishSync is the fence: it gives the lease back, and fails if it is no longer ours.
func (s *Service) finishSync(tx *gorm.DB, held lease) error {
	wall := s.wall()
	result := tx.Exec(`
UPDATE customer_sync SET synced_seq = ?, lease_token = '', lease_until = NULL, attempts = 0,
       dead_at = NULL, last_error = '', last_ok_at = ?, next_at = ?
WHERE stripe_account = ? AND livemode = ? AND stripe_id = ? AND lease_token = ?`,
		held.seq, wall, wall, s.Connection.StripeAccount, s.Connection.Livemode, held.customer, held.token)
	if result.Error != nil {
		return fmt.Errorf("finish the sync: %w", result.Error)
	}
	if result.RowsAffected != 1 {
		return errFenced
	}
	err := tx.Exec(`
UPDATE webhook_events SET state = ?, done_at = ?, last_error = '', attempts = attempts + 1
WHERE stripe_account = ? AND livemode = ? AND customer = ? AND state = ? AND dirty_seq <= ?`,
		models.EventDone, wall, s.Connection.StripeAccount, s.Connection.Livemode, held.customer,
		models.EventPending, held.seq).Error
	if err != nil {
		return fmt.Errorf("mark events done: %w", err)
	}
	return nil
}

// failSync gives the lease back and says when to try again.
func (s *Service) failSync(ctx context.Context, held lease, cause error) error {
	wall := s.wall()
	return s.DB.Tx(ctx, func(tx *gorm.DB) error {
		var row models.CustomerSync
		where, account, live := inConnection(s.Connection)
		err := tx.Where(where, account, live).
			Where("stripe_id = ? AND lease_token = ?", held.customer, held.token).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil // the lease is another's now, and so is the retry
		}
		if err != nil {
			return fmt.Errorf("record the failed sync: %w", err)
		}
		change := map[string]any{
			"lease_token": "", "lease_until": nil, "attempts": row.Attempts + 1,
			"last_error": clip(cause.Error()), "next_at": wall.Add(backoff(row.Attempts)),
		}
		state := models.EventPending
		if row.Attempts+1 >= maxAttempts {
			change["dead_at"], state = wall, models.EventDead
			s.Logger.ErrorContext(ctx, "customer given up on", "customer", held.customer, "error", cause)
		}
		err = tx.Model(&row).Where("lease_token = ?", held.token).Updates(change).Error
		if err != nil {
			return fmt.Errorf("record the failed sync: %w", err)
		}
		err = tx.Exec(`
UPDATE webhook_events SET attempts = attempts + 1, last_error = ?, state = ?
WHERE stripe_account = ? AND livemode = ? AND customer = ? AND state = ?`,
			clip(cause.Error()), state, account, live, held.customer, models.EventPending).Error
		if err != nil {
			return fmt.Errorf("record the failed sync: %w", err)
		}
		return nil
	})
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

// currentCustomer is the account's customer at the Stripe account in use, or nil.
func (s *Service) currentCustomer(ctx context.Context, accountID int64) (*models.Customer, error) {
	var rows []models.Customer
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("account_id = ? AND replaced_at IS NULL", accountID).Limit(1).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the customer of account %d: %w", accountID, err)
	}
	if len(rows) == 0 || rows[0].DeletedAt != nil {
		return nil, nil
	}
	return &rows[0], nil
}

// backoff doubles from five seconds to an hour, with a fifth of jitter so that an outage does not
// end in a stampede.
func backoff(attempts int64) time.Duration {
	wait := retryMost
	if attempts < 10 {
		wait = min(retryFirst<<attempts, retryMost)
	}
	return wait - time.Duration(rand.Int64N(int64(wait/5)))
}

// clip bounds an error's text for a column that people read.
func clip(text string) string {
	const most = 500
	if len(text) > most {
		return text[:most]
	}
	return text
}
