package sandbox

import (
	"math/big"
	"slices"

	"example.com/tollgate/billing/sandbox/money"
)

// bill is what an invoice is made of before it is one. Previews and real invoices are both composed from it, so what
// a preview shows is what the invoice charges.
type bill struct {
	customer    Object
	sub         Object // nil when the bill belongs to no subscription.
	reason      string
	currency    string
	lines       []Object
	discounts   []Object
	periodStart int64
	periodEnd   int64
	description string
	// automatic is the draft's own automatic_tax, where it is not the subscription's that counts.
	automatic Object
	// place is where the buyer is taxed; nil leaves the tax to the rates that somebody set.
	place *taxPlace
	// prepare, when set, finishes the draft before it is stored and told of.
	prepare func(inv Object)
	// rates tax the lines that name no rates of their own; nil means the subscription's.
	rates []Object
}

// compose builds the invoice as a draft, with every total worked out.
func (b *bill) compose(tx *Tx) (Object, error) {
	inv := tx.Skeleton("invoice")
	account, err := getAccount(&apiRequest{Tx: tx})
	if err != nil {
		return nil, err
	}
	inv["account_country"] = account["country"]
	inv["account_name"] = account.at("settings.dashboard.display_name")
	inv["issuer"] = Object{"type": "self"}
	inv["status"] = "draft"
	inv["billing_reason"] = b.reason
	inv["currency"] = b.currency
	inv["auto_advance"] = true
	inv["collection_method"] = "charge_automatically"
	inv["period_start"], inv["period_end"] = b.periodStart, b.periodEnd
	inv["webhooks_delivered_at"] = nil
	inv["discounts"] = discountIDs(b.discounts)
	inv["rendering"] = nil
	if b.description != "" {
		inv["description"] = b.description
	}
	if len(b.discounts) > 0 {
		inv["discount"] = b.discounts[0]
	}
	if err := b.addressTo(tx, inv); err != nil {
		return nil, err
	}
	b.belongTo(inv)
	if err := b.locateBuyer(tx, inv); err != nil {
		return nil, err
	}
	if err := b.discount(tx, inv); err != nil {
		return nil, err
	}
	if err := b.tax(tx); err != nil {
		return nil, err
	}
	b.total(inv)
	return inv, nil
}

