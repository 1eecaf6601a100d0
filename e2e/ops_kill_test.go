package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tollgate/models/modelstest"
)

// The size of the storm. The seed decides when the power fails and what is sold; it is printed.
const (
	powerSeed    = 4
	powerPeople  = 24
	powerSellers = 4
	powerFor     = 160 * time.Millisecond // at most, between a start and the next failure
)

// TestP01_KilledTwoHundredTimesItLosesAndDoublesNothing pulls the plug under a load of webhooks. Stripe goes on
// meanwhile, as it would. Whatever was acknowledged is dealt with in the end, once: every payment is one fact and
// one mail, and at no moment is half of something on the disk.
func TestP01_KilledTwoHundredTimesItLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		powerFails(t, "", 200)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		powerFails(t, modelstest.PostgresURL(t), 40)
	})
}

func powerFails(t *testing.T, database string, times int) {
	t.Helper()
	stripe := openStation(t)
	p := prepare(t)
	if database == "" {
		database = "sqlite:" + p.dir + "/data/tollgate.db"
	}
	p.env = append(p.env, "DATABASE_URL="+database)
	stripe.serve(p)
	p.boot()
	shop := &shop{t: t, station: stripe, customers: stripe.customers(t, p, powerPeople)}
	books := openBooks(t, database)
	began := time.Now()
	close, random := shop.open(powerSellers, powerSeed), rand.New(rand.NewPCG(powerSeed, 0))
	for i := range times {
		pause(t.Context(), time.Duration(random.Int64N(int64(powerFor))))
		p.kill()
		books.wholeAtEveryMoment(t)
		books.minutePasses(t)
		p.launch()
		if i%4 != 3 { // every fourth time the power fails again while the program is still starting
			awaitBoot(t, p)
		}
	}
	awaitBoot(t, p)
	close()
	t.Logf("seed %d: killed %d times in %s", powerSeed, times, time.Since(began).Round(time.Millisecond))
	eventually(t, "letters left", func() string { return some(stripe.post.left.Load(), "letters") })
	eventually(t, "still owed", func() string { return books.owed(t) })
	acknowledged := books.balance(t, fmt.Sprintf("%s: kills %d", strings.SplitN(database, ":", 2)[0], times), shop)
	// How much is sold between two failures depends on how soon a machine starts the program.
	if len(shop.sold) < times/2 || acknowledged < 5*times {
		t.Errorf("%d payments and %d events: there was nothing to destroy", len(shop.sold), acknowledged)
	}
	p.stop()
}

// shop is where the customers spend money while the program lives and dies.
type shop struct {
	t         *testing.T
	station   *station
	customers []string

	mu   sync.Mutex
	sold map[string]int // amounts by invoice
}

// open lets sellers sell until the returned function is called.
func (s *shop) open(sellers int, seed uint64) (close func()) {
	s.sold = map[string]int{}
	ctx, stop := context.WithCancel(s.t.Context())
	var working sync.WaitGroup
	for i := range sellers {
		random := rand.New(rand.NewPCG(seed, uint64(i)+1))
		working.Go(func() {
			for ctx.Err() == nil {
				// Each seller has customers of their own, so that an item finds its way to no other's invoice.
				customer := s.customers[random.IntN(len(s.customers)/sellers)*sellers+i]
				amount := 100 + random.IntN(9900)
				invoice, err := s.station.sell(s.t.Context(), customer, amount)
				if err != nil {
					s.t.Errorf("sell: %v", err)
					return
				}
				s.mu.Lock()
				s.sold[invoice] = amount
				s.mu.Unlock()
				pause(ctx, time.Duration(200+random.IntN(500))*time.Millisecond)
			}
		})
	}
	return func() {
		stop()
		working.Wait()
	}
}

// sell has a customer pay an invoice, which is one fact and one mail.
func (s *station) sell(ctx context.Context, customer string, amount int) (string, error) {
	_, err := s.call(ctx, "POST", "/v1/invoiceitems", url.Values{
		"customer": {customer}, "amount": {fmt.Sprint(amount)}, "currency": {"usd"}, "description": {"A thing"},
	})
	if err != nil {
		return "", err
	}
	invoice, err := s.call(ctx, "POST", "/v1/invoices", url.Values{
		"customer": {customer}, "auto_advance": {"false"}, "pending_invoice_items_behavior": {"include"},
	})
	if err != nil {
		return "", err
	}
	id, _ := invoice["id"].(string)
	_, err = s.call(ctx, "POST", "/v1/invoices/"+id+"/pay", url.Values{})
	return id, err
}
