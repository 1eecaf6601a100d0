package sandbox

import "slices"

// applyOptions say how the invoice of a change is paid, and what a failure does.
type applyOptions struct {
	behavior string
	pay      payOptions
}

// applyChange carries a planned change out.
func applyChange(tx *Tx, c *change, opt applyOptions) (Object, outcome, error) {
	if c.after.Bool("cancel_at_period_end") && c.before.Bool("cancel_at_period_end") {
		c.after["cancel_at"] = c.after["current_period_end"]
	}
	for _, item := range c.items {
		if err := tx.Insert(item, "invoiceitem.created"); err != nil {
			return nil, outcome{}, err
		}
	}
	if !c.invoiceNow {
		sub, err := storeChange(tx, c, "")
		return sub, outcome{state: outcomePaid}, err
	}
	b, err := c.bill(tx, nil)
	if err != nil {
		return nil, outcome{}, err
	}
	inv, err := insertInvoice(tx, b)
	if err != nil {
		return nil, outcome{}, err
	}
	if opt.behavior == pendingIfIncomplete && inv.Int("amount_due") > 0 {
		return applyIfPaid(tx, c, inv, opt)
	}
	if _, err := storeChange(tx, c, inv.ID()); err != nil {
		return nil, outcome{}, err
	}
	result, err := payChange(tx, inv, opt)
	if err != nil {
		return nil, result, err
	}
	if err := dropDiscounts(tx, c.after.ID(), inv); err != nil {
		return nil, result, err
	}
	sub, err := tx.Get("subscription", c.after.ID())
	return sub, result, err
}

// bill is the invoice that a change brings about at once. planned are the prorations that are not stored yet, which
// is so in a preview.
func (c *change) bill(tx *Tx, planned []Object) (*bill, error) {
	customer, err := billedCustomer(tx, c.after)
	if err != nil {
		return nil, err
	}
	lines, err := c.pending(tx, planned)
	if err != nil {
		return nil, err
	}
	discounts, err := liveDiscounts(tx, c.after, tx.Now())
	if err != nil {
		return nil, err
	}
	if c.resets {
		fresh, err := periodLines(tx, c.after, c.after.Int("current_period_start"), c.after.Int("current_period_end"))
		if err != nil {
			return nil, err
		}
		used, err := c.used(tx)
		if err != nil {
			return nil, err
		}
		lines = slices.Concat(lines, fresh, used)
	}
	return &bill{
		customer: customer, sub: c.after, reason: "subscription_update", currency: c.after.Str("currency"),
		lines: lines, discounts: discounts,
		periodStart: c.before.Int("current_period_start"), periodEnd: tx.Now(),
	}, nil
}

// used is what the period that a change cuts short has used so far, at the prices that it was used at.
func (c *change) used(tx *Tx) ([]Object, error) {
	switch c.before.Str("status") {
	case "active", "past_due", "unpaid":
		return usageLines(tx, c.before, c.before.Int("current_period_start"), tx.Now())
	default:
		return nil, nil
	}
}

// pending are the stored items that wait, and before them, being newer, the planned ones.
func (c *change) pending(tx *Tx, planned []Object) ([]Object, error) {
	stored, err := pendingLines(tx, c.after)
	return append(plannedLines(tx, planned), stored...), err
}

// plannedLines are the lines of items that are not stored yet, newest first.
func plannedLines(tx *Tx, planned []Object) []Object {
	var lines []Object
	for i := len(planned) - 1; i >= 0; i-- {
		lines = append(lines, itemLine(tx, planned[i]))
	}
	return lines
}

