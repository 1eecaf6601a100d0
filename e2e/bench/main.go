// Command bench measures what Tollgate promises about speed and size, each figure beside a reference
// taken in the same run on the same machine, and writes docs/benchmarks.md. `make bench` runs it.
//
// Servers run as processes of their own, by starting this program again under another name, so that
// a server and the load on it share nothing but the machine. Each comparison is measured in turns
// and the best turn of each side counts, because other work on the machine only ever takes away.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

// turns is how often each side of a comparison is measured, and turn how long.
const (
	turns = 3
	turn  = 3 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "app":
		err = serveApp(ctx, os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "receiver":
		err = serveReceiver(ctx, os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "reference":
		err = serveReference(ctx, os.Args[2], os.Args[3])
	default:
		err = run(ctx, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the parts that are named, or all of them, in the order of the report. Only a whole
// run writes it.
func run(ctx context.Context, only []string) error {
	dir, err := os.MkdirTemp("", "tollgate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"servers", b.measureServers},
		{"queries", b.measureQueries},
		{"access", b.measureAccess},
		{"program", b.measureProgram},
		{"list", b.measureList},
	} {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if len(only) > 0 {
		return nil
	}
	return b.write("docs/benchmarks.md")
}

// bench collects the figures.
type bench struct {
	dir     string
	figures []figure
}

// figure is one line of the report. OK says whether it keeps the promise.
type figure struct {
	what, measured, reference, promise string
	ok                                 bool
}

func (b *bench) add(f figure) {
	b.figures = append(b.figures, f)
	verdict := "ok  "
	if !f.ok {
		verdict = "MISS"
	}
	fmt.Printf("%s %s\n     measured %s, reference %s, promised %s\n", verdict, f.what, f.measured, f.reference, f.promise)
}
