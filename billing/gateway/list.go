package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

// ListEvents implements billing.Lister. The events are kept as Stripe wrote them, as a webhook's are.
func (g *Gateway) ListEvents(ctx context.Context, q billing.EventQuery) (billing.EventPage, error) {
	params := &stripe.EventListParams{ListParams: listing(ctx)}
	params.Single = true
	if q.After != "" {
		params.EndingBefore = stripe.String(q.After)
	}
	if q.Before != "" {
		params.StartingAfter = stripe.String(q.Before)
	}
	if !q.Since.IsZero() {
		params.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: q.Since.Unix()}
	}
	if q.Delivered {
		params.DeliverySuccess = stripe.Bool(true)
	}
	list := g.api.Events.List(params)
	if err := list.Err(); err != nil {
		return billing.EventPage{}, wrapList("list events", err)
	}
	var raw struct {
		Data []json.RawMessage `json:"data"`
		More bool              `json:"has_more"`
	}
	if err := json.Unmarshal(list.EventList().LastResponse.RawJSON, &raw); err != nil {
		return billing.EventPage{}, fmt.Errorf("list events: %w (%w)", err, billing.ErrUnavailable)
	}
	page := billing.EventPage{More: raw.More}
	for _, body := range raw.Data {
		event, err := readEvent(body)
		if err != nil {
			return billing.EventPage{}, fmt.Errorf("list events: %w (%w)", err, billing.ErrUnavailable)
		}
		var waiting struct {
			Endpoints int64 `json:"pending_webhooks"`
		}
		if err := json.Unmarshal(body, &waiting); err != nil {
			return billing.EventPage{}, fmt.Errorf("list events: %w (%w)", err, billing.ErrUnavailable)
		}
		page.Events = append(page.Events, billing.ListedEvent{Event: event, Body: body, Undelivered: waiting.Endpoints})
	}
	slices.Reverse(page.Events)
	return page, nil
}

// ListSubscriptions implements billing.Lister.
func (g *Gateway) ListSubscriptions(ctx context.Context, after string) (billing.SubscriptionPage, error) {
	params := &stripe.SubscriptionListParams{ListParams: listing(ctx), Status: stripe.String("all")}
	params.Single = true
	params.AddExpand("data.schedule")
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	list := g.api.Subscriptions.List(params)
	var page billing.SubscriptionPage
	for list.Next() {
		page.Rows = append(page.Rows, sweptSubscription(list.Subscription()))
	}
	if err := list.Err(); err != nil {
		return billing.SubscriptionPage{}, wrapList("list subscriptions", err)
	}
	page.More = list.SubscriptionList().HasMore
	return page, nil
}

// FindSubscription implements billing.Lister.
func (g *Gateway) FindSubscription(ctx context.Context, id string) (billing.SweptSubscription, error) {
	params := &stripe.SubscriptionParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("schedule")
	sub, err := g.api.Subscriptions.Get(id, params)
	if err != nil {
		return billing.SweptSubscription{}, wrap("read a subscription", err)
	}
	return sweptSubscription(sub), nil
}

func sweptSubscription(sub *stripe.Subscription) billing.SweptSubscription {
	row := billing.SweptSubscription{SubscriptionState: subscriptionState(sub), AccountID: sub.Metadata["account_id"]}
	if sub.Customer != nil {
		row.Customer = sub.Customer.ID
	}
	return row
}

// ListCustomers implements billing.Lister.
func (g *Gateway) ListCustomers(ctx context.Context, after string) (billing.CustomerPage, error) {
	params := &stripe.CustomerListParams{ListParams: listing(ctx)}
	params.Single = true
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	list := g.api.Customers.List(params)
	var page billing.CustomerPage
	for list.Next() {
		page.Rows = append(page.Rows, sweptCustomer(list.Customer()))
	}
	if err := list.Err(); err != nil {
		return billing.CustomerPage{}, wrapList("list customers", err)
	}
	page.More = list.CustomerList().HasMore
	return page, nil
}

// LookUpCustomer implements billing.Lister.
func (g *Gateway) LookUpCustomer(ctx context.Context, id string) (billing.SweptCustomer, error) {
	customer, err := g.api.Customers.Get(id, &stripe.CustomerParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return billing.SweptCustomer{}, wrap("read a customer", err)
	}
	return sweptCustomer(customer), nil
}

func sweptCustomer(c *stripe.Customer) billing.SweptCustomer {
	return billing.SweptCustomer{
		ID: c.ID, Deleted: c.Deleted, Email: c.Email, Currency: string(c.Currency), Balance: c.Balance,
		AccountID: c.Metadata["account_id"],
	}
}

// wrapList is wrap for a page of a list. Stripe refuses one after an object that it no longer has with a 400 that
// says so: https://docs.stripe.com/error-codes#resource-missing
func wrapList(doing string, err error) error {
	var failure *stripe.Error
	if errors.As(err, &failure) && failure.Code == stripe.ErrorCodeResourceMissing {
		return fmt.Errorf("%s: %s (%w)", doing, failure.Msg, billing.ErrNotFound)
	}
	return wrap(doing, err)
}
