package sandbox

import "net/http"

func createSchedule(r *apiRequest) (Object, error) {
	if r.Params.Given("from_subscription") {
		return r.scheduleFromSubscription()
	}
	if err := r.Params.Require("customer", "phases"); err != nil {
		return nil, err
	}
	s, err := r.buildSchedule(r.Params, "start_date")
	if err != nil {
		return nil, err
	}
	if s["metadata"], err = r.Params.Metadata(nil); err != nil {
		return nil, err
	}
	return r.beginSchedule(s)
}

// buildSchedule works out a schedule that is not stored yet. A start in the past is the beginning all the same.
func (r *apiRequest) buildSchedule(p Params, startKey string) (Object, error) {
	customer, err := r.Tx.Ref("customer", r.Params.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	start, sent, err := moment(r.Tx, p, startKey)
	if err != nil {
		return nil, err
	}
	if !sent {
		start = r.Tx.Now()
	}
	s := newSchedule(r.Tx, customer.ID())
	if err := readSettings(r.Tx, s, p); err != nil {
		return nil, err
	}
	if behavior := p.Str("end_behavior"); behavior != "" {
		s["end_behavior"] = behavior
	}
	phases, err := readPhases(r.Tx, customer, p.Subs("phases"), start)
	if err != nil {
		return nil, err
	}
	s["phases"] = phases
	return s, nil
}

// beginSchedule stores a schedule and follows it to the present. It is quiet until then, so that its one
// subscription_schedule.created shows what came of it.
func (r *apiRequest) beginSchedule(s Object) (Object, error) {
	s["_quiet"] = true
	if err := r.Tx.Insert(s); err != nil {
		return nil, err
	}
	if err := followSchedule(r.Tx, s.ID()); err != nil {
		return nil, err
	}
	s, err := r.Tx.Update(kindSchedule, s.ID(), func(s Object) error {
		delete(s, "_quiet")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, r.Tx.Emit("subscription_schedule.created", s, nil)
}

// scheduleFromSubscription puts a subscription under a schedule whose only phase is what it is now, for as long as its
// present period lasts.
func (r *apiRequest) scheduleFromSubscription() (Object, error) {
	for _, key := range r.Params.Keys() {
		if key != "from_subscription" && key != "expand" {
			return nil, invalidf(key, "You cannot set `%s` if `from_subscription` is set.", key)
		}
	}
	sub, err := r.Tx.Ref("subscription", r.Params.Str("from_subscription"), "from_subscription")
	if err != nil {
		return nil, err
	}
	if ended(sub) {
		return nil, invalidf("from_subscription", "You cannot migrate a subscription that is in the `%s` status.",
			sub.Str("status"))
	}
	if id := sub.Str("schedule"); id != "" {
		return nil, invalidf("from_subscription", "You cannot migrate a subscription that is already attached to a "+
			"schedule: `%s`.", id)
	}
	s := newSchedule(r.Tx, sub.Str("customer"))
	s["status"], s["subscription"] = "active", sub.ID()
	if sub.Bool("cancel_at_period_end") {
		s["end_behavior"] = "cancel"
	}
	s.Set("default_settings.collection_method", sub["collection_method"])
	s.Set("default_settings.default_payment_method", sub["default_payment_method"])
	if days := sub.Int("days_until_due"); days > 0 {
		s.Set("default_settings.invoice_settings.days_until_due", days)
	}
	phase, err := phaseFrom(r.Tx, sub)
	if err != nil {
		return nil, err
	}
	s["phases"] = []any{phase}
	setCurrentPhase(s, phase)
	if err := r.Tx.Insert(s, "subscription_schedule.created"); err != nil {
		return nil, err
	}
	return s, attachSchedule(r.Tx, s)
}

// phaseFrom describes a subscription's present period as a phase.
func phaseFrom(tx *Tx, sub Object) (Object, error) {
	phase := tx.s.schema.skeleton(tx.s.schema.Objects[kindPhase])
	phase["automatic_tax"] = Object{
		"enabled": sub.Bool("automatic_tax.enabled"), "liability": nil,
		"disabled_reason": nil,
	}
	phase["add_invoice_items"] = []any{}
	phase["currency"], phase["description"] = sub["currency"], sub["description"]
	phase["start_date"], phase["end_date"] = sub["current_period_start"], sub["current_period_end"]
	phase["default_tax_rates"], phase["proration_behavior"] = sub.List("default_tax_rates"), prorateCreate
	phase["metadata"] = Object{}
	if sub.Str("status") == "trialing" {
		phase["trial_end"] = sub["trial_end"]
	}
	items, discounts := []any{}, []any{}
	for _, item := range sub.List("items") {
		items = append(items, phaseItem(item.Obj("price"), item.Int("quantity"), item.Obj("metadata"),
			item.List("tax_rates")))
	}
	for _, id := range sub.Strs("discounts") {
		d, err := tx.load(id)
		if err != nil {
			return nil, err
		}
		discounts = append(discounts, Object{
			"coupon": d.Str("coupon.id"), "discount": id,
			"promotion_code": d["promotion_code"],
		})
		phase["coupon"] = d.at("coupon.id")
	}
	phase["items"], phase["discounts"] = items, discounts
	return phase, nil
}

// attachSchedule lets a subscription know of its schedule, which from then on decides when it ends.
func attachSchedule(tx *Tx, s Object) error {
	sub, err := updateSubscription(tx, s.Str("subscription"), func(sub Object) error {
		sub["schedule"] = s.ID()
		if sub.Bool("cancel_at_period_end") || sub.Has("cancel_at") || s.Str("end_behavior") == "cancel" {
			sub["cancel_at_period_end"] = false
			setScheduledEnd(s, sub)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := scheduleSubscription(tx, sub); err != nil {
		return err
	}
	return planSchedule(tx, s)
}

func getSchedule(r *apiRequest) (Object, error) { return r.Tx.Get(kindSchedule, r.ID) }

func listSchedules(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer"), Where: map[string]string{}}
	if waiting, sent, err := r.Params.Bool("scheduled"); err != nil {
		return nil, err
	} else if sent && waiting {
		q.Where["status"] = "not_started"
	}
	if err := r.timeFilters(&q, "canceled_at", "completed_at", "released_at"); err != nil {
		return nil, err
	}
	return r.list(kindSchedule, q)
}

// liveSchedule finds the request's schedule, and refuses what can no longer be done to it.
func (r *apiRequest) liveSchedule(verb string) (Object, error) {
	s, err := r.Tx.Get(kindSchedule, r.ID)
	if err != nil || running(s) {
		return s, err
	}
	return nil, invalidf("", "You cannot %s a subscription schedule that is currently in the `%s` status.", verb,
		s.Str("status"))
}

func updateScheduleAPI(r *apiRequest) (Object, error) {
	before, err := r.liveSchedule("update")
	if err != nil {
		return nil, err
	}
	s, err := replanned(r.Tx, before, r.Params)
	if err != nil {
		return nil, err
	}
	if s["metadata"], err = r.Params.Metadata(before.Obj("metadata")); err != nil {
		return nil, err
	}
	if behavior := phaseBehavior(before, s, r.Params); behavior != "" {
		sub, err := r.Tx.Ref("subscription", s.Str("subscription"), "subscription")
		if err != nil {
			return nil, err
		}
		if err := applyPhase(r.Tx, s, currentPhase(s), sub, behavior); err != nil {
			return nil, err
		}
	} else if s.Str("status") == "active" && (s.Str("end_behavior") != before.Str("end_behavior") ||
		scheduleEnd(s) != scheduleEnd(before)) {
		if err := attachSchedule(r.Tx, s); err != nil {
			return nil, err
		}
	}
	if _, err := amendSchedule(r.Tx, r.ID, func(stored Object) error {
		for key, value := range s {
			stored[key] = value
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := followSchedule(r.Tx, r.ID); err != nil {
		return nil, err
	}
	return r.Tx.Get(kindSchedule, r.ID)
}

// phaseBehavior says how an update that changes the current phase is prorated; "" when it does not change it.
func phaseBehavior(before, after Object, p Params) string {
	if after.Str("status") != "active" {
		return ""
	}
	had, has := currentPhase(before), currentPhase(after)
	if had.Int("start_date") != has.Int("start_date") {
		return has.Str("proration_behavior")
	}
	if samePhase(had, has) {
		return ""
	}
	return orText(p.Str("proration_behavior"), prorateCreate)
}

// replanned is a schedule as a request's phases and settings would have it. Phases that are over may be left out, and
// the one that is running keeps its beginning.
func replanned(tx *Tx, before Object, p Params) (Object, error) {
	s := before.Clone()
	if err := readSettings(tx, s, p); err != nil {
		return nil, err
	}
	if behavior := p.Str("end_behavior"); behavior != "" {
		s["end_behavior"] = behavior
	}
	if !p.Has("phases") {
		return s, nil
	}
	customer, err := tx.Ref("customer", s.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	given, err := readPhases(tx, customer, p.Subs("phases"), 0)
	if err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return nil, p.Require("phases")
	}
	if s.Str("status") != "active" {
		s["phases"] = given
		return s, nil
	}
	start := before.Int("current_phase.start_date")
	var phases []Object
	for _, phase := range before.List("phases") {
		if phase.Int("end_date") <= start && phase.Int("start_date") < given[0].Int("start_date") {
			phases = append(phases, phase)
		}
	}
	s["phases"] = append(phases, given...)
	current := phaseOf(Object{"phases": given}, start)
	if current == nil {
		return nil, invalidf("phases", "You can not modify the start date of the current phase.")
	}
	setCurrentPhase(s, current)
	for _, phase := range given {
		if phase.Int("start_date") <= tx.Now() && phase.Int("end_date") > tx.Now() {
			setCurrentPhase(s, phase)
		}
	}
	return s, nil
}

func releaseSchedule(r *apiRequest) (Object, error) {
	if _, err := r.liveSchedule("release"); err != nil {
		return nil, err
	}
	keep, _, err := r.Params.Bool("preserve_cancel_date")
	if err != nil {
		return nil, err
	}
	return freeSchedule(r.Tx, r.ID, keep)
}

// freeSchedule ends a schedule and leaves its subscription as it is.
func freeSchedule(tx *Tx, id string, keepCancelDate bool) (Object, error) {
	s, err := tx.Get(kindSchedule, id)
	if err != nil {
		return nil, err
	}
	if sub := s.Str("subscription"); sub != "" {
		if err := detachSchedule(tx, sub, keepCancelDate); err != nil {
			return nil, err
		}
	}
	s, err = amendSchedule(tx, id, func(s Object) error {
		s["status"], s["released_at"] = "released", tx.Now()
		s["released_subscription"] = s["subscription"]
		s["subscription"], s["current_phase"] = nil, nil
		return nil
	}, "subscription_schedule.released")
	if err != nil {
		return nil, err
	}
	return s, planSchedule(tx, s)
}

// cancelSchedule ends a schedule together with its subscription. What is left of the period is credited and billed
// unless the request says otherwise.
func cancelSchedule(r *apiRequest) (Object, error) {
	s, err := r.liveSchedule("cancel")
	if err != nil {
		return nil, err
	}
	if id := s.Str("subscription"); id != "" {
		p := Params{"prorate": true, "invoice_now": true}
		copyKeys(p, r.Params, "prorate", "invoice_now")
		if _, err := deleteSubscription(&apiRequest{Tx: r.Tx, ID: id, Params: p}); err != nil {
			return nil, err
		}
		return r.Tx.Get(kindSchedule, r.ID)
	}
	return callOff(r.Tx, r.ID)
}

// callOff cancels a schedule that has no subscription.
func callOff(tx *Tx, id string) (Object, error) {
	s, err := amendSchedule(tx, id, func(s Object) error {
		s["status"], s["canceled_at"] = "canceled", tx.Now()
		return nil
	}, "subscription_schedule.canceled")
	if err != nil {
		return nil, err
	}
	return s, planSchedule(tx, s)
}

// cancelWaitingSchedules calls off what a customer who is being deleted was to begin.
func cancelWaitingSchedules(tx *Tx, customer string) error {
	waiting, err := tx.Find(kindSchedule, Query{Customer: customer, Where: map[string]string{"status": "not_started"}})
	if err != nil {
		return err
	}
	for _, s := range waiting {
		if _, err := callOff(tx, s.ID()); err != nil {
			return err
		}
	}
	return nil
}

// checkScheduled refuses to change by hand when a subscription ends, while a schedule decides that.
func checkScheduled(sub Object, p Params) error {
	id := sub.Str("schedule")
	if id == "" || !(p.Has("cancel_at_period_end") || p.Has("cancel_at")) {
		return nil
	}
	return &Error{
		Status: http.StatusBadRequest, Type: typeInvalid,
		Message: "The subscription is managed by the subscription schedule `" + id + "`, and updating any cancelation " +
			"behavior directly is not allowed. Please update the schedule instead.",
	}
}
