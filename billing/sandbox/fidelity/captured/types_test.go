package captured

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// undescribed are keys that Stripe sends and the types leave out: additions/byhand.go has the reasons, and the types
// call a list's total_count deprecated in a comment.
const undescribed = `import 'stripe';
declare module 'stripe' {
  namespace Stripe {
    interface ApiList<T> { total_count?: number }
    interface Product { attributes: string[] }
    interface Subscription { plan: Stripe.Plan | null; quantity: number | null }
  }
}
`

// prelude says what the types say too coarsely of events. previous_attributes hold of a hash only what changed in it,
// and null for what was not there; arrays are whole. An announced invoice has no id yet.
const prelude = `import type Stripe from 'stripe';
type Past<T> = T extends (infer U)[] ? U[] : T extends object ? { [K in keyof T]?: Past<T[K]> | null } : T;
type About<T, O> = T extends 'invoice.upcoming' ? Omit<O, 'id'> : O;
type Sent<T extends Stripe.Event['type'], E extends Stripe.Event = Extract<Stripe.Event, { type: T }>> =
  Omit<E, 'data'> & { data: { object: About<T, E['data']['object']>; previous_attributes?: Past<E['data']['object']> } };
`

// TestEveryStateHasItsType writes captured objects as typed literals, so that the compiler finds keys that are missing,
// invented, null, or hold another type or choice than the exact version's.
func TestEveryStateHasItsType(t *testing.T) {
	t.Parallel()
	chosen := states(t)
	kinds := map[string]bool{}
	for _, s := range chosen {
		kinds[s.name] = true
	}
	if len(kinds) < 60 {
		t.Errorf("only %d kinds of objects, lists and events were captured", len(kinds))
	}
	wrong := 0
	for _, complaint := range complaints(t, chosen) {
		wrong += complaint.times
		t.Errorf("%d times: %s", complaint.times, complaint.text)
	}
	table.Report(t, "types", fmt.Sprintf("%d errors in %d states of %d kinds", wrong, len(chosen), len(kinds)))
}

// TestTheTypesSee breaks one field of a good state, each in its own way, and asks the compiler once for all.
func TestTheTypesSee(t *testing.T) {
	t.Parallel()
	chosen := states(t)
	first := func(name string, has func(map[string]any) bool) map[string]any {
		for _, s := range chosen {
			if s.name == name && has(s.object) {
				return copied(t, s.object)
			}
		}
		t.Fatalf("no captured %s has what the control breaks", name)
		return nil
	}
	every := func(map[string]any) bool { return true }
	hash := func(key string) func(map[string]any) bool {
		return func(o map[string]any) bool { h, _ := o[key].(map[string]any); return h["object"] != nil }
	}
	old := func(o map[string]any) bool { return o["data"].(map[string]any)["previous_attributes"] != nil }
	at := func(o map[string]any, key string) map[string]any { return o[key].(map[string]any) }
	broken := []struct {
		what, name string
		has        func(map[string]any) bool
		spoil      func(map[string]any)
	}{
		{"a subscription's status that does not exist", "subscription", every, func(o map[string]any) { o["status"] = "actve" }},
		{"an invoice without its total", "invoice", every, func(o map[string]any) { delete(o, "total") }},
		{"a customer with a key too many", "customer", every, func(o map[string]any) { o["mail"] = "a@example.com" }},
		{"a key too many inside of a charge's hash", "charge", every, func(o map[string]any) { at(o, "outcome")["colour"] = "red" }},
		{"a price's amount as text", "price", every, func(o map[string]any) { o["unit_amount"] = "1900" }},
		{"a product's name null", "product", every, func(o map[string]any) { o["name"] = nil }},
		{
			"a key too few in an expanded invoice", "subscription", hash("latest_invoice"),
			func(o map[string]any) { delete(at(o, "latest_invoice"), "total") },
		},
		{
			"an event about another resource", "event invoice.paid", every,
			func(o map[string]any) { at(at(o, "data"), "object")["object"] = "charge" },
		},
		{
			"an event's previous attribute that the resource does not have", "event customer.subscription.updated", old,
			func(o map[string]any) { at(at(o, "data"), "previous_attributes")["stauts"] = "active" },
		},
	}
	spoiled := make([]state, len(broken))
	for i, b := range broken {
		spoiled[i] = state{b.name, first(b.name, b.has)}
		b.spoil(spoiled[i].object)
	}
	found := complaints(t, spoiled)
	for i, b := range broken {
		table.Control(t, "types", b.what, func() error {
			for _, complaint := range found {
				if complaint.state == i {
					return errors.New(complaint.text)
				}
			}
			return nil
		})
	}
}

