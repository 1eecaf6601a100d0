package sandbox_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// A request is captured as it came, whatever became of it, but for what stands on a card.
func TestCapturesKeepRequestsWithoutCards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := sandboxtest.New(t, func(o *sandbox.Options) { o.CaptureDir = dir })
	card := "type=card&card[number]=4242424242424242&card%5Bcvc%5D=737&card[exp_month]=12&card[exp_year]=2034"
	if got := send(t, s, "POST", "/v1/payment_methods", card); got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	if got := send(t, s, "GET", "/v1/customers?emial=ada@example.com", ""); got.status != 400 {
		t.Fatalf("status %d", got.status)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var requests []string
	for line := range strings.Lines(string(text)) {
		var c sandbox.Captured
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if r := c.Request; r != nil {
			requests = append(requests, r.Method+" "+r.Path+" "+r.Form)
		}
	}
	want := []string{
		"POST /v1/payment_methods type=card&card[number]=****&card%5Bcvc%5D=****&card[exp_month]=12&card[exp_year]=2034",
		"GET /v1/customers emial=ada@example.com",
	}
	if strings.Join(requests, "\n") != strings.Join(want, "\n") {
		t.Errorf("captured %q, want %q", requests, want)
	}
	if strings.Contains(string(text), "4242424242424242") {
		t.Error("a card number was captured")
	}
}
