package sandbox

import (
	"math/big"
	"regexp"
	"strings"
)

// insertPrice creates a price of a product, and with a recurring one the legacy plan's event.
func insertPrice(tx *Tx, p Params, product string, active bool) (Object, error) {
	price := tx.Skeleton("price")
	price["product"] = product
	price["active"] = active
	if on, given, err := p.Bool("active"); err != nil {
		return nil, err
	} else if given {
		price["active"] = on
	}
	price["currency"] = strings.ToLower(p.Str("currency"))
	if len(price.Str("currency")) != 3 {
		return nil, invalidf(p.Path("currency"), "Invalid currency: %s", p.Str("currency"))
	}
	price["tax_behavior"] = "unspecified"
	p.Copy(price, "nickname", "tax_behavior", "transform_quantity", "custom_unit_amount")
	price["type"] = "one_time"
	if p.Sub("recurring") != nil {
		price["type"] = "recurring"
		recurring, err := recurringOf(tx, p.Sub("recurring"))
		if err != nil {
			return nil, err
		}
		price["recurring"] = recurring
	}
	if err := priceAmounts(p, price); err != nil {
		return nil, err
	}
	metadata, err := p.Metadata(nil)
	if err != nil {
		return nil, err
	}
	price["metadata"] = metadata
	if err := claimLookupKey(tx, p, price); err != nil {
		return nil, err
	}
	if price.Str("type") == "recurring" {
		if err := tx.Emit("plan.created", planOf(price), nil); err != nil {
			return nil, err
		}
	}
	return price, tx.Insert(price, "price.created")
}

func recurringOf(tx *Tx, p Params) (Object, error) {
	count, given, err := p.Int("interval_count")
	if err != nil {
		return nil, err
	}
	if !given {
		count = 1
	}
	most := map[string]int64{"day": 1095, "week": 156, "month": 36, "year": 3}[p.Str("interval")]
	if count < 1 || count > most {
		return nil, invalidf(p.Path("interval_count"), "Invalid interval_count: a price's interval cannot be longer "+
			"than three years.")
	}
	out := Object{
		"aggregate_usage": nil, "interval": p.Str("interval"), "interval_count": count, "meter": nil,
		"trial_period_days": nil, "usage_type": "licensed",
	}
	p.Copy(out, "aggregate_usage", "meter", "trial_period_days", "usage_type")
	if out.Has("meter") {
		if out.Str("usage_type") != "metered" {
			return nil, invalidf(p.Path("usage_type"), "The `usage_type` must be `metered` when `meter` is set.")
		}
		if _, err := tx.Ref("billing.meter", out.Str("meter"), p.Path("meter")); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// decimal is an amount in minor units with at most twelve decimal places.
var decimal = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)

// priceAmounts reads a flat amount, or the tiers. A whole amount is also written as decimal text, and decimal text
// that is whole also as a number.
func priceAmounts(p Params, price Object) error {
	price["billing_scheme"] = "per_unit"
	if p.Given("billing_scheme") {
		price["billing_scheme"] = p.Str("billing_scheme")
	}
	if price.Str("billing_scheme") == "tiered" || p.Given("tiers") {
		return priceTiered(p, price)
	}
	whole, text, err := amountOf(p, "unit_amount")
	if err != nil {
		return err
	}
	if text == nil && !price.Has("custom_unit_amount") {
		return invalidf(p.Path("unit_amount"), "Prices require an `unit_amount` or `unit_amount_decimal` parameter to "+
			"be set.").withCode("parameter_missing")
	}
	price["unit_amount"], price["unit_amount_decimal"] = whole, text
	if options := p.Sub("currency_options"); options != nil {
		price["currency_options"] = currencyOptions(options)
	}
	return nil
}

// amountOf reads an amount and its decimal form; both are nil when neither was sent.
func amountOf(p Params, key string) (whole, text any, err error) {
	if p.Given(key) && p.Given(key+"_decimal") {
		return nil, nil, invalidf(p.Path(key), "You may only specify one of these parameters: %s, %s.", key, key+"_decimal")
	}
	if p.Given(key + "_decimal") {
		value := p.Str(key + "_decimal")
		if !decimal.MatchString(value) {
			return nil, nil, invalidf(p.Path(key+"_decimal"), "Invalid decimal: %s; must contain at maximum twelve "+
				"decimal places.", value)
		}
		r, _ := new(big.Rat).SetString(value)
		if r.IsInt() {
			return r.Num().Int64(), r.Num().String(), nil
		}
		return nil, strings.TrimRight(value, "0"), nil
	}
	n, given, err := p.Int(key)
	if err != nil || !given {
		return nil, nil, err
	}
	if n < 0 {
		return nil, nil, invalidf(p.Path(key), "Invalid non-negative integer").
			withCode("parameter_invalid_integer")
	}
	return n, big.NewInt(n).String(), nil
}

func priceTiered(p Params, price Object) error {
	tiers := p.Subs("tiers")
	if len(tiers) == 0 || !p.Given("tiers_mode") {
		return invalidf(p.Path("tiers"), "You must specify `tiers` and `tiers_mode` when `billing_scheme` is `tiered`.").
			withCode("parameter_missing")
	}
	price["billing_scheme"], price["tiers_mode"] = "tiered", p.Str("tiers_mode")
	price["unit_amount"], price["unit_amount_decimal"] = nil, nil
	stored := make([]any, 0, len(tiers))
	var last int64
	for i, tier := range tiers {
		flat, flatText, err := amountOf(tier, "flat_amount")
		if err != nil {
			return err
		}
		unit, unitText, err := amountOf(tier, "unit_amount")
		if err != nil {
			return err
		}
		var upTo any
		if tier.Str("up_to") != "inf" {
			n, _, err := tier.Int("up_to")
			if err != nil {
				return err
			}
			if n <= last {
				return invalidf(tier.Path("up_to"), "Tiers must be listed in increasing order of `up_to`.")
			}
			upTo, last = n, n
		}
		if (upTo == nil) != (i == len(tiers)-1) {
			return invalidf(tier.Path("up_to"), "The last tier, and only the last, must have `up_to` set to `inf`.")
		}
		stored = append(stored, Object{
			"flat_amount": flat, "flat_amount_decimal": flatText, "unit_amount": unit,
			"unit_amount_decimal": unitText, "up_to": upTo,
		})
	}
	price["tiers"] = stored
	return nil
}

func currencyOptions(options Params) Object {
	out := Object{}
	for _, currency := range options.Keys() {
		option := options.Sub(currency)
		o := Object{"custom_unit_amount": nil, "tax_behavior": "unspecified", "unit_amount": nil, "unit_amount_decimal": nil}
		option.Copy(o, "tax_behavior")
		o["unit_amount"], o["unit_amount_decimal"], _ = amountOf(option, "unit_amount")
		out[currency] = o
	}
	return out
}
