package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
)

// writeBehind is a transaction's way to its database. What the transaction does to objects, and the events that tell of it,
// wait here until a statement could notice, since a checkout changes its subscription and its invoice several times
// over and only how they end up need be written. It rests on this:
//
//   - Exec, Query and QueryRow write first what waits. Whoever uses them finds the tables as if nothing ever waited.
//   - Rows and events are written in the order in which they came about: that is the order of their seq.
//   - A transaction writes all that waits before it commits, and whoever takes work back drops what waits of it.
//
// Those who know that a statement cannot notice go past it: by direct where it is about other tables than those of
// objects and events, and by about where it reads some kinds of objects only.
type writeBehind struct {
	direct *sql.Tx
	rows   []*waitingRow // Each object once, in the order in which they were first written.
	byID   map[string]*waitingRow
	events []waitingEvent
	writer *jsonWriter
}

// image is an object as it stands at one moment. It is shared, and nobody may change it: so its JSON is written once,
// for the row and for all events that show the object like this.
type image struct {
	object Object
	text   encoded
}

func (i *image) json(w *jsonWriter) encoded {
	if i.text == "" {
		i.text = w.write(i.object)
	}
	return i.text
}

// waitingRow is a row of the table of objects as it is to become.
type waitingRow struct {
	*image
	created int64
	fresh   bool // It is not in the table yet.
}

// waitingEvent is an event without the object that it shows.
type waitingEvent struct {
	event Object
	shown *image
}

// Exec runs a statement.
func (b *writeBehind) Exec(query string, args ...any) (sql.Result, error) {
	if err := b.write(); err != nil {
		return nil, err
	}
	return b.direct.Exec(query, args...)
}

// Query runs a query.
func (b *writeBehind) Query(query string, args ...any) (*sql.Rows, error) {
	if err := b.write(); err != nil {
		return nil, err
	}
	return b.direct.Query(query, args...)
}

// QueryRow runs a query for one row. What goes wrong is what Scan returns.
func (b *writeBehind) QueryRow(query string, args ...any) interface{ Scan(into ...any) error } {
	if err := b.write(); err != nil {
		return noRow{err}
	}
	return b.direct.QueryRow(query, args...)
}

type noRow struct{ err error }

func (r noRow) Scan(...any) error { return r.err }

// about is the way for a query that reads objects of these kinds and nothing else. What waits is written if one of
// them is among it.
func (b *writeBehind) about(kinds ...string) (*sql.Tx, error) {
	for _, row := range b.rows {
		if containsText(kinds, row.object.Kind()) {
			return b.direct, b.write()
		}
	}
	return b.direct, nil
}

// at is the way for a query that reads one object and nothing else. What waits is written if this object is among it.
func (b *writeBehind) at(id string) (*sql.Tx, error) {
	if b.byID[id] != nil {
		return b.direct, b.write()
	}
	return b.direct, nil
}

// insert puts a new object off.
func (b *writeBehind) insert(i *image, created int64) error {
	if b.byID[i.object.ID()] != nil {
		return errors.New("there is one with this id already")
	}
	b.wait(&waitingRow{image: i, created: created, fresh: true})
	return nil
}

// replace puts off what becomes of an object that there is.
func (b *writeBehind) replace(i *image) {
	if row := b.byID[i.object.ID()]; row != nil {
		row.image = i
		return
	}
	b.wait(&waitingRow{image: i})
}

func (b *writeBehind) wait(row *waitingRow) {
	if b.byID == nil {
		b.byID = map[string]*waitingRow{}
	}
	b.byID[row.object.ID()] = row
	b.rows = append(b.rows, row)
}

// drop forgets what waits.
func (b *writeBehind) drop() { b.rows, b.events, b.byID = nil, nil, nil }

// write empties what waits into the tables.
func (b *writeBehind) write() error {
	for _, row := range b.rows {
		if err := b.writeRow(row); err != nil {
			return err
		}
	}
	for _, e := range b.events {
		if err := b.writeEvent(e); err != nil {
			return err
		}
	}
	b.drop()
	return nil
}

func (b *writeBehind) writeRow(row *waitingRow) (err error) {
	o := row.object
	if row.fresh {
		_, err = b.direct.Exec(`INSERT INTO objects (id, object, customer, subscription, created, deleted, data)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, o.ID(), o.Kind(), o.Str("customer"), o.Str("subscription"), row.created,
			o.Bool("deleted"), string(row.json(b.writer)))
	} else {
		_, err = b.direct.Exec(`UPDATE objects SET customer = ?, subscription = ?, deleted = ?, data = ? WHERE id = ?`,
			o.Str("customer"), o.Str("subscription"), o.Bool("deleted"), string(row.json(b.writer)), o.ID())
	}
	if err != nil {
		return fmt.Errorf("write %s %s: %w", o.Kind(), o.ID(), err)
	}
	return nil
}

func (b *writeBehind) writeEvent(e waitingEvent) error {
	asObject(e.event["data"])["object"] = e.shown.json(b.writer)
	_, err := b.direct.Exec(`INSERT INTO events (id, type, account, created, object_id, data) VALUES (?, ?, ?, ?, ?, ?)`,
		e.event.ID(), e.event.Str("type"), e.event.Str("account"), e.event.Int("created"), e.shown.object.ID(),
		string(b.writer.write(e.event)))
	if err != nil {
		return fmt.Errorf("record event %s: %w", e.event.Str("type"), err)
	}
	return nil
}
