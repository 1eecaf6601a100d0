package billing

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// lease is the right to write one customer's rows. seq is the dirty sequence that the fetch after it
// covers: an event that arrives during the fetch makes a higher one, and the customer stays due. A sync that begins
// after begin might outlast it.
type lease struct {
	customer string
	token    string
	seq      int64
	begin    time.Time
}

// takeLease leases a customer, whether it is due or not. It returns errLeased while another worker has it.
func (s *Service) takeLease(ctx context.Context, customer string) (lease, error) {
	wall := s.wall()
	held, err := s.leases(ctx, `
UPDATE customer_sync SET lease_token = ?, lease_until = ?
WHERE stripe_account = ? AND livemode = ? AND stripe_id = ? AND (lease_until IS NULL OR lease_until < ?)
RETURNING stripe_id, dirty_seq, lease_token, lease_until`,
		models.NewToken(), wall.Add(leaseFor), s.Connection.StripeAccount, s.Connection.Livemode, customer, wall)
	if err != nil {
		return lease{}, fmt.Errorf("lease customer %s: %w", customer, err)
	}
	if len(held) == 0 {
		return lease{}, errLeased
	}
	return held[0], nil
}

// leaseDue leases those that have waited longest. The connection is asked for by a double negation, which SQLite
// looks for in no index: it would take the primary key's, and read every customer that there ever was.
func (s *Service) leaseDue(ctx context.Context) ([]lease, error) {
	wall := s.wall()
	held, err := s.leases(ctx, `
WITH due AS MATERIALIZED (
	SELECT stripe_account, livemode, stripe_id FROM customer_sync
	WHERE NOT (stripe_account <> ? OR livemode <> ?) AND dirty_seq > synced_seq AND dead_at IS NULL AND next_at <= ?
	AND (lease_until IS NULL OR lease_until < ?)
	ORDER BY next_at LIMIT ? `+s.DB.SkipLocked()+`)
UPDATE customer_sync SET lease_token = ?, lease_until = ?
WHERE (stripe_account, livemode, stripe_id) IN (SELECT stripe_account, livemode, stripe_id FROM due)
RETURNING stripe_id, dirty_seq, lease_token, lease_until`,
		s.Connection.StripeAccount, s.Connection.Livemode, wall, wall, syncGroup, models.NewToken(), wall.Add(leaseFor))
	if err != nil {
		return nil, fmt.Errorf("lease due customers: %w", err)
	}
	return held, nil
}

// leases runs a statement that leases customers and returns their rows.
func (s *Service) leases(ctx context.Context, statement string, values ...any) ([]lease, error) {
	var rows []models.CustomerSync
	err := s.DB.Write(ctx).Raw(statement, values...).Scan(&rows).Error
	held := make([]lease, len(rows))
	for i, row := range rows {
		held[i] = lease{customer: row.StripeID, token: row.LeaseToken, seq: row.DirtySeq, begin: row.LeaseUntil.Add(-syncFor)}
	}
	return held, err
}

// finishSync gives the lease back and marks what the sync has covered as done, what had been given up on
// before it included: all of it was about a state that has now been read.
func (s *Service) finishSync(tx *gorm.DB, held lease) error {
	if err := s.releaseLease(tx, held); err != nil {
		return err
	}
	err := tx.Exec(`
UPDATE webhook_events SET state = ?, done_at = ?, last_error = '', attempts = attempts + 1
WHERE stripe_account = ? AND livemode = ? AND customer = ? AND state IN (?, ?) AND dirty_seq <= ?`,
		models.EventDone, s.wall(), s.Connection.StripeAccount, s.Connection.Livemode, held.customer,
		models.EventPending, models.EventDead, held.seq).Error
	if err != nil {
		return fmt.Errorf("mark events done: %w", err)
	}
	return nil
}

// releaseLease is the fence: it fails if the lease is no longer ours.
func (s *Service) releaseLease(tx *gorm.DB, held lease) error {
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
	return nil
}

// handOver gives back the lease of a caller that ran out of time: a page whose reader waits only so
// long, or a program that is stopping. Nothing has failed, so the customer is due at once, for a
// worker that has all the time a fetch may take.
func (s *Service) handOver(ctx context.Context, held lease) error {
	err := s.DB.Write(ctx).Exec(`
UPDATE customer_sync SET lease_token = '', lease_until = NULL, next_at = ?
WHERE stripe_account = ? AND livemode = ? AND stripe_id = ? AND lease_token = ?`,
		s.wall(), s.Connection.StripeAccount, s.Connection.Livemode, held.customer, held.token).Error
	if err != nil {
		return fmt.Errorf("hand the sync of %s over: %w", held.customer, err)
	}
	s.Wake(JobSync)
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
			"last_error": clip(cause.Error()), "next_at": wall.Add(backoff(held.customer, row.Attempts)),
		}
		state := models.EventPending
		var last *Alert
		if row.Attempts+1 >= maxAttempts {
			change["dead_at"], state = wall, models.EventDead
			last = &Alert{Kind: AlertDeadLetters, Subject: "Customer " + held.customer, Detail: cause.Error()}
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
		if last == nil {
			return nil
		}
		return s.RaiseIn(tx, *last)
	})
}

// backoff doubles from five seconds to an hour, less up to a fifth so that an outage does not end in a stampede. The
// fifth depends on what is tried and how often, and on no dice: the same history always waits the same.
func backoff(of string, attempts int64) time.Duration {
	wait := retryMost
	if attempts < 10 {
		wait = min(retryFirst<<attempts, retryMost)
	}
	spread := fnv.New64a()
	fmt.Fprintf(spread, "%s %d", of, attempts)
	return wait - time.Duration(spread.Sum64()%uint64(wait/5))
}

// clip bounds a text for a column that people read, and leaves out what Postgres keeps in no text: zeros,
// and half of a letter.
func clip(text string) string {
	const most = 500
	return strings.ToValidUTF8(strings.ReplaceAll(text[:min(most, len(text))], "\x00", ""), "")
}