// redraw composes a draft again with other lines. The result is not stored: takeTotals copies what follows from them.
func redraw(tx *Tx, inv Object, lines []Object) (Object, error) {
	lines = slices.Clone(lines)
	for i, line := range lines {
		lines[i] = line.Clone() // What they are taxed and discounted by is written on them.
	}
	customer, err := tx.Ref("customer", inv.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	sub, err := tx.load(inv.Str("subscription"))
	if err != nil {
		return nil, err
	}
	b := &bill{
		customer: customer, sub: sub, reason: inv.Str("billing_reason"), currency: inv.Str("currency"), lines: lines,
		periodStart: inv.Int("period_start"), periodEnd: inv.Int("period_end"), automatic: inv.Obj("automatic_tax"),
		rates: inv.List("default_tax_rates"),
	}
	for _, id := range inv.Strs("discounts") {
		d, err := tx.load(id)
		if err != nil {
			return nil, err
		}
		b.discounts = append(b.discounts, d)
	}
	return b.compose(tx)
}

// takeTotals gives a draft the lines and the totals of its redrawn self.
func takeTotals(inv, fresh Object) {
	for _, key := range []string{
		"lines", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax", "total_tax_amounts", "tax",
		"total_discount_amounts", "amount_due", "amount_remaining", "automatic_tax",
	} {
		inv[key] = fresh[key]
	}
	inv.Set("lines.url", "/v1/invoices/"+inv.ID()+"/lines")
}

// addressTo copies onto the invoice what it keeps of its customer.
func (b *bill) addressTo(tx *Tx, inv Object) error {
	c := b.customer
	inv["customer"] = textOrNil(c.ID())
	inv["customer_address"] = c["address"]
	inv["customer_email"] = c["email"]
	inv["customer_name"] = c["name"]
	inv["customer_phone"] = c["phone"]
	inv["customer_shipping"] = c["shipping"]
	inv["customer_tax_exempt"] = "none"
	if exempt := c.Str("tax_exempt"); exempt != "" {
		inv["customer_tax_exempt"] = exempt
	}
	inv["starting_balance"] = c.Int("balance")
	inv["footer"] = c.at("invoice_settings.footer")
	inv["custom_fields"] = c.at("invoice_settings.custom_fields")
	known, err := taxIDsOf(tx, c)
	if err != nil {
		return err
	}
	taxIDs := []any{}
	for _, id := range known {
		taxIDs = append(taxIDs, Object{"type": id["type"], "value": id["value"]})
	}
	inv["customer_tax_ids"] = taxIDs
	return nil
}

// belongTo copies onto the invoice what it keeps of its subscription.
func (b *bill) belongTo(inv Object) {
	inv["payment_settings"] = Object{
		"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil,
	}
	inv["subscription_details"] = Object{"metadata": nil}
	if b.sub == nil {
		return
	}
	inv["subscription"] = b.sub.ID()
	inv["subscription_details"] = Object{"metadata": b.sub["metadata"]}
	inv["collection_method"] = b.sub["collection_method"]
	inv["default_tax_rates"] = slices.Clone(b.sub.List("default_tax_rates"))
	inv["description"] = b.sub["description"]
	if days := b.sub.Int("days_until_due"); days > 0 {
		inv["due_date"] = inv.Int("created") + days*daySeconds
	}
}

const daySeconds = 86_400

func discountIDs(discounts []Object) []any {
	out := make([]any, 0, len(discounts))
	for _, d := range discounts {
		out = append(out, d.ID())
	}
	return out
}

// discount takes each discount off the lines in turn; a later one sees what the earlier ones left.
// Those of a single line come before those of the whole invoice.
func (b *bill) discount(tx *Tx, inv Object) error {
	left := make([]int64, len(b.lines))
	for i, line := range b.lines {
		left[i] = line.Int("amount")
		line["discount_amounts"] = []any{}
	}
	sums, err := b.discountLines(tx, left)
	if err != nil {
		return err
	}
	for _, d := range b.discounts {
		eligible := make([]int64, len(b.lines))
		for i, line := range b.lines {
			if discountable(line, d.Obj("coupon")) {
				eligible[i] = left[i]
			}
		}
		off, err := couponOff(d.Obj("coupon"), eligible, b.currency)
		if err != nil {
			return err
		}
		var sum int64
		for i, line := range b.lines {
			if eligible[i] == 0 {
				continue
			}
			left[i] -= off[i]
			sum += off[i]
			amounts, _ := line["discount_amounts"].([]any)
			line["discount_amounts"] = append(amounts, Object{"amount": off[i], "discount": d.ID()})
		}
		sums = append(sums, Object{"amount": sum, "discount": d.ID()})
	}
	inv["total_discount_amounts"] = sums
	return nil
}

// discountLines takes the discounts of single lines off them, and returns what each came to.
func (b *bill) discountLines(tx *Tx, left []int64) ([]any, error) {
	sums := []any{}
	for i, line := range b.lines {
		for _, id := range line.Strs("discounts") {
			d, err := tx.load(id)
			if err != nil {
				return nil, err
			}
			if !discountable(line, d.Obj("coupon")) {
				continue
			}
			off, err := couponOff(d.Obj("coupon"), left[i:i+1], b.currency)
			if err != nil {
				return nil, err
			}
			left[i] -= off[0]
			part := Object{"amount": off[0], "discount": id}
			amounts, _ := line["discount_amounts"].([]any)
			line["discount_amounts"] = append(amounts, part)
			sums = append(sums, part.Clone())
		}
	}
	return sums, nil
}

func discountable(line, coupon Object) bool {
	if !line.Bool("discountable") {
		return false
	}
	products := coupon.Strs("applies_to.products")
	return len(products) == 0 || slices.Contains(products, line.Str("price.product"))
}

// couponOff is what a coupon takes off each amount.
func couponOff(coupon Object, amounts []int64, currency string) ([]int64, error) {
	if coupon.Has("percent_off") {
		return money.PercentOff(amounts, coupon.Rat("percent_off"))
	}
	amount := coupon.Int("amount_off")
	if coupon.Str("currency") != currency {
		amount = coupon.Int("currency_options." + currency + ".amount_off")
	}
	return money.AmountOff(amounts, amount), nil
}

// netOf is a line's amount after its discounts.
func netOf(line Object) int64 {
	net := line.Int("amount")
	for _, d := range line.List("discount_amounts") {
		net -= d.Int("amount")
	}
	return net
}

// total adds the lines up.
func (b *bill) total(inv Object) {
	var subtotal, net, exclusive, inclusive int64
	taxes := []any{}
	index := map[string]Object{}
	for _, line := range b.lines {
		subtotal += line.Int("amount")
		net += netOf(line)
		excluding := netOf(line)
		for _, t := range line.List("tax_amounts") {
			if t.Bool("inclusive") {
				inclusive += t.Int("amount")
				excluding -= t.Int("amount")
			} else {
				exclusive += t.Int("amount")
			}
			key := t.Str("tax_rate") + t.Str("taxability_reason")
			sum := index[key]
			if sum == nil {
				sum = Object{
					"amount": int64(0), "inclusive": t["inclusive"], "tax_rate": t["tax_rate"],
					"taxability_reason": t["taxability_reason"], "taxable_amount": int64(0),
				}
				index[key] = sum
				taxes = append(taxes, sum)
			}
			sum["amount"] = sum.Int("amount") + t.Int("amount")
			sum["taxable_amount"] = sum.Int("taxable_amount") + t.Int("taxable_amount")
		}
		line["amount_excluding_tax"] = excluding
		line["unit_amount_excluding_tax"] = unitExcluding(excluding, line.Int("quantity"))
	}
	total := net + exclusive
	inv["lines"] = embeddedList(b.lines, "/v1/invoices/"+inv.ID()+"/lines")
	inv["subtotal"], inv["subtotal_excluding_tax"] = subtotal, subtotal-inclusive
	inv["total"], inv["total_excluding_tax"] = total, total-exclusive-inclusive
	inv["total_tax_amounts"] = taxes
	if len(taxes) > 0 {
		inv["tax"] = exclusive + inclusive
	}
	due, _ := settle(total, inv.Int("starting_balance"))
	inv["amount_due"], inv["amount_remaining"], inv["amount_paid"] = due, due, int64(0)
}

// minimumCharge is the smallest amount that a card network takes; what is below it waits in the customer's balance.
const minimumCharge = 50

// settle applies a customer's balance (negative is credit) to a total: what is due now, and the balance afterwards.
func settle(total, balance int64) (due, ending int64) {
	due = total + balance
	if due < minimumCharge {
		return 0, due
	}
	return due, 0
}

func unitExcluding(amount, quantity int64) string {
	if quantity <= 0 {
		quantity = 1
	}
	r := new(big.Rat).SetFrac(big.NewInt(amount), big.NewInt(quantity))
	if r.IsInt() {
		return r.Num().String()
	}
	return r.FloatString(12)
}

// embeddedList is a list inside another object. These, unlike the lists of the API, carry a total.
func embeddedList(items []Object, url string) Object {
	data := make([]any, 0, len(items))
	for _, item := range items {
		data = append(data, item)
	}
	return Object{
		"object": "list", "data": data, "has_more": false, "total_count": int64(len(items)), "url": url,
	}
}
