package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Limits of delivery: how long an endpoint may take, how much of its answer is kept, and how many deliveries are
// looked at in one round. A round that lasts longer ends early, so that what came of it is soon written down, and what
// changed meanwhile is soon seen.
const (
	deliveryTimeout = 10 * time.Second
	deliveryExcerpt = 2 << 10
	deliveryBatch   = 100
	deliveryRound   = 100 * time.Millisecond
)

// retryDelays are the waits before the first attempt and before each repetition. Real Stripe goes on for three days;
// an hour is as long as anybody watches a sandbox.
func (s *Sandbox) retryDelays() []time.Duration {
	if len(s.opts.RetryDelays) > 0 {
		return s.opts.RetryDelays
	}
	return []time.Duration{
		0, time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour,
	}
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID              int64
	Event, Endpoint string
	Attempt         int
	NextAt          int64  // Wall time in milliseconds.
	State           string // pending, delivered, failed or dropped.
	Status          int    // The endpoint's last answer; 0 when there was none.
	Excerpt         string // The beginning of that answer, or what went wrong.
	At              int64  // When it was last tried: wall time in milliseconds.
}

// queue adds a delivery of the event for every endpoint that listens to its type.
func (tx *Tx) queue(event Object) error {
	endpoints, err := tx.listeners()
	if err != nil {
		return err
	}
	for _, endpoint := range endpoints {
		connect := event.Has("account")
		if endpoint.Str("status") != "enabled" || endpoint.Bool("_connect") != connect ||
			!listens(endpoint, event.Str("type")) {
			continue
		}
		if err := tx.enqueue(event, endpoint.ID()); err != nil {
			return err
		}
	}
	return nil
}

func listens(endpoint Object, typ string) bool {
	wanted := endpoint.Strs("enabled_events")
	return containsText(wanted, "*") || containsText(wanted, typ)
}

// rankSpan is room for the ranks within one transaction. Transactions may follow each other within a millisecond, and
// what they bring about is delivered in their order.
const rankSpan = 1_000_000

func (tx *Tx) enqueue(event Object, endpoint string) error {
	tx.rank++
	for _, slot := range tx.s.slots(event.Str("type"), tx.rank) {
		at := tx.s.opts.Now().Add(tx.s.retryDelays()[0] + slot.delay).UnixMilli()
		if slot.delay == 0 && tx.queuedAt == 0 {
			tx.queuedAt = at
		}
		if slot.delay == 0 {
			at = tx.queuedAt // What one transaction emits is ordered by rank alone.
		}
		_, err := tx.sql.direct.Exec(`INSERT INTO deliveries (event, endpoint, rank, next_at) VALUES (?, ?, ?, ?)`,
			event.ID(), endpoint, tx.number*rankSpan+int64(slot.rank), at)
		if err != nil {
			return fmt.Errorf("queue event %s: %w", event.ID(), err)
		}
	}
	tx.emitted = true
	return nil
}

// DeliverDue makes every delivery attempt whose time has come, and those that come due meanwhile.
func (s *Sandbox) DeliverDue(ctx context.Context) error {
	s.deliver.Lock()
	defer s.deliver.Unlock()
	tried := false
	defer func() {
		if tried {
			s.wakeups.send() // Whoever waits for deliveries looks again once, not after each of them.
		}
	}()
	for range 1000 {
		due, err := s.dueDeliveries(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		tried = true
		if err := s.keepAttempts(ctx, s.deliverRound(ctx, due)); err != nil {
			return err
		}
	}
	return errors.New("sandbox: webhooks keep coming due")
}

// parcel is a delivery with what it takes to make it.
type parcel struct {
	Delivery
	event    Object // nil when the event is gone.
	endpoint Object // nil when the endpoint is gone.
}

// deliverRound tries each endpoint's deliveries in order, and the endpoints side by side, so that a slow one holds up
// only itself. It returns those that were tried, with what came of them.
func (s *Sandbox) deliverRound(ctx context.Context, due []parcel) []Delivery {
	byEndpoint := map[string][]parcel{}
	for _, p := range due {
		byEndpoint[p.Endpoint] = append(byEndpoint[p.Endpoint], p)
	}
	until, resets := s.opts.Now().Add(deliveryRound), s.resets.Load()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var tried []Delivery
	for _, parcels := range byEndpoint {
		wg.Go(func() {
			for _, p := range parcels {
				done, ok := s.attempt(ctx, p)
				if !ok {
					return
				}
				mu.Lock()
				tried = append(tried, done)
				mu.Unlock()
				if s.opts.Now().After(until) || s.resets.Load() != resets {
					return
				}
			}
		})
	}
	wg.Wait()
	return tried
}

// dueDeliveries reads what is due, each with its event and its endpoint.
func (s *Sandbox) dueDeliveries(ctx context.Context) (due []parcel, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		found, err := tx.deliveries(`WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, rank, id LIMIT ?`,
			s.opts.Now().UnixMilli(), deliveryBatch)
		if err != nil {
			return err
		}
		endpoints := map[string]Object{}
		for _, d := range found {
			p := parcel{Delivery: d}
			if p.event, err = tx.envelope(d.Event); err != nil {
				return err
			}
			if _, known := endpoints[d.Endpoint]; !known {
				if endpoints[d.Endpoint], err = tx.load(d.Endpoint); err != nil {
					return err
				}
			}
			p.endpoint = endpoints[d.Endpoint]
			due = append(due, p)
		}
		return nil
	})
	return due, err
}

