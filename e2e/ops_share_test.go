package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/tollgate/models/modelstest"
)

// TestO17_TwoProgramsShareTheWorkAndSurviveEachOther lets two programs serve from one Postgres, kills one of them
// with leases in its hands, and suspends the other in the middle of its work until it is long given up for dead.
// Each of two hundred and more events is worked off once.
func TestO17_TwoProgramsShareTheWorkAndSurviveEachOther(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const people = 30
	stripe, database := openStation(t), modelstest.PostgresURL(t)
	one, two := prepare(t, "DATABASE_URL="+database), prepare(t, "DATABASE_URL="+database)
	stripe.serve(one)
	one.boot()
	shop := &shop{t: t, station: stripe, customers: stripe.customers(t, one, people), sold: map[string]int{}}
	stripe.serve(two)
	two.boot()
	stripe.post.serve(one, two)
	books := openBooks(t, database)
	stripe.fault(t, `{"match": "GET /v1/customers/*", "latency_ms": 400, "times": -1}`)

	shop.sellToAll(t)
	eventually(t, "two hundred events wait or are done", func() string {
		if n := books.count(t, `SELECT count(*) FROM webhook_events`); n < 200 {
			return fmt.Sprintf("%d", n)
		}
		return ""
	})
	eventually(t, "both programs work", func() string {
		if n := books.count(t, `SELECT count(DISTINCT who) FROM river_job, unnest(attempted_by) AS who`); n < 2 {
			return fmt.Sprintf("%d", n)
		}
		return ""
	})
	held := books.inHand(t)
	one.kill()
	shop.sellToAll(t)
	pending := books.count(t, `SELECT count(*) FROM webhook_events WHERE state = 'pending'`)
	books.minutePasses(t) // so that the leases of the dead run out
	eventually(t, "the one that is left does it all", func() string { return books.owed(t) })

	one.boot()
	shop.sellToAll(t)
	late := books.inHand(t)
	stripe.post.serve(one) // a balancer would notice
	two.signal(syscall.SIGSTOP) // as when its machine is moved, or swaps
	eventually(t, "the rows that it had locked are let go, and its leases run out", func() string {
		if err := books.expireLeases(t); err != nil {
			return err.Error()
		}
		return ""
	})
	shop.sellToAll(t)
	eventually(t, "letters left", func() string {
		if left := stripe.post.left.Load(); left > carriers {
			return some(left, "letters")
		}
		return ""
	})
	eventually(t, "the other does it all", func() string { return books.owed(t) })
	two.signal(syscall.SIGCONT)
	stripe.post.serve(one, two)
	eventually(t, "letters left", func() string { return some(stripe.post.left.Load(), "letters") })
	shop.sellToAll(t)
	eventually(t, "letters left", func() string { return some(stripe.post.left.Load(), "letters") })
	eventually(t, "both do it all", func() string { return books.owed(t) })

	books.wholeAtEveryMoment(t)
	acknowledged := stripe.post.acknowledged()
	processed, lost := books.processed(t, acknowledged)
	doubled := books.doubled(t, shop.sold)
	t.Logf("acknowledged %d, processed %d, lost %d, doubled %d; %d leases were held when one was killed (%d events pending), "+
		"%d when the other was suspended", len(acknowledged), processed, lost, doubled, held, pending, late)
	if lost > 0 || doubled > 0 || processed != len(acknowledged) {
		t.Errorf("lost %d, doubled %d, processed %d of %d", lost, doubled, processed, len(acknowledged))
	}
	one.stop()
	two.stop()
}

// inHand waits until customers are being synced, and says how many.
func (b books) inHand(t *testing.T) (held int64) {
	t.Helper()
	eventually(t, "somebody is at work", func() string {
		if held = b.count(t, `SELECT count(*) FROM customer_sync WHERE lease_token <> ''`); held < 2 {
			return fmt.Sprintf("%d leases", held)
		}
		return ""
	})
	return held
}

