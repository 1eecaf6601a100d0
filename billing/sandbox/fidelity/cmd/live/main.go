// Command live tells the stories to Stripe's test mode and to a sandbox, and prints in what their answers differ. It
// wants a key in STRIPE_TEST_KEY and takes none that could move real money. Arguments are names of stories; without
// any, all are told. With -node stripe-node tells them in place of stripe-go. What the stories make stays in the account, but for test clocks and what lives by them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/stories"
)

func main() {
	onNode := flag.Bool("node", false, "tell the stories on stripe-node")
	flag.Parse()
	if err := run(*onNode, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

func run(onNode bool, names []string) error {
	key := os.Getenv("STRIPE_TEST_KEY")
	if key == "" {
		return errors.New("STRIPE_TEST_KEY is not set: it names the test account to compare with")
	}
	if err := stories.TestKey(key); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := sandbox.New(sandbox.Options{Addr: "127.0.0.1:0", Now: time.Now})
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	defer func() { _ = s.Close() }()
	client := stories.PlayOnGo
	if onNode {
		dir, err := node.Install(ctx)
		if err != nil {
			return err
		}
		client = stories.PlayOnNode(dir)
	}
	if len(names) == 0 {
		for _, story := range stories.All() {
			names = append(names, story.Name)
		}
	}
	stripe := stories.Target{URL: "https://api.stripe.com", Key: key, Live: true}
	_, err = stories.Compare(ctx, os.Stdout, client, stripe, stories.Target{URL: s.URL(), Key: s.SecretKey()}, names...)
	return err
}