func (tx *Tx) deliveries(where string, args ...any) ([]Delivery, error) {
	rows, err := tx.sql.Query(`SELECT id, event, endpoint, attempt, next_at, state, status, excerpt, at FROM deliveries `+
		where, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Delivery
	for rows.Next() {
		var d Delivery
		if err := rows.Scan(&d.ID, &d.Event, &d.Endpoint, &d.Attempt, &d.NextAt, &d.State, &d.Status, &d.Excerpt,
			&d.At); err != nil {
			return nil, fmt.Errorf("read delivery: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Deliveries returns the deliveries of one event, or of all when it is empty, newest first.
func (tx *Tx) Deliveries(event string, limit int) ([]Delivery, error) {
	return tx.deliveries(`WHERE ? IN ('', event) ORDER BY id DESC LIMIT ?`, event, min(max(limit, 1), maxFind))
}

// attempt posts one delivery, and returns it with what came of it; the second result is false when the attempt does
// not count. The post happens outside any transaction: the endpoint will often call the API before it answers.
func (s *Sandbox) attempt(ctx context.Context, p parcel) (Delivery, bool) {
	d := p.Delivery
	if p.event == nil || p.endpoint == nil || p.endpoint.Str("status") != "enabled" {
		d.State, d.Excerpt = "dropped", "The endpoint no longer listens."
		return d, true
	}
	d.Attempt++
	d.Status, d.Excerpt = s.post(ctx, p.event, p.endpoint)
	if ctx.Err() != nil {
		return d, false // The sandbox is closing: the attempt is made again after the restart.
	}
	now := s.opts.Now()
	d.At = now.UnixMilli()
	delays := s.retryDelays()
	switch {
	case d.Status >= 200 && d.Status < 300:
		d.State = "delivered"
	case d.Attempt >= len(delays):
		d.State = "failed"
	default:
		d.NextAt = now.Add(delays[d.Attempt]).UnixMilli()
	}
	return d, true
}

// keepAttempts writes down what came of a round. It does so even when the sandbox is closing.
func (s *Sandbox) keepAttempts(ctx context.Context, tried []Delivery) error {
	err := s.Do(context.WithoutCancel(ctx), func(tx *Tx) error {
		for _, d := range tried {
			_, err := tx.sql.direct.Exec(`UPDATE deliveries SET attempt = ?, next_at = ?, state = ?, status = ?, excerpt = ?,
				at = ? WHERE id = ?`, d.Attempt, d.NextAt, d.State, d.Status, d.Excerpt, d.At, d.ID)
			if err != nil {
				return fmt.Errorf("keep delivery attempt: %w", err)
			}
		}
		return nil
	})
	return errors.Join(err, ctx.Err())
}

// Resend queues an event once more for every endpoint that listens to it, or for one.
func (s *Sandbox) Resend(ctx context.Context, event, endpoint string) error {
	return s.Do(ctx, func(tx *Tx) error { return tx.resend(event, endpoint) })
}

func (tx *Tx) resend(id, endpoint string) error {
	event, err := tx.event(id)
	if err != nil {
		return err
	}
	if event == nil {
		return missing(http.StatusNotFound, "event", id, "id")
	}
	_, err = tx.sql.Exec(`DELETE FROM deliveries WHERE event = ? AND ? IN ('', endpoint)`, id, endpoint)
	if err != nil {
		return fmt.Errorf("resend %s: %w", id, err)
	}
	if endpoint == "" {
		return tx.queue(event)
	}
	if _, err := tx.Ref("webhook_endpoint", endpoint, "webhook_endpoint"); err != nil {
		return err
	}
	return tx.enqueue(event, endpoint)
}

// deliverLoop delivers as long as the sandbox runs, and first of all what an earlier run left undelivered.
func (s *Sandbox) deliverLoop(ctx context.Context) {
	for {
		changed := s.wakeups.next()
		if err := s.DeliverDue(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("sandbox webhooks", "error", err)
		}
		timer := time.NewTimer(s.untilNextDelivery(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (s *Sandbox) untilNextDelivery(ctx context.Context) time.Duration {
	wait := time.Minute
	err := s.View(ctx, func(tx *Tx) error {
		var next sql.NullInt64
		err := tx.sql.QueryRow(`SELECT min(next_at) FROM deliveries WHERE state = 'pending'`).Scan(&next)
		if err == nil && next.Valid {
			wait = min(wait, time.Duration(next.Int64-s.opts.Now().UnixMilli())*time.Millisecond)
		}
		return err
	})
	if err != nil {
		s.log.Error("sandbox webhooks", "error", err)
	}
	return max(wait, time.Millisecond)
}
