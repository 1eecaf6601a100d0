package sandbox

import "slices"

// Usage is billed after the fact: an invoice that closes a period has one line for each metered item, over what the
// meter counted from the period's start up to, and not including, its end. While the invoice is a draft the lines are
// only what is known so far; they are added up once more when it is finalised.

// usageNote is kept on a line under this key: the span that it bills. It never leaves the sandbox.
const usageNote = "_usage"

// usageLines are the lines of a subscription's metered items for the span [start, end), newest item first.
func usageLines(tx *Tx, sub Object, start, end int64) ([]Object, error) {
	var lines []Object
	for _, item := range slices.Backward(sub.List("items")) {
		if !metered(item.Obj("price")) {
			continue
		}
		line := subscriptionLine(tx, sub, item, "", 0, start, end)
		// An item that came, or changed its price, within the period bills only what was used from then on.
		line[usageNote] = Object{
			"from": max(start, item.Int("_usage_from")), "to": end, "free": sub.Int("trial_end") >= end,
		}
		if _, err := measure(tx, sub.Str("customer"), line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// measure brings a usage line up to date, and reports whether anything about it changed. Usage while on trial is free.
func measure(tx *Tx, customer string, line Object) (bool, error) {
	price, note := line.Obj("price"), line.Obj(usageNote)
	quantity, err := meterUsage(tx, price.Str("recurring.meter"), customer, note.Int("from"), note.Int("to"))
	if err != nil {
		return false, err
	}
	var amount int64
	text := trialLineText(tx, price, quantity)
	if !note.Bool("free") {
		text = lineTextIn(tx, price, quantity, line.Str("currency"))
		if amount, err = amountIn(tx, price, quantity, line.Str("currency")); err != nil {
			return false, err
		}
	}
	if line.Has("description") && line.Int("quantity") == quantity && line.Int("amount") == amount {
		return false, nil
	}
	line["quantity"], line["amount"], line["description"] = quantity, amount, text
	return true, nil
}

// emptyUsageLines stand on a subscription's first invoice for its metered items: nothing has been used yet.
func emptyUsageLines(tx *Tx, sub Object, at int64) []Object {
	var lines []Object
	for _, item := range slices.Backward(sub.List("items")) {
		if price := item.Obj("price"); metered(price) {
			text := lineTextIn(tx, price, 0, sub.Str("currency"))
			line := subscriptionLine(tx, sub, item, text, 0, at, at)
			line["quantity"] = int64(0)
			lines = append(lines, line)
		}
	}
	return lines
}

// remeasure adds the usage of a draft's lines up once more, so that what was reported while it was a draft is billed.
func remeasure(tx *Tx, inv Object) (Object, error) {
	if !slices.ContainsFunc(inv.List("lines"), func(line Object) bool { return line.Has(usageNote) }) {
		return inv, nil
	}
	changed := false
	lines := inv.Clone().List("lines")
	for _, line := range lines {
		if !line.Has(usageNote) {
			continue
		}
		moved, err := measure(tx, inv.Str("customer"), line)
		if err != nil {
			return nil, err
		}
		changed = changed || moved
	}
	if !changed {
		return inv, nil
	}
	fresh, err := redraw(tx, inv, lines)
	if err != nil {
		return nil, err
	}
	return tx.Update("invoice", inv.ID(), func(o Object) error {
		takeTotals(o, fresh)
		return nil
	})
}

// finalBill is the last invoice of a subscription that ends at a moment: its usage up to then, and what still waits
// for an invoice. It is nil when there is neither.
func finalBill(tx *Tx, sub Object, planned []Object, end int64) (*bill, error) {
	lines := slices.Clone(planned)
	pending, err := pendingLines(tx, sub)
	if err != nil {
		return nil, err
	}
	lines = append(lines, pending...)
	if sub.Str("status") != "trialing" && sub.Str("status") != "paused" {
		used, err := usageLines(tx, sub, sub.Int("current_period_start"), end)
		if err != nil {
			return nil, err
		}
		lines = append(lines, used...)
	}
	if len(lines) == 0 {
		return nil, nil
	}
	customer, err := billedCustomer(tx, sub)
	if err != nil {
		return nil, err
	}
	discounts, err := liveDiscounts(tx, sub, end)
	if err != nil {
		return nil, err
	}
	return &bill{
		customer: customer, sub: sub, reason: "subscription_cycle", currency: sub.Str("currency"), lines: lines,
		discounts: discounts, periodStart: sub.Int("current_period_start"), periodEnd: end,
	}, nil
}

// endAtBoundary ends a subscription at the time that was set for it. What was used, and what still waits, goes onto a
// last invoice, which is finalised in an hour like any other.
func endAtBoundary(tx *Tx, sub Object) error {
	b, err := finalBill(tx, sub, nil, tx.Now())
	if err != nil {
		return err
	}
	last := ""
	if b != nil {
		inv, err := insertInvoice(tx, b)
		if err != nil {
			return err
		}
		last = inv.ID()
		if err := linkInvoice(tx, sub.ID(), last); err != nil {
			return err
		}
	}
	if _, err := endSubscription(tx, sub.ID(), ""); err != nil || last == "" || sub.Str("status") == "unpaid" {
		return err
	}
	// The end of a subscription stops all its invoices; this one is to go on.
	if _, err := tx.Update("invoice", last, func(inv Object) error {
		inv["auto_advance"] = true
		return nil
	}); err != nil {
		return err
	}
	return scheduleDraft(tx, last)
}
