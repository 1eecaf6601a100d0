package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// The events whose effect is timed: one every so often, whether the one before was worked off or not.
const (
	followed       = 1000
	followEvery    = 10 * time.Millisecond // 100 a second
	followLook     = 2 * time.Millisecond
	followPatience = time.Minute
)

// pageEvery is how often the reader of pages asks for one.
const pageEvery = 10 * time.Millisecond

// readPages asks for the signed-in dashboard every so often, on a connection that is kept, until ctx ends.
func readPages(ctx context.Context, addr, cookie string) (took []time.Duration, err error) {
	client := newClient(1)
	defer client.CloseIdleConnections()
	tick := time.NewTicker(pageEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return took[min(len(took), 1):], nil // the first one made the connection
		case <-tick.C:
		}
		r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, "http://"+addr+"/app", nil)
		if err != nil {
			return nil, fmt.Errorf("ask for a page: %w", err)
		}
		r.Header.Set("Cookie", cookie)
		begun := time.Now()
		if err := ask(client, r); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
}

// newClient keeps so many connections, and takes every answer for the one that it asked for.
func newClient(connections int) *http.Client {
	return &http.Client{
		Timeout: startTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: connections},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask makes a request and reads its answer, which must be good.
func ask(client *http.Client, r *http.Request) error {
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d", r.Method, r.URL.Path, answer.StatusCode)
	}
	return nil
}

// accessRow is how long it takes from an event to the access that it brings. The buyers have all moved to another plan
// already, and no event has told; each event tells of one of them.
func (b *bench) accessRow(ctx context.Context, s *shop, databaseURL string, buyers []buyer) (r row, err error) {
	price, err := s.priceOf(ctx, "pro_v1_month")
	if err != nil {
		return r, err
	}
	buyers = buyers[:followed]
	group, upgrading := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, b := range buyers {
		group.Go(func() error {
			_, err := s.post(upgrading, "/v1/subscriptions/"+b.subscription, url.Values{
				"items[0][id]": {b.item}, "items[0][price]": {price}, "proration_behavior": {"none"},
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return r, err
	}
	l, err := openLive(ctx, s, databaseURL, raisedRPS)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	took, err := l.follow(ctx, buyers)
	if err != nil {
		return r, err
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	return row{
		what:     "event received to access changed, 100 events a second, 95th percentile",
		measured: millis(p95), reference: fmt.Sprintf("%s median, %s slowest of %d", millis(median(took)), millis(took[len(took)-1]), len(took)),
		bar: "< " + millis(maxToAccessP95), pass: p95 < maxToAccessP95,
	}, nil
}

// follow sends an event about each buyer at its time, and looks at everybody's access until it has changed.
func (l *live) follow(ctx context.Context, buyers []buyer) (took []time.Duration, err error) {
	accounts, err := l.accountsOf(ctx, buyers)
	if err != nil {
		return nil, err
	}
	addr, err := l.serve(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, followed*followEvery+followPatience)
	defer cancel()
	w := watch{l: l, sent: map[int64]time.Time{}}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.look(ctx, len(buyers)) })
	client := newClient(64)
	defer client.CloseIdleConnections()
	event, tick := events(time.Now().Format("150405.000000")), time.NewTicker(followEvery)
	defer tick.Stop()
	for n, b := range buyers {
		select {
		case <-ctx.Done():
			return nil, group.Wait()
		case <-tick.C:
		}
		body := event(int64(n), b.customer)
		w.expect(accounts[n])
		group.Go(func() error { return deliver(ctx, client, addr, body) })
	}
	return w.took, group.Wait()
}

func deliver(ctx context.Context, client *http.Client, addr string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/webhooks/stripe", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("deliver an event: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", sign(body))
	return ask(client, r)
}

// accountsOf finds the accounts of buyers, in their order.
func (l *live) accountsOf(ctx context.Context, buyers []buyer) ([]int64, error) {
	ids := make([]int64, len(buyers))
	for n, b := range buyers {
		err := l.DB.Read(ctx).Raw("SELECT account_id FROM customers WHERE stripe_id = ?", b.customer).Scan(&ids[n]).Error
		if err != nil || ids[n] == 0 {
			return nil, fmt.Errorf("find the account of %s: %w", b.customer, err)
		}
	}
	return ids, nil
}

// watch looks at the access of accounts, as each of their pages does, until it has changed.
type watch struct {
	l    *live
	mu   sync.Mutex
	sent map[int64]time.Time // when the event was sent, of those that have not changed
	took []time.Duration
}

func (w *watch) expect(account int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[account] = time.Now()
}

func (w *watch) waiting() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]int64, 0, len(w.sent))
	for id := range w.sent {
		ids = append(ids, id)
	}
	return ids
}

// look ends when so many have changed.
func (w *watch) look(ctx context.Context, many int) error {
	tick := time.NewTicker(followLook)
	defer tick.Stop()
	for len(w.took) < many {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d have changed: %w", len(w.took), many, ctx.Err())
		case <-tick.C:
		}
		for _, id := range w.waiting() {
			access, err := w.l.Billing.Access(ctx, id)
			if err != nil {
				return err
			}
			if access.Granted.Key == "pro" {
				w.mu.Lock()
				w.took = append(w.took, time.Since(w.sent[id]))
				delete(w.sent, id)
				w.mu.Unlock()
			}
		}
	}
	return nil
}
