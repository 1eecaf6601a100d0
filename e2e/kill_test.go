package e2e

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tollgate/models/modelstest"
)

// The size of the storm. The seed decides when the power fails and what the buyers do; it is printed, so
// that a failure can be had again as far as a scheduler allows.
const (
	kills     = 22
	buyers    = 8
	stormSeed = 20261123
	longest   = 700 * time.Millisecond // between the start of a process and its end
)

// TestP02_KillNineWhilePeopleBuy pulls the plug again and again while people sign up, pay and change their minds, and then
// counts: nothing that Stripe believes delivered is lost, nothing is done twice, and everybody has what
// they paid for. The sandbox dies with the program it is part of, so its own promises are tried as well.
func TestP02_KillNineWhilePeopleBuy(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storm(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storm(t, modelstest.PostgresURL(t))
	})
}

func storm(t *testing.T, database string) {
	t.Helper()
	var env []string
	if database != "" {
		env = append(env, "DATABASE_URL="+database)
	}
	p := prepare(t, env...)
	if database == "" {
		database = "sqlite:" + p.dir + "/data/tollgate.db"
	}
	began := time.Now()
	p.boot()
	api := stripeAPI{base: p.stripe, key: consoleKey(t, p)}
	all := crowd(t, p, api)
	l := openLedger(t, p, database)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	calm := make(chan struct{})
	var working sync.WaitGroup
	for _, b := range all {
		working.Go(func() { b.live(ctx, calm) })
	}
	random := rand.New(rand.NewPCG(stormSeed, 0))
	for i := range kills {
		// Every fourth time the power fails while the program is still starting.
		early := i%4 == 3
		if !early && i > 0 {
			awaitBoot(t, p)
		}
		pause(ctx, time.Duration(random.Int64N(int64(longest))))
		p.kill()
		l.minutePasses(t)
		p.launch()
	}
	awaitBoot(t, p)
	close(calm)
	working.Wait()
	t.Logf("seed %d: killed %d times in %s while %d accounts made %d changes", uint64(stormSeed), kills,
		time.Since(began).Round(time.Millisecond), len(all), changes(all))
	settle(t, p, l)
	l.keptEverything(t)
	for _, b := range all {
		l.hasOne(t, b)
	}
	l.toldOnce(t)
	p.stop()
	t.Logf("settled after %s", time.Since(began).Round(time.Millisecond))
}

// awaitBoot waits until the running process serves.
func awaitBoot(t *testing.T, p *program) {
	t.Helper()
	select {
	case <-p.log.printed(p.ready):
	case <-p.exited:
		t.Fatalf("the program did not start again: %v\n%s", p.err, p.log.tail(40))
	case <-time.After(patience):
		t.Fatalf("the program did not start again in time:\n%s", p.log.tail(40))
	}
}

// pause lets the work go on for a while. It is the storm's rhythm and waits for nothing.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// consoleKey reads the sandbox's key off its console.
func consoleKey(t *testing.T, p *program) string {
	t.Helper()
	page, err := newClient(p).get(t.Context(), p.stripe+"/_stripe/")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(plain(page.body), "Secret key ")
	key, _, _ := strings.Cut(after, " ")
	if !found || !strings.HasPrefix(key, "sk_test_") {
		t.Fatalf("the console shows no key: %s", clip(plain(page.body)))
	}
	return key
}

// settle waits until nothing is owed. What Stripe failed to deliver is delivered again, as an operator
// would have it, instead of waiting minutes for its next try.
func settle(t *testing.T, p *program, l ledger) {
	t.Helper()
	for _, event := range l.undelivered(t) {
		body, err := json.Marshal(map[string]string{"event": event})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.stripe+"/_sim/resend",
			strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("resend %s: status %d", event, res.StatusCode)
		}
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * patience)
	for {
		owed := l.owed(t)
		if owed == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still owed: %s\n%s", owed, p.log.tail(60))
		}
	}
}
