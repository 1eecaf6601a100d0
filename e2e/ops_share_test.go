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
	books.bothWork(t)
	held := books.inHand(t)
	one.kill()
	shop.sellToAll(t)
	pending := books.count(t, `SELECT count(*) FROM webhook_events WHERE state = 'pending'`)
	books.minutePasses(t) // so that the leases of the dead run out
	eventually(t, "the one that is left does it all", func() string { return books.owed(t) })

	one.boot()
	shop.sellToAll(t)
	late := books.inHand(t)
	suspend(t, stripe, books, shop, two, one)
	shop.sellToAll(t)
	eventually(t, "letters left", func() string { return some(stripe.post.left.Load(), "letters") })
	eventually(t, "both do it all", func() string { return books.owed(t) })

	t.Logf("%d leases were held when one was killed (%d events pending), %d when the other was suspended", held, pending, late)
	books.balance(t, "two programs", shop)
	one.stop()
	two.stop()
}

// suspend stops a program in the middle of its work, as when its machine is moved, until the other has done
// everything and gone on.
func suspend(t *testing.T, stripe *station, books books, shop *shop, p, other *program) {
	t.Helper()
	stripe.post.serve(other) // a balancer would notice
	p.signal(syscall.SIGSTOP)
	eventually(t, "the rows that it had locked are let go, and its leases run out", func() string {
		if err := books.expireLeases(t); err != nil {
			return err.Error()
		}
		return ""
	})
	shop.sellToAll(t)
	eventually(t, "letters left", func() string {
		if left := stripe.post.left.Load(); left > carriers { // each may have one for the program that is suspended
			return some(left, "letters")
		}
		return ""
	})
	eventually(t, "the other does it all", func() string { return books.owed(t) })
	p.signal(syscall.SIGCONT)
	stripe.post.serve(other, p)
}

// bothWork waits until there is much to do and two programs do it.
func (b books) bothWork(t *testing.T) {
	t.Helper()
	eventually(t, "two hundred events have come, and both programs work", func() string {
		events := b.count(t, `SELECT count(*) FROM webhook_events`)
		programs := b.count(t, `SELECT count(DISTINCT who) FROM river_job, unnest(attempted_by) AS who`)
		if events < 200 || programs < 2 {
			return fmt.Sprintf("%d events, %d programs", events, programs)
		}
		return ""
	})
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

	arrived := leaveToPay(t, visitor)
	pause(t.Context(), 300*time.Millisecond)
	told := time.Now()
	p.stop()
	took := time.Since(told)
	if err := <-arrived; err != nil {
		t.Errorf("who was on their way to pay was left alone: %v", err)
	}
	closeShop()
	held := books.leases(t)
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

// leases counts what is in somebody's hands.
func (b books) leases(t *testing.T) int64 {
	t.Helper()
	return b.count(t, `SELECT count(*) FROM customer_sync WHERE lease_token <> ''`) +
		b.count(t, `SELECT count(*) FROM stripe_ops WHERE lease_token <> '' AND state = 'pending'`) +
		b.count(t, `SELECT count(*) FROM mails WHERE lease_token <> '' AND state = 'pending'`)
}

// leaveToPay presses the button that leads to Stripe's page, and returns once the request is on its way. What
// comes of it is told by the channel.
func leaveToPay(t *testing.T, visitor *client) <-chan error {
	t.Helper()
	page, err := visitor.get(t.Context(), "/pricing")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(page.body, `name="_csrf" value="`)
	token, _, _ := strings.Cut(after, `"`)
	sent, arrived := make(chan struct{}), make(chan error, 1)
	go func() {
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
	return arrived
}
