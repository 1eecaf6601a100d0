package sandbox

import "example.com/tollgate/billing/sandbox/money"

// discountSource is a coupon, and the promotion code through which a customer got at it, if any. param is the parameter
// that named it.
type discountSource struct {
	coupon, promotion Object
	param             string
}

// newDiscount applies a source to something, from now on.
func newDiscount(tx *Tx, src discountSource, customer, sub, session string) Object {
	d := tx.Skeleton("discount")
	d["coupon"] = src.coupon
	d["start"] = tx.Now()
	d["customer"] = textOrNil(customer)
	d["subscription"] = textOrNil(sub)
	d["checkout_session"] = textOrNil(session)
	if src.promotion != nil {
		d["promotion_code"] = src.promotion.ID()
	}
	if src.coupon.Str("duration") == "repeating" {
		d["end"] = money.Interval{Unit: "month", Count: 1}.
			Boundary(tx.Now(), src.coupon.Int("duration_in_months"))
	}
	return d
}

// attachDiscounts puts new discounts on a subscription that is not stored yet. Their objects travel with it under a
// private name until storeDiscounts writes them.
func attachDiscounts(tx *Tx, sub Object, sources []discountSource) {
	made := make([]Object, 0, len(sources))
	for _, src := range sources {
		made = append(made, newDiscount(tx, src, sub.Str("customer"), sub.ID(), ""))
	}
	setDiscounts(sub, made)
	if len(made) > 0 {
		sub["_new_discounts"] = made
	}
}

func setDiscounts(sub Object, discounts []Object) {
	sub["discounts"] = discountIDs(discounts)
	sub["discount"] = nil
	if len(discounts) > 0 {
		sub["discount"] = discounts[0]
	}
}

// storeDiscounts writes the discounts that came with a new or changed subscription, and counts their redemption.
func storeDiscounts(tx *Tx, sub Object) error {
	for _, d := range sub.List("_new_discounts") {
		if err := tx.Insert(d); err != nil {
			return err
		}
		if err := redeem(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// announceDiscounts tells of the discounts that storeDiscounts wrote, once their subscription has been told of.
func announceDiscounts(tx *Tx, sub Object) error {
	fresh := sub.List("_new_discounts")
	if len(fresh) == 0 {
		return nil
	}
	for _, d := range fresh {
		if err := tx.Emit("customer.discount.created", d, nil); err != nil {
			return err
		}
	}
	_, err := tx.Update("subscription", sub.ID(), func(s Object) error {
		delete(s, "_new_discounts")
		return nil
	})
	return err
}

// redeem counts a use of a coupon and of its promotion code. The one that reaches its limit is told of.
func redeem(tx *Tx, d Object) error {
	count := func(kind, id, live string) error {
		var events []string
		_, err := tx.Update(kind, id, func(o Object) error {
			o["times_redeemed"] = o.Int("times_redeemed") + 1
			if limit := o.Int("max_redemptions"); limit > 0 && o.Int("times_redeemed") >= limit {
				o[live] = false
			}
			return nil
		}, events...)
		return err
	}
	if err := count("coupon", d.Str("coupon.id"), "valid"); err != nil {
		return err
	}
	if promo := d.Str("promotion_code"); promo != "" {
		if err := count("promotion_code", promo, "active"); err != nil {
			return err
		}
	}
	return exhausted(tx, d)
}

// exhausted emits the update of a coupon or promotion code that has just been used up.
func exhausted(tx *Tx, d Object) error {
	for _, used := range [][2]string{{d.Str("promotion_code"), "promotion_code"}, {d.Str("coupon.id"), "coupon"}} {
		o, err := tx.load(used[0])
		if err != nil {
			return err
		}
		limit := o.Int("max_redemptions")
		if limit == 0 || o.Int("times_redeemed") != limit {
			continue
		}
		live := map[string]string{"promotion_code": "active", "coupon": "valid"}[used[1]]
		prev := Object{live: true, "times_redeemed": limit - 1}
		if err := tx.Emit(used[1]+".updated", o, prev); err != nil {
			return err
		}
		if used[1] == "coupon" {
			return retireCodes(tx, o.ID())
		}
	}
	return nil
}

// liveDiscounts are the discounts that an invoice of a subscription gets at a moment: its own, or else its
// customer's.
func liveDiscounts(tx *Tx, sub Object, at int64) ([]Object, error) {
	var out []Object
	fresh := map[string]Object{}
	for _, d := range sub.List("_new_discounts") {
		fresh[d.ID()] = d
	}
	for _, id := range sub.Strs("discounts") {
		d := fresh[id]
		if d == nil {
			var err error
			if d, err = tx.load(id); err != nil {
				return nil, err
			}
		}
		if d != nil && liveAt(d, at) {
			out = append(out, d)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	customer, err := tx.load(sub.Str("customer"))
	if err != nil {
		return nil, err
	}
	if d := customer.Obj("discount"); d != nil && liveAt(d, at) {
		out = append(out, d)
	}
	return out, nil
}

func liveAt(d Object, at int64) bool {
	end := d.Int("end")
	return end == 0 || end > at
}

// dropDiscounts takes off a subscription what has run out: coupons that last for one invoice, once that invoice has
// used them, and those whose months are over.
func dropDiscounts(tx *Tx, id string, inv Object) error {
	used := map[string]bool{}
	for _, d := range inv.List("total_discount_amounts") {
		used[d.Str("discount")] = d.Int("amount") > 0
	}
	sub, err := tx.Get("subscription", id)
	if err != nil {
		return err
	}
	var kept, gone []Object
	for _, did := range sub.Strs("discounts") {
		d, err := tx.load(did)
		if err != nil {
			return err
		}
		if !liveAt(d, tx.Now()) || (d.Str("coupon.duration") == "once" && used[did]) {
			gone = append(gone, d)
			continue
		}
		kept = append(kept, d)
	}
	if len(gone) == 0 {
		return nil
	}
	for _, d := range gone {
		if err := tx.Emit("customer.discount.deleted", d, nil); err != nil {
			return err
		}
	}
	_, err = tx.Update("subscription", id, func(s Object) error {
		setDiscounts(s, kept)
		return nil
	})
	return err
}

// spendCustomerDiscount takes the discount off a customer once an invoice has used it: a coupon that lasts for one
// invoice, or one whose months are over.
func spendCustomerDiscount(tx *Tx, inv Object) error {
	customer, err := tx.Get("customer", inv.Str("customer"))
	if err != nil {
		return err
	}
	d := customer.Obj("discount")
	if d == nil {
		return nil
	}
	over := !liveAt(d, tx.Now())
	for _, used := range inv.List("total_discount_amounts") {
		if used.Str("discount") == d.ID() && used.Int("amount") > 0 && d.Str("coupon.duration") == "once" {
			over = true
		}
	}
	if !over {
		return nil
	}
	_, err = deleteCustomerDiscount(&apiRequest{Tx: tx, ID: customer.ID()})
	return err
}
