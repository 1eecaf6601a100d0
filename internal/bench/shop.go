package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
)

// shop is the sandbox as the program's other side: it sells the catalog, has customers, is asked over HTTP, and counts
// the program's calls as they arrive.
type shop struct {
	*stripeClient
	front *server
	on    billing.Connection
	mu    sync.Mutex
	calls []time.Time
}

// buyer is a customer, with the subscription that they pay for and the checkout that they went through, if any.
type buyer struct{ customer, subscription, item, invoice, checkout string }

func newShop(ctx context.Context) (*shop, error) {
	stripe, err := newStripe(ctx, sandbox.Options{WebhookSecret: webhookSecret})
	if err != nil {
		return nil, err
	}
	s := &shop{stripeClient: stripe}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *shop) open(ctx context.Context) (err error) {
	handler := s.Handler()
	s.front, err = serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") { // the clock of the sandbox is none of Stripe's API
			s.mu.Lock()
			s.calls = append(s.calls, time.Now())
			s.mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	}))
	if err != nil {
		return err
	}
	owner := gateway.New(gateway.Options{SecretKey: s.SecretKey(), APIBase: s.URL(), MaxRPS: 1000})
	if s.on, err = owner.Connection(ctx); err != nil {
		return err
	}
	_, err = owner.SyncCatalog(ctx, plan.Default(), billing.Site{Name: "Tollgate", URL: "http://localhost:8080"})
	return err
}

func (s *shop) close() error {
	var errs []error
	if s.front != nil {
		errs = append(errs, s.front.close())
	}
	return errors.Join(append(errs, s.Close())...)
}

// counted is the calls since the last time it was asked.
func (s *shop) counted() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// most is the largest number of calls that arrived within any one second.
func most(calls []time.Time) (n int) {
	first := 0
	for last := range calls {
		for calls[last].Sub(calls[first]) >= time.Second {
			first++
		}
		n = max(n, last-first+1)
	}
	return n
}

// sell makes customers who have paid for a plan.
func (s *shop) sell(ctx context.Context, lookupKey string, many int) ([]buyer, error) {
	price, err := s.priceOf(ctx, lookupKey)
	if err != nil {
		return nil, err
	}
	buyers := make([]buyer, many)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for n := range buyers {
		group.Go(func() (err error) {
			buyers[n], err = s.sellOne(ctx, url.Values{"items[0][price]": {price}})
			return err
		})
	}
	return buyers, group.Wait()
}

// sellOne makes a customer with a card that works and a subscription.
func (s *shop) sellOne(ctx context.Context, terms url.Values) (buyer, error) {
	card := terms.Get("card")
	if terms.Del("card"); card == "" {
		card = "pm_card_visa"
	}
	customer, err := s.post(ctx, "/v1/customers", url.Values{
		"email": {"ada@example.com"}, "payment_method": {card}, "invoice_settings[default_payment_method]": {card},
	})
	if err != nil {
		return buyer{}, err
	}
	terms.Set("customer", customer)
	var made struct {
		ID      string `json:"id"`
		Invoice string `json:"latest_invoice"`
		Items   struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"items"`
	}
	body, err := s.call(ctx, http.MethodPost, "/v1/subscriptions", strings.NewReader(terms.Encode()))
	if err == nil {
		err = json.Unmarshal(body, &made)
	}
	if err != nil || len(made.Items.Data) == 0 {
		return buyer{}, fmt.Errorf("sell a subscription: %w", err)
	}
	return buyer{customer: customer, subscription: made.ID, item: made.Items.Data[0].ID, invoice: made.Invoice}, nil
}

// chargeOf is the payment of a buyer's first invoice.
func (s *shop) chargeOf(ctx context.Context, b buyer) (string, error) {
	var invoice struct {
		Charge string `json:"charge"`
	}
	body, err := s.get(ctx, "/v1/invoices/"+b.invoice)
	if err == nil {
		err = json.Unmarshal(body, &invoice)
	}
	return invoice.Charge, err
}

// priceOf finds a price of the catalog.
func (s *shop) priceOf(ctx context.Context, lookupKey string) (string, error) {
	return s.first(ctx, "/v1/prices?lookup_keys[]="+url.QueryEscape(lookupKey))
}

func (s *shop) newestEvent(ctx context.Context) (string, error) {
	return s.first(ctx, "/v1/events?limit=1")
}

// first is the id of what a list begins with.
func (s *shop) first(ctx context.Context, path string) (string, error) {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	body, err := s.get(ctx, path)
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil || len(list.Data) == 0 {
		return "", fmt.Errorf("read %s (%d found): %w", path, len(list.Data), err)
	}
	return list.Data[0].ID, nil
}
