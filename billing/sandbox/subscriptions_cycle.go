package sandbox

import "slices"

// cycleSubscription is the agenda's step at the end of a period: the subscription ends, leaves its trial, or renews.
func cycleSubscription(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || sub == nil {
		return err
	}
	if schedule := sub.Str("schedule"); schedule != "" {
		// A phase that begins with the new period is part of what the new period bills.
		if err := followSchedule(tx, schedule); err != nil {
			return err
		}
		if sub, err = tx.load(id); err != nil {
			return err
		}
	}
	switch sub.Str("status") {
	case "active", "past_due", "unpaid", "trialing":
	default:
		return nil
	}
	if sub.Int("current_period_end") > tx.Now() {
		return scheduleSubscription(tx, sub)
	}
	if at := sub.Int("cancel_at"); sub.Bool("cancel_at_period_end") || (at > 0 && at <= tx.Now()) {
		return endAtBoundary(tx, sub)
	}
	if sub.Str("status") == "trialing" {
		done, err := endTrialWithoutCard(tx, sub)
		if err != nil || done {
			return err
		}
	}
	return renew(tx, sub)
}

// endTrialWithoutCard does what the subscription's settings say when a trial ends and there is nothing to charge. It
// reports whether that was the end of it.
func endTrialWithoutCard(tx *Tx, sub Object) (bool, error) {
	card, err := payerOf(tx, Object{"subscription": sub.ID(), "customer": sub["customer"]})
	if err != nil || card != "" {
		return false, err
	}
	switch sub.Str("trial_settings.end_behavior.missing_payment_method") {
	case "pause":
		paused, err := tx.amend("subscription", sub.ID(), func(s Object) error {
			s["status"] = "paused"
			return nil
		}, []string{"customer.subscription.updated"}, "customer.subscription.paused")
		if err != nil {
			return true, err
		}
		return true, scheduleSubscription(tx, paused)
	case "cancel":
		_, err := endSubscription(tx, sub.ID(), "")
		return true, err
	default:
		return false, nil
	}
}

// cycleBill is what a subscription's next period costs.
func cycleBill(tx *Tx, sub Object, start, end int64) (*bill, error) {
	customer, err := billedCustomer(tx, sub)
	if err != nil {
		return nil, err
	}
	pending, err := pendingLines(tx, sub)
	if err != nil {
		return nil, err
	}
	lines, err := periodLines(tx, sub, start, end)
	if err != nil {
		return nil, err
	}
	used, err := usageLines(tx, sub, sub.Int("current_period_start"), start)
	if err != nil {
		return nil, err
	}
	discounts, err := liveDiscounts(tx, sub, start)
	if err != nil {
		return nil, err
	}
	return &bill{
		customer: customer, sub: sub, reason: "subscription_cycle", currency: sub.Str("currency"),
		lines: slices.Concat(pending, lines, used), discounts: discounts,
		periodStart: sub.Int("current_period_start"), periodEnd: start,
	}, nil
}

// nextPeriod moves a subscription into its next period, always counted from the anchor.
func nextPeriod(sub Object) (start, end int64) {
	start = sub.Int("current_period_end")
	return start, interval(sub.Obj("items.data.0.price")).Next(sub.Int("billing_cycle_anchor"), start)
}

// renew opens the next period with a draft that is finalised and collected an hour later.
func renew(tx *Tx, sub Object) error {
	start, end := nextPeriod(sub)
	sub = sub.Clone()
	if sub.Str("status") == "trialing" {
		sub["status"] = "active"
	}
	b, err := cycleBill(tx, sub, start, end)
	if err != nil {
		return err
	}
	held := sub.Str("status") == "unpaid" || sub.Str("pause_collection.behavior") == "keep_as_draft"
	b.prepare = func(inv Object) {
		if held {
			keepDraft(inv)
		} else {
			awaitFinalizing(inv, tx.Now()+hour)
		}
	}
	inv, err := insertInvoice(tx, b)
	if err != nil {
		return err
	}
	sub, err = updateSubscription(tx, sub.ID(), func(s Object) error {
		s["status"] = sub["status"]
		s["current_period_start"], s["current_period_end"] = start, end
		s["latest_invoice"] = inv.ID()
		return nil
	})
	if err != nil {
		return err
	}
	if err := dropDiscounts(tx, sub.ID(), inv); err != nil {
		return err
	}
	if err := scheduleSubscription(tx, sub); err != nil {
		return err
	}
	if held {
		return nil
	}
	return tx.Schedule(tx.Now()+hour, "invoice.finalize", inv.ID())
}

// scheduleDraft lets a draft be finalised in an hour.
func scheduleDraft(tx *Tx, id string) error {
	_, err := tx.Update("invoice", id, func(inv Object) error {
		awaitFinalizing(inv, tx.Now()+hour)
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Schedule(tx.Now()+hour, "invoice.finalize", id)
}

// holdDraft keeps a draft a draft until somebody finalises it by hand.
func holdDraft(tx *Tx, id string) error {
	_, err := tx.Update("invoice", id, func(inv Object) error {
		keepDraft(inv)
		return nil
	})
	return err
}

// awaitFinalizing says on a draft when it is finalised, and when its payment is first tried.
func awaitFinalizing(inv Object, at int64) {
	inv["automatically_finalizes_at"] = at
	if inv.Str("collection_method") == "charge_automatically" {
		inv["next_payment_attempt"] = at
	}
}

func keepDraft(inv Object) {
	inv["auto_advance"] = false
	inv["next_payment_attempt"] = nil
}

// noticeTrialEnd is the agenda's step three days before a trial ends.
func noticeTrialEnd(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || sub.Str("status") != "trialing" {
		return err
	}
	return tx.Emit("customer.subscription.trial_will_end", sub, nil)
}

// expireIncomplete is the agenda's step 23 hours after a first payment that never came.
func expireIncomplete(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || sub.Str("status") != "incomplete" {
		return err
	}
	if _, err := voidInvoice(tx, sub.Str("latest_invoice")); err != nil {
		return err
	}
	sub, err = updateSubscription(tx, id, func(s Object) error {
		s["status"] = "incomplete_expired"
		s["ended_at"] = tx.Now()
		return nil
	})
	if err != nil {
		return err
	}
	return scheduleSubscription(tx, sub)
}

// resumeCollection is the agenda's step at pause_collection.resumes_at.
func resumeCollection(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || !sub.Has("pause_collection") {
		return err
	}
	_, err = updateSubscription(tx, id, func(s Object) error {
		s["pause_collection"] = nil
		return nil
	})
	return err
}
