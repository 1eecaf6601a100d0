package models

import (
	"context"
	"fmt"
	"time"
)

// SubscriberCount is how many accounts have a plan and a status.
type SubscriberCount struct {
	Plan, Status string
	N            int64
}

// DayCount is how many of something there were on a day, as YYYY-MM-DD in UTC.
type DayCount struct {
	Day string
	N   int64
}

// StateCount is how many rows of a queue are in a state.
type StateCount struct {
	State string
	N     int64
}

// CurrencyAmount is minor units of a currency.
type CurrencyAmount struct {
	Currency string
	Amount   int64
}

// CountSubscribers counts the accounts by plan and status.
func (db *DB) CountSubscribers(ctx context.Context) ([]SubscriberCount, error) {
	var counts []SubscriberCount
	err := db.Read(ctx).Table("subscribers").Select("plan, status, COUNT(*) AS n").
		Group("plan, status").Order("plan, status").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count subscribers: %w", err)
	}
	return counts, nil
}

// SumMRR adds up what the connection's running plan subscriptions are worth a month, by currency,
// the greatest sum first.
func (db *DB) SumMRR(ctx context.Context, conn Connection) ([]CurrencyAmount, error) {
	var sums []CurrencyAmount
	err := db.Read(ctx).Table("subscriptions").Select("currency, SUM(mrr) AS amount").
		Where("stripe_account = ? AND livemode = ? AND kind = 'plan' AND mrr > 0", conn.StripeAccount, conn.Livemode).
		Group("currency").Order("SUM(mrr) DESC").Scan(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("sum MRR: %w", err)
	}
	return sums, nil
}

// CountSignups counts new accounts by day since a time. Days without any are left out.
func (db *DB) CountSignups(ctx context.Context, since time.Time) ([]DayCount, error) {
	day := "substr(created_at, 1, 10)" // as SQLite keeps it, in UTC
	if db.Dialect == Postgres {
		day = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
	}
	var days []DayCount
	err := db.Read(ctx).Table("subscribers").Select(day+" AS day, COUNT(*) AS n").
		Where("created_at >= ?", since.UTC()).Group(day).Order("day").Scan(&days).Error
	if err != nil {
		return nil, fmt.Errorf("count sign-ups: %w", err)
	}
	return days, nil
}

// CountEvents counts the webhook inbox by state.
func (db *DB) CountEvents(ctx context.Context) (map[string]int64, error) {
	return db.countStates(ctx, "webhook_events")
}

// CountMails counts the outbox by state.
func (db *DB) CountMails(ctx context.Context) (map[string]int64, error) {
	return db.countStates(ctx, "mails")
}

func (db *DB) countStates(ctx context.Context, table string) (map[string]int64, error) {
	var rows []StateCount
	err := db.Read(ctx).Table(table).Select("state, COUNT(*) AS n").Group("state").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", table, err)
	}
	counts := make(map[string]int64, len(rows))
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, nil
}
