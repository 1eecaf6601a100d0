package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/webhook"

	"example.com/tollgate/billing"
)

// tolerance is how far a signature's time may be from ours, either way. The library bounds only the
// past: a header dated years ahead would never age out. Source:
// https://docs.stripe.com/webhooks#replay-attacks
const tolerance = 5 * time.Minute

// envelope is the little of an event that is read. The payload's state is not: it may be of another
// API version, and it is old by the time it arrives.
type envelope struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Account    string `json:"account"`
	APIVersion string `json:"api_version"`
	Livemode   bool   `json:"livemode"`
	Created    int64  `json:"created"`
	Data       struct {
		Object struct {
			ID       string          `json:"id"`
			Object   string          `json:"object"`
			Customer json.RawMessage `json:"customer"`
			Charge   json.RawMessage `json:"charge"`
		} `json:"object"`
		Previous struct {
			Customer json.RawMessage `json:"customer"`
		} `json:"previous_attributes"`
	} `json:"data"`
}

// VerifyEvent implements billing.Gateway. It tries every configured secret, so that a rotation loses
// no event, and never an empty one: stripe-go v81 would accept what anybody signs with nothing.
func (g *Gateway) VerifyEvent(body []byte, signature string, now time.Time) (billing.Event, error) {
	signedAt, err := g.verify(body, signature, now)
	if err != nil {
		return billing.Event{}, err
	}
	event, err := readEvent(body)
	if err != nil {
		return billing.Event{}, fmt.Errorf("%w: %w", billing.ErrSignature, err)
	}
	event.SignedAt = signedAt
	return event, nil
}

// readEvent reads the envelope of an event, however it came.
func readEvent(body []byte) (billing.Event, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return billing.Event{}, fmt.Errorf("the body is no event: %w", err)
	}
	if e.ID == "" || e.Type == "" || len(e.ID) > 255 || len(e.Type) > 255 {
		return billing.Event{}, errors.New("the event has no id or type")
	}
	event := billing.Event{
		ID: e.ID, Type: e.Type, Account: e.Account, APIVersion: e.APIVersion, Livemode: e.Livemode,
		Created: timeOf(e.Created), ObjectID: e.Data.Object.ID, ObjectType: e.Data.Object.Object,
		Customer: idOf(e.Data.Object.Customer),
	}
	if event.Customer == "" {
		// A payment method just detached names its customer only among what it was before.
		event.Customer = idOf(e.Data.Previous.Customer)
	}
	event.Charge = idOf(e.Data.Object.Charge)
	return event, nil
}

// verify gives the time at which Stripe signed. The signature is judged before its time, so that only what Stripe
// sent can say that a clock is wrong.
func (g *Gateway) verify(body []byte, signature string, now time.Time) (time.Time, error) {
	signedAt, err := timeSigned(signature)
	if err != nil {
		return time.Time{}, err
	}
	tried := false
	for _, secret := range g.secrets {
		if secret == "" {
			continue
		}
		tried = true
		if webhook.ValidatePayloadIgnoringTolerance(body, signature, secret) != nil {
			continue
		}
		if now.Sub(signedAt).Abs() > tolerance {
			return time.Time{}, fmt.Errorf("%w: it is more than %s from ours", billing.ErrStale, tolerance)
		}
		return signedAt, nil
	}
	if !tried {
		return time.Time{}, billing.ErrNoSecret
	}
	return time.Time{}, billing.ErrSignature
}

// timeSigned reads when a signature was made.
func timeSigned(signature string) (time.Time, error) {
	for part := range strings.SplitSeq(signature, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name != "t" {
			continue
		}
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			break
		}
		return timeOf(seconds), nil
	}
	return time.Time{}, fmt.Errorf("%w: it has no time", billing.ErrSignature)
}

// idOf reads an id from a field that holds an id, an expanded object, or null.
func idOf(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &object) == nil {
		return object.ID
	}
	return ""
}

// CreateWebhook implements billing.Gateway.
func (g *Gateway) CreateWebhook(ctx context.Context, url string, events []string) (string, error) {
	endpoint, err := g.api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		Params: with(ctx, "webhook_"+digest(append([]string{url, stripe.APIVersion}, events...)...)),
		URL:    stripe.String(url), EnabledEvents: stripe.StringSlice(events),
		APIVersion: stripe.String(stripe.APIVersion), Description: stripe.String("Tollgate"),
	})
	if err != nil {
		return "", wrap("create the webhook endpoint", err)
	}
	return endpoint.Secret, nil
}

// FetchWebhooks implements billing.Gateway.
func (g *Gateway) FetchWebhooks(ctx context.Context) ([]billing.Webhook, error) {
	var endpoints []billing.Webhook
	list := g.api.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{ListParams: listing(ctx)})
	for n := 0; n < maxObjects && list.Next(); n++ {
		e := list.WebhookEndpoint()
		endpoints = append(endpoints, billing.Webhook{
			ID: e.ID, URL: e.URL, Status: e.Status, APIVersion: e.APIVersion, Events: e.EnabledEvents,
			Created: timeOf(e.Created),
		})
	}
	return endpoints, wrap("list webhook endpoints", list.Err())
}
