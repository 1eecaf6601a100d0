package sandbox

import (
	"slices"
	"strconv"
)

func createSubscription(r *apiRequest) (Object, error) {
	if err := r.Params.Require("customer"); err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", r.Params.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	spec, err := readSubscription(r.Tx, customer, r.Params)
	if err != nil {
		return nil, err
	}
	sub, err := buildSubscription(r.Tx, spec)
	if err != nil {
		return nil, err
	}
	if err := r.setFields(sub, true); err != nil {
		return nil, err
	}
	if err := backdateNew(r.Tx, sub, r.Params); err != nil {
		return nil, err
	}
	if err := addInvoiceItems(r.Tx, sub, r.Params); err != nil {
		return nil, err
	}
	if err := suitStart(r.Tx, spec, sub); err != nil {
		return nil, err
	}
	offSession, _, err := r.Params.Bool("off_session")
	if err != nil {
		return nil, err
	}
	behavior := r.Params.Str("payment_behavior")
	if behavior == "" {
		behavior = allowIncomplete
	}
	sub, _, err = startSubscription(r.Tx, sub, startOptions{
		behavior: behavior, pay: payOptions{offSession: offSession},
	})
	return sub, err
}

// suitStart refuses discounts that do not suit the first invoice of a new subscription.
func suitStart(tx *Tx, spec subscriptionSpec, sub Object) error {
	if len(spec.discounts) == 0 {
		return nil
	}
	b, err := firstBill(tx, spec.customer, sub)
	if err != nil {
		return err
	}
	return mustSuit(spec.discounts, b.purchase())
}

// pendingSetup gives a new trial that has nothing to charge a setup intent, by which its customer can leave a card.
func pendingSetup(tx *Tx, sub Object) error {
	if sub.Str("status") != "trialing" || sub.Str("collection_method") == "send_invoice" ||
		sub.Has("default_payment_method") {
		return nil
	}
	card, err := customerCard(tx, sub.Str("customer"))
	if err != nil || card != "" {
		return err
	}
	si, err := insertSetupIntent(tx, sub.Str("customer"), nil, nil)
	sub["pending_setup_intent"] = si.ID()
	return err
}

// readSubscription reads what a new subscription bills, and when.
func readSubscription(tx *Tx, customer Object, p Params) (subscriptionSpec, error) {
	spec := subscriptionSpec{customer: customer, fields: Object{}}
	if len(p.Subs("items")) == 0 {
		return spec, invalidf("items", "Missing required param: items.").withCode("parameter_missing")
	}
	spec.currency = p.Str("currency")
	for _, item := range p.Subs("items") {
		read, err := readItem(tx, item, spec.currency)
		if err != nil {
			return spec, err
		}
		spec.items = append(spec.items, read)
		if spec.currency != "" {
			continue
		}
		if spec.currency, err = currencyFor(tx, read.price, customer); err != nil {
			return spec, err
		}
	}
	var err error
	if spec.trialEnd, err = readTrial(tx, p, spec.items); err != nil {
		return spec, err
	}
	if spec.anchor, err = readAnchor(tx, p, &spec); err != nil {
		return spec, err
	}
	if id := p.Str("default_payment_method"); id != "" {
		pm, err := tx.Ref("payment_method", id, "default_payment_method")
		if err != nil {
			return spec, err
		}
		spec.method = pm.ID()
	}
	if spec.discounts, err = readSources(tx, p, customer); err != nil {
		return spec, err
	}
	if p.Str("proration_behavior") == prorateNone {
		spec.fields["_stub"] = prorateNone
	}
	if method := p.Str("collection_method"); method != "" {
		spec.fields["collection_method"] = method
	}
	if rates, err := readTaxRates(tx, p, "default_tax_rates"); err != nil {
		return spec, err
	} else if len(rates) > 0 {
		spec.fields["default_tax_rates"] = slices.Clone(rates)
	}
	return spec, nil
}

