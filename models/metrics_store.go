package models

import (
	"context"
	"fmt"
	"time"
)

// QueueDepths is what the queues hold: how many rows of each are in each state, and since when the oldest
// event waits, or nil where none does. Due counts the customers that are to be read from Stripe, and Dead
// those that were given up on.
type QueueDepths struct {
	Events, Mails, Ops map[string]int64
	OldestPending      *time.Time
	DueCustomers, Dead int64
}

// CountQueues measures every queue of a connection.
func (db *DB) CountQueues(ctx context.Context, conn Connection) (QueueDepths, error) {
	var depths QueueDepths
	for _, queue := range []struct {
		table string
		into  *map[string]int64
	}{{"webhook_events", &depths.Events}, {"mails", &depths.Mails}, {"stripe_ops", &depths.Ops}} {
		counts, err := db.countStates(ctx, queue.table)
		if err != nil {
			return QueueDepths{}, err
		}
		*queue.into = counts
	}
	var oldest []WebhookEvent
	err := db.Read(ctx).Select("received_at").Where("state = ?", EventPending).Order("id").Limit(1).Find(&oldest).Error
	if err != nil {
		return QueueDepths{}, fmt.Errorf("find the oldest event: %w", err)
	}
	if len(oldest) > 0 {
		depths.OldestPending = &oldest[0].ReceivedAt
	}
	syncs := db.Read(ctx).Model(&CustomerSync{}).Where("stripe_account = ? AND livemode = ?", conn.StripeAccount, conn.Livemode)
	if err := syncs.Where("dirty_seq > synced_seq AND dead_at IS NULL").Count(&depths.DueCustomers).Error; err != nil {
		return QueueDepths{}, fmt.Errorf("count dirty customers: %w", err)
	}
	err = db.Read(ctx).Model(&CustomerSync{}).Where("stripe_account = ? AND livemode = ?", conn.StripeAccount, conn.Livemode).
		Where("dead_at IS NOT NULL").Count(&depths.Dead).Error
	if err != nil {
		return QueueDepths{}, fmt.Errorf("count customers given up on: %w", err)
	}
	return depths, nil
}
