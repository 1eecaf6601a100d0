package sandbox

import "slices"

// A subscription schedule says what a subscription is to be, phase after phase. Each phase is kept as it was asked for,
// with its dates worked out; schedules_run.go makes the subscription follow.

const (
	kindSchedule = "subscription_schedule"
	kindPhase    = "subscription_schedule_phase_configuration"
	phaseStart   = "phase_start"
)

// newSchedule is a schedule without phases.
func newSchedule(tx *Tx, customer string) Object {
	s := tx.Skeleton(kindSchedule)
	s["customer"], s["status"], s["end_behavior"] = customer, "not_started", "release"
	s["phases"] = []any{}
	s["default_settings"] = Object{
		"application_fee_percent": nil,
		"automatic_tax":           Object{"enabled": false, "liability": nil, "disabled_reason": nil},
		"billing_cycle_anchor":    "automatic", "billing_thresholds": nil,
		"collection_method": "charge_automatically", "default_payment_method": nil, "description": nil,
		"invoice_settings": Object{"account_tax_ids": nil, "days_until_due": nil, "issuer": Object{"type": "self"}},
		"on_behalf_of":     nil, "transfer_data": nil,
	}
	return s
}

// readSettings merges a request's default_settings into a schedule's.
func readSettings(tx *Tx, s Object, p Params) error {
	given := p.Sub("default_settings")
	if given == nil {
		return nil
	}
	settings := s.Obj("default_settings")
	given.Copy(settings, "application_fee_percent", "billing_cycle_anchor", "billing_thresholds", "collection_method",
		"description", "on_behalf_of", "transfer_data")
	for _, hash := range []string{"automatic_tax", "invoice_settings"} {
		for key, value := range given.Sub(hash).Object() {
			settings.Set(hash+"."+key, value)
		}
	}
	method, err := phaseMethod(tx, given, s.Str("customer"))
	if method != "" {
		settings["default_payment_method"] = method
	}
	return err
}

func phaseMethod(tx *Tx, p Params, customer string) (string, error) {
	id := p.Str("default_payment_method")
	if id == "" {
		return "", nil
	}
	pm, err := tx.Ref("payment_method", id, p.Path("default_payment_method"))
	if err != nil {
		return "", err
	}
	if pm.Str("customer") != customer {
		return "", invalidf(p.Path("default_payment_method"), "The customer does not have a payment method with the ID "+
			"%s. The payment method must be attached to the customer.", id)
	}
	return pm.ID(), nil
}

// readPhases works out a list of phases, each of which begins where the one before it ends. start is where the first
// one begins, or 0 when the phases themselves must say so.
func readPhases(tx *Tx, customer Object, given []Params, start int64) ([]Object, error) {
	phases := make([]Object, 0, len(given))
	for _, p := range given {
		from, sent, err := moment(tx, p, "start_date")
		if err != nil {
			return nil, err
		}
		if sent && len(phases) > 0 && from != start {
			return nil, invalidf(p.Path("start_date"), "The start date of a phase must be equal to the end date of the "+
				"phase before it.")
		}
		if sent {
			start = from
		}
		if start == 0 {
			return nil, invalidf("phases", "The subscription schedule update is missing at least one phase with a "+
				"`start_date` to anchor end dates to.")
		}
		phase, err := readPhase(tx, customer, p, start)
		if err != nil {
			return nil, err
		}
		phases = append(phases, phase)
		start = phase.Int("end_date")
	}
	return phases, nil
}

// moment reads a time that may be written as "now".
func moment(tx *Tx, p Params, key string) (int64, bool, error) {
	if p.Str(key) == "now" {
		return tx.Now(), true, nil
	}
	return p.Int(key)
}