// readTrial works out when a trial ends, and 0 when there is none.
func readTrial(tx *Tx, p Params, items []itemSpec) (int64, error) {
	end, sent, err := trialEndParam(p, tx.Now())
	if err != nil || sent {
		return end, err
	}
	days, sent, err := p.Int("trial_period_days")
	if err != nil {
		return 0, err
	}
	if sent {
		if days < 0 || days > 730 {
			return 0, invalidf(p.Path("trial_period_days"), "Invalid trial_period_days: must be between 0 and 730.")
		}
		return tx.Now() + days*daySeconds, nil
	}
	if fromPlan, _, err := p.Bool("trial_from_plan"); err != nil || !fromPlan {
		return 0, err
	}
	for _, item := range items {
		days = max(days, item.price.Int("recurring.trial_period_days"))
	}
	if days == 0 {
		return 0, nil
	}
	return tx.Now() + days*daySeconds, nil
}

// addInvoiceItems bills one-time prices together with a subscription's first or next invoice.
func addInvoiceItems(tx *Tx, sub Object, p Params) error {
	items, err := extraItems(tx, sub, p)
	if err != nil {
		return err
	}
	return insertItems(tx, items)
}

func insertItems(tx *Tx, items []Object) error {
	for _, item := range items {
		if err := tx.Insert(item, "invoiceitem.created"); err != nil {
			return err
		}
	}
	return nil
}

// extraItems are the items that add_invoice_items asks for, not stored yet.
func extraItems(tx *Tx, sub Object, p Params) ([]Object, error) {
	var items []Object
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
		currency := sub.Str("currency")
		if err := mustPriceIn(tx, price, currency, entry.Path("price")); err != nil {
			return nil, err
		}
		amount, err := amountIn(tx, price, quantity, currency)
		if err != nil {
			return nil, err
		}
		item := newInvoiceItem(tx, sub.Str("customer"), currency, amount, productName(tx, price))
		item["price"], item["quantity"], item["subscription"] = tx.Public(price), quantity, sub.ID()
		unit := inCurrency(price, currency)
		item["unit_amount"], item["unit_amount_decimal"] = unit["unit_amount"], unit["unit_amount_decimal"]
		items = append(items, item)
	}
	return items, nil
}

func getSubscription(r *apiRequest) (Object, error) { return r.Tx.Get("subscription", r.ID) }

// listSubscriptions hides what has ended unless it is asked for: by a status of its own, by ended, or by all.
func listSubscriptions(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "collection_method", "test_clock")
	switch status := r.Params.Str("status"); status {
	case "":
		q.Not = map[string]string{"status": "canceled"}
	case "all":
	case "ended":
		q.In = map[string][]string{"status": {"canceled", "incomplete_expired"}}
	default:
		r.filters(&q, "status")
	}
	// Any of the items may have the price, or the plan, which is another name for it.
	for _, name := range []string{"price", "plan"} {
		if id := r.Params.Str(name); id != "" {
			q.Some = append(q.Some, SomeElement{"items.data", "price.id", id})
		}
	}
	if on, sent, err := r.Params.Sub("automatic_tax").Bool("enabled"); err != nil {
		return nil, err
	} else if sent {
		q.where("automatic_tax.enabled", strconv.FormatBool(on))
	}
	if err := r.timeFilters(&q, "current_period_start", "current_period_end"); err != nil {
		return nil, err
	}
	return r.list("subscription", q)
}

func searchSubscriptions(r *apiRequest) (Object, error) {
	return r.search("subscription", "canceled_at", "status")
}

