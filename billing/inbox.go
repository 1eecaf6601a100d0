package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The inbox makes receipts durable. Stripe gives up on an answer that is slow, and the answer may
// only be given once the event is on disk; with one commit per request the disk would set the pace.
// So requests that arrive together share a commit, and each is told its own result.

// maxReceipts bounds one commit, and so how long the last in it waits.
const maxReceipts = 128

// receiveTimeout bounds a receipt: past it Stripe is told to come back.
const receiveTimeout = 8 * time.Second

type receipt struct {
	event   Event
	body    []byte
	row     models.WebhookEvent
	outcome chan error
}

// inbox queues receipts. The request that finds nobody committing starts a committer, which ends with
// the queue: every receipt has a request waiting for it, so a server that drains its requests drains
// the inbox too.
type inbox struct {
	mu         sync.Mutex
	queue      []*receipt
	committing bool
}

// Receive takes one delivery: it verifies the signature on the raw body, stores the event once, and
// marks its customer dirty, in one durable transaction. When it returns nil the event will be acted
// on whatever happens to this process; on any error Stripe must be asked to deliver again.
//
// The faults are Invalid for a signature that does not verify, and Unavailable when the event could
// not be stored or no secret is configured.
func (s *Service) Receive(ctx context.Context, body []byte, signature string) error {
	event, err := s.Stripe.VerifyEvent(body, signature, s.Wall())
	s.ears.hear(s.wall(), event, err)
	switch {
	case errors.Is(err, ErrNoSecret):
		return fault.Wrap(err, fault.Unavailable, "webhook_secret_missing")
	case err != nil:
		return fault.Wrap(err, fault.Invalid, "webhook_signature")
	}
	r := &receipt{event: event, body: body, row: s.eventRow(event, body), outcome: make(chan error, 1)}
	s.inbox.mu.Lock()
	s.inbox.queue = append(s.inbox.queue, r)
	lead := !s.inbox.committing
	s.inbox.committing = true
	s.inbox.mu.Unlock()
	if lead {
		go s.commitReceipts()
	}
	timeout := time.NewTimer(receiveTimeout)
	defer timeout.Stop()
	select {
	case err := <-r.outcome:
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "unavailable")
		}
		return nil
	case <-timeout.C:
		return fault.New(fault.Unavailable, "unavailable")
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable")
	}
}

// eventRow says how an event is kept. One of another Stripe account or mode, or of a type that
// nothing here acts on, is kept as ignored, so that it can be seen.
func (s *Service) eventRow(event Event, body []byte) models.WebhookEvent {
	row := models.WebhookEvent{
		PublicID: models.NewPublicID("wh"), StripeAccount: s.Connection.StripeAccount, Livemode: event.Livemode,
		EventID: event.ID, Type: event.Type, APIVersion: event.APIVersion, ObjectID: event.ObjectID,
		Payload: body, OccurredAt: event.Created, ReceivedAt: s.wall(), State: models.EventIgnored, Deliveries: 1,
	}
	if event.Account != "" {
		row.StripeAccount = event.Account
	}
	if row.StripeAccount != s.Connection.StripeAccount || row.Livemode != s.Connection.Livemode {
		return row
	}
	known, ok := eventFor(event.Type)
	if !ok {
		row.Customer = event.Customer // so that it can be replayed once its type is known
		return row
	}
	row.State, row.Customer = models.EventPending, known.Customer(event)
	if row.Customer == "" {
		row.State, row.DoneAt = models.EventDone, &row.ReceivedAt
	}
	return row
}

// commitReceipts commits what is queued, batch after batch, until the queue is empty.
func (s *Service) commitReceipts() {
	for {
		s.inbox.mu.Lock()
		batch := s.inbox.queue
		if len(batch) > maxReceipts {
			batch = batch[:maxReceipts:maxReceipts]
		}
		s.inbox.queue = s.inbox.queue[len(batch):]
		if len(batch) == 0 {
			s.inbox.queue = nil
			s.inbox.committing = false
			s.inbox.mu.Unlock()
			return
		}
		s.inbox.mu.Unlock()
		s.commitBatch(batch)
	}
}

// commitBatch stores a batch in one transaction. If that fails, each receipt is tried by itself, so
// that one that cannot be stored takes no other with it.
func (s *Service) commitBatch(batch []*receipt) {
	// The commit belongs to many requests, so no single one of them may cancel it.
	ctx, cancel := context.WithTimeout(context.Background(), receiveTimeout)
	defer cancel()
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error { return s.storeReceipts(tx, batch) })
	for _, r := range batch {
		own := err
		if err != nil && len(batch) > 1 && ctx.Err() == nil {
			own = s.DB.Tx(ctx, func(tx *gorm.DB) error { return s.storeReceipts(tx, []*receipt{r}) })
		}
		r.outcome <- own
	}
	s.Wake(JobSync)
}

