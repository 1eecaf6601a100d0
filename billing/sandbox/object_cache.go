package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cacheSize bounds how many objects one generation of the cache holds.
const cacheSize = 1000

// objectCache remembers objects as they stand in the table, so that the next look at one costs neither a query nor
// the reading of its JSON. What it holds is shared and never changed: whoever may change an object gets a copy. Only
// the transaction whose turn it is touches the cache, so it needs no lock of its own.
//
// It forgets by generations: when the young one is full it becomes the old one, and what of the old one was not asked
// for since is gone.
type objectCache struct {
	young, old map[string]Object
	// endpoints are those that listen to events; nil means that they must be read.
	endpoints *[]Object
}

func (c *objectCache) get(id string) Object {
	if o := c.young[id]; o != nil {
		return o
	}
	o := c.old[id]
	if o != nil {
		c.put(id, o)
	}
	return o
}

func (c *objectCache) put(id string, o Object) {
	if c.young == nil || len(c.young) >= cacheSize {
		c.young, c.old = map[string]Object{}, c.young
	}
	c.young[id] = o
}

// unsettled is what a transaction knows of objects that the cache must not know before it commits.
type unsettled struct {
	written map[string]Object
	// bypassed says that rows were changed otherwise than one object at a time.
	bypassed bool
	// endpoints are those that listen to events, once they were read; changed says that they are not as they were.
	endpoints *[]Object
	changed   bool
}

// bypass makes the transaction read every object from the table, and empties the cache when it commits. It is for
// those who change the table of objects by a statement of their own.
func (tx *Tx) bypass() { tx.news = unsettled{bypassed: true, changed: true} }

// undo forgets what was written since the handler began.
func (tx *Tx) undo() {
	tx.news = unsettled{bypassed: tx.news.bypassed, changed: tx.news.changed}
	tx.born, tx.planned = nil, nil
	tx.sql.drop()
}

// stored returns an object as it stands for this transaction, deleted stubs included, and nil when there is none. It
// is shared: nobody may change it.
func (tx *Tx) stored(id string) (Object, error) {
	o := tx.remembered(id)
	if o == nil {
		var err error
		if o, err = tx.read(id); err != nil || o == nil {
			return nil, err
		}
		if !tx.news.bypassed {
			tx.s.cache.put(id, o)
		}
	}
	return o, tx.enterClockOf(o)
}

// loan is an object that was lent, as it was then.
type loan struct {
	object Object
	before encoded
}

// lend hands an object out that others look at too. In tests, where there is a judge, it is compared in the end with
// what it was: whoever changed it has changed what the next request is told, but not what the table holds.
func (tx *Tx) lend(o Object) Object {
	if o != nil && tx.s.opts.Judge != nil {
		tx.lent = append(tx.lent, loan{o, tx.s.writer.write(o)})
	}
	return o
}

// checkLoans tells the judge of objects that were lent and changed.
func (tx *Tx) checkLoans() {
	for _, l := range tx.lent {
		if l.before != tx.s.writer.write(l.object) {
			before, _ := decodeObject(string(l.before))
			changed := slices.Sorted(maps.Keys(previousAttributes(before, l.object.Clone())))
			tx.s.opts.Judge(fmt.Sprintf("a %s was only lent, but its %s changed", l.object.Kind(), strings.Join(changed, ", ")))
		}
	}
}

func (tx *Tx) remembered(id string) Object {
	if tx.news.bypassed {
		return nil
	}
	if o := tx.news.written[id]; o != nil {
		return o
	}
	return tx.s.cache.get(id)
}

// wrote notes an object that is in the table from now on. Nobody may change it afterwards.
func (tx *Tx) wrote(o Object) {
	if o.Kind() == "webhook_endpoint" {
		tx.news.endpoints, tx.news.changed = nil, true
	}
	if tx.news.written == nil {
		tx.news.written = map[string]Object{}
	}
	tx.news.written[o.ID()] = o
}

// listeners returns the webhook endpoints, which every event asks for.
func (tx *Tx) listeners() ([]Object, error) {
	if tx.news.endpoints == nil && !tx.news.changed {
		tx.news.endpoints = tx.s.cache.endpoints
	}
	if tx.news.endpoints == nil {
		found, err := tx.Find("webhook_endpoint", Query{OldestFirst: true})
		if err != nil {
			return nil, err
		}
		tx.news.endpoints = &found
	}
	return *tx.news.endpoints, nil
}

// learn takes over what a transaction knows, once it has committed.
func (c *objectCache) learn(p unsettled) {
	if p.bypassed {
		*c = objectCache{}
		return
	}
	for id, o := range p.written {
		c.put(id, o)
	}
	if p.changed || p.endpoints != nil {
		c.endpoints = p.endpoints
	}
}
