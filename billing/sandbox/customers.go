package sandbox

import (
	"net/http"
	"strings"
)

// customerFields are the customer's plain fields, which a request sets one for one.
func customerFields() []string {
	return []string{"email", "name", "phone", "description", "tax_exempt", "balance", "preferred_locales"}
}

func createCustomer(r *apiRequest) (Object, error) {
	if clock := r.Params.Str("test_clock"); clock != "" {
		if err := r.Tx.joinClock(clock); err != nil {
			return nil, err
		}
	}
	c := r.Tx.Skeleton("customer")
	c["balance"] = int64(0)
	c["delinquent"] = false
	c["invoice_prefix"] = strings.ToUpper(r.Tx.random(8))
	c["next_invoice_sequence"] = int64(1)
	c["preferred_locales"] = []any{}
	c["tax_exempt"] = "none"
	c["invoice_settings"] = Object{
		"custom_fields": nil, "default_payment_method": nil, "footer": nil, "rendering_options": nil,
	}
	if err := applyCustomer(r, c); err != nil {
		return nil, err
	}
	if err := r.Tx.Insert(c); err != nil {
		return nil, err
	}
	if err := explainBalance(r.Tx, c, 0, "initial"); err != nil {
		return nil, err
	}
	if err := startCustomerDiscount(r.Tx, c, r.Params); err != nil {
		return nil, err
	}
	// The card is attached before the customer's own event, as real Stripe does it.
	if err := adoptCards(r, c); err != nil {
		return nil, err
	}
	c, err := r.Tx.Get("customer", c.ID())
	if err != nil {
		return nil, err
	}
	if err := r.Tx.Emit("customer.created", c, nil); err != nil {
		return nil, err
	}
	return c, adoptTaxIDs(r.Tx, c.ID(), r.Params)
}

// adoptCards attaches the payment method or the legacy source that came with a new customer.
func adoptCards(r *apiRequest, c Object) error {
	id := r.Params.Str("payment_method")
	if id == "" {
		id = r.Params.Str("source")
	}
	if id != "" {
		pm, err := attachTo(r.Tx, id, c.ID(), "payment_method")
		if err != nil {
			return err
		}
		if r.Params.Given("source") {
			if err := setDefaultMethod(r.Tx, c.ID(), pm.ID()); err != nil {
				return err
			}
		}
		// invoice_settings may name the magic id that the payment method was cloned from.
		if r.Params.Sub("invoice_settings").Str("default_payment_method") == id {
			return setDefaultMethod(r.Tx, c.ID(), pm.ID())
		}
	}
	return checkDefaultMethod(r, c.ID())
}

func setDefaultMethod(tx *Tx, customer, pm string) error {
	_, err := tx.Update("customer", customer, func(c Object) error {
		c.Set("invoice_settings.default_payment_method", pm)
		return nil
	})
	return err
}

// checkDefaultMethod refuses a default payment method that is not attached to the customer.
func checkDefaultMethod(r *apiRequest, customer string) error {
	settings := r.Params.Sub("invoice_settings")
	id := settings.Str("default_payment_method")
	if id == "" {
		return nil
	}
	pm, err := r.Tx.Ref("payment_method", id, settings.Path("default_payment_method"))
	if err != nil {
		return err
	}
	if pm.Str("customer") != customer {
		return invalidf(settings.Path("default_payment_method"), "The customer does not have a payment method with "+
			"the ID %s. The payment method must be attached to the customer.", id).withCode("resource_missing")
	}
	return nil
}

