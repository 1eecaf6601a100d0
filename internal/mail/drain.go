package mail

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/models"
)

const (
	drainBatch = 100              // mails in one pass
	leaseFor   = 2 * time.Minute  // longer than sendFor, so that no mail is in two hands
	sendFor    = 30 * time.Second // everything about one mail
	recordFor  = 5 * time.Second  // to write an outcome down, even while shutting down

	firstDelay = 5 * time.Second
	maxDelay   = time.Hour
	// 11 tries within the first two hours and one an hour after that come to about three days.
	maxTries = 80
	// A server that says "never" is believed after a few minutes, in case it was being set up.
	maxRefusals = 6

	maxErrorText = 500
)

// Drain sends what is due, oldest first, and is the body of a job. It returns an error only when
// our own database failed; a mail that could not be sent has its next try written down instead.
func (o *Outbox) Drain(ctx context.Context) error {
	ids, err := o.due(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if jobs.Stopping(ctx) {
			return nil
		}
		row, ok, err := o.lease(ctx, id)
		if err != nil {
			return err
		}
		if !ok {
			continue // somebody else has it
		}
		sendErr := o.send(ctx, row)
		if err := o.record(ctx, row, sendErr); err != nil {
			return err
		}
		if errors.Is(sendErr, ErrUnreachable) {
			return nil // the rest would only wait for the same server
		}
	}
	if len(ids) == drainBatch {
		o.wake()
	}
	return nil
}

func (o *Outbox) due(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := o.db.Read(ctx).Model(&models.Mail{}).
		Where("state = ? AND next_at <= ? AND (lease_until IS NULL OR lease_until <= ?)",
			models.MailPending, o.clock(), o.clock()).
		Order("next_at, id").Limit(drainBatch).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("find due mails: %w", err)
	}
	return ids, nil
}

// lease claims one mail by a conditional update, which only one of several processes can win.
func (o *Outbox) lease(ctx context.Context, id int64) (models.Mail, bool, error) {
	var row models.Mail
	now, token := o.clock(), models.NewToken()
	err := o.db.Tx(ctx, func(tx *gorm.DB) error {
		claim := tx.Model(&models.Mail{}).
			Where("id = ? AND state = ? AND next_at <= ?", id, models.MailPending, now).
			Where("(lease_until IS NULL OR lease_until <= ?)", now).
			Updates(map[string]any{"lease_token": token, "lease_until": now.Add(leaseFor)})
		if claim.Error != nil || claim.RowsAffected == 0 {
			return claim.Error
		}
		return tx.First(&row, id).Error
	})
	if err != nil {
		return models.Mail{}, false, fmt.Errorf("lease mail: %w", err)
	}
	return row, row.ID != 0, nil
}

func (o *Outbox) send(ctx context.Context, row models.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	return o.sender.Send(ctx, row)
}

// record writes the outcome down, guarded by the lease: a process that was paused past its lease
// must not overwrite what its successor found. It outlives ctx, because a mail that was accepted
// and not recorded is sent twice.
func (o *Outbox) record(ctx context.Context, row models.Mail, sendErr error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordFor)
	defer cancel()
	set := map[string]any{"attempts": row.Attempts + 1, "lease_token": "", "lease_until": nil}
	switch {
	case sendErr == nil:
		set["state"], set["sent_at"], set["last_error"] = models.MailSent, o.clock(), ""
		if row.Secret && !o.sender.Keeps() {
			set["html"], set["text"] = "", ""
		}
	case o.hopeless(row, sendErr):
		set["state"], set["last_error"] = models.MailDead, errorText(sendErr)
		if row.Secret {
			set["html"], set["text"] = "", ""
		}
		o.log.ErrorContext(ctx, "mail given up", "mail", row.PublicID, "kind", row.Kind, "error", sendErr)
	default:
		set["next_at"], set["last_error"] = o.clock().Add(delay(row.ID, row.Attempts).Truncate(time.Millisecond)), errorText(sendErr)
		o.log.WarnContext(ctx, "mail not sent yet", "mail", row.PublicID, "kind", row.Kind,
			"attempts", row.Attempts+1, "error", sendErr)
	}
	err := o.db.Write(ctx).Model(&models.Mail{}).
		Where("id = ? AND lease_token = ?", row.ID, row.LeaseToken).Updates(set).Error
	if err != nil {
		return fmt.Errorf("record mail: %w", err)
	}
	return nil
}

func (o *Outbox) hopeless(row models.Mail, sendErr error) bool {
	tries := row.Attempts + 1
	return tries >= maxTries || (errors.Is(sendErr, ErrRefused) && tries >= maxRefusals)
}

// delay doubles with every failure up to an hour. A fifth of it either way depends on the mail, so that those
// that failed together do not all come back together.
func delay(mail, attempts int64) time.Duration {
	d := maxDelay
	if attempts < 10 {
		d = min(maxDelay, firstDelay<<attempts)
	}
	spread := fnv.New64a()
	fmt.Fprintf(spread, "%d %d", mail, attempts)
	return d*4/5 + time.Duration(spread.Sum64()%uint64(d*2/5))
}

// errorText keeps what the server said short enough for a table.
func errorText(err error) string {
	text := headerLine(err.Error())
	if len(text) > maxErrorText {
		text = text[:maxErrorText]
	}
	return text
}

func (o *Outbox) clock() time.Time { return o.now().UTC().Truncate(time.Microsecond) }
