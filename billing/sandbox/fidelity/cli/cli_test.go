package cli_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/fidelity/cli"
	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/table"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// setup starts a sandbox whose events go to an inbox, and aims the command line at it.
func setup(t *testing.T) (cli.CLI, *sandboxtest.Sandbox, *cli.Inbox) {
	t.Helper()
	box := &cli.Inbox{Secret: sandboxtest.Secret}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	s := sandboxtest.New(t, func(o *sandbox.Options) {
		o.WebhookURL, o.WebhookSecret = server.URL, sandboxtest.Secret
	})
	return cli.CLI{Bin: node.CLI(t), Home: t.TempDir(), Base: s.URL(), Key: s.SecretKey()}, s, box
}

// TestTrigger is the judge: every script of the program's own list is played, on two sandboxes at a time.
func TestTrigger(t *testing.T) {
	t.Parallel()
	names, err := cli.CLI{Bin: node.CLI(t), Home: t.TempDir()}.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting, ended := make(chan string, len(names)), make(map[string]error, len(names))
	for _, name := range names {
		waiting <- name
	}
	close(waiting)
	var mu sync.Mutex
	var lanes sync.WaitGroup
	for range 2 {
		c, s, box := setup(t)
		lanes.Go(func() {
			for name := range waiting {
				err := c.Trigger(t.Context(), name, box, s.Idle)
				mu.Lock()
				ended[name] = err
				mu.Unlock()
			}
			for _, bad := range box.Refused() {
				t.Errorf("a delivery was refused: %v", bad)
			}
		})
	}
	lanes.Wait()
	missing, passed, inScope := cli.LeftOut(), 0, 0
	for _, name := range names {
		err, resource := ended[name], missing[name]
		if resource == "" {
			inScope++
		}
		switch {
		case resource != "" && err == nil:
			t.Errorf("%s works, and stands among those left out for want of %s", name, resource)
		case resource == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case resource == "":
			passed++
		}
	}
	for name := range missing {
		if !slices.Contains(names, name) {
			t.Errorf("%s is left out, and the program does not know it", name)
		}
	}
	table.Report(t, "cli", fmt.Sprintf("%d of %d in scope, %d left out", passed, inScope, len(names)-inScope))
}

// TestFixturesAndResources plays a script of our own, and the commands that are named after resources.
func TestFixturesAndResources(t *testing.T) {
	t.Parallel()
	c, s, box := setup(t)
	script := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(script, []byte(`{"_meta": {"template_version": 0}, "fixtures": [
		{"name": "product", "path": "/v1/products", "method": "post", "params": {"name": "Pro"}},
		{"name": "price", "path": "/v1/prices", "method": "post", "params": {
			"product": "${product:id}", "currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}}}
	]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stripe(t.Context(), "fixtures", script); err != nil {
		t.Fatal(err)
	}
	if err := s.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(box.Verified()); got != "[product.created plan.created price.created]" {
		t.Errorf("the script brought about %s", got)
	}
	created, err := c.Stripe(t.Context(), "customers", "create", "--email=jenny@example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(created, `"id": "`)
	id, _, _ = strings.Cut(id, `"`)
	got, err := c.Stripe(t.Context(), "get", id)
	if err != nil || !strings.Contains(got, `"email": "jenny@example.com"`) {
		t.Errorf("stripe get %s: %v\n%s", id, err, got)
	}
	if err := s.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, events := len(box.Verified()), s.Client.Events.List(nil)
	if !events.Next() {
		t.Fatal("there is no event to send again")
	}
	if _, err := c.Stripe(t.Context(), "events", "resend", events.Event().ID); err != nil {
		t.Error(err)
	}
	if err := s.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(box.Verified()[before:]); got != "[customer.created]" {
		t.Errorf("resending brought %s", got)
	}
	if got, err := c.Stripe(t.Context(), "get", "cus_nobody"); !strings.Contains(got, "No such customer: 'cus_nobody'") {
		t.Errorf("stripe get of nobody: %v\n%s", err, got)
	}
}