// applyCustomer sets what a create and an update have in common.
func applyCustomer(r *apiRequest, c Object) error {
	p := r.Params
	p.Copy(c, customerFields()...)
	if p.Unset("tax_exempt") {
		c["tax_exempt"] = "none"
	}
	if p.Unset("preferred_locales") {
		c["preferred_locales"] = []any{}
	}
	if email := p.Str("email"); email != "" && !strings.Contains(email, "@") {
		return invalidf("email", "Invalid email address: %s", email).withCode("email_invalid")
	}
	applyAddress(p, c, "address")
	applyShipping(p, c, "phone")
	if p.Given("invoice_prefix") {
		c["invoice_prefix"] = p.Str("invoice_prefix")
	}
	if n, given, err := p.Int("next_invoice_sequence"); err != nil {
		return err
	} else if given {
		c["next_invoice_sequence"] = n
	}
	settings := p.Sub("invoice_settings")
	for _, key := range []string{"custom_fields", "default_payment_method", "footer", "rendering_options"} {
		if settings.Has(key) {
			c.Set("invoice_settings."+key, storable(settings[key]))
		}
	}
	if rendering := settings.Sub("rendering_options"); rendering != nil {
		c.Set("invoice_settings.rendering_options", Object{
			"amount_tax_display": textOrNil(rendering.Str("amount_tax_display")), "template": textOrNil(rendering.Str("template")),
		})
	}
	metadata, err := p.Metadata(c.Obj("metadata"))
	c["metadata"] = metadata
	if err != nil {
		return err
	}
	return customerTaxParams(r.Tx, p, c)
}

// applyAddress merges an address: what is sent is set, and all six parts are always there.
func applyAddress(p Params, o Object, key string) {
	switch {
	case p.Unset(key):
		o[key] = nil
	case p.Sub(key) != nil:
		address := emptyAddress()
		for part, value := range o.Obj(key) {
			address[part] = value
		}
		for part := range address {
			if p.Sub(key).Has(part) {
				address[part] = storable(p.Sub(key)[part])
			}
		}
		o[key] = address
	}
}

// applyShipping replaces the shipping details. All parts of the address are always there, and so are the named keys,
// which depend on whose details they are.
func applyShipping(p Params, o Object, always ...string) {
	p.Copy(o, "shipping")
	sent := p.Sub("shipping")
	if sent == nil {
		return
	}
	shipping := Object{}
	sent.Copy(shipping, "name", "phone", "carrier", "tracking_number")
	applyAddress(sent, shipping, "address")
	for _, key := range always {
		if !shipping.Has(key) {
			shipping[key] = nil
		}
	}
	o["shipping"] = shipping
}

// parcelKeys are what the shipping details of a payment always have beside name and address.
func parcelKeys() []string { return []string{"carrier", "phone", "tracking_number"} }

func updateCustomer(r *apiRequest) (Object, error) {
	if err := checkDefaultMethod(r, r.ID); err != nil {
		return nil, err
	}
	before, err := r.Tx.Get("customer", r.ID)
	if err != nil {
		return nil, err
	}
	if err := startCustomerDiscount(r.Tx, before, r.Params); err != nil {
		return nil, err
	}
	c, err := r.Tx.Update("customer", r.ID, func(c Object) error { return applyCustomer(r, c) }, "customer.updated")
	if err != nil {
		return nil, err
	}
	return c, explainBalance(r.Tx, c, before.Int("balance"), "adjustment")
}

// getCustomer answers a deleted customer with its stub instead of a 404.
func getCustomer(r *apiRequest) (Object, error) {
	c, err := r.Tx.load(r.ID)
	if err != nil {
		return nil, err
	}
	if c == nil || c.Kind() != "customer" {
		return nil, missing(http.StatusNotFound, "customer", r.ID, "id")
	}
	return c, nil
}

func deleteCustomer(r *apiRequest) (Object, error) {
	if err := removeCustomer(r.Tx, r.ID); err != nil {
		return nil, err
	}
	return r.Tx.load(r.ID)
}

// removeCustomer also ends the customer's subscriptions and lets go of the cards.
func removeCustomer(tx *Tx, id string) error {
	if _, err := tx.Get("customer", id); err != nil {
		return err
	}
	if err := endCustomerSubscriptions(tx, id); err != nil {
		return err
	}
	if err := cancelWaitingSchedules(tx, id); err != nil {
		return err
	}
	cards, err := tx.Find("payment_method", Query{Customer: id})
	if err != nil {
		return err
	}
	for _, pm := range cards {
		if _, err := release(tx, pm.ID()); err != nil {
			return err
		}
	}
	return tx.Delete("customer", id, "customer.deleted")
}

func listCustomers(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "email", "test_clock")
	return r.list("customer", q)
}

func searchCustomers(r *apiRequest) (Object, error) {
	return r.search("customer", "email", "name", "phone")
}
