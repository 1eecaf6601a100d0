package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
)

// Tx is one request, or one step of the agenda: everything it writes, its events and their deliveries included,
// commits together or not at all.
type Tx struct {
	ctx      context.Context
	sql      *writeBehind
	s        *Sandbox
	number   int64 // Counts the transactions of this run.
	now      int64
	request  string // The id of the API request, or "" for what time brought about.
	idemKey  string
	account  string
	emitted  bool
	news     unsettled
	born     map[string]bool    // The ids of the objects that were made in it.
	planned  map[[2]string]bool // What was put on the agenda in it, by kind and id.
	lent     []loan
	rank     int
	queuedAt int64  // When what this transaction emits is due for delivery: wall time in milliseconds.
	offset   *int64 // Where the clock stands once this commits.
	// clock is the test clock whose time this transaction lives in, "" for the account's own; frozen says that the clock
	// is being advanced, so that only the engine may write; advances says that this transaction began that.
	clock            string
	frozen, advances bool
}

// Now returns the virtual time at which this transaction happens, in unix seconds. It does not move within it.
func (tx *Tx) Now() int64 { return tx.now }

// Context returns the context of the request or step.
func (tx *Tx) Context() context.Context { return tx.ctx }

// BaseURL returns where this sandbox listens, for links to hosted pages.
func (tx *Tx) BaseURL() string { return tx.s.URL() }

// NewID returns a fresh id of Stripe's shape for a prefix such as "sub_".
func (tx *Tx) NewID(prefix string) string { return tx.s.newID(prefix, tx.now) }

// Skeleton returns a new object of a kind with every key that Stripe always sends.
func (tx *Tx) Skeleton(kind string) Object {
	doc := tx.s.schema
	o := doc.skeleton(doc.Objects[kind])
	o["object"] = kind
	if prefix, ok := tx.s.prefixes[kind]; ok {
		o["id"] = tx.NewID(prefix)
	}
	props := doc.Objects[kind]
	if doc.field(props, "created") != nil {
		o["created"] = tx.now
	}
	if doc.field(props, "livemode") != nil {
		o["livemode"] = false
	}
	if doc.field(props, "metadata") != nil {
		o["metadata"] = Object{}
	}
	if tx.clock != "" && doc.field(props, "test_clock") != nil {
		o["test_clock"] = tx.clock
	}
	return o
}

// load returns any object, deleted stubs included, and nil when there is none. It is lent, as Get's is.
func (tx *Tx) load(id string) (Object, error) {
	o, err := tx.stored(id)
	return tx.lend(o), err
}

// read reads an object from the table.
func (tx *Tx) read(id string) (Object, error) {
	rows, err := tx.sql.at(id)
	if err != nil {
		return nil, err
	}
	var raw string
	err = rows.QueryRow(`SELECT data FROM objects WHERE id = ?`, id).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", id, err)
	}
	return decodeObject(raw)
}

// Get returns an object by the id that stood in the request's path. Its refusal is a 404. The object is lent: others
// look at the same one, so only Update changes it, and whoever wants another one like it takes a Clone.
func (tx *Tx) Get(kind, id string) (Object, error) {
	o, err := tx.find(kind, id, http.StatusNotFound, "id")
	return tx.lend(o), err
}

// Ref returns an object that another one refers to. Its refusal is a 400 that names the parameter. It
// is lent, as Get's is.
func (tx *Tx) Ref(kind, id, param string) (Object, error) {
	o, err := tx.find(kind, id, http.StatusBadRequest, param)
	return tx.lend(o), err
}

// find returns an object that is shared, as stored does.
func (tx *Tx) find(kind, id string, status int, param string) (Object, error) {
	o, err := tx.stored(id)
	if err != nil {
		return nil, err
	}
	if o == nil || o.Kind() != kind || o.Bool("deleted") {
		return nil, missing(status, kind, id, param)
	}
	return o, nil
}

