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

// PlayAll tells stories on stripe-go, a few at a time. It returns what went wrong by story, nil for one that went well.
func PlayAll(ctx context.Context, target Target, names ...string) map[string]error {
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
	return told
}

// Compare tells stories to Stripe and to a sandbox, and prints where the answers differ. It returns the number of
// differences; a story that fails on one side only is one.
func Compare(ctx context.Context, out io.Writer, stripe, sandbox Target, names ...string) (int, error) {
	theirs, err := tapeOf(ctx, &stripe)
	if err != nil {
		return 0, err
	}
	ours, err := tapeOf(ctx, &sandbox)
	if err != nil {
		return 0, err
	}
	onStripe, onSandbox := PlayAll(ctx, stripe, names...), PlayAll(ctx, sandbox, names...)
	differences := 0
	for _, name := range names {
		found := Differences(theirs.Told(name), ours.Told(name))
		if (onStripe[name] == nil) != (onSandbox[name] == nil) {
			found = append(found, Difference{"the story", ending(onStripe[name]), ending(onSandbox[name])})
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

// tapeOf puts a tape on this machine in front of a target, until the context ends.
func tapeOf(ctx context.Context, target *Target) (*Tape, error) {
	tape, err := NewTape(target.URL)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	server := &http.Server{Handler: tape, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // It ends with the context.
	target.URL = "http://" + listener.Addr().String()
	return tape, nil
}
