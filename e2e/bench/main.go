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
	err := fmt.Errorf("usage: bench [app DIR | reference DIR PAGE]")
	switch {
	case len(os.Args) == 1:
		err = run(ctx)
	case len(os.Args) == 3 && os.Args[1] == "app":
		err = serveApp(ctx, os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "reference":
		err = serveReference(ctx, os.Args[2], os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything, in the order of the report.
func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "tollgate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir}
	for _, measure := range []func(context.Context) error{
		b.measureServers, b.measureQueries, b.measureAccess, b.measureProgram, b.measureList,
	} {
		if err := measure(ctx); err != nil {
			return err
		}
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
