package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"example.com/tollgate/internal/truth"
)

// What the company's own people do in Stripe's dashboard, and cards do by themselves.

// everything reads all pages of a list.
func (s stripeAPI) everything(ctx context.Context, address string, form url.Values) (all []truth.Object, err error) {
	form.Set("limit", "100")
	for range 50 {
		page, err := s.call(ctx, http.MethodGet, address, form)
		if err != nil {
			return nil, err
		}
		all = append(all, truth.Object(page).List("data")...)
		if !truth.Object(page).Is("has_more") {
			return all, nil
		}
		form.Set("starting_after", all[len(all)-1].Str("id"))
	}
	return nil, errors.New(address + " has no end")
}

// useCard makes a card the one that everything is charged to.
func (r *citizen) useCard(card string) (string, error) {
	ctx, customer := r.w.t.Context(), r.customerID()
	method, err := r.dashboard(ctx, "/v1/payment_methods/"+card+"/attach", "customer", customer)
	if err != nil {
		return card, err
	}
	_, err = r.dashboard(ctx, "/v1/customers/"+customer, "invoice_settings[default_payment_method]", method.Str("id"))
	if err != nil {
		return card, err
	}
	if sub := r.plan(); sub != nil {
		_, err = r.dashboard(ctx, "/v1/subscriptions/"+sub.StripeID, "default_payment_method", method.Str("id"))
	}
	return card, err
}

// payOpen pays what is open.
func (r *citizen) payOpen() error {
	open, err := r.list("/v1/invoices", url.Values{"customer": {r.customerID()}, "status": {"open"}})
	for _, invoice := range open {
		_, again := r.dashboard(r.w.t.Context(), "/v1/invoices/"+invoice.Str("id")+"/pay")
		err = errors.Join(err, again)
	}
	return err
}

func (r *citizen) mend() (string, error) {
	outcome, err := r.useCard("pm_card_visa")
	if err != nil || r.dice.IntN(3) == 0 {
		return outcome, err
	}
	return outcome + ", paid what was open", r.payOpen()
}

// edit changes the plan at Stripe.
func (r *citizen) edit(pairs ...string) (string, error) {
	sub := r.plan()
	if sub == nil {
		return "", errors.New("no plan any more")
	}
	_, err := r.dashboard(r.w.t.Context(), "/v1/subscriptions/"+sub.StripeID, pairs...)
	return strings.Join(pairs, " "), err
}

func (r *citizen) reprice() (string, error) {
	sub := r.plan()
	if sub == nil {
		return "", errors.New("no plan any more")
	}
	at, err := r.dashboard(r.w.t.Context(), "GET /v1/subscriptions/"+sub.StripeID)
	if err != nil {
		return "", err
	}
	return r.edit("items[0][id]", firstItem(at), "items[0][price]", r.w.prices[r.key()], "proration_behavior",
		r.any("none", "create_prorations", "always_invoice"))
}

func (r *citizen) end() (string, error) {
	sub := r.plan()
	if sub == nil || r.dice.IntN(2) == 0 {
		return r.edit("cancel_at_period_end", "true")
	}
	_, err := r.dashboard(r.w.t.Context(), "DELETE /v1/subscriptions/"+sub.StripeID)
	return "at once", err
}

func (r *citizen) pauseCollection() (string, error) {
	return r.edit("pause_collection[behavior]", r.any("void", "keep_as_draft", "mark_uncollectible"))
}

func (r *citizen) second() (string, error) {
	key := r.key()
	_, err := r.dashboard(r.w.t.Context(), "/v1/subscriptions", "customer", r.customerID(),
		"items[0][price]", r.w.prices[key], "payment_behavior", "allow_incomplete")
	return key, err
}

// charge is one of the payments that meet a condition.
func (r *citizen) charge(fits func(charge truth.Object) bool) (truth.Object, error) {
	charges, err := r.list("/v1/charges", url.Values{"customer": {r.customerID()}})
	if err != nil {
		return nil, err
	}
	for _, charge := range charges {
		if charge.Str("status") == "succeeded" && fits(charge) {
			return charge, nil
		}
	}
	return nil, errors.New("there is no such payment")
}

// refund gives back a payment, or a part of one.
func (r *citizen) refund() (string, error) {
	left := func(c truth.Object) int64 { return c.Num("amount") - c.Num("amount_refunded") }
	charge, err := r.charge(func(c truth.Object) bool { return !c.Is("disputed") && left(c) > 1 })
	if err != nil {
		return "", err
	}
	amount := left(charge)
	if r.dice.IntN(2) == 0 {
		amount = 1 + r.dice.Int64N(amount-1)
	}
	_, err = r.dashboard(r.w.t.Context(), "/v1/refunds", "charge", charge.Str("id"), "amount", fmt.Sprint(amount))
	return fmt.Sprintf("%d of %d", amount, left(charge)), err
}

// dispute lets the next payments be disputed by the bank.
func (r *citizen) dispute() (string, error) {
	outcome, err := r.useCard(r.any("pm_card_createDispute", "pm_card_createDisputeInquiry"))
	if err != nil {
		return outcome, err
	}
	// Something is sold at once, so that there is a payment to dispute.
	_, err = r.w.stripe.sell(r.w.t.Context(), r.customerID(), 100+r.dice.IntN(5000))
	return outcome, err
}

// decide answers a dispute, or gives it up.
func (r *citizen) decide() (string, error) {
	charge, err := r.charge(func(c truth.Object) bool { return c.Is("disputed") })
	if err != nil {
		return "", err
	}
	disputes, err := r.list("/v1/disputes", url.Values{"charge": {charge.Str("id")}})
	if err != nil || len(disputes) == 0 {
		return "no dispute", err
	}
	address, word := "/v1/disputes/"+disputes[0].Str("id"), r.any("winning_evidence", "losing_evidence", "close")
	if word == "close" {
		_, err = r.dashboard(r.w.t.Context(), address+"/close")
	} else {
		_, err = r.dashboard(r.w.t.Context(), address, "evidence[uncategorized_text]", word, "submit", "true")
	}
	return word, err
}

func (r *citizen) remove() (string, error) {
	_, err := r.dashboard(r.w.t.Context(), "DELETE /v1/customers/"+r.customerID())
	return "deleted", err
}
