package billing

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// JobTrim is one pass over the payloads that are too old to keep.
const JobTrim = "trim_payloads"

// keepPayloads is how long a payload is kept. Nothing is decided by it: it is there for people who look for
// the cause of something. It names customers, so it is not kept for ever; for thirty days Stripe itself can
// still show the event: https://docs.stripe.com/api/events
const keepPayloads = 30 * 24 * time.Hour

// The limits of one pass: what is left is taken by the next one, in an hour.
const (
	trimBatch   = 500
	trimBatches = 200
)

// TrimPayloads is one pass of the trim job: it empties payloads older than thirty days. The rows stay.
func (s *Service) TrimPayloads(ctx context.Context) error {
	for range trimBatches {
		trimmed, err := s.trimBatch(ctx)
		if err != nil || trimmed < trimBatch {
			return err
		}
	}
	return nil
}

// trimBatch goes on where the last one ended. Events are numbered about as they are received: the first that
// is too young ends it, so that none of those before it is ever passed over.
func (s *Service) trimBatch(ctx context.Context) (int, error) {
	var rows []models.WebhookEvent
	err := s.DB.Read(ctx).Select("id", "received_at").
		Where("id > (SELECT COALESCE(MAX(id), 0) FROM webhook_events WHERE trimmed_at IS NOT NULL)").
		Order("id").Limit(trimBatch).Find(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("find old payloads: %w", err)
	}
	wall, old := s.wall(), 0
	for old < len(rows) && wall.Sub(rows[old].ReceivedAt) > keepPayloads {
		old++
	}
	if old == 0 {
		return 0, nil
	}
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE webhook_events SET payload = ?, trimmed_at = ? WHERE id BETWEEN ? AND ? AND trimmed_at IS NULL`,
			[]byte{}, wall, rows[0].ID, rows[old-1].ID).Error
	})
	if err != nil {
		return 0, fmt.Errorf("trim payloads: %w", err)
	}
	return old, nil
}