func readPhase(tx *Tx, customer Object, p Params, start int64) (Object, error) {
	phase := tx.s.schema.skeleton(tx.s.schema.Objects[kindPhase])
	phase["automatic_tax"] = Object{"enabled": false, "liability": nil, "disabled_reason": nil}
	phase["proration_behavior"], phase["start_date"] = prorateCreate, start
	p.Copy(phase, "application_fee_percent", "billing_cycle_anchor", "billing_thresholds", "collection_method",
		"description", "on_behalf_of", "proration_behavior", "transfer_data")
	for key, value := range p.Sub("automatic_tax").Object() {
		phase.Set("automatic_tax."+key, value)
	}
	if given := p.Sub("invoice_settings"); given != nil {
		phase["invoice_settings"] = Object{"account_tax_ids": nil, "days_until_due": nil, "issuer": nil}
		for key, value := range given.Object() {
			phase.Set("invoice_settings."+key, value)
		}
	}
	method, err := phaseMethod(tx, p, customer.ID())
	if err != nil {
		return nil, err
	}
	phase["default_payment_method"] = textOrNil(method)
	rates, err := readTaxRates(tx, p, "default_tax_rates")
	if err != nil {
		return nil, err
	}
	phase["default_tax_rates"] = slices.Clone(rates)
	if rates == nil {
		phase["default_tax_rates"] = []any{}
	}
	if phase["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	every, err := readPhaseItems(tx, phase, p)
	if err != nil {
		return nil, err
	}
	if err := readPhaseDiscounts(tx, phase, p, customer); err != nil {
		return nil, err
	}
	return phase, readPhaseEnd(tx, phase, p, every)
}

// readPhaseItems reads what a phase bills, and what it adds to its first invoice. It returns a price that has the
// phase's interval.
func readPhaseItems(tx *Tx, phase Object, p Params) (Object, error) {
	var items, extras []any
	var billed []Object
	currency := p.Str("currency")
	for _, entry := range p.Subs("items") {
		spec, err := readItem(tx, entry, currency)
		if err != nil {
			return nil, err
		}
		currency = orText(currency, spec.price.Str("currency"))
		phase["currency"] = currency
		billed = append(billed, Object{"price": spec.price})
		items = append(items, phaseItem(spec.price, spec.quantity, spec.metadata, spec.taxRates))
	}
	if len(items) == 0 {
		return nil, invalidf(p.Path("items"), "Missing required param: %s.", p.Path("items")).
			withCode("parameter_missing")
	}
	if err := checkItems(billed); err != nil {
		return nil, err
	}
	for _, entry := range p.Subs("add_invoice_items") {
		price, err := readPrice(tx, entry)
		if err != nil {
			return nil, err
		}
		quantity, sent, err := entry.Int("quantity")
		if err != nil {
			return nil, err
		}
		if !sent {
			quantity = 1
		}
		extras = append(extras, Object{
			"discounts": []any{}, "price": price.ID(), "quantity": quantity,
			"tax_rates": []any{},
		})
	}
	phase["items"], phase["add_invoice_items"] = items, extras
	if extras == nil {
		phase["add_invoice_items"] = []any{}
	}
	return billed[0].Obj("price"), nil
}

func phaseItem(price Object, quantity int64, metadata Object, rates []Object) Object {
	item := Object{
		"billing_thresholds": nil, "discounts": []any{}, "metadata": metadata, "plan": price.ID(),
		"price": price.ID(), "tax_rates": slices.Clone(rates),
	}
	if metadata == nil {
		item["metadata"] = Object{}
	}
	if rates == nil {
		item["tax_rates"] = []any{}
	}
	if !metered(price) {
		item["quantity"] = quantity
	}
	return item
}

func readPhaseDiscounts(tx *Tx, phase Object, p Params, customer Object) error {
	on := purchase{currency: phase.Str("currency"), open: onSchedule}
	sources, err := readDiscounts(tx, p, customer, on)
	if err != nil {
		return err
	}
	discounts := []any{}
	for _, src := range sources {
		entry := Object{"coupon": src.coupon.ID(), "discount": nil, "promotion_code": nil}
		if src.promotion != nil {
			entry["promotion_code"] = src.promotion.ID()
		}
		discounts = append(discounts, entry)
	}
	for _, d := range p.Subs("discounts") {
		if id := d.Str("discount"); id != "" {
			o, err := tx.Ref("discount", id, d.Path("discount"))
			if err != nil {
				return err
			}
			discounts = append(discounts, Object{"coupon": o.Str("coupon.id"), "discount": id, "promotion_code": nil})
		}
	}
	phase["discounts"] = discounts
	if id := p.Str("coupon"); id != "" {
		phase["coupon"] = id
	}
	return nil
}

// readPhaseEnd works out when a phase, and the trial in it, ends: at a date, or after so many intervals of its price.
func readPhaseEnd(tx *Tx, phase Object, p Params, price Object) error {
	start := phase.Int("start_date")
	end, dated, err := moment(tx, p, "end_date")
	if err != nil {
		return err
	}
	count, counted, err := p.Int("iterations")
	if err != nil {
		return err
	}
	if dated && counted {
		return invalidf(p.Path("iterations"), "You may only specify one of these parameters: end_date, iterations.")
	}
	if counted && count < 1 {
		return invalidf(p.Path("iterations"), "Invalid integer: iterations must be at least 1.")
	}
	if !dated {
		end = interval(price).Boundary(start, max(count, 1))
	}
	if end <= start {
		return invalidf(p.Path("end_date"), "The end date of a phase must be after its start date.")
	}
	phase["end_date"] = end
	trialEnd, dated, err := moment(tx, p, "trial_end")
	if err != nil {
		return err
	}
	whole, _, err := p.Bool("trial")
	switch {
	case err != nil:
		return err
	case whole && dated:
		return invalidf(p.Path("trial"), "You may only specify one of these parameters: trial, trial_end.")
	case whole:
		phase["trial_end"] = end
	case dated && (trialEnd > end || trialEnd <= start):
		return invalidf(p.Path("trial_end"), "The trial of a phase must end within the phase.")
	case dated:
		phase["trial_end"] = trialEnd
	}
	return nil
}

// phaseOf finds the phase that begins at a moment; nil when there is none.
func phaseOf(s Object, start int64) Object {
	for _, phase := range s.List("phases") {
		if phase.Int("start_date") == start {
			return phase
		}
	}
	return nil
}

// currentPhase is the phase that an active schedule is in.
func currentPhase(s Object) Object { return phaseOf(s, s.Int("current_phase.start_date")) }

// scheduleEnd is when the last phase ends.
func scheduleEnd(s Object) int64 {
	phases := s.List("phases")
	if len(phases) == 0 {
		return 0
	}
	return phases[len(phases)-1].Int("end_date")
}

func setCurrentPhase(s, phase Object) {
	s["current_phase"] = Object{"start_date": phase["start_date"], "end_date": phase["end_date"]}
}

func running(s Object) bool { return s.Str("status") == "not_started" || s.Str("status") == "active" }
