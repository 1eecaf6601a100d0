package simulate_test

import (
	"fmt"
	"net/http"
	"time"
)

// What the company's own people do in Stripe's dashboard, where the app learns of it only afterwards.

// edit changes somebody's plan at Stripe.
func (w *world) edit(p *person, pairs ...string) string {
	sub := w.planOf(p)
	if _, err := w.dashboard(http.MethodPost, "/v1/subscriptions/"+sub.StripeID, pairs...); err != nil {
		return err.Error()
	}
	return "done"
}

// priceID is Stripe's id of a price on sale.
func (w *world) priceID(lookupKey string) string {
	return w.all("/v1/prices", "lookup_keys[0]", lookupKey)[0].Str("id")
}

// planItem is the id of the item that somebody's plan consists of.
func (w *world) planItem(p *person) string {
	sub, err := w.dashboard(http.MethodGet, "/v1/subscriptions/"+w.planOf(p).StripeID)
	w.must(err)
	return sub.List("items")[0].Str("id")
}

func (w *world) dashboardPrice(p *person) string {
	to := pick(w, onSale())
	return to + " " + w.edit(p, "items[0][id]", w.planItem(p), "items[0][price]", w.priceID(to), "proration_behavior",
		pick(w, []string{"none", "create_prorations", "always_invoice"}))
}

func (w *world) dashboardQuantity(p *person) string {
	n := fmt.Sprint(1 + w.dice.IntN(5))
	return n + " " + w.edit(p, "items[0][id]", w.planItem(p), "items[0][quantity]", n)
}

func (w *world) dashboardCoupon(p *person) string {
	form := [][]string{
		{"percent_off", "25", "duration", "forever"},
		{"percent_off", "100", "duration", "once"},
		{"amount_off", "1000", "currency", "usd", "duration", "repeating", "duration_in_months", "3"},
	}
	coupon, err := w.dashboard(http.MethodPost, "/v1/coupons", pick(w, form)...)
	w.must(err)
	return w.edit(p, "coupon", coupon.Str("id"))
}

func (w *world) dashboardCancel(p *person) string {
	if w.chance(2) {
		return "at the end: " + w.edit(p, "cancel_at_period_end", "true")
	}
	if _, err := w.dashboard(http.MethodDelete, "/v1/subscriptions/"+w.planOf(p).StripeID); err != nil {
		return err.Error()
	}
	return "at once"
}

func (w *world) dashboardCancelAt(p *person) string {
	at := time.Now().Add(w.between(day, 60*day))
	return w.edit(p, "cancel_at", fmt.Sprint(at.Unix()))
}

func (w *world) dashboardPause(p *person) string {
	how := pick(w, []string{"void", "keep_as_draft", "mark_uncollectible"})
	return how + " " + w.edit(p, "pause_collection[behavior]", how)
}

func (w *world) dashboardTrial(p *person) string {
	end := time.Now().Add(w.between(day, 20*day))
	return w.edit(p, "trial_end", fmt.Sprint(end.Unix()), "trial_settings[end_behavior][missing_payment_method]",
		pick(w, []string{"create_invoice", "cancel", "pause"}), "proration_behavior", "none")
}

func (w *world) dashboardSecond(p *person) string {
	_, err := w.dashboard(http.MethodPost, "/v1/subscriptions", "customer", w.customerOf(p),
		"items[0][price]", w.priceID(pick(w, onSale())), "payment_behavior", "allow_incomplete")
	if err != nil {
		return err.Error()
	}
	return "made"
}

// dashboardVoid gives up an invoice that nobody pays.
func (w *world) dashboardVoid(p *person) string {
	how := pick(w, []string{"void", "mark_uncollectible"})
	for _, invoice := range w.all("/v1/invoices", "customer", w.customerOf(p), "status", "open") {
		if _, err := w.dashboard(http.MethodPost, "/v1/invoices/"+invoice.Str("id")+"/"+how); err != nil {
			return err.Error()
		}
		return how
	}
	return "nothing is open"
}

// refund gives back a payment, or a part of one.
func (w *world) refund(p *person) string {
	for _, charge := range w.all("/v1/charges", "customer", w.customerOf(p)) {
		left := charge.Num("amount") - charge.Num("amount_refunded")
		if charge.Str("status") != "succeeded" || charge.Is("disputed") || left == 0 || w.chance(3) {
			continue
		}
		amount := left
		if w.chance(2) && left > 1 {
			amount = 1 + w.dice.Int64N(left-1)
		}
		_, err := w.dashboard(http.MethodPost, "/v1/refunds", "charge", charge.Str("id"), "amount", fmt.Sprint(amount))
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d of %d", amount, left)
	}
	return "nothing to give back"
}

// dispute lets the next payments of somebody be disputed by their bank.
func (w *world) dispute(p *person) string {
	outcome := w.useCard(p, pick(w, []string{"pm_card_createDispute", "pm_card_createDisputeInquiry"}))
	for _, invoice := range w.all("/v1/invoices", "customer", w.customerOf(p), "status", "open") {
		if _, err := w.dashboard(http.MethodPost, "/v1/invoices/"+invoice.Str("id")+"/pay"); err != nil {
			return outcome + ", " + err.Error()
		}
	}
	return outcome
}

// decideDispute answers a dispute, or gives it up.
func (w *world) decideDispute(p *person) string {
	for _, charge := range w.all("/v1/charges", "customer", w.customerOf(p)) {
		if !charge.Is("disputed") {
			continue
		}
		for _, dispute := range w.all("/v1/disputes", "charge", charge.Str("id")) {
			if dispute.Str("status") != "needs_response" && dispute.Str("status") != "warning_needs_response" {
				continue
			}
			path := "/v1/disputes/" + dispute.Str("id")
			word := pick(w, []string{"winning_evidence", "losing_evidence", "close"})
			var err error
			if word == "close" {
				_, err = w.dashboard(http.MethodPost, path+"/close")
			} else {
				_, err = w.dashboard(http.MethodPost, path, "evidence[uncategorized_text]", word, "submit", "true")
			}
			if err != nil {
				return err.Error()
			}
			return word
		}
	}
	return "nothing is disputed"
}

func (w *world) deleteCustomer(p *person) string {
	if _, err := w.dashboard(http.MethodDelete, "/v1/customers/"+w.customerOf(p)); err != nil {
		return err.Error()
	}
	return "done"
}
