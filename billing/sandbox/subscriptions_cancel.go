package sandbox

// endSubscription cancels a subscription now. The reason is set unless one stands there already.
func endSubscription(tx *Tx, id, reason string) (Object, error) {
	sub, err := tx.amend("subscription", id, func(s Object) error {
		s["status"] = "canceled"
		s["ended_at"] = tx.Now()
		if !s.Has("canceled_at") {
			s["canceled_at"] = tx.Now()
		}
		s["pending_update"] = nil
		if reason != "" {
			s.Set("cancellation_details.reason", reason)
		}
		return nil
	}, nil, "customer.subscription.deleted")
	if err != nil {
		return nil, err
	}
	if err := abandonInvoices(tx, sub); err != nil {
		return nil, err
	}
	for _, step := range []string{
		"subscription.trial_will_end", "subscription.incomplete_expire",
		"subscription.pending_expire",
	} {
		if err := tx.Unschedule(step, id); err != nil {
			return nil, err
		}
	}
	if err := endScheduleOf(tx, sub, reason); err != nil {
		return nil, err
	}
	return sub, scheduleSubscription(tx, sub)
}

// abandonInvoices stops the collection of a cancelled subscription's invoices, which stay as they are, and drops the
// prorations that no invoice will take any more.
func abandonInvoices(tx *Tx, sub Object) error {
	invoices, err := tx.Find("invoice", Query{Subscription: sub.ID()})
	if err != nil {
		return err
	}
	for _, inv := range invoices {
		if status := inv.Str("status"); status != "draft" && status != "open" {
			continue
		}
		if err := holdDraft(tx, inv.ID()); err != nil {
			return err
		}
		for _, step := range []string{"invoice.retry", "invoice.finalize"} {
			if err := tx.Unschedule(step, inv.ID()); err != nil {
				return err
			}
		}
	}
	pending, err := tx.Find("invoiceitem", Query{
		Subscription: sub.ID(), Where: map[string]string{"invoice": "", "proration": "true"},
	})
	if err != nil {
		return err
	}
	for _, item := range pending {
		if err := tx.Delete("invoiceitem", item.ID(), "invoiceitem.deleted"); err != nil {
			return err
		}
	}
	return nil
}

// cancelDue is the agenda's step at a cancel_at that lies within a period.
func cancelDue(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil || ended(sub) || !sub.Has("cancel_at") || sub.Int("cancel_at") > tx.Now() {
		return err
	}
	return endAtBoundary(tx, sub)
}

// deleteSubscription cancels now, on request.
func deleteSubscription(r *apiRequest) (Object, error) {
	sub, err := r.Tx.Get("subscription", r.ID)
	if err != nil {
		return nil, err
	}
	if ended(sub) {
		return nil, missing(404, "subscription", r.ID, "id")
	}
	prorate, _, err := r.Params.Bool("prorate")
	if err != nil {
		return nil, err
	}
	invoiceNow, _, err := r.Params.Bool("invoice_now")
	if err != nil {
		return nil, err
	}
	if d := r.Params.Sub("cancellation_details"); d != nil {
		if _, err := r.Tx.Update("subscription", r.ID, func(s Object) error {
			setCancellationDetails(s, d)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if prorate {
		if err := creditRest(r.Tx, sub); err != nil {
			return nil, err
		}
	}
	if invoiceNow {
		if err := invoiceRest(r.Tx, sub); err != nil {
			return nil, err
		}
	}
	return endSubscription(r.Tx, r.ID, "cancellation_requested")
}

// creditRest credits what is left of the period.
func creditRest(tx *Tx, sub Object) error {
	credits, err := restCredits(tx, sub)
	if err != nil {
		return err
	}
	for _, credit := range credits {
		if err := tx.Insert(credit, "invoiceitem.created"); err != nil {
			return err
		}
	}
	return nil
}

// invoiceRest bills at once what was used and what is pending for a subscription that is about to end.
func invoiceRest(tx *Tx, sub Object) error {
	b, err := finalBill(tx, sub, nil, tx.Now())
	if err != nil || b == nil {
		return err
	}
	b.reason = "subscription_update"
	inv, err := insertInvoice(tx, b)
	if err != nil {
		return err
	}
	if err := linkInvoice(tx, sub.ID(), inv.ID()); err != nil {
		return err
	}
	if inv, err = finalizeInvoice(tx, inv.ID(), ""); err != nil || inv.Str("status") == "paid" {
		return err
	}
	_, err = collectInvoice(tx, inv.ID(), collection{payOptions: payOptions{offSession: true}, quiet: true})
	return err
}

func setCancellationDetails(sub Object, d Params) {
	for _, key := range []string{"comment", "feedback"} {
		if d.Has(key) {
			sub.Set("cancellation_details."+key, textOrNil(d.Str(key)))
		}
	}
}

// setCancelAtPeriodEnd schedules the end of a subscription with its period, or takes that back.
func setCancelAtPeriodEnd(tx *Tx, sub Object, on bool) {
	sub["cancel_at_period_end"] = on
	if on {
		sub["cancel_at"] = sub["current_period_end"]
		sub["canceled_at"] = tx.Now()
		sub.Set("cancellation_details.reason", "cancellation_requested")
		return
	}
	sub["cancel_at"], sub["canceled_at"] = nil, nil
	sub["cancellation_details"] = Object{"comment": nil, "feedback": nil, "reason": nil}
}

// cancelAtPeriodEnd is the portal's cancellation: access lasts as long as it was paid for.
func cancelAtPeriodEnd(tx *Tx, subID, feedback, comment string) (Object, error) {
	sub, err := tx.Get("subscription", subID)
	if err != nil {
		return nil, err
	}
	if err := leaveSchedule(tx, sub); err != nil {
		return nil, err
	}
	sub, err = updateSubscription(tx, subID, func(s Object) error {
		if ended(s) {
			return invalidf("", "This subscription has already been canceled.")
		}
		setCancelAtPeriodEnd(tx, s, true)
		s.Set("cancellation_details.feedback", textOrNil(feedback))
		s.Set("cancellation_details.comment", textOrNil(comment))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sub, scheduleSubscription(tx, sub)
}

// resumeCancellation takes a scheduled cancellation back.
func resumeCancellation(tx *Tx, subID string) (Object, error) {
	sub, err := tx.Get("subscription", subID)
	if err != nil {
		return nil, err
	}
	if err := leaveSchedule(tx, sub); err != nil {
		return nil, err
	}
	sub, err = updateSubscription(tx, subID, func(s Object) error {
		if ended(s) {
			return invalidf("", "This subscription has already been canceled.")
		}
		setCancelAtPeriodEnd(tx, s, false)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sub, scheduleSubscription(tx, sub)
}
