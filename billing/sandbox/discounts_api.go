package sandbox

// replaceDiscounts replaces a subscription's discounts by those that the request gives, if it gives any.
func (r *apiRequest) replaceDiscounts(sub Object) error {
	p := r.Params
	if !p.Has("discounts") && !p.Has("coupon") && !p.Has("promotion_code") {
		return nil
	}
	customer, err := r.Tx.Ref("customer", sub.Str("customer"), "customer")
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	var all []Object
	for _, d := range p.Subs("discounts") {
		if id := d.Str("discount"); id != "" {
			o, err := r.Tx.Ref("discount", id, d.Path("discount"))
			if err != nil {
				return err
			}
			kept[id] = true
			all = append(all, o)
		}
	}
	for _, id := range sub.Strs("discounts") {
		if kept[id] {
			continue
		}
		if err := r.dropDiscount(id); err != nil {
			return err
		}
	}
	sources, err := readDiscounts(r.Tx, p, customer, purchase{currency: sub.Str("currency"), open: onUpdate})
	if err != nil {
		return err
	}
	var fresh []Object
	for _, src := range sources {
		fresh = append(fresh, newDiscount(r.Tx, src, customer.ID(), sub.ID(), ""))
	}
	setDiscounts(sub, append(all, fresh...))
	if len(fresh) > 0 {
		sub["_new_discounts"] = fresh
	}
	return storeDiscounts(r.Tx, sub)
}

func (r *apiRequest) dropDiscount(id string) error {
	d, err := r.Tx.load(id)
	if err != nil || d == nil {
		return err
	}
	return r.Tx.Emit("customer.discount.deleted", d, nil)
}

// deleteSubscriptionDiscount takes all discounts off a subscription.
func deleteSubscriptionDiscount(r *apiRequest) (Object, error) {
	sub, err := r.Tx.Get("subscription", r.ID)
	if err != nil {
		return nil, err
	}
	d := sub.Obj("discount")
	if d == nil {
		return nil, missing(404, "discount", r.ID, "id")
	}
	for _, id := range sub.Strs("discounts") {
		if err := r.dropDiscount(id); err != nil {
			return nil, err
		}
	}
	_, err = updateSubscription(r.Tx, r.ID, func(s Object) error {
		setDiscounts(s, nil)
		return nil
	})
	return deletedDiscount(d), err
}

// deleteCustomerDiscount takes the discount off a customer.
func deleteCustomerDiscount(r *apiRequest) (Object, error) {
	c, err := r.Tx.Get("customer", r.ID)
	if err != nil {
		return nil, err
	}
	d := c.Obj("discount")
	if d == nil {
		return nil, missing(404, "discount", r.ID, "id")
	}
	if err := r.dropDiscount(d.ID()); err != nil {
		return nil, err
	}
	_, err = r.Tx.Update("customer", r.ID, func(c Object) error {
		c["discount"] = nil
		return nil
	}, "customer.updated")
	return deletedDiscount(d), err
}

func deletedDiscount(d Object) Object {
	out := d.Clone()
	out["deleted"] = true
	delete(out, "end")
	return out
}

// startCustomerDiscount applies the coupon or promotion code that a request gives to a customer. It writes to the
// stored customer without an event: the request's own follows.
func startCustomerDiscount(tx *Tx, customer Object, p Params) error {
	if (p.Unset("coupon") || p.Unset("promotion_code")) && customer.Has("discount") {
		_, err := deleteCustomerDiscount(&apiRequest{Tx: tx, ID: customer.ID()})
		return err
	}
	if p.Str("coupon") == "" && p.Str("promotion_code") == "" {
		return nil
	}
	// Another discount may have another currency; only what else is under way binds its customer.
	bound, err := boundCurrency(tx, customer)
	if err != nil {
		return err
	}
	sources, err := readDiscounts(tx, Params{"coupon": p.Str("coupon"), "promotion_code": p.Str("promotion_code")},
		customer, purchase{currency: bound, open: onCustomer})
	if err != nil || len(sources) == 0 {
		return err
	}
	d := newDiscount(tx, sources[0], customer.ID(), "", "")
	if err := tx.Insert(d); err != nil {
		return err
	}
	// A customer has one discount: another coupon takes the place of the one that is there.
	if old := customer.Obj("discount"); old != nil {
		err = tx.Emit("customer.discount.updated", d, previousAttributes(old, d))
	} else {
		err = tx.Emit("customer.discount.created", d, nil)
	}
	if err != nil {
		return err
	}
	if err := redeem(tx, d); err != nil {
		return err
	}
	_, err = tx.Update("customer", customer.ID(), func(c Object) error {
		c["discount"] = d
		return nil
	})
	return err
}

// endCustomerSubscriptions cancels what a customer that is being deleted still subscribes to.
func endCustomerSubscriptions(tx *Tx, customer string) error {
	subs, err := tx.Find("subscription", Query{Customer: customer})
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if ended(sub) {
			continue
		}
		if _, err := endSubscription(tx, sub.ID(), "cancellation_requested"); err != nil {
			return err
		}
	}
	return nil
}
