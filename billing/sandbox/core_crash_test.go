package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/client"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// crashEnv carries the database's path and the receiver's URL to the process that is going to be killed.
const crashEnv = "SANDBOX_CRASH_CHILD"

// TestCrashChild is no test of its own: TestKilledProcessLosesNothing runs it as a second process.
func TestCrashChild(t *testing.T) {
	t.Parallel()
	path, url, ok := strings.Cut(os.Getenv(crashEnv), "|")
	if !ok {
		return
	}
	s, err := sandbox.New(sandbox.Options{
		Path: path, Addr: "127.0.0.1:0", Now: time.Now, WebhookURL: url, WebhookSecret: sandboxtest.Secret,
		CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: t.Name(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nready %s %s\n", s.URL(), s.SecretKey())
	select {} // Until it is killed.
}

// A process that is killed in the middle of its work has lost nothing that it acknowledged, has done nothing by
// halves, and delivers afterwards what it had not.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	receiver := sandboxtest.NewReceiver(t)
	path := filepath.Join(t.TempDir(), "sandbox.db")
	acknowledged := killUnderLoad(t, path, receiver.URL)
	s := sandboxtest.New(t, sandboxtest.File(path), sandboxtest.Forward(receiver))
	// Every request is sent once more under its key: what was done is not done again.
	for round := range crashRounds {
		for i := range crashRequests {
			name := fmt.Sprintf("%d-%d", round, i)
			made, err := create(s.Client, name)
			if err != nil {
				t.Fatal(err)
			}
			if before := acknowledged[name]; before != "" && before != made.ID {
				t.Errorf("%s was %s and is %s", name, before, made.ID)
			}
			acknowledged[name] = made.ID
		}
	}
	s.MustIdle()
	events := map[string]int{}
	list := s.Client.Events.List(&stripe.EventListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(100)}})
	for list.Next() {
		events[list.Event().GetObjectValue("id")]++
	}
	delivered := map[string]bool{}
	for _, event := range receiver.Events() {
		delivered[event.GetObjectValue("id")] = true
	}
	for name, id := range acknowledged {
		if events[id] != 1 || !delivered[id] {
			t.Errorf("%s (%s) has %d events, delivered: %t", name, id, events[id], delivered[id])
		}
	}
	if len(events) != crashRounds*crashRequests {
		t.Errorf("%d customers for %d requests", len(events), crashRounds*crashRequests)
	}
}

// The size of the load under which the sandbox is killed, and how often.
const crashRounds, crashRequests, crashWorkers = 3, 40, 4

// killUnderLoad kills one process after another in the middle of their work, and returns what they
// had acknowledged: customers by name.
func killUnderLoad(t *testing.T, path, url string) map[string]string {
	t.Helper()
	acknowledged := map[string]string{}
	for round := range crashRounds {
		api, kill := crashChild(t, path, url)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for worker := range crashWorkers {
			wg.Go(func() {
				for i := worker; i < crashRequests; i += crashWorkers {
					name := fmt.Sprintf("%d-%d", round, i)
					made, err := create(api, name)
					if err != nil {
						return // Killed.
					}
					mu.Lock()
					acknowledged[name] = made.ID
					if len(acknowledged) == (round+1)*crashRequests/2 {
						kill()
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		kill()
	}
	return acknowledged
}

func create(api *client.API, name string) (*stripe.Customer, error) {
	params := &stripe.CustomerParams{Name: &name}
	params.SetIdempotencyKey("crash-" + name)
	return api.Customers.New(params)
}

// crashChild starts a sandbox in a process of its own.
func crashChild(t *testing.T, path, url string) (*client.API, func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashEnv+"="+path+"|"+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		cancel()
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "ready" {
			return sandboxtest.ClientOf(fields[1], fields[2]), kill
		}
	}
	t.Fatal("the second process did not start")
	return nil, nil
}
