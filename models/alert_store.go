package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// Alert is something that a person should look at: open until ResolvedAt, and at most one open of each
// Kind and Key. Count is how often it was seen since FirstAt; MailedAt is when the admins were last told.
// ResolvedBy names the admin who closed it, and is empty where it ended by itself.
type Alert struct {
	ID            int64
	PublicID      string
	StripeAccount string
	Livemode      bool
	Kind          string
	Key           string `gorm:"column:alert_key"`
	AccountID     *int64
	Subject       string
	Detail        string
	Count         int64
	FirstAt       time.Time
	LastAt        time.Time
	MailedAt      *time.Time
	ResolvedAt    *time.Time
	ResolvedBy    string
}

// AlertsPerPage is how many alerts the admin's list shows.
const AlertsPerPage = 20

// AlertRow is an alert with the account that it is about, if any.
type AlertRow struct {
	Alert
	AccountPublicID string
	AccountName     string
}

// ListAlerts reads one page of a connection's alerts, open or resolved ones, the latest first, and how
// many there are. page counts from 1.
func (db *DB) ListAlerts(ctx context.Context, conn Connection, open bool, page int) ([]AlertRow, int64, error) {
	matching := func() *gorm.DB {
		return db.Read(ctx).Table("alerts").Where("alerts.stripe_account = ? AND alerts.livemode = ?",
			conn.StripeAccount, conn.Livemode).Where(resolvedIs(open))
	}
	var total int64
	if err := matching().Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count alerts: %w", err)
	}
	order := "alerts.resolved_at DESC, alerts.id DESC"
	if open {
		order = "alerts.last_at DESC, alerts.id DESC"
	}
	var rows []AlertRow
	err := matching().
		Select("alerts.*, COALESCE(accounts.public_id, '') AS account_public_id, COALESCE(accounts.name, '') AS account_name").
		Joins("LEFT JOIN accounts ON accounts.id = alerts.account_id").
		Order(order).Offset((max(1, page) - 1) * AlertsPerPage).Limit(AlertsPerPage).Scan(&rows).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list alerts: %w", err)
	}
	return rows, total, nil
}

func resolvedIs(open bool) string {
	if open {
		return "alerts.resolved_at IS NULL"
	}
	return "alerts.resolved_at IS NOT NULL"
}

// CountAlerts counts the open alerts of a connection by kind.
func (db *DB) CountAlerts(ctx context.Context, conn Connection) (map[string]int64, error) {
	var rows []struct {
		Kind string
		N    int64
	}
	err := db.Read(ctx).Table("alerts").Select("kind, COUNT(*) AS n").
		Where("stripe_account = ? AND livemode = ? AND resolved_at IS NULL", conn.StripeAccount, conn.Livemode).
		Group("kind").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count alerts: %w", err)
	}
	counts := make(map[string]int64, len(rows))
	for _, row := range rows {
		counts[row.Kind] = row.N
	}
	return counts, nil
}

// FindAlert reads one alert of a connection.
func (db *DB) FindAlert(ctx context.Context, conn Connection, publicID string) (Alert, error) {
	var alert Alert
	err := db.Read(ctx).Where("stripe_account = ? AND livemode = ? AND public_id = ?",
		conn.StripeAccount, conn.Livemode, publicID).Take(&alert).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Alert{}, fault.New(fault.NotFound, "not_found")
	}
	if err != nil {
		return Alert{}, fmt.Errorf("find alert: %w", err)
	}
	return alert, nil
}
