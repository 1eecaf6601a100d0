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
		return couponOptions(p, c)
	}
	if p.Has("currency_options") {
		return invalidf("currency_options", "You can only pass currency_options for a coupon with an amount_off.")
	}
	off, ok := percent(p.Str("percent_off"))
	if !ok || off == "0" {
		return invalidf("percent_off", "Invalid percent_off: must be greater than 0 and at most 100.")
	}
	c["percent_off"] = off
	return nil
}

// couponOptions reads what a coupon takes off in further currencies. Its own stands among them, as with prices.
func couponOptions(p Params, c Object) error {
	options := c.Obj("currency_options").Clone()
	if options == nil {
		options = Object{}
	}
	given := p.Sub("currency_options")
	for _, currency := range given.Keys() {
		option := given.Sub(currency)
		amount, sent, err := option.Int("amount_off")
		switch {
		case err != nil:
			return err
		case !sent:
			return invalidf(option.Path("amount_off"), "Missing required param: %s.", option.Path("amount_off")).
				withCode("parameter_missing")
		case amount <= 0:
			return invalidf(option.Path("amount_off"), "Invalid positive integer").withCode("parameter_invalid_integer")
		}
		options[strings.ToLower(currency)] = Object{"amount_off": amount}
	}
	options[c.Str("currency")] = Object{"amount_off": c.Int("amount_off")}
	c["currency_options"] = options
	return nil
}

func getCoupon(r *apiRequest) (Object, error) { return r.Tx.Get("coupon", r.ID) }

func listCoupons(r *apiRequest) (Object, error) { return r.list("coupon", Query{}) }

func updateCoupon(r *apiRequest) (Object, error) {
	return r.Tx.Update("coupon", r.ID, func(c Object) error {
		r.Params.Copy(c, "name")
		if r.Params.Has("currency_options") {
			if !c.Has("amount_off") {
				return invalidf("currency_options", "You can only pass currency_options for a coupon with an amount_off.")
			}
			if err := couponOptions(r.Params, c); err != nil {
				return err
			}
		}
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
	if err := retireCodes(r.Tx, c.ID()); err != nil {
		return nil, err
	}
	return stub(c), r.Tx.Delete("coupon", r.ID, "coupon.deleted")
}

// expireCoupon is the agenda's step at redeem_by.
func expireCoupon(tx *Tx, id string) error {
	c, err := tx.load(id)
	if err != nil || c == nil || c.Bool("deleted") {
		return err
	}
	if _, err = tx.Update("coupon", id, func(c Object) error {
		c["valid"] = false
		return nil
	}, "coupon.updated"); err != nil {
		return err
	}
	return retireCodes(tx, id)
}

// retireCodes ends the promotion codes of a coupon that can no longer be redeemed.
func retireCodes(tx *Tx, coupon string) error {
	codes, err := tx.Find("promotion_code", Query{Where: map[string]string{"coupon.id": coupon, "active": "true"}})
	if err != nil {
		return err
	}
	for _, code := range codes {
		if err := expirePromotionCode(tx, code.ID()); err != nil {
			return err
		}
	}
	return nil
}
