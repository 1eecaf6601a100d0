package sandbox

import (
	"strings"
)

func createCoupon(r *apiRequest) (Object, error) {
	p := r.Params
	if p.Given("percent_off") == p.Given("amount_off") {
		return nil, invalidf("", "You must pass either percent_off or amount_off, and not both.")
	}
	c := r.Tx.Skeleton("coupon")
	if id := p.Str("id"); id != "" {
		taken, err := r.Tx.load(id)
		if err != nil {
			return nil, err
		}
		if taken != nil && !taken.Bool("deleted") {
			return nil, invalidf("id", "Coupon already exists.").withCode("resource_already_exists")
		}
		c["id"] = id
	}
	c["duration"], c["valid"], c["times_redeemed"] = "once", true, int64(0)
	p.Copy(c, "name", "duration", "duration_in_months", "max_redemptions", "redeem_by", "amount_off", "applies_to")
	if err := couponAmount(p, c); err != nil {
		return nil, err
	}
	if (c.Str("duration") == "repeating") != p.Given("duration_in_months") {
		return nil, invalidf("duration_in_months", "You must pass duration_in_months if, and only if, duration is "+
			"repeating.")
	}
	var err error
	if c["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	if at := c.Int("redeem_by"); at > 0 {
		if at <= r.Tx.Now() {
			return nil, invalidf("redeem_by", "Invalid timestamp: must be an integer Unix timestamp in the future")
		}
		if err := r.Tx.Schedule(at, "coupon.expire", c.ID()); err != nil {
			return nil, err
		}
	}
	return c, r.Tx.Insert(c, "coupon.created")
}

func couponAmount(p Params, c Object) error {
	if p.Given("amount_off") {
		if c.Int("amount_off") <= 0 {
			return invalidf("amount_off", "Invalid positive integer").withCode("parameter_invalid_integer")
		}
		if err := p.Require("currency"); err != nil {
			return err
		}
		c["currency"] = strings.ToLower(p.Str("currency"))
		if options := p.Sub("currency_options"); options != nil {
			c["currency_options"] = options.Object()
		}
		return nil
	}
	off, ok := percent(p.Str("percent_off"))
	if !ok || off == "0" {
		return invalidf("percent_off", "Invalid percent_off: must be greater than 0 and at most 100.")
	}
	c["percent_off"] = off
	return nil
}

func getCoupon(r *apiRequest) (Object, error) { return r.Tx.Get("coupon", r.ID) }

func listCoupons(r *apiRequest) (Object, error) { return r.list("coupon", Query{}) }

func updateCoupon(r *apiRequest) (Object, error) {
	return r.Tx.Update("coupon", r.ID, func(c Object) error {
		r.Params.Copy(c, "name")
		metadata, err := r.Params.Metadata(c.Obj("metadata"))
		c["metadata"] = metadata
		return err
	}, "coupon.updated")
}

// deleteCoupon ends a coupon for new customers. Discounts that were given keep their own copy.
func deleteCoupon(r *apiRequest) (Object, error) {
	c, err := r.Tx.Get("coupon", r.ID)
	if err != nil {
		return nil, err
	}
	codes, err := r.Tx.Find("promotion_code", Query{Where: map[string]string{"coupon.id": c.ID(), "active": "true"}})
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		if _, err := r.Tx.Update("promotion_code", code.ID(), func(o Object) error {
			o["active"] = false
			return nil
		}, "promotion_code.updated"); err != nil {
			return nil, err
		}
	}
	return stub(c), r.Tx.Delete("coupon", r.ID, "coupon.deleted")
}

// expireCoupon is the agenda's step at redeem_by.
func expireCoupon(tx *Tx, id string) error {
	c, err := tx.load(id)
	if err != nil || c == nil || c.Bool("deleted") {
		return err
	}
	_, err = tx.Update("coupon", id, func(c Object) error {
		c["valid"] = false
		return nil
	}, "coupon.updated")
	return err
}

// usableCoupon finds a coupon that can still be redeemed.
func usableCoupon(tx *Tx, id, param string) (Object, error) {
	c, err := tx.Ref("coupon", id, param)
	if err != nil {
		return nil, err
	}
	if !c.Bool("valid") {
		return nil, invalidf(param, "Coupon %s is expired or has been used the maximum number of times.", id).
			withCode("coupon_expired")
	}
	return c, nil
}