// sellToAll sells each customer something.
func (s *shop) sellToAll(t *testing.T) {
	t.Helper()
	for i, customer := range s.customers {
		amount := 100 + i
		invoice, err := s.station.sell(t.Context(), customer, amount)
		if err != nil {
			t.Fatal(err)
		}
		s.sold[invoice] = amount
	}
}

// fault makes Stripe fail or dawdle.
func (s *station) fault(t *testing.T, fault string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/_sim/faults", strings.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("arm %s: status %d", fault, res.StatusCode)
	}
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// TestP03_ToldToStopItFinishesWhatItHas under a load of webhooks and pages, while Stripe is slow.
func TestP03_ToldToStopItFinishesWhatItHas(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		drains(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		drains(t, modelstest.PostgresURL(t))
	})
}

func drains(t *testing.T, database string) {
	t.Helper()
	stripe, p := openStation(t), prepare(t)
	if database == "" {
		database = "sqlite:" + p.dir + "/data/tollgate.db"
	}
	p.env = append(p.env, "DATABASE_URL="+database)
	stripe.serve(p)
	p.run("plans", "sync")
	p.boot()
	shop := &shop{t: t, station: stripe, customers: stripe.customers(t, p, 12)}
	visitor := newClient(p)
	form := url.Values{"name": {"Visitor"}, "email": {"visitor@example.com"}, "password": {password}}
	if a, err := visitor.submit(t.Context(), "/signup", "/signup", form); err != nil || a.status != http.StatusSeeOther {
		t.Fatalf("sign-up: %v, status %d", err, a.status)
	}
	books := openBooks(t, database)
	eventually(t, "the visitor's customer is made", func() string { return books.owed(t) })
	stripe.fault(t, `{"match": "GET /v1/customers/*", "latency_ms": 1500, "times": -1}`)
	stripe.fault(t, `{"match": "POST /v1/checkout/sessions", "latency_ms": 2000, "times": -1}`)
	closeShop := shop.open(powerSellers, powerSeed)
	books.inHand(t)

	// Somebody is on their way to Stripe's page at the moment when the program is told to stop.
	sent, arrived := make(chan struct{}), make(chan error, 1)
	go func() {
		page, err := visitor.get(t.Context(), "/pricing")
		if err != nil {
			arrived <- err
			return
		}
		_, after, _ := strings.Cut(page.body, `name="_csrf" value="`)
		token, _, _ := strings.Cut(after, `"`)
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) },
		})
		a, err := visitor.send(ctx, http.MethodPost, "/app/billing/checkout", url.Values{"price": {"pro_v1_month"}, "_csrf": {token}})
		if err == nil && a.status != http.StatusSeeOther {
			err = fmt.Errorf("status %d: %s", a.status, firstWords(a.body))
		}
		arrived <- err
	}()
	<-sent
	pause(t.Context(), 300*time.Millisecond)
	told := time.Now()
	p.stop()
	took := time.Since(told)
	if err := <-arrived; err != nil {
		t.Errorf("who was on their way to pay was left alone: %v", err)
	}
	closeShop()
	held := books.count(t, `SELECT count(*) FROM customer_sync WHERE lease_token <> ''`) +
		books.count(t, `SELECT count(*) FROM stripe_ops WHERE lease_token <> '' AND state = 'pending'`) +
		books.count(t, `SELECT count(*) FROM mails WHERE lease_token <> '' AND state = 'pending'`)
	answers := stripe.post.answered()
	t.Logf("stopped in %s with %d leases held; answers by status %v", took.Round(time.Millisecond), held, answers)
	if took > 30*time.Second || held > 0 {
		t.Errorf("it took %s to stop, and %d leases are held", took, held)
	}
	for status, n := range answers {
		if status >= 500 {
			t.Errorf("%d answers of %d", n, status)
		}
	}
	for _, line := range p.log.matching("level=ERROR") {
		t.Errorf("the program reported: %s", line)
	}
	if answers[http.StatusOK] == 0 {
		t.Error("no webhook arrived: there was nothing to finish")
	}
}
