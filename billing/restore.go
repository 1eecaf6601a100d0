package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// A database that was restored from a backup has forgotten what it did since. What it owes Stripe it asks Stripe about,
// and of what it knows it learns all again; only the mails that it sent are known to nobody but their readers. So the
// time up to which the lost database lived is kept, and facts of before that time owe no mail: they have been told.
//
// The time is found by itself, or said by a person (`tollgate restored`). The proof is an event that Stripe counts as
// delivered and the inbox does not hold: we answer only after the commit, so that whoever took it had it on its disk.
// Some look like that and are none. An event that nobody takes stays undelivered for as long as Stripe repeats it,
// but where there is no endpoint, or a disabled one, or one that does not ask for the type, nothing is to be delivered
// and that counts as delivered too. So the endpoint at our address must be there, enabled, older than the event and
// ask for its type; and an event that was missed while the endpoint was off is found by the listing within minutes, so
// that the inbox holds it by the time when the endpoint is on again.
//
// Between telling twice and not telling what the lost database took and had not told yet, the second is chosen for the
// last seconds before the loss. What happened after it, while nobody served, is told.

const (
	// eventRepeated is how long Stripe repeats an event that is not taken. Older ones prove nothing.
	eventRepeated = 3 * 24 * time.Hour
	// webhookPath is where the endpoint of an installation leads.
	webhookPath = "/webhooks/stripe"
)

// ErrNoLoss says that nothing in Stripe's list shows that this database was restored.
var ErrNoLoss = errors.New("billing: every event that Stripe has delivered is here")

// LookBack finds out, once in a process and before it works, whether the database was restored since it last heard of
// Stripe. The error is Stripe's or the database's; then the next call looks again.
func (s *Service) LookBack(ctx context.Context) error {
	if s.lookedBack.Load() {
		return nil
	}
	last, err := s.lostEvent(ctx, s.began)
	if err != nil {
		return fmt.Errorf("look for what a lost database has taken: %w", err)
	}
	if last != nil {
		err = s.noteRestore(ctx, last.Created, last.ID)
	}
	s.lookedBack.Store(err == nil)
	return err
}

// MarkRestored says that the database was restored, and that the one before it lived until lostAt. For a zero lostAt
// Stripe's list is asked; the error is then ErrNoLoss where it shows nothing. It returns the time.
func (s *Service) MarkRestored(ctx context.Context, lostAt time.Time, by string) (time.Time, error) {
	if lostAt.IsZero() {
		last, err := s.lostEvent(ctx, time.Time{})
		if err != nil {
			return time.Time{}, err
		}
		if last == nil {
			return time.Time{}, ErrNoLoss
		}
		lostAt = last.Created
	}
	lostAt = lostAt.UTC().Truncate(time.Microsecond)
	return lostAt, s.noteRestore(ctx, lostAt, by)
}

// lostEvent is the newest event that Stripe has delivered to our endpoint and the inbox does not hold, or nil. It goes
// back to the first that was received before a time and no further: nothing older can be of a database that was lost
// since. Without a time it goes back as far as an event proves anything.
func (s *Service) lostEvent(ctx context.Context, receivedBefore time.Time) (*ListedEvent, error) {
	endpoints, err := s.ownEndpoints(ctx)
	if err != nil || len(endpoints) == 0 {
		return nil, err
	}
	now := s.now()
	query := EventQuery{Since: now.Add(-eventRepeated), Delivered: true}
	cursors, err := s.DB.ListCursors(ctx, s.Connection)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{models.ReconcileEvents, models.ReconcileMails} {
		if at := cursors[kind].EventAt; at.After(query.Since) {
			query.Since = at
		}
	}
	for range eventPages {
		asking, cancel := context.WithTimeout(ctx, pageTimeout)
		page, err := s.Stripe.ListEvents(asking, query)
		cancel()
		if err != nil {
			return nil, err
		}
		received, err := s.received(ctx, page.Events)
		if err != nil {
			return nil, err
		}
		for _, e := range slices.Backward(page.Events) {
			at, held := received[e.ID]
			if held && at.Before(receivedBefore) {
				return nil, nil
			}
			_, ours := eventFor(e.Type)
			if !ours || held || e.Undelivered > 0 || e.Created.After(now.Add(-eventSettled)) {
				continue
			}
			if slices.ContainsFunc(endpoints, func(w Webhook) bool { return wasSent(w, e.Event) }) {
				return &e, nil
			}
		}
		if !page.More || len(page.Events) == 0 {
			return nil, nil
		}
		query.Before = page.Events[0].ID
	}
	return nil, nil
}