func copied(t *testing.T, o map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// complaint is what the compiler says, and the first state of which it says so.
type complaint struct {
	text         string
	state, times int
}

// complaints compiles the states in a directory of its own and returns what the compiler says.
func complaints(t *testing.T, chosen []state) []complaint {
	t.Helper()
	dir := t.TempDir()
	modules := filepath.Join(node.Installed(t), "node_modules")
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	source := literals(t, chosen)
	for name, text := range map[string]string{
		"states.ts": source, "undescribed.d.ts": undescribed, "package.json": `{"type": "module"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(modules, ".bin", "tsc"), "--noEmit", "--strict",
		"--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--pretty", "false", "--noErrorTruncation",
		"states.ts", "undescribed.d.ts")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if !bytes.Contains(out, []byte("error TS")) {
		t.Fatalf("the compiler does not run: %v\n%s", err, out)
	}
	return explain(source, string(out))
}

var position = regexp.MustCompile(`^states\.ts\((\d+),(\d+)\): (.*)`)

// explain says of each complaint what it is about: every state stands on a line of its own, and the column is where the
// key begins.
func explain(source, out string) []complaint {
	lines := strings.Split(source, "\n")
	found := map[string]complaint{}
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, " ") || line == "" {
			continue // The chain of reasons below a complaint repeats the types at length.
		}
		state := -1
		if m := position.FindStringSubmatch(line); m != nil {
			row, column := number(m[1]), number(m[2])
			state = row - 1 - strings.Count(prelude, "\n")
			text := lines[row-1]
			about, _, _ := strings.Cut(text, " = ")
			_, about, _ = strings.Cut(about, ": ")
			line = fmt.Sprintf("%s, at %.60s: %s", about, text[min(column-1, len(text)):], m[3])
		}
		line = fmt.Sprintf("%.500s", line)
		c, again := found[line]
		if !again {
			c = complaint{text: line, state: state}
		}
		c.times++
		found[line] = c
	}
	var all []complaint
	for _, line := range sorted(found) {
		all = append(all, found[line])
	}
	return all
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1
	}
	return n
}

func literals(t *testing.T, chosen []state) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(prelude)
	for i, s := range chosen {
		body, err := json.Marshal(s.object)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "export const s%d: %s = %s;\n", i, typeOf(s.name), body)
	}
	return b.String()
}

// typeOf spells a kind as the package does: checkout.session is Stripe.Checkout.Session.
func typeOf(name string) string {
	form, kind, ok := strings.Cut(name, " ")
	if !ok {
		form, kind = "", name
	}
	switch form {
	case "event":
		return fmt.Sprintf("Sent<%q>", kind)
	case "list":
		return "Stripe.ApiList<" + typeOf(kind) + ">"
	case "search_result":
		return "Stripe.ApiSearchResult<" + typeOf(kind) + ">"
	case "upcoming":
		return "Stripe.UpcomingInvoice"
	}
	switch kind {
	case "item":
		return "Stripe.LineItem"
	case "line_item":
		return "Stripe.InvoiceLineItem"
	case "invoiceitem":
		kind = "invoice_item"
	}
	segments := strings.Split(kind, ".")
	for i, segment := range segments {
		words := strings.Split(segment, "_")
		for j, word := range words {
			words[j] = strings.ToUpper(word[:1]) + word[1:]
		}
		segments[i] = strings.Join(words, "")
	}
	if form == "deleted" {
		last := len(segments) - 1
		segments[last] = "Deleted" + segments[last]
	}
	return "Stripe." + strings.Join(segments, ".")
}
