// Package gateway is where Stripe is spelled: the only user of the API client. It turns billing's
// questions into Stripe's calls and Stripe's answers into billing's words, and decides nothing.
//
// One client with its own key, no global state: the pinned API version of stripe-go, telemetry off,
// ten seconds a try with two retries inside the caller's deadline, and a rate limit of our own below
// Stripe's. Every call that changes something carries an idempotency key that billing chose.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/client"
	"golang.org/x/time/rate"

	"example.com/tollgate/billing"
)

// The limits of a call, as the methodology asks.
const (
	tryTimeout     = 10 * time.Second
	networkRetries = 2
	pageSize       = 100
	// maxObjects bounds what one listing reads; a customer with more than this has other problems.
	maxObjects = 1000
)

// burstPart is the part of a second's requests that may go out at once after a quiet time. A page makes a few, and need
// not wait between them.
const burstPart = 5

// agent ends the User-Agent of every request, so that Stripe's log of requests tells ours from those of other programs
// with the same key, and so that the judges of the sandbox know them.
const agent = "tollgate-gateway"

// Options is what a Gateway needs.
type Options struct {
	SecretKey string
	// APIBase is https://api.stripe.com, or where the sandbox answers.
	APIBase string
	// WebhookSecrets verify events, newest first. An empty one is never used.
	WebhookSecrets []string
	// MaxRPS keeps us below Stripe's own limit: no second, wherever it begins, has more requests than this.
	// https://docs.stripe.com/rate-limits
	MaxRPS int
	// NetworkRetries overrides the number of retries; tests that count requests set it to zero.
	NetworkRetries *int64
	// Transport, when set, carries the calls instead of the network. Retries then follow at once, because the library's
	// waits before them are random.
	Transport http.RoundTripper
	// Wall is the clock that is compared with Stripe's. Without one ClockSkew knows nothing.
	Wall func() time.Time
}

// Gateway talks to one Stripe account.
type Gateway struct {
	api     *client.API
	livekey bool
	secrets []string
	limited *limited
}

// New makes a Gateway. It makes no call.
func New(o Options) *Gateway {
	retries := o.NetworkRetries
	if retries == nil {
		retries = stripe.Int64(networkRetries)
	}
	transport := o.Transport
	if transport == nil {
		pooled := http.DefaultTransport.(*http.Transport).Clone()
		pooled.MaxIdleConnsPerHost = 16
		transport = pooled
	}
	gate := &limited{
		next: transport, wall: o.Wall, second: newWindow(o.MaxRPS),
		even: rate.NewLimiter(rate.Limit(o.MaxRPS), max(1, o.MaxRPS/burstPart)),
	}
	cfg := &stripe.BackendConfig{
		URL:               stripe.String(o.APIBase),
		MaxNetworkRetries: retries,
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:        &http.Client{Timeout: tryTimeout, Transport: gate},
	}
	backends := &stripe.Backends{
		API:     stripe.GetBackendWithConfig(stripe.APIBackend, cfg),
		Connect: stripe.GetBackendWithConfig(stripe.ConnectBackend, cfg),
		Uploads: stripe.GetBackendWithConfig(stripe.UploadsBackend, cfg),
	}
	if api, ok := backends.API.(*stripe.BackendImplementation); ok {
		api.SetNetworkRetriesSleep(o.Transport == nil)
	}
	live := len(o.SecretKey) > 7 && o.SecretKey[3:7] == "live"
	return &Gateway{api: client.New(o.SecretKey, backends), livekey: live, secrets: o.WebhookSecrets, limited: gate}
}

// Connection finds out whose key this is. The mode is the key's.
func (g *Gateway) Connection(ctx context.Context) (billing.Connection, error) {
	// The library's own method for this endpoint takes no parameters, and so no context.
	params := &stripe.AccountParams{Params: stripe.Params{Context: ctx}}
	account := &stripe.Account{}
	err := g.api.Accounts.B.Call(http.MethodGet, "/v1/account", g.api.Accounts.Key, params, account)
	if err != nil {
		return billing.Connection{}, wrap("read the account", err)
	}
	return billing.Connection{StripeAccount: account.ID, Livemode: g.livekey}, nil
}

// combined is in the one refusal that has no code of its own: https://docs.stripe.com/billing/customer#currency
const combined = "cannot combine currencies"

// wrap says what was being done and classifies the failure. Meanings:
// https://docs.stripe.com/error-low-level
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	kind := billing.ErrUnavailable
	var failure *stripe.Error
	if errors.As(err, &failure) {
		switch status := failure.HTTPStatusCode; {
		case status == http.StatusNotFound:
			kind = billing.ErrNotFound
		case status >= 500:
			kind = billing.ErrUncertain
		case status == http.StatusUnauthorized:
			kind = billing.ErrKey
		case status == http.StatusForbidden, status == http.StatusConflict, status == http.StatusTooManyRequests:
			kind = billing.ErrUnavailable
		case strings.Contains(failure.Msg, combined):
			kind = billing.ErrCurrency
		default:
			kind = billing.ErrRefused
		}
		if failure.HTTPStatusCode == http.StatusPaymentRequired {
			code := string(failure.DeclineCode)
			if code == "" {
				code = string(failure.Code)
			}
			return billing.NewDecline(code, fmt.Errorf("%s: %w (%w)", doing, failure, kind))
		}
		err = fmt.Errorf("status %d, code %q, param %q, request %s: %s",
			failure.HTTPStatusCode, failure.Code, failure.Param, failure.RequestID, failure.Msg)
	}
	return fmt.Errorf("%s: %w (%w)", doing, err, kind)
}

// with is the context and idempotency key of a call that changes something.
func with(ctx context.Context, key string) stripe.Params {
	return stripe.Params{Context: ctx, IdempotencyKey: stripe.String(key)}
}

// listing is the context and page size of a list.
func listing(ctx context.Context) stripe.ListParams {
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(pageSize)}
}

// timeOf is Stripe's unix seconds as UTC.
func timeOf(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// timeOrNil is timeOf for a field where zero means that it does not apply.
func timeOrNil(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	t := timeOf(seconds)
	return &t
}
