// Command bench measures how fast and how large Tollgate is, beside what it could be: every number
// stands next to a reference that was measured in the same run, because a number alone says more
// about the machine than about the program.
//
// It prints a table, writes docs/benchmarks.md and fails if a bar is missed. rows.go is the list of
// what is measured. Loads go to loopback only and are bounded in time and number.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// options says how much to measure, and where to write it down.
type options struct {
	rounds     int
	duration   time.Duration
	out        string
	only       string
	profile    string
	loadBefore string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	o := options{loadBefore: loadAverage()}
	flag.IntVar(&o.rounds, "rounds", 7, "rounds of each comparison")
	flag.DurationVar(&o.duration, "duration", 1500*time.Millisecond, "how long one side of a round lasts")
	flag.StringVar(&o.out, "o", "", "file to write the result to")
	flag.StringVar(&o.only, "only", "", "measure one thing: "+names())
	flag.StringVar(&o.profile, "profile", "", "file to write a processor profile to")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	begun := time.Now()
	dir, err := os.MkdirTemp("", "tollgate-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newWorld(ctx, onSQLite(dir, "site"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()

	b := bench{options: o, world: w, dir: dir}
	stop, err := profile(o.profile)
	if err != nil {
		return err
	}
	rows, err := b.measure(ctx)
	stop()
	if err != nil {
		return err
	}
	fmt.Print("\n", table(rows))
	if o.out != "" {
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		text := document(ctx, rows, o, time.Since(begun))
		if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	for _, r := range rows {
		if !r.pass {
			return errors.New("a bar is missed")
		}
	}
	return nil
}

// profile records where the processors spend their time, until it is stopped.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // a profile cut short is seen when it is read
	}, nil
}
