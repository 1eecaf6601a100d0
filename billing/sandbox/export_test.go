package sandbox

import (
	"context"
	"errors"
	"net/http/httptest"
)

// ConfirmCheckout lets tests press the checkout page's button.
func ConfirmCheckout(s *Sandbox, id string, in CheckoutConfirm) (out CheckoutResult, err error) {
	err = s.Do(context.Background(), func(tx *Tx) error {
		out, err = confirmCheckout(tx, id, in)
		return err
	})
	return out, err
}

// CompleteThreeDS lets tests answer a card challenge.
func CompleteThreeDS(s *Sandbox, intent string, ok bool) (url string, err error) {
	err = s.Do(context.Background(), func(tx *Tx) error {
		url, err = completeThreeDS(tx, intent, ok)
		return err
	})
	return url, err
}

// ApplyPromotionCode lets tests use the checkout page's promotion-code field.
func ApplyPromotionCode(s *Sandbox, id, code string) error {
	return s.Do(context.Background(), func(tx *Tx) error {
		_, err := applyPromotionCode(tx, id, code)
		return err
	})
}

// AddPortalCard lets tests save a card in the portal.
func AddPortalCard(s *Sandbox, customer string, in CardInput) (url string, err error) {
	err = s.Do(context.Background(), func(tx *Tx) error {
		url, err = portalAddCard(tx, customer, in)
		return err
	})
	return url, err
}

// SwitchPlan lets tests use the portal's plan switch. It returns what was invoiced, or the intent whose card challenge
// the switch waits for.
func SwitchPlan(s *Sandbox, sub, price string) (total int64, intent string, err error) {
	err = s.Do(context.Background(), func(tx *Tx) error {
		o, err := switchPlan(tx, sub, price, 1)
		var kept *Error
		if errors.As(err, &kept) && kept.Keep {
			intent = kept.PaymentIntent.ID()
			return nil
		}
		if err != nil {
			return err
		}
		inv, err := tx.load(o.Str("latest_invoice"))
		total = inv.Int("total")
		return err
	})
	return total, intent, err
}

// PreviewSwitch returns the total that SwitchPlan would charge.
func PreviewSwitch(s *Sandbox, sub, price string) (total int64, err error) {
	err = s.View(context.Background(), func(tx *Tx) error {
		inv, err := previewSwitch(tx, sub, price, 1)
		total = inv.Int("total")
		return err
	})
	return total, err
}

// Serve lets tests talk to a sandbox that was not started: its handler answers, and nothing happens by itself.
func Serve(t interface{ Cleanup(func()) }, s *Sandbox) {
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	s.url.Store(server.URL)
}

// Matches lets tests ask which requests a fault hits.
func Matches(f Fault, method, path string) bool { return f.matches(method, path) }

// PagePatterns are the methods and paths of all hosted pages.
func PagePatterns() (out []string) {
	for _, row := range pageRoutes() {
		out = append(out, row.Pattern)
	}
	return out
}
