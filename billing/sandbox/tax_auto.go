package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"

	"example.com/tollgate/billing/sandbox/money"
)

// lineTax is one tax on one line.
type lineTax struct {
	rate   Object
	reason any // taxability_reason, nil for rates that somebody set by hand.
}

// tax works out the taxes of each line on what the discounts left of it: by the place of the buyer when tax is
// automatic, and else by the line's own rates or, where it has none, those of the invoice or
// the subscription.
func (b *bill) tax(tx *Tx) error {
	fallback := b.rates
	if b.sub != nil && fallback == nil {
		fallback = b.sub.List("default_tax_rates")
	}
	for _, line := range b.lines {
		var taxes []lineTax
		if b.place != nil {
			line["tax_rates"] = []any{}
			found, err := b.place.taxes(tx, line, b.currency)
			if err != nil {
				return err
			}
			taxes = found
		} else {
			rates := line.List("tax_rates")
			if len(rates) == 0 {
				rates = fallback
			}
			taxes = ratesByHand(rates)
		}
		amounts, err := taxAmounts(netOf(line), taxes)
		if err != nil {
			return err
		}
		line["tax_amounts"] = amounts
	}
	return nil
}

// ratesByHand are the taxes of tax rates that somebody chose.
func ratesByHand(rates []Object) []lineTax {
	taxes := make([]lineTax, 0, len(rates))
	for _, rate := range rates {
		taxes = append(taxes, lineTax{rate: rate})
	}
	return taxes
}

// taxAmounts rounds each tax of a line by itself. Taxes that the price includes share what is left when all of them
// are taken out of it.
func taxAmounts(net int64, taxes []lineTax) ([]any, error) {
	included := new(big.Rat)
	for _, t := range taxes {
		if t.rate.Bool("inclusive") {
			included.Add(included, t.rate.Rat("percentage"))
		}
	}
	out := []any{}
	for _, t := range taxes {
		percent, taxable := t.rate.Rat("percentage"), net
		amount, err := money.TaxExclusive(net, percent)
		if t.rate.Bool("inclusive") {
			amount, err = money.TaxInclusiveOf(net, percent, included)
			taxable = net - amount
		}
		if err != nil {
			return nil, err
		}
		if t.reason != nil && percent.Sign() == 0 {
			taxable = 0
		}
		out = append(out, Object{
			"amount": amount, "inclusive": t.rate.Bool("inclusive"), "tax_rate": t.rate.ID(),
			"taxability_reason": t.reason, "taxable_amount": taxable,
		})
	}
	return out, nil
}

// taxes are what the table asks for a line at a place. Where nothing is due, one rate of zero says why.
func (p *taxPlace) taxes(tx *Tx, line Object, currency string) ([]lineTax, error) {
	if !p.known {
		return nil, nil
	}
	inclusive, err := includesTax(tx, line, currency)
	if err != nil {
		return nil, err
	}
	product, err := tx.load(line.Str("price.product"))
	if err != nil {
		return nil, err
	}
	rules, reason := taxTable()[p.jurisdiction()], "standard_rated"
	switch {
	case p.exempt == "exempt":
		reason = "customer_exempt"
	case len(rules) == 0:
		reason = "not_collecting"
	case p.exempt == "reverse" || p.business:
		reason = "reverse_charge"
	case product.Str("tax_code") == "txcd_00000000":
		reason = "product_exempt"
	}
	if len(rules) == 0 {
		rules = []taxRule{{name: "Tax", level: "country"}}
	}
	if reason != "standard_rated" {
		rules = []taxRule{{name: rules[0].name, kind: rules[0].kind, level: rules[0].level, percent: "0"}}
	}
	var out []lineTax
	for _, rule := range rules {
		rate, err := p.rate(tx, rule, inclusive)
		if err != nil {
			return nil, err
		}
		out = append(out, lineTax{rate: rate, reason: reason})
	}
	return out, nil
}

// includesTax tells whether a line's amount contains its tax. A price that does not say follows its currency: dollars
// are net in the United States and Canada, and other currencies gross.
func includesTax(tx *Tx, line Object, currency string) (bool, error) {
	behavior := line.Str("_tax_behavior")
	if price := line.Obj("price"); price != nil && behavior == "" {
		full, err := priceIn(tx, price, currency)
		if err != nil {
			return false, err
		}
		behavior = full.Str("tax_behavior")
	}
	switch behavior {
	case "inclusive":
		return true, nil
	case "exclusive":
		return false, nil
	default:
		return currency != "usd" && currency != "cad", nil
	}
}

