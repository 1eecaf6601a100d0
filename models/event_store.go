package models

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// EventsPerPage is how many rows the webhook inbox shows.
const EventsPerPage = 25

// EventFilter narrows the webhook inbox. Query is the whole id of an event, a customer or the object
// that an event is about; empty fields ask for nothing. Page counts from 1.
type EventFilter struct {
	State, Type, Query string
	Page               int
}

// ListEvents reads one page of the inbox, newest first and without payloads, and how many events
// there are in all.
func (db *DB) ListEvents(ctx context.Context, f EventFilter) ([]WebhookEvent, int64, error) {
	matching := func() *gorm.DB {
		query := db.Read(ctx).Model(&WebhookEvent{})
		if f.State != "" {
			query = query.Where("state = ?", f.State)
		}
		if f.Type != "" {
			query = query.Where("type = ?", f.Type)
		}
		switch {
		case f.Query == "":
		case strings.HasPrefix(f.Query, "cus_"):
			query = query.Where("customer = ?", f.Query)
		case strings.HasPrefix(f.Query, "evt_"):
			query = query.Where("event_id = ?", f.Query)
		default:
			query = query.Where("object_id = ?", f.Query)
		}
		return query
	}
	var total int64
	if err := matching().Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count events: %w", err)
	}
	var events []WebhookEvent
	err := matching().Omit("payload").Order("id DESC").
		Offset((max(1, f.Page) - 1) * EventsPerPage).Limit(EventsPerPage).Find(&events).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	return events, total, nil
}

// EventTypes lists the types that were ever received, in order.
func (db *DB) EventTypes(ctx context.Context) ([]string, error) {
	var types []string
	err := db.Read(ctx).Model(&WebhookEvent{}).Distinct("type").Order("type").Limit(500).Pluck("type", &types).Error
	if err != nil {
		return nil, fmt.Errorf("list event types: %w", err)
	}
	return types, nil
}

// FindEvent reads one event whole.
func (db *DB) FindEvent(ctx context.Context, publicID string) (WebhookEvent, error) {
	var event WebhookEvent
	err := db.Read(ctx).Where("public_id = ?", publicID).Take(&event).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return WebhookEvent{}, fault.New(fault.NotFound, "not_found")
	}
	if err != nil {
		return WebhookEvent{}, fmt.Errorf("find event: %w", err)
	}
	return event, nil
}

// AccountOfCustomer gives the public id of the account that a customer belongs or belonged to, or
// nothing.
func (db *DB) AccountOfCustomer(ctx context.Context, conn Connection, customer string) (string, error) {
	if customer == "" {
		return "", nil
	}
	var ids []string
	err := db.Read(ctx).Table("accounts").Joins("JOIN customers ON customers.account_id = accounts.id").
		Where("customers.stripe_account = ? AND customers.livemode = ? AND customers.stripe_id = ?",
			conn.StripeAccount, conn.Livemode, customer).
		Limit(1).Pluck("accounts.public_id", &ids).Error
	if err != nil {
		return "", fmt.Errorf("find account of %s: %w", customer, err)
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}
