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
	p.Copy(price, "nickname", "tax_behavior", "transform_quantity")
	price["type"] = "one_time"
	if p.Sub("recurring") != nil {
		price["type"] = "recurring"
		recurring, err := recurringOf(tx, p.Sub("recurring"))
		if err != nil {
			return nil, err
		}
		price["recurring"] = recurring
	}
	if err := customAmount(p, price); err != nil {
		return nil, err
	}
	if err := priceAmounts(p, price); err != nil {
		return nil, err
	}
	if err := addCurrencies(p, price); err != nil {
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
	if price.Has("transform_quantity") {
		return invalidf(p.Path("transform_quantity"), "`transform_quantity` can not be used with `billing_scheme=tiered`.")
	}
	tiers := p.Subs("tiers")
	if len(tiers) == 0 || !p.Given("tiers_mode") {
		return invalidf(p.Path("tiers"), "You must specify `tiers` and `tiers_mode` when `billing_scheme` is `tiered`.").
			withCode("parameter_missing")
	}
	price["billing_scheme"], price["tiers_mode"] = "tiered", p.Str("tiers_mode")
	price["unit_amount"], price["unit_amount_decimal"] = nil, nil
	stored, err := readTiers(tiers)
	price["tiers"] = stored
	return err
}

// readTiers reads steps that lie one above the other and go on without end.
func readTiers(tiers []Params) ([]any, error) {
	stored := make([]any, 0, len(tiers))
	var last int64
	for i, tier := range tiers {
		flat, flatText, err := amountOf(tier, "flat_amount")
		if err != nil {
			return nil, err
		}
		unit, unitText, err := amountOf(tier, "unit_amount")
		if err != nil {
			return nil, err
		}
		var upTo any
		if tier.Str("up_to") != "inf" {
			n, _, err := tier.Int("up_to")
			if err != nil {
				return nil, err
			}
			if n <= last {
				return nil, invalidf(tier.Path("up_to"), "Tiers must be listed in increasing order of `up_to`.")
			}
			upTo, last = n, n
		}
		if (upTo == nil) != (i == len(tiers)-1) {
			return nil, invalidf(tier.Path("up_to"), "The last tier, and only the last, must have `up_to` set to `inf`.")
		}
		if flat == nil && flatText == nil && unit == nil && unitText == nil {
			return nil, invalidf(tier.Path("unit_amount"), "Each tier must have `unit_amount`, `unit_amount_decimal`, "+
				"`flat_amount` or `flat_amount_decimal`.").withCode("parameter_missing")
		}
		stored = append(stored, Object{
			"flat_amount": flat, "flat_amount_decimal": flatText, "unit_amount": unit,
			"unit_amount_decimal": unitText, "up_to": upTo,
		})
	}
	return stored, nil
}

// customAmount reads a price that its buyers name, within bounds.
func customAmount(p Params, price Object) error {
	custom := p.Sub("custom_unit_amount")
	if custom == nil {
		return nil
	}
	if on, _, err := custom.Bool("enabled"); err != nil || !on {
		return invalidf(custom.Path("enabled"), "`custom_unit_amount[enabled]` must be `true`.")
	}
	if p.Sub("recurring") != nil {
		return invalidf(p.Path("custom_unit_amount"), "`custom_unit_amount` can only be used with one-time prices.")
	}
	bounds := Object{"maximum": nil, "minimum": nil, "preset": nil}
	for key := range bounds {
		if n, sent, err := custom.Int(key); err != nil {
			return err
		} else if sent {
			bounds[key] = n
		}
	}
	price["custom_unit_amount"] = bounds
	return nil
}

// addCurrencies gives a price its amounts in other currencies. Like Stripe it lists its own beside them.
func addCurrencies(p Params, price Object) error {
	options := price.Obj("currency_options").Clone()
	if options == nil {
		options = Object{}
	}
	sent := p.Sub("currency_options")
	for _, key := range sent.Keys() {
		option := sent.Sub(key)
		currency := strings.ToLower(key)
		if len(currency) != 3 || currency == price.Str("currency") {
			return invalidf(sent.Path(key), "Invalid currency: %s. `currency_options` takes the currencies beside the "+
				"price's own.", key)
		}
		made, err := currencyOption(option, price)
		if err != nil {
			return err
		}
		options[currency] = made
	}
	options[price.Str("currency")] = optionOf(price)
	price["currency_options"] = options
	return nil
}

// optionOf is a price's own currency, written as one of its options.
func optionOf(price Object) Object {
	o := Object{}
	for _, key := range []string{"custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal"} {
		o[key] = price[key]
	}
	if price.Has("tiers") {
		o["tiers"] = price["tiers"]
	}
	return o
}

// currencyOption reads the amounts of a price in one more currency: tiers for a tiered price, and else an amount.
func currencyOption(option Params, price Object) (Object, error) {
	o := Object{"custom_unit_amount": nil, "tax_behavior": "unspecified", "unit_amount": nil, "unit_amount_decimal": nil}
	option.Copy(o, "tax_behavior")
	if price.Str("billing_scheme") == "tiered" {
		tiers, err := readTiers(option.Subs("tiers"))
		if err == nil && len(tiers) == 0 {
			err = invalidf(option.Path("tiers"), "Missing required param: %s.", option.Path("tiers")).
				withCode("parameter_missing")
		}
		o["tiers"] = tiers
		return o, err
	}
	if err := customAmount(option, o); err != nil {
		return nil, err
	}
	var err error
	o["unit_amount"], o["unit_amount_decimal"], err = amountOf(option, "unit_amount")
	if err == nil && o["unit_amount_decimal"] == nil && !o.Has("custom_unit_amount") {
		err = invalidf(option.Path("unit_amount"), "Missing required param: %s.", option.Path("unit_amount")).
			withCode("parameter_missing")
	}
	return o, err
}
