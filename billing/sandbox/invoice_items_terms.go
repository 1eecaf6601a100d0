package sandbox

import (
	"math/big"
	"slices"

	"example.com/tollgate/billing/sandbox/money"
)

// newItem builds what a request describes: an amount, a price, or a unit amount, each with what goes with it. Without a
// currency it takes the price's, or the customer's.
func (r *apiRequest) newItem(p Params, customer Object, currency string) (Object, error) {
	item := newInvoiceItem(r.Tx, customer.ID(), currency, 0, "")
	if !p.Given("amount") && !p.Given("unit_amount") && !p.Given("unit_amount_decimal") && !p.Given("price") &&
		p.Sub("price_data") == nil {
		return nil, invalidf(p.Path("amount"), "Missing required param: %s.", p.Path("amount")).
			withCode("parameter_missing")
	}
	if item.Str("currency") == "" && !p.Given("price") && p.Sub("price_data") == nil {
		item["currency"] = customer.Str("currency")
	}
	if err := r.setItem(p, item); err != nil {
		return nil, err
	}
	if item.Str("currency") == "" {
		return nil, invalidf(p.Path("currency"), "Missing required param: %s.", p.Path("currency")).
			withCode("parameter_missing")
	}
	return item, nil
}

// setItem applies the parameters that invoice items and the lines of a draft have in common.
func (r *apiRequest) setItem(p Params, item Object) error {
	if err := r.setItemAmount(p, item); err != nil {
		return err
	}
	return r.setItemTerms(p, item, item.Str("customer"), Object{"invoice_item": item.ID()})
}

// setItemTerms is setItem without the amount. Lines that a subscription made have these terms too; mark is what a new
// discount carries to say where it belongs.
func (r *apiRequest) setItemTerms(p Params, item Object, customer string, mark Object) error {
	p.Copy(item, "description", "discountable")
	if period := p.Sub("period"); period != nil {
		item["period"] = period.Object()
		if item.Int("period.end") < item.Int("period.start") {
			return invalidf(period.Path("end"), "The end of the period must not be before its start.")
		}
	}
	if p.Has("tax_rates") {
		rates, err := readTaxRates(r.Tx, p, "tax_rates")
		if err != nil {
			return err
		}
		item["tax_rates"] = slices.Clone(rates)
	}
	if p.Has("discounts") {
		on := purchaseOf(item.Str("currency"), []Object{item})
		discounts, err := r.newDiscounts(p, customer, on, mark)
		if err != nil {
			return err
		}
		item["discounts"] = discountIDs(discounts)
	}
	metadata, err := p.Metadata(item.Obj("metadata"))
	item["metadata"] = metadata
	return err
}

// setItemAmount reads what the item costs. An amount stands for itself; everything else is multiplied by a quantity.
func (r *apiRequest) setItemAmount(p Params, item Object) error {
	ways := slices.DeleteFunc([]string{"amount", "price", "price_data", "unit_amount", "unit_amount_decimal"},
		func(key string) bool { return !p.Given(key) })
	if len(ways) > 1 {
		return onlyOne(p, ways[0], ways[1])
	}
	quantity, counted, err := p.Int("quantity")
	if err != nil {
		return err
	}
	if counted && quantity < 0 {
		return invalidf(p.Path("quantity"), "Invalid non-negative integer").withCode("parameter_invalid_integer")
	}
	if !counted {
		quantity = item.Int("quantity")
	}
	switch {
	case len(ways) == 0 && !counted:
		return nil
	case len(ways) == 0 && item.Has("price"):
		return r.priceItem(item, item.Obj("price").ID(), quantity)
	case len(ways) == 0:
		return multiply(item, quantity)
	case ways[0] == "amount" && counted:
		return onlyOne(p, "amount", "quantity")
	case ways[0] == "amount":
		amount, _, err := p.Int("amount")
		item["amount"], item["quantity"], item["price"], item["plan"] = amount, int64(1), nil, nil
		item["unit_amount"], item["unit_amount_decimal"] = amount, decimalText(amount)
		return err
	case ways[0] == "price" || ways[0] == "price_data":
		price, err := readPrice(r.Tx, p)
		if err != nil {
			return err
		}
		return r.priceItem(item, price.ID(), quantity)
	}
	unit, text, err := amountOf(p, "unit_amount")
	if err != nil {
		return err
	}
	item["unit_amount"], item["unit_amount_decimal"], item["price"], item["plan"] = unit, text, nil, nil
	return multiply(item, quantity)
}

func onlyOne(p Params, a, b string) *Error {
	return invalidf(p.Path(a), "You may only specify one of these parameters: %s, %s.", a, b)
}

// multiply works an item out from its unit amount.
func multiply(item Object, quantity int64) error {
	unit := item.Rat("unit_amount_decimal")
	amount, err := money.Round(unit.Mul(unit, big.NewRat(quantity, 1)))
	item["amount"], item["quantity"] = amount, quantity
	return err
}

// priceItem works an item out from a price that is sold once.
func (r *apiRequest) priceItem(item Object, id string, quantity int64) error {
	price, err := r.Tx.Ref("price", id, "price")
	if err != nil {
		return err
	}
	if price.Has("recurring") {
		return invalidf("price", "The price specified is set to `type=recurring` but this field only accepts prices with "+
			"`type=one_time`.")
	}
	if item.Str("currency") == "" {
		customer, err := r.Tx.load(item.Str("customer")) // A preview may be for nobody yet.
		if err != nil {
			return err
		}
		if item["currency"], err = currencyFor(r.Tx, price, customer); err != nil {
			return err
		}
	}
	if err := mustPriceIn(r.Tx, price, item.Str("currency"), "price"); err != nil {
		return err
	}
	amount, err := amountIn(r.Tx, price, quantity, item.Str("currency"))
	if err != nil {
		return err
	}
	if !item.Has("description") {
		item["description"] = productName(r.Tx, price)
	}
	item["price"], item["amount"], item["quantity"] = r.Tx.Public(price), amount, quantity
	unit := inCurrency(price, item.Str("currency"))
	item["unit_amount"], item["unit_amount_decimal"] = unit["unit_amount"], unit["unit_amount_decimal"]
	return nil
}

// newDiscounts makes and stores the discounts of an invoice or of an item; those that it has already are named by
// their ids. mark is what each new one carries to say where it belongs.
func (r *apiRequest) newDiscounts(p Params, customer string, on purchase, mark Object) ([]Object, error) {
	c, err := r.Tx.Ref("customer", customer, "customer")
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, d := range p.Subs("discounts") {
		if id := d.Str("discount"); id != "" {
			kept, err := r.Tx.Ref("discount", id, d.Path("discount"))
			if err != nil {
				return nil, err
			}
			out = append(out, kept)
			continue
		}
		src, err := readSource(r.Tx, c, d)
		if err != nil {
			return nil, err
		}
		if src.coupon == nil {
			return nil, invalidf(d.Path("coupon"), "You must pass one of coupon, promotion_code, and discount.")
		}
		if err := src.suits(on); err != nil {
			return nil, err
		}
		fresh := newDiscount(r.Tx, src, customer, "", "")
		for key, value := range mark {
			fresh[key] = value
		}
		if err := r.Tx.Insert(fresh); err != nil {
			return nil, err
		}
		if err := redeem(r.Tx, fresh); err != nil {
			return nil, err
		}
		out = append(out, fresh)
	}
	return out, nil
}