// ownEndpoints are the endpoints at our address that are on.
func (s *Service) ownEndpoints(ctx context.Context) ([]Webhook, error) {
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	endpoints, err := s.Stripe.FetchWebhooks(asking)
	return slices.DeleteFunc(endpoints, func(w Webhook) bool {
		return w.URL != s.AppURL+webhookPath || w.Status != "enabled"
	}), err
}

// wasSent reports whether Stripe has sent an event to an endpoint.
func wasSent(w Webhook, e Event) bool {
	return w.Created.Before(e.Created) && (slices.Contains(w.Events, e.Type) || slices.Contains(w.Events, "*"))
}

// received tells which of some events the inbox holds, and since when.
func (s *Service) received(ctx context.Context, events []ListedEvent) (map[string]time.Time, error) {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	where, account, live := inConnection(s.Connection)
	var held []models.WebhookEvent
	err := s.DB.Read(ctx).Select("event_id", "received_at").Where(where, account, live).Where("event_id IN ?", ids).
		Find(&held).Error
	if err != nil {
		return nil, fmt.Errorf("look for events received before: %w", err)
	}
	received := make(map[string]time.Time, len(held))
	for _, row := range held {
		received[row.EventID] = row.ReceivedAt
	}
	return received, nil
}

// noteRestore keeps the time of the loss, unless a later one is known, and drops the mails that were owed in the backup
// and surely sent by the database that was lost. why is the event that proves it, or who says so.
func (s *Service) noteRestore(ctx context.Context, lostAt time.Time, why string) error {
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec(`
INSERT INTO reconcile_cursors (stripe_account, livemode, kind, event_id, event_at, next_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (stripe_account, livemode, kind) DO UPDATE
SET event_id = excluded.event_id, event_at = excluded.event_at, next_at = excluded.next_at
WHERE reconcile_cursors.event_at < excluded.event_at`,
			s.Connection.StripeAccount, s.Connection.Livemode, models.ReconcileMails, clip(why), lostAt, s.wall()).Error
		if err != nil {
			return fmt.Errorf("keep when the database was lost: %w", err)
		}
		if err := s.Outbox.Drop(tx, lostAt); err != nil {
			return err
		}
		return s.RaiseIn(tx, Alert{
			Kind: AlertRestored, Subject: "It had lived until " + lostAt.Format(time.RFC3339),
			Detail: "Mails about what happened before are not sent again. Known by: " + why,
		})
	})
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	return nil
}

// wasTold reports whether a database that was lost has sent the mail about a fact.
func (a *application) wasTold(fact models.Fact) (bool, error) {
	where, account, live := inConnection(a.Connection)
	var lost []time.Time
	err := a.tx.Model(&models.ReconcileCursor{}).Where(where, account, live).Where("kind = ?", models.ReconcileMails).
		Pluck("event_at", &lost).Error
	if err != nil {
		return false, fmt.Errorf("read when the database was lost: %w", err)
	}
	if len(lost) == 0 {
		return false, nil
	}
	dated := !fact.OccurredAt.Equal(a.fetched)
	if !fact.OccurredAt.After(lost[0]) || dated || a.customer.SyncedAt == nil || a.customer.SyncedAt.After(lost[0]) {
		return !fact.OccurredAt.After(lost[0]), nil
	}
	// Stripe does not say when, and this is the first that the restored database hears of the customer. Whatever
	// happens makes an event; so where there is none since the loss, it was before.
	var since int64
	err = a.tx.Model(&models.WebhookEvent{}).Where(where, account, live).
		Where("customer = ? AND occurred_at > ?", a.customer.StripeID, lost[0]).Limit(1).Count(&since).Error
	if err != nil {
		return false, fmt.Errorf("look for events since the database was lost: %w", err)
	}
	return since == 0, nil
}
