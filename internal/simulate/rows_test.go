package simulate_test

import (
	"context"

	"example.com/tollgate/models"
)

// What the simulator reads of the app's own rows. It reads through a connection of its own, which no fault touches.

func (w *world) customerRow(p *person) *models.Customer {
	var rows []models.Customer
	w.must(w.eyes.Read(context.Background()).Where("account_id = ? AND replaced_at IS NULL", p.ID).Limit(1).Find(&rows).Error)
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

// customerOf is the Stripe id of somebody's customer, or empty.
func (w *world) customerOf(p *person) string {
	row := w.customerRow(p)
	if row == nil || row.DeletedAt != nil {
		return ""
	}
	return row.StripeID
}

// planOf is somebody's plan that is not over, or nil.
func (w *world) planOf(p *person) *models.Subscription {
	var rows []models.Subscription
	w.must(w.eyes.Read(context.Background()).
		Where("customer_id IN (SELECT id FROM customers WHERE account_id = ? AND replaced_at IS NULL)", p.ID).
		Where("ended_at IS NULL AND status NOT IN ('incomplete', 'incomplete_expired', 'canceled')").
		Order("id DESC").Limit(1).Find(&rows).Error)
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

// sessionOf is the Checkout Session that is open for somebody, or empty.
func (w *world) sessionOf(p *person) string {
	var ids []string
	w.must(w.eyes.Read(context.Background()).Model(&models.Checkout{}).
		Where("account_id = ? AND state = ?", p.ID, models.CheckoutOpen).Limit(1).Pluck("stripe_id", &ids).Error)
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// signedUp reports whether an account is there after all, and learns its id.
func (w *world) signedUp(p *person) bool {
	var rows []models.Account
	w.must(w.eyes.Read(context.Background()).Where("public_id = ?", "acct_"+p.name).Limit(1).Find(&rows).Error)
	if len(rows) == 0 {
		return false
	}
	p.Account = rows[0]
	return true
}

func (w *world) count(table, where string, args ...any) int64 {
	var n int64
	w.must(w.eyes.Read(context.Background()).Table(table).Where(where, args...).Count(&n).Error)
	return n
}

// rows reads what meets a condition.
func rows[T any](w *world, where string, args ...any) (found []T) {
	w.must(w.eyes.Read(context.Background()).Where(where, args...).Find(&found).Error)
	return found
}
