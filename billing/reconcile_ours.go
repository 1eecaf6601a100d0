package billing

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// notSeen narrows a query to rows of ours that are older than the run and that its lists did not have.
func (w *sweep) notSeen(tx *gorm.DB, table string) *gorm.DB {
	after, _ := strconv.ParseInt(w.run.Position, 10, 64)
	where, account, live := inConnection(w.Connection)
	return tx.Where(where, account, live).Where("id > ? AND created_at < ?", after, w.run.StartedAt).
		Where("NOT EXISTS (SELECT 1 FROM reconcile_seen r WHERE r.run_id = ? AND r.stripe_id = "+table+".stripe_id)", w.run.ID).
		Order("id").Limit(sweepBatch)
}

// ourSubscriptions asks about those of ours that no list had, one by one: a list may be behind, an id is not.
func (w *sweep) ourSubscriptions(ctx context.Context) (bool, error) {
	var rows []models.Subscription
	err := w.notSeen(w.DB.Read(ctx), "subscriptions").Where("ended_at IS NULL").Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return false, err
	}
	owners := map[int64]string{}
	var customers []models.Customer
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.CustomerID
	}
	if err := w.DB.Read(ctx).Where("id IN ?", ids).Find(&customers).Error; err != nil {
		return false, fmt.Errorf("read customers: %w", err)
	}
	for _, c := range customers {
		owners[c.ID] = c.StripeID
	}
	for _, row := range rows {
		drift, err := w.askSubscription(ctx, owners[row.CustomerID], row.StripeID)
		if err != nil {
			return false, err
		}
		if err := w.keep(ctx, []string{row.StripeID}, drift, strconv.FormatInt(row.ID, 10)); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (w *sweep) askSubscription(ctx context.Context, customer, id string) ([]models.ReconcileDrift, error) {
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	at, err := w.Stripe.FindSubscription(asking, id)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return nil, err
	}
	k, err := w.knownOf(ctx, []string{customer}, []string{id})
	if err != nil || k.due[customer] {
		return nil, err
	}
	if !gone {
		drift, err := w.compareSubscription(ctx, k, at)
		if err != nil || drift == nil {
			return nil, err
		}
		return []models.ReconcileDrift{*drift}, nil
	}
	loses, err := w.loses(ctx, k, k.customers[customer], func(facts *AccountFacts) {
		for i := range facts.Subscriptions {
			if facts.Subscriptions[i].ID == id {
				facts.Subscriptions[i].Status, facts.Subscriptions[i].KnownStatus = "canceled", "canceled"
			}
		}
	})
	return []models.ReconcileDrift{{
		Customer: customer, Object: id, Kind: DriftGone, Detail: changed("status", k.subs[id].Status, ""),
		Loses: loses, FoundAt: w.wall(),
	}}, err
}

// ourCustomers asks about those of ours that no list had.
func (w *sweep) ourCustomers(ctx context.Context) (bool, error) {
	var rows []models.Customer
	err := w.notSeen(w.DB.Read(ctx), "customers").Where("deleted_at IS NULL AND replaced_at IS NULL").Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return false, err
	}
	for _, row := range rows {
		drift, err := w.askCustomer(ctx, row)
		if err != nil {
			return false, err
		}
		if err := w.keep(ctx, []string{row.StripeID}, drift, strconv.FormatInt(row.ID, 10)); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (w *sweep) askCustomer(ctx context.Context, row models.Customer) ([]models.ReconcileDrift, error) {
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	at, err := w.Stripe.LookUpCustomer(asking, row.StripeID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err == nil && !at.Deleted {
		return nil, nil
	}
	k, err := w.knownOf(ctx, []string{row.StripeID}, nil)
	if err != nil || k.due[row.StripeID] {
		return nil, err
	}
	loses, err := w.loses(ctx, k, row, func(facts *AccountFacts) { facts.CustomerDeleted = true })
	return []models.ReconcileDrift{{
		Customer: row.StripeID, Object: row.StripeID, Kind: DriftGone, Detail: changed("deleted", "false", "true"),
		Loses: loses, FoundAt: w.wall(),
	}}, err
}
