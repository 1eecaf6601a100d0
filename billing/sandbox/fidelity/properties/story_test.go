package properties

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// transitions are the states that may follow a state. What is not here may not happen.
func transitions() map[string]map[string][]string {
	return map[string]map[string][]string{
		"subscription": {
			"":                   {"incomplete", "trialing", "active", "past_due"},
			"incomplete":         {"active", "incomplete_expired", "canceled", "past_due"},
			"incomplete_expired": nil,
			"trialing":           {"active", "past_due", "paused", "canceled", "unpaid"},
			"active":             {"past_due", "trialing", "canceled", "unpaid"},
			"past_due":           {"active", "canceled", "unpaid", "trialing"},
			"unpaid":             {"active", "canceled", "trialing"},
			"paused":             {"active", "canceled", "past_due", "trialing"},
			"canceled":           nil,
		},
		"invoice": {
			"":              {"draft"},
			"draft":         {"open", "paid", "void"},
			"open":          {"paid", "void", "uncollectible"},
			"uncollectible": {"paid", "void"},
			"paid":          nil,
			"void":          nil,
		},
		"payment_intent": {
			"":                        {"requires_payment_method", "requires_confirmation"},
			"requires_payment_method": {"requires_action", "succeeded", "canceled", "processing", "requires_capture"},
			"requires_confirmation":   {"requires_action", "succeeded", "canceled", "requires_payment_method"},
			"requires_action":         {"requires_payment_method", "succeeded", "canceled"},
			"succeeded":               nil,
			"canceled":                nil,
		},
		"charge": {"": {"succeeded", "failed", "pending"}, "succeeded": nil, "failed": nil, "pending": {"succeeded", "failed"}},
	}
}

// storyAgrees checks that the events make sense one after the other: ids are used once, no object changes its state
// as it may not, and what an event says there was before is what there was.
func storyAgrees(events []lab.Object) error {
	legal := transitions()
	last, seen := map[string]lab.Object{}, map[string]bool{}
	at := int64(0)
	for _, event := range events {
		o, typ := event.Obj("data.object"), event.Str("type")
		if seen[event.ID()] || event.Int("created") < at {
			return fmt.Errorf("%s %s comes twice or too late", typ, event.ID())
		}
		seen[event.ID()], at = true, event.Int("created")
		id := o.ID()
		if id == "" || typ == "invoice.upcoming" {
			continue
		}
		before := last[id]
		if states := legal[o.Str("object")]; states != nil {
			from, to := before.Str("status"), o.Str("status")
			if from != to && !slices.Contains(states[from], to) {
				return fmt.Errorf("%s: %s goes from %q to %q", typ, id, from, to)
			}
		}
		if reflect.DeepEqual(before, o) {
			continue // A second event of the same change, as refund.updated and charge.refund.updated are.
		}
		if err := agreesWith(before, o, event.Obj("data.previous_attributes"), typ); err != nil {
			return fmt.Errorf("%s of %s: %w", typ, id, err)
		}
		last[id] = o
	}
	return nil
}

// silent are what changes without an updated event: by no event at all, or, as discounts do, by events of its own. The
// next event need not speak of it.
func silent() []string {
	return []string{
		"delinquent", "next_invoice_sequence", "latest_invoice", "discount", "discounts",
		// The end of a subscription stops the collection of its invoices.
		"auto_advance", "next_payment_attempt", "automatically_finalizes_at",
	}
}

// agreesWith compares previous_attributes with the object as the event before showed it.
func agreesWith(before, now, prev lab.Object, typ string) error {
	for key, old := range prev {
		if reflect.DeepEqual(old, now[key]) {
			return fmt.Errorf("previous_attributes has %s, which did not change", key)
		}
		if before == nil || slices.Contains(silent(), key) {
			continue
		}
		if was, there := before[key]; there && !covers(was, old) {
			return fmt.Errorf("%s was %s before, and previous_attributes says %s", key, text(was), text(old))
		}
	}
	if before == nil || prev == nil || !strings.HasSuffix(typ, ".updated") {
		return nil
	}
	for key, was := range before {
		if _, told := prev[key]; told || slices.Contains(silent(), key) {
			continue
		}
		if is, there := now[key]; there && !reflect.DeepEqual(was, is) {
			return fmt.Errorf("%s went from %s to %s without a word", key, text(was), text(is))
		}
	}
	return nil
}

// covers reports whether an older value is what previous_attributes says: hashes are told in part.
func covers(was, old any) bool {
	part, ok := old.(map[string]any)
	whole, both := was.(map[string]any)
	if !ok || !both {
		return reflect.DeepEqual(was, old)
	}
	for key, value := range part {
		if inner, there := whole[key]; there && !covers(inner, value) {
			return false
		}
	}
	return true
}

func text(v any) string {
	raw, _ := json.Marshal(v)
	return fmt.Sprintf("%.300s", raw)
}
