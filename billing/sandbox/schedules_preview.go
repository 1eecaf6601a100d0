package sandbox

// foreseen is what becomes of a subscription until its next invoice: what it will be by then, the prorations that pile
// up on the way, and the bill itself where a phase bills at once.
type foreseen struct {
	sub   Object
	items []Object
	bill  *bill
	at    int64
	ends  bool // The schedule ends the subscription then.
}

// foresee follows a schedule to the end of the subscription's period without writing anything, each phase at its own
// time.
func foresee(tx *Tx, s, sub Object, items []Object) (foreseen, error) {
	f := foreseen{sub: sub, items: items, at: sub.Int("current_period_end")}
	if s == nil || s.Str("status") != "active" {
		return f, nil
	}
	now := tx.now
	defer func() { tx.now = now }()
	boundary := s.Int("current_phase.end_date")
	for range maxPhases {
		if boundary > f.sub.Int("current_period_end") {
			return f, nil
		}
		next := phaseOf(s, boundary)
		if next == nil {
			f.at, f.ends = boundary, s.Str("end_behavior") == "cancel"
			return f, nil
		}
		tx.now = boundary
		c, err := planPhase(tx, s, next, f.sub, next.Str("proration_behavior"))
		if err != nil {
			return f, err
		}
		extras, err := phaseExtras(tx, f.sub, next)
		if err != nil {
			return f, err
		}
		f.sub, f.items = c.after, append(append(f.items, extras...), c.items...)
		if c.invoiceNow {
			f.at = boundary
			f.bill, err = c.bill(tx, f.items)
			return f, err
		}
		boundary = next.Int("end_date")
	}
	return f, nil
}

// previewSchedule is the next invoice of a schedule as it is, or as schedule_details would have it.
func previewSchedule(r *apiRequest) (Object, error) {
	details := r.Params.Sub("schedule_details")
	if details == nil {
		details = Params{}
	}
	id := r.Params.Str("schedule")
	if id == "" {
		s, err := r.buildSchedule(details, "")
		if err != nil {
			return nil, err
		}
		return previewStart(r.Tx, s)
	}
	before, err := r.Tx.Ref(kindSchedule, id, "schedule")
	if err != nil {
		return nil, err
	}
	if !running(before) {
		return nil, noUpcoming(before.Str("customer"))
	}
	s, err := replanned(r.Tx, before, details)
	if err != nil {
		return nil, err
	}
	if s.Str("status") == "not_started" {
		return previewStart(r.Tx, s)
	}
	sub, err := r.Tx.Ref("subscription", s.Str("subscription"), "subscription")
	if err != nil {
		return nil, err
	}
	c := &change{before: sub, after: sub.Clone()}
	if behavior := phaseBehavior(before, s, details); behavior != "" {
		if c, err = planPhase(r.Tx, s, currentPhase(s), sub, behavior); err != nil {
			return nil, err
		}
	}
	if c.invoiceNow {
		b, err := c.bill(r.Tx, c.items)
		if err != nil {
			return nil, err
		}
		return asPreview(r.Tx, b)
	}
	return previewCycle(r.Tx, c, s)
}

// previewStart is the first invoice of a schedule that has not begun, as it will be when it does.
func previewStart(tx *Tx, s Object) (Object, error) {
	now := tx.now
	defer func() { tx.now = now }()
	phase := s.Obj("phases.0")
	tx.now = max(now, phase.Int("start_date"))
	sub, err := scheduledSubscription(tx, s, phase)
	if err != nil {
		return nil, err
	}
	customer, err := tx.Ref("customer", s.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	b, err := firstBill(tx, customer, sub)
	if err != nil {
		return nil, err
	}
	items, err := startItems(tx, sub, phase)
	if err != nil {
		return nil, err
	}
	b.lines = append(plannedLines(tx, items), b.lines...)
	inv, err := asPreview(tx, b)
	if err != nil {
		return nil, err
	}
	inv["subscription"] = nil
	return inv, nil
}