func updateSubscriptionAPI(r *apiRequest) (Object, error) {
	sub, err := r.Tx.Get("subscription", r.ID)
	if err != nil {
		return nil, err
	}
	if ended(sub) {
		return r.updateEnded(sub)
	}
	if err := checkIncomplete(sub, r.Params); err != nil {
		return nil, err
	}
	if err := checkScheduled(sub, r.Params); err != nil {
		return nil, err
	}
	c, err := planChange(r.Tx, sub, r.Params)
	if err != nil {
		return nil, err
	}
	if err := r.setFields(c.after, false); err != nil {
		return nil, err
	}
	if err := r.replaceDiscounts(c.after); err != nil {
		return nil, err
	}
	if err := addInvoiceItems(r.Tx, sub, r.Params); err != nil {
		return nil, err
	}
	if r.Params.Has("default_tax_rates") {
		rates, err := readTaxRates(r.Tx, r.Params, "default_tax_rates")
		if err != nil {
			return nil, err
		}
		c.after["default_tax_rates"] = slices.Clone(rates)
	}
	offSession, _, err := r.Params.Bool("off_session")
	if err != nil {
		return nil, err
	}
	behavior := r.Params.Str("payment_behavior")
	if behavior == "" {
		behavior = allowIncomplete
	}
	if c.endsTrial() {
		ended, err := endTrialNow(r.Tx, c)
		if err != nil || ended != nil {
			return ended, err
		}
	}
	after, _, err := applyChange(r.Tx, c, applyOptions{behavior: behavior, pay: payOptions{offSession: offSession}})
	if err != nil {
		return nil, err
	}
	if err := announceDiscounts(r.Tx, after); err != nil {
		return nil, err
	}
	if err := reflectInSchedule(r.Tx, after); err != nil {
		return nil, err
	}
	return r.Tx.Get("subscription", r.ID)
}

// checkIncomplete refuses to change what a subscription bills before its beginning has been paid.
func checkIncomplete(sub Object, p Params) error {
	if sub.Str("status") != "incomplete" {
		return nil
	}
	for _, key := range p.Keys() {
		switch key {
		case "metadata", "default_source", "default_payment_method", "payment_settings":
		default:
			return invalidf(key, "You cannot update a subscription that is `incomplete` except for its metadata and "+
				"default payment method. Its first invoice must be paid first.")
		}
	}
	return nil
}

// updateEnded changes the little that can be changed after a subscription's end.
func (r *apiRequest) updateEnded(sub Object) (Object, error) {
	for _, key := range r.Params.Keys() {
		if key != "metadata" && key != "cancellation_details" && key != "expand" {
			return nil, invalidf("", "A canceled subscription can only update its cancellation_details and metadata.").
				withCode("invalid_canceled_subscription_fields")
		}
	}
	return updateSubscription(r.Tx, sub.ID(), func(s Object) error {
		if d := r.Params.Sub("cancellation_details"); d != nil {
			setCancellationDetails(s, d)
		}
		metadata, err := r.Params.Metadata(s.Obj("metadata"))
		s["metadata"] = metadata
		return err
	})
}

// resumeSubscription begins a subscription again that paused because its trial ended without a card.
func resumeSubscription(r *apiRequest) (Object, error) {
	sub, err := r.Tx.Get("subscription", r.ID)
	if err != nil {
		return nil, err
	}
	if sub.Str("status") != "paused" {
		return nil, invalidf("", "This subscription is not paused. Only paused subscriptions can be resumed.")
	}
	now := r.Tx.Now()
	c := &change{before: sub, after: sub.Clone(), resets: true, invoiceNow: true}
	c.after["status"] = "active"
	c.after["current_period_start"] = now
	if r.Params.Str("billing_cycle_anchor") == "unchanged" {
		c.after["current_period_end"] = interval(sub.Obj("items.data.0.price")).Next(sub.Int("billing_cycle_anchor"), now)
	} else {
		c.after["billing_cycle_anchor"] = now
		c.after["current_period_end"] = interval(sub.Obj("items.data.0.price")).Next(now, now)
	}
	after, _, err := applyChange(r.Tx, c, applyOptions{behavior: allowIncomplete})
	if err != nil {
		return nil, err
	}
	return after, r.Tx.Emit("customer.subscription.resumed", after, nil)
}