func (s *Service) storeReceipts(tx *gorm.DB, batch []*receipt) error {
	fresh, again, err := s.splitReceipts(tx, batch)
	if err != nil {
		return err
	}
	if err := s.insertEvents(tx, fresh); err != nil {
		return err
	}
	return s.countDeliveries(tx, again)
}

// insertEvents marks the customers before it touches an event, as a sync does when it ends: two
// transactions that lock the same rows in another order would stand in each other's way.
func (s *Service) insertEvents(tx *gorm.DB, fresh []*models.WebhookEvent) error {
	if len(fresh) == 0 {
		return nil
	}
	seqs, err := s.markCustomers(tx, fresh)
	if err != nil {
		return err
	}
	var sql strings.Builder
	sql.WriteString(`INSERT INTO webhook_events (public_id, stripe_account, livemode, event_id, type, api_version,
object_id, customer, payload, occurred_at, received_at, state, dirty_seq, deliveries, done_at) VALUES `)
	args := make([]any, 0, len(fresh)*15)
	for i, row := range fresh {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
		args = append(args, row.PublicID, row.StripeAccount, row.Livemode, row.EventID, row.Type, row.APIVersion,
			row.ObjectID, row.Customer, row.Payload, row.OccurredAt, row.ReceivedAt, row.State,
			seqs[row.Customer], row.Deliveries, row.DoneAt)
	}
	sql.WriteString(" ON CONFLICT (stripe_account, livemode, event_id) DO NOTHING")
	if err := tx.Exec(sql.String(), args...).Error; err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	return nil
}

// splitReceipts tells events not seen before from those delivered again. They are sorted by id, so
// that two programs on one database take their row locks in the same order.
func (s *Service) splitReceipts(tx *gorm.DB, batch []*receipt) (fresh []*models.WebhookEvent, again []string, err error) {
	ids := make([]string, len(batch))
	for i, r := range batch {
		ids[i] = r.event.ID
	}
	var known []models.WebhookEvent
	err = tx.Select("stripe_account", "livemode", "event_id").Where("event_id IN ?", ids).Find(&known).Error
	if err != nil {
		return nil, nil, fmt.Errorf("look for events received before: %w", err)
	}
	type key struct {
		account string
		live    bool
		id      string
	}
	seen := make(map[key]bool, len(batch))
	for _, row := range known {
		seen[key{row.StripeAccount, row.Livemode, row.EventID}] = true
	}
	for _, r := range batch {
		k := key{r.row.StripeAccount, r.row.Livemode, r.event.ID}
		if seen[k] {
			again = append(again, r.event.ID)
			continue
		}
		seen[k] = true
		fresh = append(fresh, &r.row)
	}
	slices.SortFunc(fresh, func(a, b *models.WebhookEvent) int { return cmp.Compare(a.EventID, b.EventID) })
	slices.Sort(again)
	return fresh, again, nil
}

// countDeliveries counts each delivery, of which one event may have several in a batch.
func (s *Service) countDeliveries(tx *gorm.DB, again []string) error {
	times := map[string]int{}
	for _, id := range again {
		times[id]++
	}
	byTimes := map[int][]string{}
	for _, id := range slices.Compact(again) {
		byTimes[times[id]] = append(byTimes[times[id]], id)
	}
	for _, n := range slices.Sorted(maps.Keys(byTimes)) {
		err := tx.Exec("UPDATE webhook_events SET deliveries = deliveries + ? WHERE event_id IN ?", n, byTimes[n]).Error
		if err != nil {
			return fmt.Errorf("count deliveries: %w", err)
		}
	}
	return nil
}

// markCustomers makes the customers of pending events due, and returns the sequence of each.
func (s *Service) markCustomers(tx *gorm.DB, rows []*models.WebhookEvent) (map[string]int64, error) {
	var customers []string
	for _, row := range rows {
		if row.State == models.EventPending {
			customers = append(customers, row.Customer)
		}
	}
	slices.Sort(customers)
	customers = slices.Compact(customers)
	seqs := make(map[string]int64, len(customers))
	if len(customers) == 0 {
		return seqs, nil
	}
	sql := strings.Replace(markDirtySQL, "(?, ?, ?, 1, ?)",
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, 1, ?), ", len(customers)), ", "), 1)
	sql += ", stripe_id"
	args := make([]any, 0, len(customers)*4)
	for _, customer := range customers {
		args = append(args, s.Connection.StripeAccount, s.Connection.Livemode, customer, s.wall())
	}
	var marked []models.CustomerSync
	if err := tx.Raw(sql, args...).Scan(&marked).Error; err != nil {
		return nil, fmt.Errorf("mark customers dirty: %w", err)
	}
	for _, row := range marked {
		seqs[row.StripeID] = row.DirtySeq
	}
	return seqs, nil
}
