package kill

import (
	"errors"
	"fmt"
	"slices"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// findings are what an inspection counted, and what it found wrong.
type findings struct {
	events, invoices int
	problems         []string
}

func (f *findings) add(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

func (f *findings) errs() []error {
	var out []error
	for _, problem := range f.problems {
		out = append(out, errors.New(problem))
	}
	return out
}

// begins are the events with which an object of a kind comes into the world: each object has exactly one.
func begins() map[string]string {
	return map[string]string{
		"customer": "customer.created", "subscription": "customer.subscription.created", "invoice": "invoice.created",
		"payment_intent": "payment_intent.created", "charge": "charge.succeeded", "product": "product.created",
		"price": "price.created",
	}
}

// inspect looks through all that the sandbox stored, what arrived at the endpoint, and what the writers were told.
func inspect(tables map[string][]lab.Object, arrived map[string]int, answered map[string]string) *findings {
	f := &findings{}
	objects := map[string]lab.Object{}
	byKey := map[string][]string{}
	for _, row := range tables["objects"] {
		objects[row.Str("id")] = row
		if key := row.Str("data.metadata.key"); key != "" {
			byKey[key] = append(byKey[key], row.Str("id"))
		}
	}
	f.eachEvent(tables["events"], objects, arrived)
	for key, id := range answered {
		if objects[id] == nil {
			f.add("%s was answered with %s, which is not there", key, id)
		}
	}
	for key, ids := range byKey {
		if len(ids) != 1 || answered[key] != ids[0] {
			f.add("%s made %v and was answered with %q", key, ids, answered[key])
		}
	}
	for _, row := range tables["agenda"] {
		if objects[row.Str("id")] == nil {
			f.add("the agenda has %s of %s, which is not there", row.Str("kind"), row.Str("id"))
		}
	}
	f.cycles(tables)
	return f
}

// eachEvent holds events against objects and deliveries.
func (f *findings) eachEvent(events []lab.Object, objects map[string]lab.Object, arrived map[string]int) {
	f.events = len(events)
	kinds := begins()
	seen, begun := map[string]bool{}, map[string]int{}
	for _, row := range events {
		id, object := row.Str("id"), objects[row.Str("object_id")]
		if seen[id] {
			f.add("there are two events %s", id)
		}
		seen[id] = true
		if object == nil && row.Str("object_id") != "" && row.Str("type") != "invoice.upcoming" {
			f.add("%s %s is of %s, which is not there", row.Str("type"), id, row.Str("object_id"))
		}
		if object != nil && kinds[object.Str("object")] == row.Str("type") {
			begun[row.Str("object_id")]++
		}
		if arrived[id] == 0 {
			f.add("%s %s was never delivered", row.Str("type"), id)
		}
	}
	for id := range arrived {
		if !seen[id] {
			f.add("%s was delivered and is not there", id)
		}
	}
	for id, object := range objects {
		if kinds[object.Str("object")] != "" && begun[id] != 1 {
			f.add("%s has %d events of its beginning", id, begun[id])
		}
	}
}

// cycles checks that time was not lost on a subscription: one invoice for each period, none twice, and the end of the
// last on the agenda.
func (f *findings) cycles(tables map[string][]lab.Object) {
	due := map[string]bool{}
	for _, row := range tables["agenda"] {
		due[row.Str("kind")+" "+row.Str("id")] = true
	}
	bounds := map[string][]int64{}
	for _, row := range tables["objects"] {
		if row.Str("object") != "invoice" {
			continue
		}
		f.invoices++
		inv := row.Obj("data")
		if inv.Str("status") == "draft" && !due["invoice.finalize "+inv.ID()] {
			f.add("the draft %s waits for nothing", inv.ID())
		}
		for _, line := range inv.List("lines") {
			sub := inv.Str("subscription")
			bounds[sub] = append(bounds[sub], line.Int("period.start"), line.Int("period.end"))
		}
	}
	for _, row := range tables["objects"] {
		if row.Str("object") != "subscription" {
			continue
		}
		id := row.Str("id")
		if row.Str("data.status") != "active" || !due["subscription.cycle "+id] {
			f.add("%s is %s and has nothing to come", id, row.Str("data.status"))
		}
		// The end of each period is the beginning of the next: sorted, they come in pairs but for the outermost two.
		at := bounds[id]
		slices.Sort(at)
		if len(at) < 4 || at[0] == at[1] {
			f.add("%s was billed for %v", id, at)
		}
		for i := 1; i+2 < len(at); i += 2 {
			if at[i] != at[i+1] {
				f.add("%s has no invoice, or two, from %d to %d", id, at[i], at[i+1])
			}
		}
	}
}
