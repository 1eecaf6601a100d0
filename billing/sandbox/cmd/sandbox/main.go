// Command sandbox runs the Stripe stand-in by itself, for a program that is not started together with it, for the
// official command line, and for looking around. It prints what an application needs to be told:
//
//	$ go run ./billing/sandbox/cmd/sandbox -addr 127.0.0.1:12111 -db sandbox.db
//	base URL        http://127.0.0.1:12111
//	secret key      sk_test_sandbox…
//	webhook secret  whsec_…
//	console         http://127.0.0.1:12111/_stripe/
//
// From then on any language's official client will do, with the base URL in place of https://api.stripe.com, and so
// will curl:
//
//	$ curl http://127.0.0.1:12111/v1/customers -u sk_test_sandbox…: -d email=ann@example.com -d "metadata[plan]=pro"
//	$ curl -X POST http://127.0.0.1:12111/_sim/clock -d '{"by": "744h"}'
//
// Webhooks go to what -forward-to names, and to the endpoints that the API registers. -export FILE writes down all that
// a database holds and ends; -import FILE begins with such a file, as a fixture.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"example.com/tollgate/billing/sandbox"
)

func main() {
	debug.SetGCPercent(sandbox.GCPercent)
	os.Exit(execute(os.Args[1:]))
}

// execute runs until the process is told to stop, and returns its exit code.
func execute(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, args, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		return 1
	}
	return 0
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(log)
	addr := flags.String("addr", "127.0.0.1:12111", "where to listen; only loopback addresses are accepted")
	db := flags.String("db", "sandbox.db", "the database file; empty keeps everything in memory")
	forward := flags.String("forward-to", "", "a URL on this machine that receives every webhook")
	captures := flags.String("captures", "", "a directory in which to keep every object that is sent, for the judges")
	exported := flags.String("export", "", "write the whole sandbox to this file as JSON lines, and end")
	imported := flags.String("import", "", "begin with what this file holds, in the place of what the database holds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := sandbox.New(sandbox.Options{
		Addr: *addr, Path: *db, WebhookURL: *forward, Now: time.Now,
		Logger:     slog.New(slog.NewTextHandler(log, nil)),
		CaptureDir: *captures, CaptureName: "sandbox",
	})
	if err != nil {
		return err
	}
	if *exported != "" {
		return errors.Join(export(ctx, s, *exported), s.Close())
	}
	if *imported != "" {
		err = load(ctx, s, *imported)
	}
	if err == nil {
		err = s.Start(ctx)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprintf(out, "base URL        %s\nsecret key      %s\nwebhook secret  %s\nconsole         %s/_stripe/\n",
		s.URL(), s.SecretKey(), s.WebhookSecret(), s.URL())
	<-ctx.Done()
	return s.Close()
}

// export writes to a new file beside the wanted one, so that a failure leaves no half of it.
func export(ctx context.Context, s *sandbox.Sandbox, path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return err
	}
	if err := errors.Join(s.Export(ctx, file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

func load(ctx context.Context, s *sandbox.Sandbox, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(s.Import(ctx, file), file.Close())
}
