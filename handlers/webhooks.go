package handlers

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/fault"
)

// maxWebhook bounds one delivery. Stripe's own sample stops at 64 KiB, which an invoice with much
// metadata can pass.
const maxWebhook = 1 << 20

// stripeWebhook takes a delivery. The body is read raw, because the signature covers its bytes, and
// the answer is given once the event is on disk. Nothing is worked off here: hosted Checkout waits
// for this answer before it sends the customer back.
func (s *site) stripeWebhook(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxWebhook))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "too_large")
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_request")
	}
	if err := s.Billing.Receive(c.Request().Context(), body, c.Request().Header.Get("Stripe-Signature")); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"received": true})
}