// storeChange writes the changed subscription, with the invoice it brought about.
func storeChange(tx *Tx, c *change, invoice string) (Object, error) {
	sub, err := updateSubscription(tx, c.after.ID(), func(s Object) error {
		for key := range s {
			delete(s, key)
		}
		for key, value := range c.after {
			s[key] = value
		}
		if invoice != "" {
			s["latest_invoice"] = invoice
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := storeItems(tx, c.before, sub); err != nil {
		return nil, err
	}
	if c.after.Str("status") != c.before.Str("status") || c.after.Int("trial_end") != c.before.Int("trial_end") {
		if err := noticeTrial(tx, sub); err != nil {
			return nil, err
		}
	}
	return sub, scheduleSubscription(tx, sub)
}

// payChange finalises and collects the invoice of a change.
func payChange(tx *Tx, inv Object, opt applyOptions) (outcome, error) {
	inv, err := finalizeInvoice(tx, inv.ID(), "")
	if err != nil || inv.Str("status") == "paid" || inv.Str("collection_method") != "charge_automatically" {
		return outcome{state: outcomePaid}, err
	}
	if opt.behavior == defaultIncomplete {
		return outcome{state: outcomeAction}, nil
	}
	result, err := collectInvoice(tx, inv.ID(), collection{
		payOptions: opt.pay, quiet: opt.behavior == pendingIfIncomplete,
	})
	if err != nil || result.state == outcomePaid {
		return result, err
	}
	if opt.behavior == errorIfIncomplete {
		return result, incompleteRefusal(result)
	}
	return result, nil
}

// applyIfPaid makes a change wait for the payment of its invoice. Until then the subscription shows it as its pending
// update, for at most 23 hours and not beyond the period: https://docs.stripe.com/billing/subscriptions/pending-updates-reference
func applyIfPaid(tx *Tx, c *change, inv Object, opt applyOptions) (Object, outcome, error) {
	result, err := payChange(tx, inv, opt)
	if err != nil {
		return nil, result, err
	}
	id := c.after.ID()
	if result.state == outcomePaid {
		sub, err := storeChange(tx, c, inv.ID())
		if err != nil {
			return nil, result, err
		}
		return sub, result, dropDiscounts(tx, id, inv)
	}
	expires := min(tx.Now()+incompleteSeconds, c.before.Int("current_period_end"))
	sub, err := updateSubscription(tx, id, func(s Object) error {
		items := []any{}
		for _, item := range c.after.List("items") {
			items = append(items, item)
		}
		s["pending_update"] = Object{
			"billing_cycle_anchor": nil, "expires_at": expires, "subscription_items": items, "trial_end": nil,
			"trial_from_plan": nil,
		}
		s["latest_invoice"] = inv.ID()
		s["_pending"], s["_pending_invoice"] = c.after, inv.ID()
		return nil
	})
	if err != nil {
		return nil, result, err
	}
	return sub, result, tx.Schedule(expires, "subscription.pending_expire", id)
}

// applyPendingUpdate carries out a change whose invoice has been paid at last.
func applyPendingUpdate(tx *Tx, sub Object) error {
	after := sub.Obj("_pending")
	fresh, err := updateSubscription(tx, sub.ID(), func(s Object) error {
		for _, key := range []string{
			"items", "plan", "quantity", "billing_cycle_anchor", "current_period_start", "current_period_end",
		} {
			s[key] = after[key]
		}
		clearPending(s)
		return nil
	})
	if err != nil {
		return err
	}
	if err := storeItems(tx, sub, fresh); err != nil {
		return err
	}
	if err := tx.Unschedule("subscription.pending_expire", sub.ID()); err != nil {
		return err
	}
	if err := tx.Emit("customer.subscription.pending_update_applied", fresh, nil); err != nil {
		return err
	}
	return scheduleSubscription(tx, fresh)
}

func clearPending(s Object) {
	s["pending_update"] = nil
	delete(s, "_pending")
	delete(s, "_pending_invoice")
}

// dropPending takes a pending update back whose invoice has been voided.
func dropPending(tx *Tx, inv Object) error {
	id := inv.Str("subscription")
	if id == "" {
		return nil
	}
	sub, err := tx.load(id)
	if err != nil || sub == nil || !sub.Has("pending_update") || sub.Str("_pending_invoice") != inv.ID() {
		return err
	}
	if _, err := updateSubscription(tx, id, func(s Object) error { clearPending(s); return nil }); err != nil {
		return err
	}
	return tx.Unschedule("subscription.pending_expire", id)
}

// expirePending is the agenda's step 23 hours after a pending update nobody paid for.
func expirePending(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || !sub.Has("pending_update") {
		return err
	}
	if _, err := voidInvoice(tx, sub.Str("_pending_invoice")); err != nil {
		return err
	}
	sub, err = tx.Get("subscription", id)
	if err != nil {
		return err
	}
	return tx.Emit("customer.subscription.pending_update_expired", sub, nil)
}
