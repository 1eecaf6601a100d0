package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// connectionRow remembers which Stripe account a key was found to belong to.
type connectionRow struct {
	KeyHash       string `gorm:"primaryKey"`
	StripeAccount string
	Livemode      bool
	SeenAt        time.Time
}

// TableName names the table after what a row is.
func (connectionRow) TableName() string { return "connections" }

// RememberConnection keeps what Stripe said about a key, so that the program can start while Stripe
// is down. The key itself is not kept.
func (db *DB) RememberConnection(ctx context.Context, secretKey string, c Connection, now time.Time) error {
	err := db.Write(ctx).Exec(`
INSERT INTO connections (key_hash, stripe_account, livemode, seen_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key_hash) DO UPDATE SET stripe_account = excluded.stripe_account, livemode = excluded.livemode,
    seen_at = excluded.seen_at`, hashKey(secretKey), c.StripeAccount, c.Livemode, now).Error
	if err != nil {
		return fmt.Errorf("remember the Stripe account: %w", err)
	}
	return nil
}

// reindexAtOnce is how many accounts are indexed in one transaction.
const reindexAtOnce = 2000

// FollowConnection makes the admin's list that of a Stripe account, where the last one in use was
// another: what the sandbox sold is no revenue once the program has gone live. A list that was left
// half done is done again, because the connection is remembered after it.
func (db *DB) FollowConnection(ctx context.Context, c Connection) error {
	var last []connectionRow
	if err := db.Read(ctx).Order("seen_at DESC").Limit(1).Find(&last).Error; err != nil {
		return fmt.Errorf("read the last Stripe account: %w", err)
	}
	if len(last) == 0 || (last[0].StripeAccount == c.StripeAccount && last[0].Livemode == c.Livemode) {
		return nil
	}
	var most int64
	if err := db.Read(ctx).Model(&Account{}).Select("COALESCE(MAX(id), 0)").Scan(&most).Error; err != nil {
		return fmt.Errorf("count accounts: %w", err)
	}
	for first := int64(1); first <= most; first += reindexAtOnce {
		err := db.Tx(ctx, func(tx *gorm.DB) error { return IndexSubscribers(tx, c, first, first+reindexAtOnce-1) })
		if err != nil {
			return err
		}
	}
	return nil
}

// RecallConnection gives what was remembered of a key. ok is false for a key never seen.
func (db *DB) RecallConnection(ctx context.Context, secretKey string) (c Connection, ok bool, err error) {
	var rows []connectionRow
	if err := db.Read(ctx).Where("key_hash = ?", hashKey(secretKey)).Limit(1).Find(&rows).Error; err != nil {
		return Connection{}, false, fmt.Errorf("recall the Stripe account: %w", err)
	}
	if len(rows) == 0 {
		return Connection{}, false, nil
	}
	return Connection{StripeAccount: rows[0].StripeAccount, Livemode: rows[0].Livemode}, true, nil
}

func hashKey(secretKey string) string {
	sum := sha256.Sum256([]byte(secretKey))
	return hex.EncodeToString(sum[:])
}
