package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v81"
)

// Emit records an event with a snapshot of the object, and queues it for every endpoint that listens to its type.
// prev is what changed and what it was; nil leaves it out.
func (tx *Tx) Emit(typ string, o Object, prev Object) error {
	return tx.announce(&image{object: visible(o.Clone())}, prev, typ)
}

// announce records one event of each type, all of which show the same.
func (tx *Tx) announce(shown *image, prev Object, types ...string) error {
	for _, typ := range types {
		if err := tx.emit(typ, shown, prev); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) emit(typ string, shown *image, prev Object) error {
	data := Object{"object": shown.object}
	if prev != nil {
		data["previous_attributes"] = prev
	}
	request := Object{"id": nil, "idempotency_key": nil}
	if tx.request != "" {
		request["id"] = tx.request
		if tx.idemKey != "" {
			request["idempotency_key"] = tx.idemKey
		}
	}
	event := Object{
		"id": tx.NewID("evt_"), "object": "event", "api_version": stripe.APIVersion, "created": tx.now, "data": data,
		"livemode": false, "pending_webhooks": int64(0), "request": request, "type": typ,
	}
	if tx.account != "" {
		event["account"] = tx.account
	}
	tx.s.judge(typ, event)
	tx.sql.events = append(tx.sql.events, waitingEvent{event, shown})
	tx.emitted = true
	return tx.queue(event)
}

// previousAttributes compares two snapshots and returns the old values of what changed. Hashes are compared key by
// key; an array that changed appears whole; a key that was not there before appears as null.
func previousAttributes(before, after Object) Object {
	prev := Object{}
	for key, old := range before {
		now, ok := after[key]
		if ok && same(old, now) {
			continue
		}
		oldHash, newHash := asObject(old), asObject(now)
		if oldHash != nil && newHash != nil && oldHash.ID() == newHash.ID() {
			if diff := previousAttributes(oldHash, newHash); len(diff) > 0 {
				prev[key] = diff
			}
			continue
		}
		prev[key] = old
	}
	for key := range after {
		if _, ok := before[key]; !ok {
			prev[key] = nil
		}
	}
	return prev
}

// event reads one event by its id, with the number of deliveries that are still pending.
func (tx *Tx) event(id string) (Object, error) {
	found, err := scan(tx.sql, `SELECT data FROM events WHERE id = ?`, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], tx.countPending(found[0])
}

// envelope is event, but leaves the data as it is written: a delivery sends it on without looking at it.
func (tx *Tx) envelope(id string) (Object, error) {
	var raw string
	var waiting int64
	err := tx.sql.QueryRow(`SELECT data, (SELECT count(*) FROM deliveries WHERE event = events.id AND state = 'pending')
		FROM events WHERE id = ?`, id).Scan(&raw, &waiting)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load event %s: %w", id, err)
	}
	event, err := decodeEnvelope(raw)
	if err != nil {
		return nil, err
	}
	event["pending_webhooks"] = waiting
	return event, nil
}

func (tx *Tx) countPending(event Object) error {
	var n int64
	err := tx.sql.QueryRow(`SELECT count(*) FROM deliveries WHERE event = ? AND state = 'pending'`, event.ID()).Scan(&n)
	if err != nil {
		return fmt.Errorf("count deliveries of %s: %w", event.ID(), err)
	}
	event["pending_webhooks"] = n
	return nil
}

func getEvent(r *apiRequest) (Object, error) {
	event, err := r.Tx.event(r.ID)
	if err != nil {
		return nil, err
	}
	if event == nil || event.Str("account") != r.Account {
		return nil, missing(http.StatusNotFound, "event", r.ID, "id")
	}
	return event, nil
}

// listEvents filters by type, by several types, or by types that begin alike (customer.*).
func listEvents(r *apiRequest) (Object, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	if r.Params.Given("type") && r.Params.Given("types") {
		return nil, invalidf("", "You may only specify one of these parameters: type, types.")
	}
	where, args := "account = ?", []any{r.Account}
	created, createdArgs, err := r.createdFilter()
	if err != nil {
		return nil, err
	}
	where, args = where+created, append(args, createdArgs...)
	types := r.Params.Strs("types")
	if typ := r.Params.Str("type"); typ != "" {
		types = append(types, typ)
	}
	if len(types) > 0 {
		parts := make([]string, len(types))
		for i, typ := range types {
			parts[i] = "type GLOB ?"
			args = append(args, typ)
		}
		where += " AND (" + strings.Join(parts, " OR ") + ")"
	}
	if ok, given, err := r.Params.Bool("delivery_success"); err != nil {
		return nil, err
	} else if given {
		state := map[bool]string{true: "delivered", false: "failed"}[ok]
		where += " AND id IN (SELECT event FROM deliveries WHERE state = ?)"
		args = append(args, state)
	}
	out, err := r.listRows("events", where, args, p, func(id string) error {
		return missing(http.StatusBadRequest, "event", id, p.cursorParam())
	})
	if err != nil {
		return nil, err
	}
	for _, event := range out.List("data") {
		if err := r.Tx.countPending(event); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// retryEvent delivers an event once more; the official command line calls it for `stripe events resend`.
func retryEvent(r *apiRequest) (Object, error) {
	if err := r.Tx.resend(r.ID, r.Params.Str("webhook_endpoint")); err != nil {
		return nil, err
	}
	return r.Tx.event(r.ID)
}
