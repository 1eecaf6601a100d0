package sandbox

// endsTrial reports whether a change ends the trial at once.
func (c *change) endsTrial() bool {
	return c.before.Str("status") == "trialing" && c.after.Str("status") == "active"
}

// endTrialNow carries out a change that ends a trial when there is nothing to charge and the subscription is not to
// be invoiced then. It returns nil for any other, which goes on as usual.
func endTrialNow(tx *Tx, c *change) (Object, error) {
	behavior := c.after.Str("trial_settings.end_behavior.missing_payment_method")
	if behavior != "pause" && behavior != "cancel" {
		return nil, nil
	}
	card, err := payerOf(tx, Object{"subscription": c.after.ID(), "customer": c.after["customer"]})
	if err != nil || card != "" || c.after.Has("default_payment_method") {
		return nil, err
	}
	// Nothing is billed, so no new period begins either.
	c.resets, c.invoiceNow = false, false
	for _, key := range []string{"billing_cycle_anchor", "current_period_start", "current_period_end"} {
		c.after[key] = c.before[key]
	}
	if behavior == "pause" {
		c.after["status"] = "paused"
		sub, _, err := applyChange(tx, c, applyOptions{})
		if err != nil {
			return nil, err
		}
		return sub, tx.Emit("customer.subscription.paused", sub, nil)
	}
	// The trial's end is written with the subscription's, or it would be announced as one that draws near.
	c.after["status"], c.after["trial_end"] = "trialing", c.before["trial_end"]
	if _, _, err := applyChange(tx, c, applyOptions{}); err != nil {
		return nil, err
	}
	if _, err := tx.Update("subscription", c.after.ID(), func(s Object) error {
		s["trial_end"] = tx.Now()
		return nil
	}); err != nil {
		return nil, err
	}
	return endSubscription(tx, c.after.ID(), "")
}
