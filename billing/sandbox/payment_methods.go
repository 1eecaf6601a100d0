package sandbox

import (
	"errors"
	"net/http"
	"strings"
)

func createPaymentMethod(r *apiRequest) (Object, error) {
	if err := r.Params.Require("type"); err != nil {
		return nil, err
	}
	if typ := r.Params.Str("type"); typ != "card" {
		return nil, invalidf("type", "The sandbox has payment methods of the type card only, not %s.", typ)
	}
	if err := r.Params.Require("card"); err != nil {
		return nil, err
	}
	pm, err := cardFrom(r.Tx, r.Params.Sub("card"), r.Params.Sub("billing_details").Object())
	if err != nil {
		return nil, err
	}
	if r.Params.Given("allow_redisplay") {
		pm["allow_redisplay"] = r.Params.Str("allow_redisplay")
	}
	if pm["metadata"], err = r.Params.Metadata(nil); err != nil {
		return nil, err
	}
	return pm, r.Tx.Insert(pm)
}

// cardFrom builds a payment method out of a card's number, or of the token that stands for a test card.
func cardFrom(tx *Tx, card Params, billing Object) (Object, error) {
	if token := card.Str("token"); token != "" {
		known, ok := cardByMagic(token)
		if !ok {
			return nil, missing(http.StatusBadRequest, "token", token, card.Path("token"))
		}
		return newCard(tx, known, 0, 0, billing), nil
	}
	if err := card.Require("number", "exp_month", "exp_year"); err != nil {
		return nil, err
	}
	month, _, err := card.Int("exp_month")
	if err != nil {
		return nil, err
	}
	year, _, err := card.Int("exp_year")
	if err != nil {
		return nil, err
	}
	known, err := checkCard(tx.Now(), card.Str("number"), month, year, card.Str("cvc"))
	if err != nil {
		return nil, err
	}
	if year < 100 {
		year += 2000
	}
	return newCard(tx, known, month, year, billing), nil
}

// paymentMethod returns a stored payment method, or a fresh one for a magic id such as pm_card_visa, which real
// Stripe clones on every use.
func paymentMethod(tx *Tx, id, param string) (Object, error) {
	if strings.HasPrefix(id, "pm_card_") || strings.HasPrefix(id, "tok_") {
		if known, ok := cardByMagic(id); ok {
			pm := newCard(tx, known, 0, 0, nil)
			return pm, tx.Insert(pm)
		}
	}
	return tx.Ref("payment_method", id, param)
}

func getPaymentMethod(r *apiRequest) (Object, error) {
	pm, err := paymentMethod(r.Tx, r.ID, "payment_method")
	return pm, notFound(err)
}

// notFound turns the refusal of a reference into that of an id in the path.
func notFound(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == "resource_missing" {
		e.Status = http.StatusNotFound
	}
	return err
}

func updatePaymentMethod(r *apiRequest) (Object, error) {
	pm, err := r.Tx.Get("payment_method", r.ID)
	if err != nil {
		return nil, err
	}
	if !pm.Has("customer") {
		return nil, invalidf("", "You must save this PaymentMethod to a customer before you can update it.")
	}
	return r.Tx.Update("payment_method", r.ID, func(pm Object) error {
		p := r.Params
		p.Copy(pm, "allow_redisplay")
		if billing := p.Sub("billing_details"); billing != nil {
			billing.Copy(pm.Obj("billing_details"), "email", "name", "phone")
			applyAddress(billing, pm.Obj("billing_details"), "address")
		}
		p.Sub("card").Copy(pm.Obj("card"), "exp_month", "exp_year")
		metadata, err := p.Metadata(pm.Obj("metadata"))
		pm["metadata"] = metadata
		return err
	}, "payment_method.updated")
}

func attachPaymentMethod(r *apiRequest) (Object, error) {
	if err := r.Params.Require("customer"); err != nil {
		return nil, err
	}
	pm, err := attachTo(r.Tx, r.ID, r.Params.Str("customer"), "payment_method")
	return pm, notFoundUnless(err, "customer")
}

// notFoundUnless is notFound, except when another parameter is the one at fault.
func notFoundUnless(err error, param string) error {
	var e *Error
	if errors.As(err, &e) && e.Param == param {
		return err
	}
	return notFound(err)
}

// attachTo saves a payment method, or the clone of a magic one, to a customer. Attaching asks the issuer first, so a
// card that declines outright cannot be saved. Attaching again to the same customer changes nothing.
func attachTo(tx *Tx, id, customer, param string) (Object, error) {
	if _, err := tx.Ref("customer", customer, "customer"); err != nil {
		return nil, err
	}
	pm, err := paymentMethod(tx, id, param)
	if err != nil {
		return nil, err
	}
	switch {
	case pm.Str("customer") == customer:
		return pm, nil
	case pm.Has("customer"):
		return nil, invalidf("", "This PaymentMethod has already been attached to a customer.").
			withCode("payment_method_already_attached")
	case pm.Bool("_used"):
		return nil, invalidf("", "This PaymentMethod was previously used without being attached to a Customer or was "+
			"detached from a Customer, and may not be used again.")
	}
	if card := cardOf(pm); card.decline != nil && !card.attaches {
		return nil, card.decline.err()
	}
	return tx.Update("payment_method", pm.ID(), func(pm Object) error {
		pm["customer"] = customer
		return nil
	}, "payment_method.attached")
}

func detachPaymentMethod(r *apiRequest) (Object, error) {
	pm, err := r.Tx.Get("payment_method", r.ID)
	if err != nil {
		return nil, err
	}
	if !pm.Has("customer") {
		return nil, invalidf("payment_method", "The payment method you provided is not attached to a customer so "+
			"detachment is impossible.")
	}
	return release(r.Tx, r.ID)
}

// release detaches a card and makes sure that nothing goes on using it as a default. A detached card is spent.
func release(tx *Tx, id string) (Object, error) {
	pm, err := tx.Get("payment_method", id)
	if err != nil {
		return nil, err
	}
	customer := pm.Str("customer")
	pm, err = tx.Update("payment_method", id, func(pm Object) error {
		pm["customer"] = nil
		pm["_used"] = true
		return nil
	}, "payment_method.detached")
	if err != nil {
		return nil, err
	}
	_, err = tx.Update("customer", customer, func(c Object) error {
		if c.Str("invoice_settings.default_payment_method") == id {
			c.Set("invoice_settings.default_payment_method", nil)
		}
		return nil
	}, "customer.updated")
	if err != nil {
		return nil, err
	}
	subs, err := tx.Find("subscription", Query{Customer: customer, Where: map[string]string{"default_payment_method": id}})
	if err != nil {
		return nil, err
	}
	for _, sub := range subs {
		_, err := tx.Update("subscription", sub.ID(), func(sub Object) error {
			sub["default_payment_method"] = nil
			return nil
		}, "customer.subscription.updated")
		if err != nil {
			return nil, err
		}
	}
	return pm, nil
}

func listPaymentMethods(r *apiRequest) (Object, error) {
	if err := r.Params.Require("customer"); err != nil {
		return nil, err
	}
	return cardsOf(r, r.Params.Str("customer"), http.StatusBadRequest, "customer")
}

func listCustomerPaymentMethods(r *apiRequest) (Object, error) {
	return cardsOf(r, r.ID, http.StatusNotFound, "id")
}

func cardsOf(r *apiRequest, customer string, status int, param string) (Object, error) {
	if _, err := r.Tx.find("customer", customer, status, param); err != nil {
		return nil, err
	}
	q := Query{Customer: customer}
	r.filters(&q, "type", "allow_redisplay")
	return r.list("payment_method", q)
}
