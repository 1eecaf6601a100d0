package sandbox

// maxPhases bounds how many phases one step may pass through.
const maxPhases = 100

// expiringNotice is how long before its end a schedule is announced to expire.
const expiringNotice = 9 * daySeconds

// amendSchedule changes a schedule, says so, and then states facts. A schedule that is still being created is quiet.
func amendSchedule(tx *Tx, id string, fn func(Object) error, facts ...string) (Object, error) {
	s, err := tx.Get(kindSchedule, id)
	if err != nil {
		return nil, err
	}
	if s.Bool("_quiet") {
		return tx.Update(kindSchedule, id, fn)
	}
	return tx.amend(kindSchedule, id, fn, []string{"subscription_schedule.updated"}, facts...)
}

// followSchedule is the agenda's step at the boundaries of phases, and what a subscription asks at the end of its
// period: it begins, switches and ends phases until the present one lies in the present.
func followSchedule(tx *Tx, id string) error {
	for range maxPhases {
		s, err := tx.load(id)
		if err != nil || s == nil {
			return err
		}
		switch {
		case s.Str("status") == "not_started" && phaseStartsBy(s, tx.Now()):
			err = startSchedule(tx, s)
		case s.Str("status") == "active" && s.Int("current_phase.end_date") <= tx.Now():
			if next := phaseOf(s, s.Int("current_phase.end_date")); next != nil {
				err = switchPhase(tx, s, next)
			} else {
				err = finishSchedule(tx, s)
			}
		default:
			return planSchedule(tx, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func phaseStartsBy(s Object, now int64) bool { return s.Int("phases.0.start_date") <= now }

// planSchedule puts a schedule's next boundary on the agenda, and the notice of its end.
func planSchedule(tx *Tx, s Object) error {
	for _, step := range []string{"subscription_schedule.phase", "subscription_schedule.expiring"} {
		if err := tx.Unschedule(step, s.ID()); err != nil {
			return err
		}
	}
	if !running(s) {
		return nil
	}
	at := s.Int("current_phase.end_date")
	if s.Str("status") == "not_started" {
		at = s.Int("phases.0.start_date")
	}
	if notice := scheduleEnd(s) - expiringNotice; notice > tx.Now() {
		if err := tx.Schedule(notice, "subscription_schedule.expiring", s.ID()); err != nil {
			return err
		}
	}
	return tx.Schedule(at, "subscription_schedule.phase", s.ID())
}

// noticeScheduleEnd is the agenda's step some days before a schedule ends.
func noticeScheduleEnd(tx *Tx, id string) error {
	s, err := tx.load(id)
	if err != nil || s.Str("status") != "active" {
		return err
	}
	return tx.Emit("subscription_schedule.expiring", s, nil)
}

// scheduledSubscription works out the subscription that a schedule begins with.
func scheduledSubscription(tx *Tx, s, phase Object) (Object, error) {
	customer, err := tx.Ref("customer", s.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	spec := subscriptionSpec{
		customer: customer, currency: phase.Str("currency"), trialEnd: phase.Int("trial_end"), fields: Object{},
	}
	for _, entry := range phase.List("items") {
		price, err := tx.Ref("price", entry.Str("price"), "price")
		if err != nil {
			return nil, err
		}
		spec.items = append(spec.items, itemSpec{
			price: price, quantity: entry.Int("quantity"), metadata: entry.Obj("metadata"), taxRates: entry.List("tax_rates"),
		})
	}
	sub, err := buildSubscription(tx, spec)
	if err != nil {
		return nil, err
	}
	if sub.Str("status") == "incomplete" {
		sub["status"] = "active" // Its first invoice is a draft for an hour, and nobody waits for the payment.
	}
	backdate(sub, phase.Int("start_date"), tx.Now())
	setPhaseFields(s, phase, sub)
	return sub, setPhaseDiscounts(tx, phase, sub)
}

// backdate moves the beginning of a new subscription, and its anchor with it, into the past.
func backdate(sub Object, start, now int64) {
	if start >= now {
		return
	}
	sub["start_date"] = start
	if sub.Str("status") == "trialing" {
		return
	}
	every := interval(sub.Obj("items.data.0.price"))
	sub["billing_cycle_anchor"] = start
	sub["current_period_start"], sub["current_period_end"] = every.Previous(start, now), every.Next(start, now)
}

// startSchedule creates the subscription of a schedule whose first phase begins.
func startSchedule(tx *Tx, s Object) error {
	phase := s.Obj("phases.0")
	sub, err := scheduledSubscription(tx, s, phase)
	if err != nil {
		return err
	}
	if err := insertSubscription(tx, sub, false); err != nil {
		return err
	}
	extras, err := startItems(tx, sub, phase)
	if err != nil {
		return err
	}
	if err := insertItems(tx, extras); err != nil {
		return err
	}
	inv, err := billStart(tx, sub)
	if err != nil {
		return err
	}
	if _, err := announceSubscription(tx, sub.ID(), false, inv); err != nil {
		return err
	}
	_, err = amendSchedule(tx, s.ID(), func(s Object) error {
		s["status"], s["subscription"] = "active", sub.ID()
		setCurrentPhase(s, phase)
		return nil
	})
	return err
}

// billStart bills the beginning of a scheduled subscription: a draft for an hour, unless there is nothing to pay.
func billStart(tx *Tx, sub Object) (Object, error) {
	customer, err := tx.Ref("customer", sub.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	b, err := firstBill(tx, customer, sub)
	if err != nil {
		return nil, err
	}
	inv, err := insertInvoice(tx, b)
	if err != nil {
		return nil, err
	}
	if err := linkInvoice(tx, sub.ID(), inv.ID()); err != nil {
		return nil, err
	}
	if inv.Int("amount_due") == 0 {
		return finalizeInvoice(tx, inv.ID(), "")
	}
	if _, err := tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["_scheduled"] = true
		return nil
	}); err != nil {
		return nil, err
	}
	return inv, scheduleDraft(tx, inv.ID())
}

// startItems are what a scheduled subscription is charged at its beginning beside its first period: the one-time prices
// of its phase, and the whole periods that a backdated one has behind it.
func startItems(tx *Tx, sub, phase Object) ([]Object, error) {
	items, err := phaseExtras(tx, sub, phase)
	start, now := sub.Int("start_date"), sub.Int("current_period_start")
	if err != nil || start >= now || phase.Str("proration_behavior") == prorateNone || sub.Str("status") == "trialing" {
		return items, err
	}
	for _, item := range sub.List("items") {
		price := item.Obj("price")
		if metered(price) {
			continue
		}
		amount, err := amountIn(tx, price, item.Int("quantity"), sub.Str("currency"))
		if err != nil {
			return nil, err
		}
		var periods int64
		for every := interval(price); every.Boundary(start, periods+1) <= now && periods < maxBackdated; {
			periods++
		}
		if amount*periods == 0 {
			continue
		}
		ii := prorationItem(tx, sub, item, amount*periods, start, "Remaining time on ")
		ii["period"] = Object{"start": start, "end": now}
		items = append(items, ii)
	}
	return items, nil
}

// maxBackdated bounds how many periods a subscription may have behind it when it begins.
const maxBackdated = 10_000

// switchPhase makes the subscription what the next phase says, and the schedule say so.
func switchPhase(tx *Tx, s, next Object) error {
	sub, err := tx.load(s.Str("subscription"))
	if err != nil {
		return err
	}
	if !ended(sub) {
		if err := applyPhase(tx, s, next, sub, next.Str("proration_behavior")); err != nil {
			return err
		}
	}
	_, err = amendSchedule(tx, s.ID(), func(s Object) error {
		setCurrentPhase(s, next)
		return nil
	})
	return err
}

// finishSchedule ends a schedule after its last phase. The subscription goes on by itself, or ends too.
func finishSchedule(tx *Tx, s Object) error {
	if s.Str("end_behavior") == "cancel" {
		sub, err := tx.load(s.Str("subscription"))
		if err != nil || ended(sub) {
			return err
		}
		return endAtBoundary(tx, sub) // It completes the schedule, too.
	}
	if err := detachSchedule(tx, s.Str("subscription"), true); err != nil {
		return err
	}
	_, err := amendSchedule(tx, s.ID(), func(s Object) error {
		s["status"], s["completed_at"] = "completed", tx.Now()
		s["released_subscription"] = s["subscription"]
		s["subscription"], s["current_phase"] = nil, nil
		return nil
	}, "subscription_schedule.completed", "subscription_schedule.released")
	return err
}

// detachSchedule frees a subscription from its schedule.
func detachSchedule(tx *Tx, sub string, keepCancelDate bool) error {
	o, err := updateSubscription(tx, sub, func(s Object) error {
		s["schedule"] = nil
		if !keepCancelDate {
			s["cancel_at"] = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	return scheduleSubscription(tx, o)
}

// endScheduleOf ends the schedule of a subscription that has ended: it is complete if this was its plan, and aborted if
// the customer did not pay.
func endScheduleOf(tx *Tx, sub Object, reason string) error {
	s, err := tx.load(sub.Str("schedule"))
	if err != nil || s == nil || s.Str("status") != "active" {
		return err
	}
	status, at, fact := "canceled", "canceled_at", "subscription_schedule.canceled"
	switch {
	case s.Str("end_behavior") == "cancel" && scheduleEnd(s) <= tx.Now():
		status, at, fact = "completed", "completed_at", "subscription_schedule.completed"
	case reason == "payment_failed":
		fact = "subscription_schedule.aborted"
	}
	s, err = amendSchedule(tx, s.ID(), func(s Object) error {
		s["status"], s[at], s["current_phase"] = status, tx.Now(), nil
		return nil
	}, fact)
	if err != nil {
		return err
	}
	return planSchedule(tx, s)
}
