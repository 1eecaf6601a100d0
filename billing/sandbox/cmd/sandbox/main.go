// Command sandbox runs the Stripe stand-in by itself, for a program that is not started together with it, for the
// official command line, and for looking around. It prints what an application needs to be told.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/tollgate/billing/sandbox"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:12111", "where to listen; only loopback addresses are accepted")
	db := flag.String("db", "sandbox.db", "the database file; empty keeps everything in memory")
	forward := flag.String("forward-to", "", "a URL on this machine that receives every webhook")
	flag.Parse()
	if err := run(*addr, *db, *forward); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(addr, db, forward string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := sandbox.New(sandbox.Options{
		Addr: addr, Path: db, WebhookURL: forward, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		_ = s.Close()
		return err
	}
	fmt.Printf("base URL        %s\nsecret key      %s\nwebhook secret  %s\nconsole         %s/_stripe/\n",
		s.URL(), s.SecretKey(), s.WebhookSecret(), s.URL())
	<-ctx.Done()
	return s.Close()
}
