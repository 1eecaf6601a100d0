package sandbox

import (
	"math/big"
	"slices"

	"example.com/tollgate/billing/sandbox/money"
)

// creditLines works out the lines of a credit note: parts of the invoice's own lines, lines of its own, or one for a
// plain amount.
func creditLines(r *apiRequest, inv Object) ([]Object, error) {
	if r.Params.Given("amount") {
		amount, _, err := r.Params.Int("amount")
		if err != nil {
			return nil, err
		}
		line, err := plainCredit(r.Tx, amount, inv)
		return []Object{line}, err
	}
	lines, err := creditedLines(r.Tx, inv)
	if err != nil {
		return nil, err
	}
	before := len(lines)
	for _, p := range r.Params.Subs("lines") {
		read := customCredit
		if p.Str("type") == "invoice_line_item" {
			read = invoiceCredit
		}
		line, err := read(r.Tx, p, inv, lines)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines[before:], nil
}

// creditedLines are the lines of the credit notes that an invoice has already.
func creditedLines(tx *Tx, inv Object) ([]Object, error) {
	notes, err := tx.Find("credit_note", Query{Where: map[string]string{"invoice": inv.ID(), "status": "issued"}})
	var lines []Object
	for _, note := range notes {
		lines = append(lines, note.List("lines")...)
	}
	return lines, err
}

// plainCredit is the one line of a credit note for an amount. Of the taxes of the invoice it takes back its part of the
// whole.
func plainCredit(tx *Tx, amount int64, inv Object) (Object, error) {
	line := newCreditLine(tx, "custom_line_item")
	net := amount
	if total := inv.Int("total"); total > 0 && amount > 0 && amount <= total {
		shares := []any{}
		for _, tax := range inv.List("total_tax_amounts") {
			share, err := shareOf(tax, big.NewRat(amount, total))
			if err != nil {
				return nil, err
			}
			if !share.Bool("inclusive") {
				net -= share.Int("amount")
			}
			shares = append(shares, share)
		}
		line["tax_amounts"] = shares
	}
	line["amount"], line["quantity"] = net, int64(1)
	line["unit_amount"], line["unit_amount_decimal"] = net, decimalText(net)
	return line, nil
}

// shareOf is a part of a discount or of a tax.
func shareOf(whole Object, part *big.Rat) (Object, error) {
	some := whole.Clone()
	for _, number := range []string{"amount", "taxable_amount"} {
		if !whole.Has(number) {
			continue
		}
		share, err := money.Round(new(big.Rat).Mul(part, whole.Rat(number)))
		if err != nil {
			return nil, err
		}
		some[number] = share
	}
	return some, nil
}

func newCreditLine(tx *Tx, typ string) Object {
	line := tx.Skeleton("credit_note_line_item")
	line["type"] = typ
	line["discount_amounts"], line["tax_amounts"], line["tax_rates"] = []any{}, []any{}, []any{}
	line["pretax_credit_amounts"] = []any{}
	return line
}

// invoiceCredit takes back a part of a line of the invoice, by an amount or by a quantity. Discounts and taxes go back
// in proportion, and what takes the last of a line takes the last of them. earlier are the lines that were taken back
// before, on this credit note too.
func invoiceCredit(tx *Tx, p Params, inv Object, earlier []Object) (Object, error) {
	if err := p.Require("invoice_line_item"); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(inv.List("lines"), func(l Object) bool { return l.ID() == p.Str("invoice_line_item") })
	if i < 0 {
		return nil, missing(400, "invoice line item", p.Str("invoice_line_item"), p.Path("invoice_line_item"))
	}
	of := inv.List("lines")[i]
	earlier = slices.DeleteFunc(slices.Clone(earlier), func(l Object) bool { return l.Str("invoice_line_item") != of.ID() })
	amount, quantity, err := creditedPart(p, of)
	if err != nil {
		return nil, err
	}
	left := of.Int("amount")
	for _, line := range earlier {
		left -= line.Int("amount")
	}
	if amount > left {
		return nil, invalidf(p.Path("invoice_line_item"), "The amount (%s) is greater than what can still be credited of "+
			"the invoice line item %s (%s).", moneyText(amount, inv.Str("currency")), of.ID(), moneyText(left, inv.Str("currency")))
	}
	line := newCreditLine(tx, "invoice_line_item")
	line["invoice_line_item"], line["description"] = of.ID(), of["description"]
	if p.Given("description") {
		line["description"] = p.Str("description")
	}
	line["amount"], line["quantity"] = amount, quantity
	if quantity != nil {
		line["unit_amount"], line["unit_amount_decimal"] = of.at("price.unit_amount"), of.at("price.unit_amount_decimal")
	}
	line["tax_rates"] = slices.Clone(of.List("tax_rates"))
	if len(of.List("tax_rates")) == 0 {
		line["tax_rates"] = slices.Clone(inv.List("default_tax_rates"))
	}
	for key, id := range map[string]string{"discount_amounts": "discount", "tax_amounts": "tax_rate"} {
		shares := []any{}
		for _, whole := range of.List(key) {
			share, err := shareOf(whole, big.NewRat(amount, of.Int("amount")))
			if err != nil {
				return nil, err
			}
			if amount == left {
				share = restOf(whole, key, id, earlier)
			}
			shares = append(shares, share)
		}
		line[key] = shares
	}
	return line, nil
}

// restOf is what earlier credits left of a discount or of a tax, so that rounding loses nothing.
func restOf(whole Object, key, id string, earlier []Object) Object {
	rest := whole.Clone()
	for _, line := range earlier {
		for _, taken := range line.List(key) {
			if taken.Str(id) != whole.Str(id) {
				continue
			}
			for _, number := range []string{"amount", "taxable_amount"} {
				if rest.Has(number) {
					rest[number] = rest.Int(number) - taken.Int(number)
				}
			}
		}
	}
	return rest
}

// creditedPart reads how much of a line is taken back; the quantity is nil where it is given as an amount.
func creditedPart(p Params, of Object) (amount int64, quantity any, err error) {
	n, byQuantity, err := p.Int("quantity")
	if err != nil {
		return 0, nil, err
	}
	amount, byAmount, err := p.Int("amount")
	if err != nil {
		return 0, nil, err
	}
	whole := of.Int("amount")
	switch {
	case byAmount == byQuantity:
		return 0, nil, invalidf(p.Path("amount"), "You must provide exactly one of `amount` and `quantity` for a line of "+
			"type invoice_line_item.")
	case whole <= 0:
		return 0, nil, invalidf(p.Path("invoice_line_item"), "You cannot credit a line whose amount is not positive.")
	case byQuantity && (n <= 0 || n > of.Int("quantity")):
		return 0, nil, invalidf(p.Path("quantity"), "The quantity (%d) must be positive and not greater than that of the "+
			"invoice line item (%d).", n, of.Int("quantity"))
	case byQuantity:
		amount, err = money.Round(big.NewRat(whole*n, of.Int("quantity")))
		return amount, n, err
	case amount <= 0 || amount > whole:
		return 0, nil, invalidf(p.Path("amount"), "The amount must be positive and not greater than that of the invoice "+
			"line item.")
	}
	return amount, nil, nil
}

// customCredit is a line of the credit note's own.
func customCredit(tx *Tx, p Params, _ Object, _ []Object) (Object, error) {
	if err := p.Require("description"); err != nil {
		return nil, err
	}
	unit, text, err := amountOf(p, "unit_amount")
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, invalidf(p.Path("unit_amount"), "Missing required param: %s.", p.Path("unit_amount")).
			withCode("parameter_missing")
	}
	quantity, sent, err := p.Int("quantity")
	if err != nil {
		return nil, err
	}
	if !sent {
		quantity = 1
	}
	line := newCreditLine(tx, "custom_line_item")
	line["description"], line["quantity"] = p.Str("description"), quantity
	line["unit_amount"], line["unit_amount_decimal"] = unit, text
	exact := line.Rat("unit_amount_decimal")
	if line["amount"], err = money.Round(exact.Mul(exact, big.NewRat(quantity, 1))); err != nil {
		return nil, err
	}
	rates, err := readTaxRates(tx, p, "tax_rates")
	if err != nil {
		return nil, err
	}
	line["tax_rates"] = slices.Clone(rates)
	line["tax_amounts"], err = taxAmounts(line.Int("amount"), ratesByHand(rates))
	return line, err
}

