package properties

import (
	"strconv"
)

// sell adds an item to what the customer will be billed, or bills what waits.
func (w *world) sell(o op) error {
	if o.Kind == "item" {
		form := []string{"customer", w.customer, "currency", w.Currency, "amount", strconv.FormatInt((o.A-20)*37, 10)}
		if sub, ok := choose(w.subs, o.B); ok && o.C%3 == 0 {
			form = append(form, "subscription", sub)
		}
		_, err := w.Post("/v1/invoiceitems", form...)
		return err
	}
	form := []string{"customer", w.customer, "auto_advance", strconv.FormatBool(o.A%2 == 0)}
	if o.B%3 > 0 {
		form = append(form, "pending_invoice_items_behavior", "include")
	}
	inv, err := w.Post("/v1/invoices", form...)
	if err != nil || o.C%2 == 0 {
		return err
	}
	_, err = w.Post("/v1/invoices/" + inv.ID() + "/finalize")
	return err
}

// handle does to one of the latest invoices what its status allows, and now and then what it does not.
func (w *world) handle(o op) error {
	status := map[string]string{"finalize": "draft"}[o.Kind]
	if status == "" && o.C%8 > 0 {
		status = "open"
	}
	query := []string{"customer", w.customer, "limit", "5"}
	if status != "" {
		query = append(query, "status", status)
	}
	page, err := w.Get("/v1/invoices", query...)
	if err != nil {
		return err
	}
	inv, ok := choose(page.List("data"), o.A)
	if !ok {
		return nil
	}
	path := "/v1/invoices/" + inv.ID()
	switch o.Kind {
	case "pay":
		_, err = w.Post(path+"/pay", "payment_method", w.card(o.B%3 < 2))
	case "outside":
		_, err = w.Post(path+"/pay", "paid_out_of_band", "true")
	case "void":
		_, err = w.Post(path + "/void")
	case "uncollectible":
		_, err = w.Post(path + "/mark_uncollectible")
	default:
		_, err = w.Post(path + "/finalize")
	}
	return err
}

// refund gives back all of a charge, or a part.
func (w *world) refund(o op) error {
	page, err := w.Get("/v1/charges", "customer", w.customer, "limit", "5")
	if err != nil {
		return err
	}
	charge, ok := choose(page.List("data"), o.A)
	if !ok {
		return nil
	}
	form := []string{"charge", charge.ID()}
	if o.B%3 > 0 {
		form = append(form, "amount", strconv.FormatInt(charge.Int("amount")*(o.C+1)/100+1, 10))
	}
	_, err = w.Post("/v1/refunds", form...)
	return err
}

// confirm pays an intent that waits, as a customer at a payment form does.
func (w *world) confirm(o op) error {
	page, err := w.Get("/v1/payment_intents", "customer", w.customer, "limit", "5")
	if err != nil {
		return err
	}
	intent, ok := choose(page.List("data"), o.A)
	if !ok {
		return nil
	}
	_, err = w.Post("/v1/payment_intents/"+intent.ID()+"/confirm", "payment_method", w.card(o.B%2 == 0))
	return err
}