// rate is the tax rate object of a rule at a place, made when it is first needed. Its id follows from what it is, so
// that a preview names the same rate as the invoice.
func (p *taxPlace) rate(tx *Tx, rule taxRule, inclusive bool) (Object, error) {
	name := p.jurisdiction() + " " + rule.name + " " + rule.percent
	if inclusive {
		name += " inclusive"
	}
	sum := sha256.Sum256([]byte(name))
	id := "txr_1"
	for _, c := range sum[:23] {
		id += string(base62[int(c)%len(base62)])
	}
	known, err := tx.load(id)
	if err != nil || known != nil {
		return known, err
	}
	percent := json.Number(orText(rule.percent, "0"))
	rate := tx.Skeleton("tax_rate")
	rate["id"], rate["active"] = id, false
	rate["display_name"], rate["tax_type"] = rule.name, textOrNil(rule.kind)
	rate["percentage"], rate["effective_percentage"], rate["inclusive"] = percent, percent, inclusive
	rate["country"], rate["state"] = p.country, textOrNil(p.state)
	rate["jurisdiction"], rate["jurisdiction_level"] = orText(p.state, p.country), rule.level
	rate["rate_type"] = "percentage"
	return rate, tx.Insert(rate)
}

// locateBuyer notes on an invoice whether its tax is automatic, and on the bill where the buyer is if so.
func (b *bill) locateBuyer(tx *Tx, inv Object) error {
	auto := Object{"enabled": false, "liability": nil, "status": nil, "disabled_reason": nil}
	from := b.automatic
	if from == nil && b.sub != nil {
		from = b.sub.Obj("automatic_tax")
	}
	inv["automatic_tax"] = auto
	if reason := from.Str("disabled_reason"); b.automatic != nil && reason != "" {
		auto["disabled_reason"] = reason
	}
	if !from.Bool("enabled") {
		return nil
	}
	place, err := placeOf(tx, b.customer)
	if err != nil {
		return err
	}
	b.place = place
	auto["enabled"], auto["liability"] = true, Object{"type": "self"}
	auto["status"] = placeStatus(place)
	return nil
}

func placeStatus(place *taxPlace) string {
	if place.known {
		return "complete"
	}
	return "requires_location_inputs"
}

// refreshTax works the automatic tax of a draft out once more with the customer as they are now. Where nobody asked for
// the draft to be finalised, nobody could be told that its tax is not known, so it goes on without.
func refreshTax(tx *Tx, inv Object) (Object, error) {
	if tx.request == "" && inv.Bool("automatic_tax.enabled") {
		if err := giveUpTax(tx, inv); err != nil {
			return nil, err
		}
		var err error
		if inv, err = tx.Get("invoice", inv.ID()); err != nil {
			return nil, err
		}
	}
	if !inv.Bool("automatic_tax.enabled") {
		return inv, nil
	}
	fresh, err := redraw(tx, inv, inv.List("lines"))
	if err != nil {
		return nil, err
	}
	if fresh.Str("automatic_tax.status") != "complete" {
		return nil, unknownPlace("")
	}
	return tx.Update("invoice", inv.ID(), func(o Object) error {
		takeTotals(o, fresh)
		for _, key := range []string{"customer_address", "customer_shipping", "customer_tax_exempt", "customer_tax_ids"} {
			o[key] = fresh[key]
		}
		return nil
	})
}

// finalizable answers a request to finalise a draft whose buyer cannot be located. The attempt is written down on the
// draft, which stays one.
func finalizable(tx *Tx, inv Object) error {
	_, err := refreshTax(tx, inv)
	var refused *Error
	if !errors.As(err, &refused) {
		return err
	}
	if _, err := tx.amend("invoice", inv.ID(), func(o Object) error {
		o["last_finalization_error"] = Object{"type": refused.Type, "code": refused.Code, "message": refused.Message}
		o.Set("automatic_tax.status", "requires_location_inputs")
		return nil
	}, nil, "invoice.finalization_failed"); err != nil {
		return err
	}
	refused.Keep = true
	return refused
}

// giveUpTax lets a draft that is due be finalised without tax when its buyer cannot be located, and turns automatic tax
// off for the subscription behind it.
func giveUpTax(tx *Tx, inv Object) error {
	customer, err := tx.Ref("customer", inv.Str("customer"), "customer")
	if err != nil {
		return err
	}
	if place, err := placeOf(tx, customer); err != nil || place.known {
		return err
	}
	off := inv.Clone()
	off["automatic_tax"] = Object{"enabled": false, "disabled_reason": "finalization_requires_location_inputs"}
	fresh, err := redraw(tx, off, off.List("lines"))
	if err != nil {
		return err
	}
	if _, err := updateInvoice(tx, inv.ID(), func(o Object) error {
		takeTotals(o, fresh)
		return nil
	}); err != nil {
		return err
	}
	sub, err := tx.load(inv.Str("subscription"))
	if err != nil || sub == nil || !sub.Bool("automatic_tax.enabled") {
		return err
	}
	_, err = updateSubscription(tx, sub.ID(), func(s Object) error {
		s["automatic_tax"] = Object{"enabled": false, "liability": nil, "disabled_reason": "requires_location_inputs"}
		return nil
	})
	return err
}
