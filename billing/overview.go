package billing

import (
	"context"
	"fmt"

	"example.com/tollgate/models"
)

// invoicesPerPage bounds the billing page's list.
const invoicesPerPage = 12

// Overview is what the billing page shows of an account. Customer and Subscription are nil where
// there is none; Subscription is the one that the decision is about, or else the newest.
type Overview struct {
	Access        Access
	Customer      *models.Customer
	Subscription  *models.Subscription
	Invoices      []models.Invoice
	InvoicesTotal int64
	PerPage       int
}

// Overview reads what the billing page shows. page counts from 1.
func (s *Service) Overview(ctx context.Context, accountID int64, page int) (Overview, error) {
	access, err := s.Access(ctx, accountID)
	if err != nil {
		return Overview{}, err
	}
	view := Overview{Access: access, PerPage: invoicesPerPage}
	if view.Customer, err = s.currentCustomer(ctx, accountID); err != nil || view.Customer == nil {
		return view, err
	}
	var subs []models.Subscription
	err = s.DB.Read(ctx).Where("customer_id = ?", view.Customer.ID).Order("id DESC").Limit(50).Find(&subs).Error
	if err != nil {
		return Overview{}, fmt.Errorf("read subscriptions of account %d: %w", accountID, err)
	}
	for i := range subs {
		if view.Subscription == nil || subs[i].StripeID == access.Subscription {
			view.Subscription = &subs[i]
		}
	}
	invoices := s.DB.Read(ctx).Model(&models.Invoice{}).
		Where("customer_id = ? AND status <> 'draft'", view.Customer.ID)
	if err := invoices.Count(&view.InvoicesTotal).Error; err != nil {
		return Overview{}, fmt.Errorf("count invoices of account %d: %w", accountID, err)
	}
	err = s.DB.Read(ctx).Where("customer_id = ? AND status <> 'draft'", view.Customer.ID).
		Order("issued_at DESC, id DESC").Offset((max(1, page) - 1) * invoicesPerPage).Limit(invoicesPerPage).
		Find(&view.Invoices).Error
	if err != nil {
		return Overview{}, fmt.Errorf("read invoices of account %d: %w", accountID, err)
	}
	return view, nil
}
