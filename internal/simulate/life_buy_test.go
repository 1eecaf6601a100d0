package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
)

// What people do to buy.

// onSale are the prices that are offered.
func onSale() []string {
	var keys []string
	for _, p := range plan.Default().Plans {
		for _, price := range p.Prices {
			if !price.Retired {
				keys = append(keys, price.LookupKey)
			}
		}
	}
	return keys
}

// opens asks for a Checkout Session and gives its id.
func (w *world) opens(p *person, lookupKey string) (session, outcome string) {
	outcome = w.asks(func(ctx context.Context, s *billing.Service) error {
		purchase, err := s.StartCheckout(ctx, billing.CheckoutInput{
			AccountID: p.ID, UserID: p.CreatedBy, LookupKey: lookupKey, Quantity: 1,
		})
		_, session, _ = strings.Cut(purchase.URL, "/_stripe/c/")
		return err
	})
	return session, lookupKey + " " + outcome
}

// card is somebody's own card of one of the kinds that Stripe's table of test cards knows. Now and then it is one that
// others use too, which is how a trial is had twice.
func (w *world) card(p *person, kind string) string {
	method, err := w.dashboard(http.MethodPost, "/v1/payment_methods", "type", "card",
		"card[token]", "tok_"+strings.TrimPrefix(kind, "pm_card_"))
	w.must(err)
	number := "of " + p.name
	if w.chance(8) {
		number = fmt.Sprint("shared ", w.dice.IntN(3))
	}
	w.must(w.stripe.Do(context.Background(), func(tx *sandbox.Tx) error {
		_, err := tx.Update("payment_method", method.Str("id"), func(o sandbox.Object) error {
			o.Set("card.fingerprint", number)
			return nil
		})
		return err
	}))
	return method.Str("id")
}

// pays presses the button of Stripe's page.
func (w *world) pays(p *person, session, kind string) error {
	_, err := w.dashboard(http.MethodPost, "/v1/payment_pages/"+session+"/confirm", "payment_method", w.card(p, kind))
	return err
}

// returns comes back from Stripe's page, unless the tab was closed.
func (w *world) returns(p *person) string {
	if w.chance(3) {
		return "closed the tab"
	}
	return "came back: " + w.asks(func(ctx context.Context, s *billing.Service) error { return s.SyncAccount(ctx, p.ID) })
}

func (w *world) checkout(p *person) string {
	session, outcome := w.opens(p, pick(w, onSale()))
	if session == "" {
		return outcome
	}
	card := pick(w, []string{"pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail"})
	if err := w.pays(p, session, card); err != nil {
		return outcome + ", " + err.Error()
	}
	return outcome + ", paid with " + card + ", " + w.returns(p)
}

func (w *world) checkoutDeclined(p *person) string {
	session, outcome := w.opens(p, pick(w, onSale()))
	if session == "" {
		return outcome
	}
	err := w.pays(p, session, "pm_card_visa_chargeDeclined")
	var no *refused
	if !errors.As(err, &no) {
		w.violate("a card that is always declined has paid for %s", session)
	}
	if w.chance(2) {
		return outcome + ", declined, " + w.returns(p)
	}
	if err := w.pays(p, session, "pm_card_visa"); err != nil {
		return outcome + ", declined twice: " + err.Error()
	}
	return outcome + ", declined and then paid, " + w.returns(p)
}

func (w *world) checkoutChallenged(p *person) string {
	session, outcome := w.opens(p, pick(w, onSale()))
	if session == "" {
		return outcome
	}
	if err := w.pays(p, session, "pm_card_threeDSecure2Required"); err != nil {
		outcome += ", " + err.Error()
	}
	if w.chance(4) {
		return outcome + ", walked away from the bank"
	}
	return outcome + ", " + w.answers(p, !w.chance(3)) + ", " + w.returns(p)
}

// answers goes through what the bank asks somebody, if it asks anything.
func (w *world) answers(p *person, ok bool) string {
	id := w.customerOf(p)
	if id == "" {
		return "no customer"
	}
	word, asked := "complete", 0
	if !ok {
		word = "fail"
	}
	for _, path := range []string{"/v1/payment_intents", "/v1/setup_intents"} {
		for _, intent := range w.all(path, "customer", id) {
			if intent.Str("status") != "requires_action" {
				continue
			}
			asked++
			bank := "/_stripe/3ds/" + intent.Str("id")
			if _, err := w.press(bank, bank, "outcome", word); err != nil {
				return "the bank: " + err.Error()
			}
		}
	}
	if asked == 0 {
		return "the bank asks nothing"
	}
	return "the bank: " + word
}

func (w *world) checkoutLeft(p *person) string {
	_, outcome := w.opens(p, pick(w, onSale()))
	return outcome + ", left open"
}

// twoTabs opens two sessions and pays in both, the way two devices would.
func (w *world) twoTabs(p *person) string {
	first, one := w.opens(p, pick(w, onSale()))
	second, two := w.opens(p, pick(w, onSale()))
	outcome := one + " and " + two
	for _, session := range []string{first, second} {
		if session == "" {
			continue
		}
		if err := w.pays(p, session, "pm_card_visa"); err != nil {
			outcome += ", " + err.Error()
			continue
		}
		outcome += ", paid"
	}
	return outcome + ", " + w.returns(p)
}
