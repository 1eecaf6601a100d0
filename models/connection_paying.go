package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Payers counts the customers who have a plan under one connection.
type Payers struct {
	Connection `gorm:"embedded"`
	Customers  int64
}

// LivePayers finds the customers who would lose what they pay real money for if c were the connection: those with a
// plan in live mode of another connection, where nobody has one under c. One row for each connection, the largest
// first and at most ten.
func (db *DB) LivePayers(ctx context.Context, c Connection) ([]Payers, error) {
	granting := db.Read(ctx).Model(&Subscription{}).
		Where("kind = 'plan' AND plan <> '' AND ended_at IS NULL AND status IN ('trialing', 'active', 'past_due')")
	var own []int64
	err := granting.Session(&gorm.Session{}).Where("stripe_account = ? AND livemode = ?", c.StripeAccount, c.Livemode).
		Limit(1).Pluck("id", &own).Error
	if err != nil || len(own) > 0 {
		return nil, err
	}
	var rows []Payers
	err = granting.Session(&gorm.Session{}).Where("livemode = ?", true).
		Select("stripe_account, livemode, COUNT(DISTINCT customer_id) AS customers").
		Group("stripe_account, livemode").Order("customers DESC, stripe_account").Limit(10).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count who pays: %w", err)
	}
	return rows, nil
}
