package e2e

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// standalone builds the sandbox's own command once for all tests.
var standalone = sync.OnceValues(func() (string, error) {
	return build("sandbox", "./billing/sandbox/cmd/sandbox")
})

// station is a Stripe that outlives the programs that talk to it: the sandbox in a process of its own, and
// a postman before it who knows what was acknowledged.
type station struct {
	stripeAPI
	secret string // of its webhooks
	post   *postman
}

// openStation starts the sandbox and the postman.
func openStation(t *testing.T) *station {
	t.Helper()
	path, err := standalone()
	if err != nil {
		t.Fatal(err)
	}
	s := &station{post: newPostman(t)}
	args := []string{"-addr", "127.0.0.1:0", "-db", "", "-forward-to", s.post.box}
	if captures := os.Getenv("SANDBOX_CAPTURES"); captures != "" {
		args = append(args, "-captures", captures)
	}
	log := &journal{waiting: map[string]chan struct{}{}}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), log, log
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	select {
	case <-log.printed("/_stripe/\n"):
	case <-time.After(patience):
		t.Fatalf("the sandbox did not start:\n%s", log.tail(20))
	}
	said := map[string]string{}
	for _, line := range log.lines() {
		if words := strings.Fields(line); len(words) == 3 {
			said[words[0]+" "+words[1]] = words[2]
		}
	}
	s.base, s.key, s.secret = said["base URL"], said["secret key"], said["webhook secret"]
	return s
}

// serve makes a program a client of this Stripe instead of its own sandbox, and has its mail brought to it.
func (s *station) serve(p *program) {
	p.ready, p.stripe = p.url, s.base
	p.env = append(p.env, "APP_ENV=test", "STRIPE_API_BASE="+s.base, "STRIPE_SECRET_KEY="+s.key,
		"STRIPE_WEBHOOK_SECRETS="+s.secret, "STRIPE_MAX_RPS=100", "SESSION_SECRETS="+strings.Repeat("0123456789abcdef", 2))
	s.post.serve(p)
}

// customers signs people up, and gives each a card with Stripe.
func (s *station) customers(t *testing.T, p *program, n int) []string {
	t.Helper()
	for i := range n {
		form := url.Values{
			"name": {fmt.Sprintf("Customer %d", i)}, "email": {fmt.Sprintf("customer%d@example.com", i)}, "password": {password},
		}
		a, err := newClient(p).submit(t.Context(), "/signup", "/signup", form)
		if err != nil || a.status != 303 {
			t.Fatalf("sign-up: %v, status %d: %s", err, a.status, firstWords(a.body))
		}
	}
	var ids []string
	eventually(t, "every account has its customer", func() string {
		ids = ids[:0]
		for _, customer := range s.list(t, "/v1/customers", url.Values{"limit": {"100"}}) {
			id, _ := customer["id"].(string)
			ids = append(ids, id)
		}
		if len(ids) != n {
			return fmt.Sprintf("%d of %d", len(ids), n)
		}
		return ""
	})
	for _, id := range ids {
		card := s.must(t, "POST", "/v1/payment_methods/pm_card_visa/attach", url.Values{"customer": {id}})
		s.must(t, "POST", "/v1/customers/"+id, url.Values{"invoice_settings[default_payment_method]": {fmt.Sprint(card["id"])}})
	}
	return ids
}

// eventually asks until nothing is left to wait for, and fails with what is left once patience is at an end.
func eventually(t *testing.T, what string, left func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	// A statement that was on its way to Postgres when its program was killed is carried out all the same, and a mail
	// that it leased is nobody's for two minutes.
	deadline := time.After(3 * patience)
	for {
		rest := left()
		if rest == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %s", what, rest)
		}
	}
}
