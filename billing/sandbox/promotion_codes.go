package sandbox

import (
	"slices"
	"strings"
)

func createPromotionCode(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("coupon"); err != nil {
		return nil, err
	}
	coupon, err := usableCoupon(r.Tx, p.Str("coupon"), "coupon")
	if err != nil {
		return nil, err
	}
	code := p.Str("code")
	if code == "" {
		code = strings.ToUpper(r.Tx.random(8))
	}
	if err := r.freeCode(code, p.Str("customer")); err != nil {
		return nil, err
	}
	o := r.Tx.Skeleton("promotion_code")
	o["code"], o["coupon"], o["active"], o["times_redeemed"] = code, r.Tx.Public(coupon), true, int64(0)
	p.Copy(o, "active", "max_redemptions", "expires_at")
	if limit, all := o.Int("max_redemptions"), coupon.Int("max_redemptions"); limit > 0 && all > 0 && limit > all {
		return nil, invalidf("max_redemptions", "A promotion code cannot be redeemed more often than its coupon.")
	}
	if id := p.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
		o["customer"] = id
	}
	if err := codeLimits(p.Sub("restrictions"), o); err != nil {
		return nil, err
	}
	if o["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	if at := o.Int("expires_at"); at > 0 {
		if at <= r.Tx.Now() {
			return nil, invalidf("expires_at", "Invalid timestamp: must be an integer Unix timestamp in the future")
		}
		if end := coupon.Int("redeem_by"); end > 0 && at > end {
			return nil, invalidf("expires_at", "A promotion code cannot expire after the redeem_by of its coupon.")
		}
		if err := r.Tx.Schedule(at, "promotion_code.expire", o.ID()); err != nil {
			return nil, err
		}
	}
	return o, r.Tx.Insert(o, "promotion_code.created")
}

// codeLimits reads what a promotion code asks of the purchase and of the customer.
func codeLimits(p Params, o Object) error {
	limits := Object{"first_time_transaction": false, "minimum_amount": nil, "minimum_amount_currency": nil}
	o["restrictions"] = limits
	p.Copy(limits, "first_time_transaction", "minimum_amount")
	if !p.Given("minimum_amount") && !p.Has("currency_options") {
		return nil
	}
	if err := p.Require("minimum_amount", "minimum_amount_currency"); err != nil {
		return err
	}
	if limits.Int("minimum_amount") <= 0 {
		return invalidf(p.Path("minimum_amount"), "Invalid positive integer").withCode("parameter_invalid_integer")
	}
	limits["minimum_amount_currency"] = strings.ToLower(p.Str("minimum_amount_currency"))
	return minimumOptions(p, limits)
}

// minimumOptions reads the minimums in further currencies. The first one stands among them.
func minimumOptions(p Params, limits Object) error {
	options := limits.Obj("currency_options").Clone()
	if options == nil {
		options = Object{}
	}
	given := p.Sub("currency_options")
	for _, currency := range given.Keys() {
		option := given.Sub(currency)
		least, sent, err := option.Int("minimum_amount")
		if err != nil {
			return err
		}
		if !sent || least <= 0 {
			return invalidf(option.Path("minimum_amount"), "Invalid positive integer").
				withCode("parameter_invalid_integer")
		}
		options[strings.ToLower(currency)] = Object{"minimum_amount": least}
	}
	options[limits.Str("minimum_amount_currency")] = Object{"minimum_amount": limits["minimum_amount"]}
	limits["currency_options"] = options
	return nil
}

// freeCode refuses a code that somebody can use already: codes are unique among the active ones of a customer, or of
// everybody, without regard to case.
func (r *apiRequest) freeCode(code, customer string) error {
	found, err := activeCodes(r.Tx, code)
	if err != nil {
		return err
	}
	for _, o := range found {
		if o.Str("customer") == customer {
			return invalidf("code", "An active promotion code with `code: %s` already exists.", code).
				withCode("resource_already_exists")
		}
	}
	return nil
}

// activeCodes are the active promotion codes that are typed alike.
func activeCodes(tx *Tx, code string) ([]Object, error) {
	active, err := tx.Find("promotion_code", Query{Where: map[string]string{"active": "true"}})
	return slices.DeleteFunc(active, func(o Object) bool {
		return !strings.EqualFold(o.Str("code"), strings.TrimSpace(code))
	}), err
}

// findCode finds the active promotion code by what a customer types: one of their own before one for everybody, and
// both before somebody else's.
func findCode(tx *Tx, code, customer string) (Object, error) {
	var found Object
	active, err := activeCodes(tx, code)
	for _, o := range active {
		switch owner := o.Str("customer"); {
		case owner == customer && customer != "":
			return o, err
		case owner == "" || found == nil:
			found = o
		}
	}
	return found, err
}

func getPromotionCode(r *apiRequest) (Object, error) { return r.Tx.Get("promotion_code", r.ID) }

func listPromotionCodes(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "active", "code")
	if id := r.Params.Str("coupon"); id != "" {
		if q.Where == nil {
			q.Where = map[string]string{}
		}
		q.Where["coupon.id"] = id
	}
	return r.list("promotion_code", q)
}

func updatePromotionCode(r *apiRequest) (Object, error) {
	return r.Tx.Update("promotion_code", r.ID, func(o Object) error {
		if on, sent, err := r.Params.Bool("active"); err != nil {
			return err
		} else if sent && on && !o.Bool("active") {
			if err := r.reactivates(o); err != nil {
				return err
			}
		}
		r.Params.Copy(o, "active")
		if given := r.Params.Sub("restrictions"); given.Has("currency_options") {
			limits := o.Obj("restrictions")
			if !limits.Has("minimum_amount") {
				return invalidf(given.Path("currency_options"), "You can only pass currency_options for a promotion code with "+
					"a minimum_amount.")
			}
			if err := minimumOptions(given, limits); err != nil {
				return err
			}
		}
		metadata, err := r.Params.Metadata(o.Obj("metadata"))
		o["metadata"] = metadata
		return err
	}, "promotion_code.updated")
}

// reactivates refuses to bring back a code that nobody could redeem, or that another one has taken the place of.
func (r *apiRequest) reactivates(o Object) error {
	limit, end := o.Int("max_redemptions"), o.Int("expires_at")
	if (limit > 0 && o.Int("times_redeemed") >= limit) || (end > 0 && end <= r.Tx.Now()) {
		return invalidf("active", "This promotion code cannot be activated: it has expired or has been used up.")
	}
	if _, err := usableCoupon(r.Tx, o.Str("coupon.id"), "active"); err != nil {
		return err
	}
	return r.freeCode(o.Str("code"), o.Str("customer"))
}

// expirePromotionCode is the agenda's step at expires_at.
func expirePromotionCode(tx *Tx, id string) error {
	_, err := tx.Update("promotion_code", id, func(o Object) error {
		o["active"] = false
		return nil
	}, "promotion_code.updated")
	return err
}
