package stories

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// lanes is how many stories are told at a time. Stripe allows 25 requests a second in test mode.
const lanes = 4

// TestKey refuses a key that is not one of Stripe's test mode: the stories would move real money.
func TestKey(key string) error {
	if strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_") {
		return nil
	}
	return errors.New("the key is not one of Stripe's test mode: only sk_test_ and rk_test_ keys are accepted")
}

// Client tells stories to a target. It returns what went wrong by story, nil for one that went well.
type Client func(ctx context.Context, target Target, names ...string) (map[string]error, error)

// PlayOnGo tells stories on stripe-go, a few at a time.
func PlayOnGo(ctx context.Context, target Target, names ...string) (map[string]error, error) {
	told, waiting := map[string]error{}, make(chan string)
	var mu sync.Mutex
	var running sync.WaitGroup
	for range lanes {
		running.Go(func() {
			for name := range waiting {
				err := Play(ctx, target, name)
				mu.Lock()
				told[name] = err
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		waiting <- name
	}
	close(waiting)
	running.Wait()
	return told, nil
}

// PlayOnNode makes a client of stripe-node: the scripts in dir, which is where the pinned packages are installed.
func PlayOnNode(dir string) Client {
	return func(ctx context.Context, target Target, names ...string) (map[string]error, error) {
		return playOnNode(ctx, dir, target, names)
	}
}

// Compare tells stories to Stripe and to a sandbox, and prints where the answers differ. It returns the number of
// differences; a story that ends otherwise on one side is one.
func Compare(ctx context.Context, out io.Writer, client Client, stripe, sandbox Target, names ...string) (int, error) {
	for _, name := range names {
		if scripts()[name] == nil {
			return 0, fmt.Errorf("there is no story %q", name)
		}
	}
	theirs, onStripe, err := tape(ctx, client, stripe, names)
	if err != nil {
		return 0, err
	}
	ours, onSandbox, err := tape(ctx, client, sandbox, names)
	if err != nil {
		return 0, err
	}
	differences := 0
	for _, name := range names {
		found := Differences(theirs.Told(name), ours.Told(name))
		if one, other := ending(onStripe[name]), ending(onSandbox[name]); one != other {
			found = append(found, Difference{"the story", one, other})
		}
		differences += len(found)
		fmt.Fprintf(out, "%s: %d differences\n", name, len(found))
		for _, d := range found {
			fmt.Fprintf(out, "    %s\n        Stripe   %s\n        sandbox  %s\n", d.Where, d.One, d.Other)
		}
	}
	fmt.Fprintf(out, "%d stories, %d differences\n", len(names), differences)
	return differences, nil
}

func ending(err error) string {
	if err == nil {
		return "went well"
	}
	return err.Error()
}

// tape tells stories to a target through a tape on this machine.
func tape(ctx context.Context, client Client, target Target, names []string) (*Tape, map[string]error, error) {
	tape, err := NewTape(target.URL)
	if err != nil {
		return nil, nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("tape: %w", err)
	}
	server := &http.Server{Handler: tape, ReadHeaderTimeout: 10 * time.Second}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }() // It ends with the server.
	target.URL = "http://" + listener.Addr().String()
	told, err := client(ctx, target, names...)
	return tape, told, err
}
