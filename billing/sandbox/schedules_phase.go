package sandbox

import (
	"bytes"
	"slices"
)

// planPhase works out what a phase makes of a subscription at this moment. At the end of a period nothing is prorated
// and nothing billed: the renewal that follows does that. Anywhere else it is a change like any other.
func planPhase(tx *Tx, s, phase, sub Object, behavior string) (*change, error) {
	items, err := phaseItems(tx, phase, sub)
	if err != nil {
		return nil, err
	}
	anew := phaseAnchor(s, phase) == phaseStart
	c := &change{before: sub, after: sub.Clone()}
	if tx.Now() >= sub.Int("current_period_end") && phase.Int("trial_end") <= tx.Now() {
		setItems(c.after, items)
		if anew || interval(items[0].Obj("price")) != interval(sub.Obj("items.data.0.price")) {
			c.after["billing_cycle_anchor"] = tx.Now()
		}
	} else {
		p := Params{"proration_behavior": behavior}
		if anew {
			p["billing_cycle_anchor"] = "now"
		}
		if at := phase.Int("trial_end"); at > tx.Now() && at != sub.Int("trial_end") {
			p["trial_end"] = at
		}
		if c, err = planItems(tx, sub, items, p); err != nil {
			return nil, err
		}
	}
	setPhaseFields(s, phase, c.after)
	return c, setPhaseDiscounts(tx, phase, c.after)
}

func phaseAnchor(s, phase Object) string {
	return orText(phase.Str("billing_cycle_anchor"), s.Str("default_settings.billing_cycle_anchor"))
}

// applyPhase carries out what planPhase worked out.
func applyPhase(tx *Tx, s, phase, sub Object, behavior string) error {
	c, err := planPhase(tx, s, phase, sub, behavior)
	if err != nil {
		return err
	}
	extras, err := phaseExtras(tx, sub, phase)
	if err != nil {
		return err
	}
	for _, id := range c.before.Strs("discounts") {
		if slices.Contains(c.after.Strs("discounts"), id) {
			continue
		}
		if err := (&apiRequest{Tx: tx}).dropDiscount(id); err != nil {
			return err
		}
	}
	if err := storeDiscounts(tx, c.after); err != nil {
		return err
	}
	if err := insertItems(tx, extras); err != nil {
		return err
	}
	after, _, err := applyChange(tx, c, applyOptions{behavior: allowIncomplete, pay: payOptions{offSession: true}})
	if err != nil {
		return err
	}
	return announceDiscounts(tx, after)
}

// phaseItems are the subscription items that a phase asks for. One whose price the subscription has already stays that
// item.
func phaseItems(tx *Tx, phase, sub Object) ([]Object, error) {
	var items []Object
	for _, entry := range phase.List("items") {
		price, err := tx.Ref("price", entry.Str("price"), "price")
		if err != nil {
			return nil, err
		}
		spec := itemSpec{
			price: price, quantity: entry.Int("quantity"), metadata: entry.Obj("metadata"),
			taxRates: entry.List("tax_rates"),
		}
		item := newItem(tx, sub.ID(), spec)
		for _, had := range sub.List("items") {
			if had.Str("price.id") == price.ID() {
				item["id"], item["created"] = had["id"], had["created"]
			}
		}
		items = append(items, item)
	}
	return items, nil
}

// setPhaseFields sets what a phase, or the schedule's default settings, say of a subscription besides its items.
func setPhaseFields(s, phase, sub Object) {
	defaults := s.Obj("default_settings")
	sub["schedule"] = s.ID()
	for _, key := range []string{"collection_method", "default_payment_method", "description"} {
		if value := orText(phase.Str(key), defaults.Str(key)); value != "" {
			sub[key] = value
		}
	}
	if days := max(phase.Int("invoice_settings.days_until_due"), defaults.Int("invoice_settings.days_until_due")); days > 0 {
		sub["days_until_due"] = days
	}
	sub["default_tax_rates"] = slices.Clone(phase.List("default_tax_rates"))
	if phase.Bool("automatic_tax.enabled") || defaults.Bool("automatic_tax.enabled") {
		sub["automatic_tax"] = Object{"enabled": true, "liability": Object{"type": "self"}, "disabled_reason": nil}
	}
	metadata := sub.Obj("metadata").Clone()
	for key, value := range phase.Obj("metadata") {
		metadata[key] = value
	}
	sub["metadata"] = metadata
	setScheduledEnd(s, sub)
}

// setScheduledEnd shows on a subscription that its schedule will end it.
func setScheduledEnd(s, sub Object) {
	sub["cancel_at"] = nil
	if s.Str("end_behavior") == "cancel" {
		sub["cancel_at"] = scheduleEnd(s)
	}
}

// setPhaseDiscounts replaces a subscription's discounts by the phase's. One that it has already goes on.
func setPhaseDiscounts(tx *Tx, phase, sub Object) error {
	had := map[string]Object{}
	for _, id := range sub.Strs("discounts") {
		d, err := tx.load(id)
		if err != nil {
			return err
		}
		had[id], had[d.Str("coupon.id")] = d, d
	}
	var all, fresh []Object
	for _, entry := range phase.List("discounts") {
		d := had[entry.Str("discount")]
		if d == nil {
			d = had[entry.Str("coupon")]
		}
		if d == nil {
			src := discountSource{}
			var err error
			if src.coupon, err = tx.load(entry.Str("coupon")); err != nil {
				return err
			}
			if src.coupon == nil || src.coupon.Bool("deleted") {
				continue // Deleted since the phase was planned: what is not there takes nothing off.
			}
			if src.promotion, err = tx.load(entry.Str("promotion_code")); err != nil {
				return err
			}
			d = newDiscount(tx, src, sub.Str("customer"), sub.ID(), "")
			fresh = append(fresh, d)
		}
		all = append(all, d)
	}
	setDiscounts(sub, all)
	delete(sub, "_new_discounts")
	if len(fresh) > 0 {
		sub["_new_discounts"] = fresh
	}
	return nil
}

// phaseExtras are the items by which a phase bills one-time prices with the next invoice, not stored yet.
func phaseExtras(tx *Tx, sub, phase Object) ([]Object, error) {
	extras := []any{}
	for _, entry := range phase.List("add_invoice_items") {
		extras = append(extras, Params{"price": entry.Str("price"), "quantity": entry.Int("quantity")})
	}
	return extraItems(tx, sub, Params{"add_invoice_items": extras})
}

// samePhase reports whether two phases ask for the same, whenever that may be.
func samePhase(a, b Object) bool {
	text := func(phase Object) []byte {
		out := phase.Clone()
		for _, key := range []string{"start_date", "end_date", "proration_behavior"} {
			delete(out, key)
		}
		return encode(out, "")
	}
	return bytes.Equal(text(a), text(b))
}

// reflectInSchedule writes a direct change of a scheduled subscription into the schedule's current phase, which would
// otherwise tell another story.
func reflectInSchedule(tx *Tx, sub Object) error {
	s, err := tx.load(sub.Str("schedule"))
	if err != nil || s == nil || s.Str("status") != "active" {
		return err
	}
	_, err = amendSchedule(tx, s.ID(), func(s Object) error {
		items := []any{}
		for _, item := range sub.List("items") {
			items = append(items, phaseItem(item.Obj("price"), item.Int("quantity"), item.Obj("metadata"),
				item.List("tax_rates")))
		}
		currentPhase(s)["items"] = items
		return nil
	})
	return err
}
