package sandbox

import (
	"fmt"
	"net/http"
)

// The four values that error.type takes on the wire. Authentication and rate-limit errors are invalid requests there.
const (
	typeAPI         = "api_error"
	typeCard        = "card_error"
	typeIdempotency = "idempotency_error"
	typeInvalid     = "invalid_request_error"
)

// codeLockTimeout is the one 429 that asks to be tried again.
const codeLockTimeout = "lock_timeout"

// Error is a refusal in Stripe's terms. Handlers return it, and the wire renders it as Stripe's envelope.
type Error struct {
	Status      int
	Type        string
	Code        string
	Message     string
	Param       string
	DeclineCode string
	// Charge is the id of the failed charge, where there is one.
	Charge string
	// AdviceCode tells what to do about a decline, such as try_again_later.
	AdviceCode string
	// PaymentIntent, SetupIntent, PaymentMethod and Source are the objects that Stripe embeds in some errors.
	PaymentIntent, SetupIntent, PaymentMethod Object
	// Keep commits what the request wrote although it answers an error: a declined payment leaves its intent and its
	// charge behind, while any other refusal leaves nothing.
	Keep bool
}

// Error returns the message that Stripe would print.
func (e *Error) Error() string {
	if e.Param != "" {
		return fmt.Sprintf("%s (%s, %s)", e.Message, e.Type, e.Param)
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Type)
}

// body renders Stripe's envelope.
func (e *Error) body(requestID string) Object {
	inner := Object{"type": e.Type, "message": e.Message}
	for key, value := range map[string]string{
		"code": e.Code, "param": e.Param, "decline_code": e.DeclineCode, "charge": e.Charge,
		"advice_code": e.AdviceCode,
	} {
		if value != "" {
			inner[key] = value
		}
	}
	for key, value := range map[string]Object{
		"payment_intent": e.PaymentIntent, "setup_intent": e.SetupIntent, "payment_method": e.PaymentMethod,
	} {
		if value != nil {
			inner[key] = value
		}
	}
	if e.Code != "" {
		inner["doc_url"] = "https://stripe.com/docs/error-codes/" + dashed(e.Code)
	}
	if requestID != "" {
		inner["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + requestID
	}
	return Object{"error": inner}
}

func dashed(code string) string {
	out := []byte(code)
	for i, c := range out {
		if c == '_' {
			out[i] = '-'
		}
	}
	return string(out)
}

// invalidf is a 400 about one parameter; param may be empty.
func invalidf(param, format string, a ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: typeInvalid, Param: param, Message: fmt.Sprintf(format, a...)}
}

// withCode sets the error's code and returns it, for use after invalidf.
func (e *Error) withCode(code string) *Error {
	e.Code = code
	return e
}

// cardError is a 402: the card, not the request, is at fault.
func cardError(code, declineCode, param, message string) *Error {
	return &Error{
		Status: http.StatusPaymentRequired, Type: typeCard, Code: code, DeclineCode: declineCode, Param: param,
		Message: message,
	}
}

// missing is Stripe's "No such ...". It is a 404 when the id stood in the path and a 400 when another object refers
// to it; the caller sets the status.
func missing(status int, kind, id, param string) *Error {
	return &Error{
		Status: status, Type: typeInvalid, Code: "resource_missing", Param: param,
		Message: fmt.Sprintf("No such %s: '%s'", noun(kind), id),
	}
}

// noun is how Stripe's messages name a kind of object.
func noun(kind string) string {
	switch kind {
	case "payment_method":
		return "PaymentMethod"
	case "billing.meter":
		return "billing meter"
	case "checkout.session":
		return "checkout.session"
	case "invoiceitem":
		return "invoiceitem"
	case "promotion_code":
		return "promotion code"
	case "subscription_item":
		return "subscription_item"
	case "webhook_endpoint":
		return "webhook endpoint"
	case "billing_portal.configuration":
		return "configuration"
	case "subscription_schedule":
		return "subscription schedule"
	case "test_helpers.test_clock":
		return "test clock"
	default:
		return kind
	}
}
