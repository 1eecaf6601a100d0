package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// EventsPerPage is how many rows the webhook inbox shows.
const EventsPerPage = 25

// EventFilter narrows the webhook inbox. Query is the whole id of an event, of ours or of Stripe's, of a customer
// or of the object that an event is about; Since and Until bound when it was received. Empty fields ask for
// nothing. Page counts from 1.
type EventFilter struct {
	State, Type, Query string
	Since, Until       time.Time
	Page               int
}

// Narrows reports whether the filter leaves anything out.
func (f EventFilter) Narrows() bool {
	return f.State != "" || f.Type != "" || f.Query != "" || !f.Since.IsZero() || !f.Until.IsZero()
}

// MatchEvents gives the condition of a filter, to put to any query of webhook_events.
func (db *DB) MatchEvents(ctx context.Context, f EventFilter) (func(*gorm.DB) *gorm.DB, error) {
	var first int64
	if !f.Since.IsZero() {
		var err error
		if first, err = db.firstEventSince(ctx, f.Since); err != nil {
			return nil, err
		}
	}
	return func(query *gorm.DB) *gorm.DB {
		if f.State != "" {
			query = query.Where("state = ?", f.State)
		}
		if f.Type != "" {
			query = query.Where("type = ?", f.Type)
		}
		if !f.Since.IsZero() {
			query = query.Where("id >= ? AND received_at >= ?", first, f.Since.UTC())
		}
		if !f.Until.IsZero() {
			query = query.Where("received_at < ?", f.Until.UTC())
		}
		switch {
		case f.Query == "":
			return query
		case strings.HasPrefix(f.Query, "cus_"):
			return query.Where("customer = ?", f.Query)
		case strings.HasPrefix(f.Query, "evt_"):
			return query.Where("event_id = ?", f.Query)
		case strings.HasPrefix(f.Query, "wh_"):
			return query.Where("public_id = ?", f.Query)
		}
		return query.Where("object_id = ?", f.Query)
	}, nil
}

// receivedOrder is by how much two events may be received in another order than they are numbered.
const receivedOrder = time.Minute

// firstEventSince is an id below which every event was received before a time. Events are numbered about as
// they are received, so it is found by halving, without an index that every receipt would have to keep.
func (db *DB) firstEventSince(ctx context.Context, since time.Time) (int64, error) {
	var most int64
	if err := db.Read(ctx).Model(&WebhookEvent{}).Select("COALESCE(MAX(id), 0)").Scan(&most).Error; err != nil {
		return 0, fmt.Errorf("find the first event: %w", err)
	}
	low, high := int64(0), most+1
	for low < high {
		middle := low + (high-low)/2
		var next []WebhookEvent
		err := db.Read(ctx).Select("id", "received_at").Where("id >= ?", middle).Order("id").Limit(1).Find(&next).Error
		if err != nil {
			return 0, fmt.Errorf("find the first event: %w", err)
		}
		if len(next) > 0 && next[0].ReceivedAt.Before(since.Add(-receivedOrder)) {
			low = next[0].ID + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// ListEvents reads one page of the inbox, newest first and without payloads, and how many events
// there are in all.
func (db *DB) ListEvents(ctx context.Context, f EventFilter) ([]WebhookEvent, int64, error) {
	match, err := db.MatchEvents(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	var total int64
	if err := match(db.Read(ctx).Model(&WebhookEvent{})).Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count events: %w", err)
	}
	var events []WebhookEvent
	err = match(db.Read(ctx).Model(&WebhookEvent{})).Omit("payload").Order("id DESC").
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
