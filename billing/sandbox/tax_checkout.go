package sandbox

import "strconv"

// sessionTax turns automatic tax on for a session. A customer who is known already must have an address, unless the
// page may give them the one that is typed.
func (r *apiRequest) sessionTax(s Object) error {
	tax := r.Params.Sub("automatic_tax")
	if on, _, err := tax.Bool("enabled"); err != nil || !on {
		return err
	}
	s["automatic_tax"] = Object{
		"enabled": true, "liability": Object{"type": "self"}, "status": "requires_location_inputs",
	}
	if !s.Has("customer") || s.Str("_customer_update.address") == "auto" || s.Str("_customer_update.shipping") == "auto" {
		return nil
	}
	place, err := sessionPlace(r.Tx, s)
	if err != nil || place.known {
		return err
	}
	return invalidf("automatic_tax[enabled]", "Automatic tax calculation in Checkout requires a valid address on the "+
		"Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or "+
		"`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.").
		withCode("customer_tax_location_invalid")
}

// sessionPlace is where a session's buyer is taxed: by the address that they typed, where the session lets it count, or
// by what is known of the customer.
func sessionPlace(tx *Tx, s Object) (*taxPlace, error) {
	customer, err := tx.load(s.Str("customer"))
	if err != nil {
		return nil, err
	}
	buyer := customer.Clone()
	if buyer == nil {
		buyer = Object{}
	}
	notes := s.Obj("_confirm")
	if customer == nil || (s.Str("_customer_update.address") == "auto" && notes.Has("address.country")) {
		buyer["address"] = notes["address"]
	}
	var ids []Object
	if customer != nil {
		if ids, err = taxIDsOf(tx, customer); err != nil {
			return nil, err
		}
	}
	if typ := notes.Str("tax_id_type"); typ != "" && notes.Str("tax_id") != "" {
		ids = append(ids, Object{"type": typ, "value": notes.Str("tax_id")})
	}
	buyer["_tax_ids"] = ids
	return placeOf(tx, buyer)
}

// placeSession finds out where a session with automatic tax is taxed, and notes whether that is known.
func placeSession(tx *Tx, s Object, b *bill) error {
	if !s.Bool("automatic_tax.enabled") {
		return nil
	}
	place, err := sessionPlace(tx, s)
	if err != nil {
		return err
	}
	b.place = place
	s.Set("automatic_tax.status", placeStatus(place))
	return nil
}

// quoteTax works a session out for what was typed, and reports whether its total is another than the one that the page
// showed. Nobody should be charged a tax that they have not seen.
func quoteTax(tx *Tx, id string, in CheckoutConfirm, shown string) (bool, error) {
	s, err := tx.Get("checkout.session", id)
	if err != nil || s.Str("status") != "open" || !s.Bool("automatic_tax.enabled") || shown == "" {
		return false, err
	}
	if s, err = tx.Update("checkout.session", id, func(s Object) error {
		s["_confirm"] = confirmNotes(in, "")
		return setTotals(tx, s)
	}); err != nil {
		return false, err
	}
	return strconv.FormatInt(s.Int("amount_total"), 10) != shown && s.Str("automatic_tax.status") == "complete", nil
}
