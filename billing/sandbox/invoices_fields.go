package sandbox

import "slices"

// maxCustomFields is how many fields of the merchant's own an invoice has room for.
const maxCustomFields = 4

// setInvoice sets what a request says of an invoice besides its lines.
func (r *apiRequest) setInvoice(inv Object) error {
	p := r.Params
	p.Copy(inv, "auto_advance", "description", "footer", "collection_method", "statement_descriptor", "custom_fields",
		"shipping_details", "effective_at", "on_behalf_of")
	if len(p.Subs("custom_fields")) > maxCustomFields {
		return invalidf("custom_fields", "You can set at most %d custom fields on an invoice.", maxCustomFields)
	}
	if settings := p.Sub("payment_settings"); settings != nil {
		for key, value := range settings.Object() {
			inv.Set("payment_settings."+key, value)
		}
	}
	for _, set := range []func(Object) error{
		r.setDue, r.setNumber, r.setInvoicePayer, r.setInvoiceRates, r.setInvoiceDiscounts,
	} {
		if err := set(inv); err != nil {
			return err
		}
	}
	metadata, err := p.Metadata(inv.Obj("metadata"))
	inv["metadata"] = metadata
	return err
}

// setDue reads by when an invoice that is sent is to be paid: on a date, or after a number of days.
func (r *apiRequest) setDue(inv Object) error {
	days, byDays, err := r.Params.Int("days_until_due")
	if err != nil {
		return err
	}
	due, byDate, err := r.Params.Int("due_date")
	if err != nil {
		return err
	}
	switch {
	case !byDays && !byDate:
		return nil
	case byDays && byDate:
		return onlyOne(r.Params, "days_until_due", "due_date")
	case inv.Str("collection_method") != "send_invoice":
		key := map[bool]string{true: "days_until_due", false: "due_date"}[byDays]
		return invalidf(key, "You can only set %s if collection_method is send_invoice.", key)
	case byDays && days < 0:
		return invalidf("days_until_due", "Invalid non-negative integer").withCode("parameter_invalid_integer")
	case byDays:
		due = r.Tx.Now() + days*daySeconds
	case due < r.Tx.Now():
		return invalidf("due_date", "Invalid timestamp: must be an integer Unix timestamp in the future")
	}
	inv["due_date"] = due
	return nil
}

// setNumber takes a number of the merchant's own, which no other invoice may have.
func (r *apiRequest) setNumber(inv Object) error {
	if r.Params.Unset("number") {
		inv["number"] = nil
	}
	number := r.Params.Str("number")
	if number == "" || number == inv.Str("number") {
		return nil
	}
	taken, err := r.Tx.Find("invoice", Query{Where: map[string]string{"number": number}, Limit: 1})
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return invalidf("number", "The invoice number %s is already in use.", number)
	}
	inv["number"] = number
	return nil
}

// setInvoicePayer reads the card that is to pay, which must be the customer's.
func (r *apiRequest) setInvoicePayer(inv Object) error {
	if r.Params.Unset("default_payment_method") {
		inv["default_payment_method"] = nil
	}
	id := r.Params.Str("default_payment_method")
	if id == "" {
		return nil
	}
	pm, err := paymentMethod(r.Tx, id, "default_payment_method")
	if err != nil {
		return err
	}
	if pm.Str("customer") != inv.Str("customer") {
		return notTheirs("default_payment_method", id)
	}
	inv["default_payment_method"] = pm.ID()
	return nil
}

func notTheirs(param, id string) *Error {
	return invalidf(param, "The customer does not have a payment method with the ID %s. The payment method must be "+
		"attached to the customer.", id)
}

func (r *apiRequest) setInvoiceRates(inv Object) error {
	if !r.Params.Has("default_tax_rates") {
		return nil
	}
	rates, err := readTaxRates(r.Tx, r.Params, "default_tax_rates")
	inv["default_tax_rates"] = slices.Clone(rates)
	return err
}

func (r *apiRequest) setInvoiceDiscounts(inv Object) error {
	if !r.Params.Has("discounts") {
		return nil
	}
	on := purchaseOf(inv.Str("currency"), inv.List("lines"))
	discounts, err := r.newDiscounts(r.Params, inv.Str("customer"), on, Object{"invoice": inv.ID()})
	if err != nil {
		return err
	}
	setDiscounts(inv, discounts)
	return nil
}