// Insert stores a new object and emits an event of each type with its snapshot.
func (tx *Tx) Insert(o Object, events ...string) error {
	stored := o.Clone()
	if err := tx.bindToClock(stored, true); err != nil {
		return err
	}
	created := stored.Int("created")
	if created == 0 {
		created = tx.now
	}
	kept := &image{object: stored}
	if err := tx.sql.insert(kept, created); err != nil {
		return fmt.Errorf("insert %s %s: %w", stored.Kind(), stored.ID(), err)
	}
	tx.wrote(stored)
	if tx.born == nil {
		tx.born = map[string]bool{}
	}
	tx.born[stored.ID()] = true
	return tx.announce(kept.shown(), nil, events...)
}

// Update loads an object, lets fn change it and stores the result. Each event carries, as previous_attributes, what
// changed and what it was; when nothing that leaves the sandbox changed, none is emitted. The result is lent, as Get's is.
func (tx *Tx) Update(kind, id string, fn func(Object) error, events ...string) (Object, error) {
	return tx.amend(kind, id, fn, events)
}

// amend is Update, followed by events that state a fact: they come whether anything changed or not, and without
// previous attributes.
func (tx *Tx) amend(kind, id string, fn func(Object) error, diffs []string, facts ...string) (Object, error) {
	before, err := tx.find(kind, id, http.StatusNotFound, "id")
	if err != nil {
		return nil, err
	}
	after := before.Clone()
	if err := fn(after); err != nil {
		return nil, err
	}
	if err := tx.bindToClock(after, false); err != nil {
		return nil, err
	}
	differs := after.keepParts(before) // They become copies: what fn put in may be somebody else's.
	kept := &image{object: after}
	if differs {
		tx.sql.replace(kept)
		tx.wrote(after)
	}
	shown := kept.shown()
	if len(diffs) > 0 {
		if prev := previousAttributes(visible(before), shown.object); len(prev) > 0 {
			if err := tx.announce(shown, prev, diffs...); err != nil {
				return nil, err
			}
		}
	}
	return tx.lend(after), tx.announce(shown, nil, facts...)
}

// Delete leaves the stub {id, object, deleted: true}. The events carry the object as it last was.
func (tx *Tx) Delete(kind, id string, events ...string) error {
	o, err := tx.find(kind, id, http.StatusNotFound, "id")
	if err != nil {
		return err
	}
	left := stub(o)
	tx.sql.replace(&image{object: left})
	tx.wrote(left)
	return tx.announce(&image{object: visible(o)}, nil, events...)
}

func stub(o Object) Object {
	return Object{"id": o.ID(), "object": o.Kind(), "deleted": true}
}

// Schedule puts a step on the agenda, or moves it: an item is unique by kind and id. What should have been done
// already is due now, since a step happens at its own time and time does not go back.
func (tx *Tx) Schedule(at int64, kind, id string) error {
	if _, ok := tx.s.steps[kind]; !ok {
		return fmt.Errorf("schedule %s: no such step in the agenda's table", kind)
	}
	_, err := tx.sql.direct.Exec(`INSERT INTO agenda (kind, id, at, clock) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, tries = 0, clock = excluded.clock`, kind, id, max(at, tx.now), tx.clock)
	if err != nil {
		return fmt.Errorf("schedule %s of %s: %w", kind, id, err)
	}
	if tx.planned == nil {
		tx.planned = map[[2]string]bool{}
	}
	tx.planned[[2]string{kind, id}] = true
	tx.emitted = true
	return nil
}

// Unschedule removes a step from the agenda; one that is not there is no error.
func (tx *Tx) Unschedule(kind, id string) error {
	if tx.born[id] && !tx.planned[[2]string{kind, id}] {
		return nil // What was made just now has on the agenda only what was put there just now.
	}
	if _, err := tx.sql.direct.Exec(`DELETE FROM agenda WHERE kind = ? AND id = ?`, kind, id); err != nil {
		return fmt.Errorf("unschedule %s of %s: %w", kind, id, err)
	}
	return nil
}

// Scheduled returns when a step is due; the second result tells whether it is on the agenda at all.
func (tx *Tx) Scheduled(kind, id string) (int64, bool, error) {
	var at int64
	err := tx.sql.direct.QueryRow(`SELECT at FROM agenda WHERE kind = ? AND id = ?`, kind, id).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look up %s of %s: %w", kind, id, err)
	}
	return at, true, nil
}
