package models

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// indexSubscribersSQL rewrites a range of accounts' rows of the admin's list from the tables they
// repeat. Of several subscriptions it shows the live one, or else the newest.
const indexSubscribersSQL = `
INSERT INTO subscribers (account_id, public_id, name, email, customer, plan, status, mrr, search, created_at)
SELECT a.id, a.public_id, a.name, u.email, COALESCE(c.stripe_id, ''),
       COALESCE(NULLIF(s.plan, ''), 'free'), COALESCE(s.status, 'none'), COALESCE(s.mrr, 0),
       LOWER(a.name || CASE WHEN u.name = a.name THEN '' ELSE ' ' || u.name END || ' ' || u.email ||
           CASE WHEN a.billing_email = u.email THEN '' ELSE ' ' || a.billing_email END ||
           COALESCE(' ' || c.stripe_id, '') || COALESCE(' ' || s.stripe_id, '')),
       a.created_at
FROM accounts a
JOIN users u ON u.id = a.created_by
LEFT JOIN customers c ON c.account_id = a.id AND c.stripe_account = ? AND c.livemode = ? AND c.replaced_at IS NULL
LEFT JOIN subscriptions s ON s.customer_id = c.id AND s.id = (
    SELECT s2.id FROM subscriptions s2 WHERE s2.customer_id = c.id
    ORDER BY CASE WHEN s2.ended_at IS NULL AND s2.status <> 'incomplete' THEN 0 ELSE 1 END, s2.id DESC LIMIT 1)
WHERE a.id BETWEEN ? AND ?
ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, email = excluded.email, customer = excluded.customer,
    plan = excluded.plan, status = excluded.status, mrr = excluded.mrr, search = excluded.search`

// IndexSubscriber brings the admin's list up to date for one account. It runs in the transaction
// that changed what the list shows.
func IndexSubscriber(tx *gorm.DB, conn Connection, accountID int64) error {
	return IndexSubscribers(tx, conn, accountID, accountID)
}

// IndexSubscribers is IndexSubscriber for every account from first to last.
//
// The accounts are locked before their rows are read: of two transactions that index one account at a
// time, the later would otherwise write what it read before the earlier one committed.
func IndexSubscribers(tx *gorm.DB, conn Connection, first, last int64) error {
	var locked []int64
	err := tx.Model(&Account{}).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).
		Where("id BETWEEN ? AND ?", first, last).Order("id").Pluck("id", &locked).Error
	if err != nil {
		return fmt.Errorf("lock accounts %d to %d: %w", first, last, err)
	}
	err = tx.Exec(indexSubscribersSQL, conn.StripeAccount, conn.Livemode, first, last).Error
	if err != nil {
		return fmt.Errorf("index accounts %d to %d: %w", first, last, err)
	}
	return nil
}
