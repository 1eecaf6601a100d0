package simulate_test

import (
	"context"
	"net/http"

	"example.com/tollgate/billing"
)

// What people do with a plan that they have.

func (w *world) changePlan(p *person) string { return w.change(p, pick(w, onSale()), 1) }

func (w *world) changeTwice(p *person) string { return w.change(p, pick(w, onSale()), 2) }

// change asks what a change costs and confirms it, so many times.
func (w *world) change(p *person, to string, clicks int) string {
	id := ""
	outcome := to + " offered: " + w.asks(func(ctx context.Context, s *billing.Service) (err error) {
		id, err = s.OfferChange(ctx, billing.ChangeInput{AccountID: p.ID, LookupKey: to})
		return err
	})
	if id == "" || w.chance(6) {
		return outcome + ", left"
	}
	for range clicks {
		outcome += ", confirmed: " + w.asks(func(ctx context.Context, s *billing.Service) error {
			change, err := s.ConfirmChange(ctx, p.ID, id)
			outcome += " " + string(change.Outcome.Kind)
			return err
		})
	}
	return outcome
}

func (w *world) changeDeclined(p *person) string {
	return w.useCard(p, "pm_card_chargeCustomerFail") + ", " + w.change(p, pick(w, onSale()), 1)
}

func (w *world) changeChallenged(p *person) string {
	outcome := w.useCard(p, "pm_card_authenticationRequired") + ", " + w.change(p, pick(w, onSale()), 1)
	if w.chance(3) {
		return outcome
	}
	return outcome + ", " + w.answers(p, !w.chance(3))
}

// useCard makes a card the one that everything is charged to, as the portal does.
func (w *world) useCard(p *person, card string) string {
	customer := w.customerOf(p)
	method, err := w.dashboard(http.MethodPost, "/v1/payment_methods/"+w.card(p, card)+"/attach", "customer", customer)
	if err != nil {
		return err.Error()
	}
	_, err = w.dashboard(http.MethodPost, "/v1/customers/"+customer,
		"invoice_settings[default_payment_method]", method.Str("id"))
	if err != nil {
		return err.Error()
	}
	for _, sub := range w.all("/v1/subscriptions", "customer", customer) {
		_, err := w.dashboard(http.MethodPost, "/v1/subscriptions/"+sub.Str("id"), "default_payment_method", method.Str("id"))
		if err != nil {
			return err.Error()
		}
	}
	return card
}

func (w *world) cancel(p *person) string {
	return w.asks(func(ctx context.Context, s *billing.Service) error {
		return s.Cancel(ctx, p.ID, billing.CancelReason{Feedback: pick(w, billing.Feedback())})
	})
}

func (w *world) resume(p *person) string {
	return w.asks(func(ctx context.Context, s *billing.Service) error { return s.Resume(ctx, p.ID) })
}

func (w *world) pause(p *person) string {
	return w.asks(func(ctx context.Context, s *billing.Service) error { return s.PauseBilling(ctx, p.ID, true) })
}

func (w *world) unpause(p *person) string {
	return w.asks(func(ctx context.Context, s *billing.Service) error { return s.PauseBilling(ctx, p.ID, false) })
}

func (w *world) endNow(p *person) string {
	return w.asks(func(ctx context.Context, s *billing.Service) error { return s.EndNow(ctx, p.ID, "asked by mail") })
}

// breakCard puts a card in place of which every charge fails, and time then leads into dunning.
func (w *world) breakCard(p *person) string { return w.useCard(p, "pm_card_chargeCustomerFail") }

// mendCard gives a good card, and mostly pays what is open at once.
func (w *world) mendCard(p *person) string {
	outcome := w.useCard(p, "pm_card_visa")
	if w.chance(3) {
		return outcome
	}
	for _, invoice := range w.all("/v1/invoices", "customer", w.customerOf(p), "status", "open") {
		if _, err := w.dashboard(http.MethodPost, "/v1/invoices/"+invoice.Str("id")+"/pay"); err != nil {
			return outcome + ", " + err.Error()
		}
		outcome += ", paid what was open"
	}
	return outcome
}

// portal opens Stripe's portal for somebody and gives its path.
func (w *world) portal(p *person) (path, outcome string) {
	outcome = w.asks(func(ctx context.Context, s *billing.Service) error {
		url, err := s.PortalURL(ctx, billing.PortalInput{AccountID: p.ID})
		if err == nil {
			path = url[len("http://127.0.0.1:12111"):]
		}
		return err
	})
	return path, outcome
}

func (w *world) portalCard(p *person) string {
	path, outcome := w.portal(p)
	if path == "" {
		return outcome
	}
	number := pick(w, []string{"4242424242424242", "4000000000000341"})
	_, err := w.press(path+"/cards/new", path+"/cards", "number", number, "exp", "12/34", "cvc", "123")
	if err != nil {
		return "card: " + err.Error()
	}
	return "card " + number
}

func (w *world) portalCancel(p *person) string {
	path, outcome := w.portal(p)
	if path == "" {
		return outcome
	}
	sub := w.planOf(p)
	if sub == nil {
		return "no plan"
	}
	query := "/cancel?subscription=" + sub.StripeID
	if _, err := w.press(path+query, path+query, "feedback", "unused"); err != nil {
		return "cancel: " + err.Error()
	}
	return "cancelled"
}