// total adds the lines of a credit note up, as an invoice's are.
func (cn *creditNote) total(lines []Object) {
	var subtotal, discount, exclusive, inclusive int64
	discounts, taxes := newSums("discount"), newSums("tax_rate")
	for _, line := range lines {
		subtotal += line.Int("amount")
		var off, contained int64
		for _, d := range line.List("discount_amounts") {
			off += d.Int("amount")
			discounts.add(d)
		}
		for _, t := range line.List("tax_amounts") {
			if t.Bool("inclusive") {
				contained += t.Int("amount")
			} else {
				exclusive += t.Int("amount")
			}
			taxes.add(t)
		}
		discount += off
		inclusive += contained
		excluding := line.Int("amount") - off - contained
		line["discount_amount"], line["amount_excluding_tax"] = off, excluding
		line["unit_amount_excluding_tax"] = unitExcluding(excluding, line.Int("quantity"))
	}
	o := cn.note
	o["subtotal"], o["subtotal_excluding_tax"] = subtotal, subtotal-inclusive
	o["discount_amount"], o["discount_amounts"], o["tax_amounts"] = discount, discounts.all, taxes.all
	o["total"] = subtotal - discount + exclusive
	o["amount"], o["total_excluding_tax"] = o["total"], subtotal-discount-inclusive
	o["lines"] = embeddedList(lines, "/v1/credit_notes/"+o.ID()+"/lines")
}

// sums adds amounts up by what they belong to, in the order in which they come.
type sums struct {
	key   string
	index map[string]Object
	all   []any
}

func newSums(key string) *sums { return &sums{key: key, index: map[string]Object{}, all: []any{}} }

func (s *sums) add(part Object) {
	sum := s.index[part.Str(s.key)]
	if sum == nil {
		sum = part.Clone()
		s.index[part.Str(s.key)] = sum
		s.all = append(s.all, sum)
		return
	}
	for _, number := range []string{"amount", "taxable_amount"} {
		if part.Has(number) {
			sum[number] = sum.Int(number) + part.Int(number)
		}
	}
}
