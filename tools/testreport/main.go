// Command testreport turns `go test -json` into what somebody wants to read: a line per package,
// the output of what failed, and at the end every test that was skipped, with its reason. A skipped
// test proved nothing, so with CI=true it counts as a failure.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is a line of `go test -json`: see `go doc test2json`.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

func main() {
	skipped, failed, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if failed || os.Getenv("CI") == "true" && skipped {
		os.Exit(1)
	}
}

func report(in io.Reader, out io.Writer) (skipped, failed bool, err error) {
	output := map[string][]string{}
	var skips []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // the go command itself, before any test ran
			continue
		}
		key := e.Package + e.ImportPath + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			output[key] = append(output[key], e.Output)
		case "skip":
			if e.Test != "" {
				skips = append(skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output[key])))
			}
			delete(output, key)
		case "fail", "build-fail":
			failed = true
			fmt.Fprint(out, strings.Join(output[key], ""))
			if e.Test == "" {
				fmt.Fprintf(out, "FAIL %s%s\n", e.Package, e.ImportPath)
			}
			delete(output, key)
		case "pass":
			if e.Test == "" {
				fmt.Fprintf(out, "ok   %s (%.1fs)\n", e.Package, e.Elapsed)
			}
			delete(output, key)
		}
	}
	slices.Sort(skips)
	for _, skip := range skips {
		fmt.Fprintln(out, "skipped:", skip)
	}
	return len(skips) > 0, failed, lines.Err()
}

// reason finds what t.Skip said: the last line that is not the test's own frame.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return line
		}
	}
	return "no reason given"
}
