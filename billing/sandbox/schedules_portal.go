package sandbox

import "slices"

// switchesLater reports whether a portal's configuration puts a switch off to the end of the period: one to a cheaper
// price, or to a shorter interval, where it says so.
func switchesLater(tx *Tx, config, sub, price Object, quantity int64) (bool, error) {
	item := sub.Obj("items.data.0")
	for _, condition := range config.List("features.subscription_update.schedule_at_period_end.conditions") {
		switch condition.Str("type") {
		case "shortening_interval":
			from, to := interval(item.Obj("price")), interval(price)
			if to.Boundary(0, 1) < from.Boundary(0, 1) {
				return true, nil
			}
		case "decreasing_item_amount":
			had, err := amountIn(tx, item.Obj("price"), item.Int("quantity"), sub.Str("currency"))
			if err != nil {
				return false, err
			}
			has, err := amountIn(tx, price, quantity, sub.Str("currency"))
			if err != nil || has < had {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// laterSwitch is a schedule by which a subscription changes its first item when its period ends, not stored yet.
func laterSwitch(tx *Tx, sub, price Object, quantity int64) (Object, error) {
	s := newSchedule(tx, sub.Str("customer"))
	s["status"], s["subscription"] = "active", sub.ID()
	s.Set("default_settings.collection_method", sub["collection_method"])
	s.Set("default_settings.default_payment_method", sub["default_payment_method"])
	now, err := phaseFrom(tx, sub)
	if err != nil {
		return nil, err
	}
	next := now.Clone()
	items := next.List("items")
	items[0] = phaseItem(price, quantity, items[0].Obj("metadata"), items[0].List("tax_rates"))
	next["items"], next["trial_end"], next["proration_behavior"] = slices.Clone(items), nil, prorateNone
	next["start_date"] = now["end_date"]
	next["end_date"] = interval(price).Boundary(now.Int("end_date"), 1)
	s["phases"] = []any{now, next}
	setCurrentPhase(s, now)
	return s, nil
}

// scheduleSwitch puts a switch off to the end of the period. It takes the place of an earlier plan.
func scheduleSwitch(tx *Tx, sub, price Object, quantity int64) error {
	if err := leaveSchedule(tx, sub); err != nil {
		return err
	}
	s, err := laterSwitch(tx, sub, price, quantity)
	if err != nil {
		return err
	}
	if err := tx.Insert(s, "subscription_schedule.created"); err != nil {
		return err
	}
	return attachSchedule(tx, s)
}

// previewLaterSwitch is the invoice that scheduleSwitch would lead to at the end of the period.
func previewLaterSwitch(tx *Tx, sub, price Object, quantity int64) (Object, error) {
	s, err := laterSwitch(tx, sub, price, quantity)
	if err != nil {
		return nil, err
	}
	return previewCycle(tx, &change{before: sub, after: sub.Clone()}, s)
}

// leaveSchedule frees a subscription whose customer decides otherwise in the portal.
func leaveSchedule(tx *Tx, sub Object) error {
	id := sub.Str("schedule")
	if id == "" {
		return nil
	}
	_, err := freeSchedule(tx, id, false)
	return err
}
