package stories_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/stories"
	"example.com/tollgate/billing/sandbox/fidelity/table"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// spoiled is one field of one answer that is wrong, and a story that has to notice.
type spoiled struct {
	broken, story string
	// The field is that of answers to these requests, wherever the path begins like this.
	method, path, field string
	value               any
}

func spoils() []spoiled {
	return []spoiled{
		{
			"a paid invoice's amount_paid is a cent too high", "upgrade invoiced at once",
			"GET", "/v1/invoices/", "amount_paid", json.Number("1001"),
		},
		{
			"a new subscription's status is trialing", "upgrade invoiced at once",
			"POST", "/v1/subscriptions", "status", "trialing",
		},
		{
			"a list's has_more is always false", "auto-paging",
			"GET", "/v1/customers", "has_more", false,
		},
		{
			"an event carries no previous_attributes", "events",
			"GET", "/v1/events", "data.0.data.previous_attributes",
			map[string]any{},
		},
		{
			"an error's code is another", "errors",
			"GET", "/v1/customers/cus_nobody", "error.code", "parameter_missing",
		},
	}
}

// spoil falsifies the field in every answer that has it.
func (s spoiled) spoil(e *stories.Exchange) {
	if e.Method == s.method && strings.HasPrefix(e.Path, s.path) {
		put(e.Answer, s.field, s.value)
	}
}

func put(in any, path string, value any) {
	key, rest, deeper := strings.Cut(path, ".")
	if list, ok := in.([]any); ok {
		for _, element := range list {
			put(element, rest, value)
		}
		return
	}
	hash, ok := in.(map[string]any)
	if !ok || hash[key] == nil {
		return
	}
	if deeper {
		put(hash[key], rest, value)
		return
	}
	hash[key] = value
}

// TestTheStoriesNotice is the negative control of both judges: each spoiled answer must make its story fail, which
// passes when nothing is spoiled.
func TestTheStoriesNotice(t *testing.T) {
	t.Parallel()
	target, tape := newTarget(t)
	onNode := stories.PlayOnNode(node.Installed(t))
	var names []string
	for _, s := range spoils() {
		if !slices.Contains(names, s.story) {
			names = append(names, s.story)
		}
	}
	good, err := onNode(t.Context(), target, names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := errors.Join(good[name], stories.Play(t.Context(), target, name)); err != nil {
			t.Fatalf("nothing is spoiled, and still: %v", err)
		}
	}
	for _, s := range spoils() {
		tape.Spoil = s.spoil
		table.Control(t, "stories-go", s.broken, func() error { return stories.Play(t.Context(), target, s.story) })
		table.Control(t, "stories-node", s.broken, func() error {
			told, err := onNode(t.Context(), target, s.story)
			if err != nil {
				t.Fatal(err)
			}
			return told[s.story]
		})
	}
}

// TestCompare compares two sandboxes: as they are they do not differ, and of one field that no story asks for the
// comparison tells exactly where it is and what stands there.
func TestCompare(t *testing.T) {
	t.Parallel()
	told := []string{"seats", "expanding", "errors"}
	one, tape := newTarget(t)
	other, _ := newTarget(t)
	var out strings.Builder
	for _, client := range []stories.Client{stories.PlayOnGo, stories.PlayOnNode(node.Installed(t))} {
		if n, err := stories.Compare(t.Context(), &out, client, one, other, told...); err != nil || n != 0 {
			t.Errorf("two sandboxes differ in %d places: %v\n%s", n, err, out.String())
		}
	}
	tape.Spoil = func(e *stories.Exchange) {
		if e.Path == "/v1/customers" {
			put(e.Answer, "invoice_settings", map[string]any{"footer": nil})
		}
		put(e.Answer, "error.message", "Something else.")
	}
	out.Reset()
	n, err := stories.Compare(t.Context(), &out, stories.PlayOnGo, one, other, told...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"POST /v1/customers: invoice_settings.custom_fields\n        Stripe   nothing\n        sandbox  <nil>",
		"GET /v1/customers/cus_nobody: error.message\n        Stripe   \"Something else.\"\n" +
			"        sandbox  \"No such customer: 'cus_nobody'\"",
		"the story\n        Stripe   errors: its text is Something else.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the comparison does not tell %q", want)
		}
	}
	if _, err := stories.Compare(t.Context(), &out, stories.PlayOnGo, one, other, "nobody's story"); err == nil {
		t.Error("a story that nobody knows was compared")
	}
	if t.Failed() {
		t.Logf("%d differences:\n%s", n, out.String())
	}
}

// TestNoRealMoney keeps every key but those of the test mode away from the stories.
func TestNoRealMoney(t *testing.T) {
	t.Parallel()
	for key, good := range map[string]bool{
		"sk_test_123": true, "rk_test_123": true,
		"sk_live_123": false, "rk_live_123": false, "pk_test_123": false, "": false, " sk_test_123": false,
	} {
		if err := stories.TestKey(key); (err == nil) != good {
			t.Errorf("the key %q: %v", key, err)
		}
	}
}

// newTarget starts a sandbox with a tape in front of it.
func newTarget(t *testing.T) (stories.Target, *stories.Tape) {
	t.Helper()
	s := sandboxtest.New(t)
	tape, err := stories.NewTape(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(tape)
	t.Cleanup(server.Close)
	return stories.Target{URL: server.URL, Key: s.SecretKey()}, tape
}
