package kill

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81/webhook"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// patience bounds every wait for the process.
const patience = 30 * time.Second

// build compiles the sandbox's own command, which is what gets killed.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "sandbox")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./billing/sandbox/cmd/sandbox")
	cmd.Dir = filepath.Join("..", "..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the sandbox: %v\n%s", err, out)
	}
	return binary
}

// process is one run of the sandbox, until it is killed.
type process struct {
	url, key, secret string
	kill             func()
	client           *http.Client
}

// start runs the sandbox on a database and waits until it serves.
func start(t *testing.T, binary, db, forward string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, binary, "-addr", "127.0.0.1:0", "-db", db, "-forward-to", forward)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{client: &http.Client{Timeout: patience}}
	p.kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // SIGKILL: the process learns nothing of it.
		_ = cmd.Wait()
		cancel()
	})
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		for label, into := range map[string]*string{
			"base URL": &p.url, "secret key": &p.key, "webhook secret": &p.secret,
		} {
			if value, ok := strings.CutPrefix(lines.Text(), label); ok {
				*into = strings.TrimSpace(value)
			}
		}
		if p.secret != "" {
			return p
		}
	}
	t.Fatal("the sandbox did not start")
	return nil
}

// post sends a request of the API under an idempotency key. An error means that no answer came.
func (p *process) post(path, idempotencyKey string, form ...string) (int, lab.Object, error) {
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	raw, status, err := p.send(http.MethodPost, path, values.Encode(), idempotencyKey)
	if err != nil {
		return 0, nil, err
	}
	o, err := lab.Decode(raw)
	return status, o, err
}

func (p *process) send(method, path, body, key string) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if key != "" {
		req.SetBasicAuth(p.key, "")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return raw, res.StatusCode, err
}

// sim asks the control interface, with a JSON body or none.
func (p *process) sim(method, path, body string) ([]byte, error) {
	raw, status, err := p.send(method, path, body, "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s %s: %d %s", method, path, status, raw)
	}
	return raw, err
}

// now is the sandbox's clock.
func (p *process) now(t *testing.T) int64 {
	t.Helper()
	raw, err := p.sim(http.MethodGet, "/_sim/clock", "")
	if err != nil {
		t.Fatal(err)
	}
	clock, err := lab.Decode(raw)
	if err != nil || clock.Int("now") == 0 {
		t.Fatalf("read the clock: %s %v", raw, err)
	}
	return clock.Int("now")
}

// tables are the rows of the database, by table.
func (p *process) tables(t *testing.T) map[string][]lab.Object {
	t.Helper()
	export, err := p.sim(http.MethodGet, "/_sim/export", "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]lab.Object{}
	for line := range strings.Lines(string(export)) {
		row, err := lab.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		out[row.Str("table")] = append(out[row.Str("table")], row.Obj("row"))
	}
	return out
}

// receiver counts which events arrived, and checks who signed them.
type receiver struct {
	URL string

	mu     sync.Mutex
	secret string
	events map[string]int
	forged int
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{events: map[string]int{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hook"
	return r
}

// ServeHTTP takes one delivery.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // The sender died in the middle of it, and its next life has to send it again.
	}
	var event struct{ ID string }
	err = json.Unmarshal(body, &event)
	r.mu.Lock()
	defer r.mu.Unlock()
	signed := r.secret == "" || webhook.ValidatePayload(body, req.Header.Get("Stripe-Signature"), r.secret) == nil
	if err != nil || !signed {
		r.forged++
	}
	r.events[event.ID]++
}

// trust makes the receiver take only what is signed with a secret.
func (r *receiver) trust(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

func (r *receiver) arrived() (map[string]int, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.events), r.forged
}
