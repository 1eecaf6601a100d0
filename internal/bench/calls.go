package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxCalls is how many calls of Stripe's API a sync may make.
const maxCalls = 4

// kindOfCustomer is a customer as Stripe may know them. holds is what the program must have learned by the sync, or it
// was no sync of such a customer.
type kindOfCustomer struct {
	name  string
	make  func(s *shop, ctx context.Context) (buyer, error)
	holds string
}

// kindsOfCustomers is what the calls of a sync are counted for.
func kindsOfCustomers() []kindOfCustomer {
	return []kindOfCustomer{
		{"no plan", (*shop).windowShopper, "SELECT 1 FROM customers WHERE synced_at IS NOT NULL"},
		{"a plan", (*shop).regular, "SELECT 1 FROM subscriptions WHERE status = 'active'"},
		{"an open invoice", (*shop).debtor, "SELECT 1 FROM invoices WHERE status = 'open'"},
		{"a refund", (*shop).refunded, "SELECT 1 FROM refunds WHERE status = 'succeeded'"},
		{"a dispute", (*shop).disputing, "SELECT 1 FROM disputes"},
		{"a checkout", (*shop).checkingOut, "SELECT 1 FROM checkouts WHERE state = 'complete'"},
		{"a schedule", (*shop).scheduled, "SELECT 1 FROM subscriptions WHERE schedule_id <> ''"},
	}
}

// callsPerSync is the most calls that the sync of any kind of customer makes, and of which kind.
func (b *bench) callsPerSync(ctx context.Context) (rows []row, err error) {
	s, err := newShop(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	var most int
	var said []string
	for n, kind := range kindsOfCustomers() {
		calls, err := b.callsOf(ctx, s, kind, onSQLite(b.dir, fmt.Sprint("calls", n)))
		if err != nil {
			return nil, fmt.Errorf("a customer with %s: %w", kind.name, err)
		}
		most = max(most, calls)
		said = append(said, fmt.Sprintf("%d %s", calls, kind.name))
	}
	return []row{{
		what:     "calls of Stripe's API for one sync",
		measured: fmt.Sprintf("at most %d", most), reference: strings.Join(said, ", "),
		bar: fmt.Sprintf("≤ %d", maxCalls), pass: most > 0 && most <= maxCalls,
	}}, nil
}

// callsOf counts the calls for one kind of customer, twice: when nothing is known of it, and when everything is.
func (b *bench) callsOf(ctx context.Context, s *shop, kind kindOfCustomer, databaseURL string) (calls int, err error) {
	sold, err := kind.make(s, ctx)
	if err != nil {
		return 0, err
	}
	l, err := openLive(ctx, s, databaseURL, raisedRPS)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	accounts, err := l.know(ctx, []buyer{sold})
	if err != nil {
		return 0, err
	}
	for range 2 {
		s.counted()
		if err := l.Billing.SyncAccount(ctx, accounts[0]); err != nil {
			return 0, err
		}
		calls = max(calls, len(s.counted()))
	}
	var held []int
	err = l.DB.Read(ctx).Raw(kind.holds).Scan(&held).Error
	if err == nil && len(held) == 0 {
		err = errors.New("the sync did not learn of it")
	}
	return calls, err
}

func (s *shop) windowShopper(ctx context.Context) (buyer, error) {
	customer, err := s.post(ctx, "/v1/customers", url.Values{"email": {"ada@example.com"}})
	return buyer{customer: customer}, err
}

func (s *shop) regular(ctx context.Context) (buyer, error) {
	return s.withPlan(ctx, nil)
}

// withPlan is a customer who pays for a plan on these terms.
func (s *shop) withPlan(ctx context.Context, terms url.Values) (buyer, error) {
	price, err := s.priceOf(ctx, "starter_v1_month")
	if err != nil {
		return buyer{}, err
	}
	all := url.Values{"items[0][price]": {price}}
	for name, values := range terms {
		all[name] = values
	}
	return s.sellOne(ctx, all)
}

// debtor has a subscription whose first invoice waits for a payment.
func (s *shop) debtor(ctx context.Context) (buyer, error) {
	return s.withPlan(ctx, url.Values{"payment_behavior": {"default_incomplete"}})
}

func (s *shop) refunded(ctx context.Context) (buyer, error) {
	b, err := s.regular(ctx)
	if err != nil {
		return buyer{}, err
	}
	charge, err := s.chargeOf(ctx, b)
	if err != nil {
		return buyer{}, err
	}
	_, err = s.post(ctx, "/v1/refunds", url.Values{"charge": {charge}, "amount": {"100"}})
	return b, err
}

func (s *shop) disputing(ctx context.Context) (buyer, error) {
	return s.withPlan(ctx, url.Values{"card": {"pm_card_createDispute"}})
}

// checkingOut has just paid on the page that we opened for them.
func (s *shop) checkingOut(ctx context.Context) (b buyer, err error) {
	price, err := s.priceOf(ctx, "starter_v1_month")
	if err != nil {
		return b, err
	}
	if b, err = s.windowShopper(ctx); err != nil {
		return b, err
	}
	b.checkout, err = s.post(ctx, "/v1/checkout/sessions", url.Values{
		"mode": {"subscription"}, "customer": {b.customer}, "success_url": {s.URL() + "/done"},
		"line_items[0][price]": {price}, "line_items[0][quantity]": {"1"},
	})
	if err != nil {
		return b, err
	}
	_, err = s.post(ctx, "/v1/payment_pages/"+b.checkout+"/confirm", url.Values{"payment_method": {"pm_card_visa"}})
	return b, err
}

// scheduled has a change of plan ahead.
func (s *shop) scheduled(ctx context.Context) (buyer, error) {
	b, err := s.regular(ctx)
	if err != nil {
		return buyer{}, err
	}
	_, err = s.post(ctx, "/v1/subscription_schedules", url.Values{"from_subscription": {b.subscription}})
	return b, err
}
