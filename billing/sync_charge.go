package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// isCharge tells the id of a charge from that of a customer. Payments by some methods are charges whose
// ids begin with py_.
func isCharge(id string) bool { return strings.HasPrefix(id, "ch_") || strings.HasPrefix(id, "py_") }

// matchCharge finds out whose charge it is that a dispute or refund is about, hands the events over to
// that customer, and makes the customer due. It runs under the lease that the charge has in the
// customer's place, so a Stripe that does not answer is asked again later like for any customer.
func (s *Service) matchCharge(ctx context.Context, held lease) error {
	owner, err := s.chargeOwner(ctx, held.customer)
	if err != nil {
		return fmt.Errorf("find the customer of charge %s: %w", held.customer, err)
	}
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		if owner == "" {
			return s.finishSync(tx, held) // nobody's charge is nobody's access
		}
		if err := s.releaseLease(tx, held); err != nil {
			return err
		}
		var seq int64
		where, account, live := inConnection(s.Connection)
		err := tx.Raw(markDirtySQL, account, live, owner, s.wall()).Scan(&seq).Error
		if err != nil {
			return fmt.Errorf("mark customer %s dirty: %w", owner, err)
		}
		err = tx.Model(&models.WebhookEvent{}).Where(where, account, live).
			Where("customer = ? AND state IN ? AND dirty_seq <= ?", held.customer,
				[]string{models.EventPending, models.EventDead}, held.seq).
			Updates(map[string]any{"customer": owner, "dirty_seq": seq, "state": models.EventPending}).Error
		if err != nil {
			return fmt.Errorf("hand the events of charge %s over: %w", held.customer, err)
		}
		return nil
	})
	if err == nil && owner != "" {
		s.Wake(JobSync)
	}
	return err
}

// chargeOwner looks among our invoices, and asks Stripe only about a charge that none of them knows.
func (s *Service) chargeOwner(ctx context.Context, charge string) (string, error) {
	var owners []string
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Model(&models.Customer{}).Where(where, account, live).
		Where("id IN (SELECT customer_id FROM invoices WHERE charge_id = ?)", charge).
		Limit(1).Pluck("stripe_id", &owners).Error
	if err != nil {
		return "", fmt.Errorf("read invoices: %w", err)
	}
	if len(owners) > 0 {
		return owners[0], nil
	}
	asking, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	owner, err := s.Stripe.ChargedCustomer(asking, charge)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return owner, err
}
