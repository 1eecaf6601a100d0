// Command scenarios reads `go test -json` and prints which of the ways to go wrong, listed in
// rows.go, were provoked by a test in that run. What counts is that a test ran and passed, on every
// database that matters to the row; a name in a file counts for nothing.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	brief := flag.Bool("brief", false, "print what is wrong and the sum, but no row that is as it should be")
	flag.Parse()
	strict := os.Getenv("CI") == "true"
	runs, err := read(os.Stdin)
	if err == nil {
		err = report(os.Stdout, look{brief: *brief, strict: strict}, rows(), runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
}

// run is what one test did.
type run struct {
	name      string
	passed    bool
	skipped   bool     // it or a part of it, and nothing of it failed
	databases []string // those its subtests ran on
}

// look is how the table is read. A machine without PostgreSQL skips tests and says so, which proves nothing, and is no
// fault either; in CI it is one.
type look struct{ brief, strict bool }

// event is a line of `go test -json`: see `go doc test2json`.
type event struct{ Action, Package, Test string }

// read collects the tests that name a row, by the ids they name.
func read(in io.Reader) (map[string][]*run, error) {
	byID, byName := map[string][]*run{}, map[string]*run{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue // what the go command itself says is for another reader
		}
		name, rest, _ := strings.Cut(e.Test, "/")
		ids := idsOf(name)
		if len(ids) == 0 || e.Action != "pass" && e.Action != "fail" && e.Action != "skip" {
			continue
		}
		r := byName[e.Package+" "+name]
		if r == nil {
			r = &run{name: name, passed: true}
			byName[e.Package+" "+name] = r
			for _, id := range ids {
				byID[id] = append(byID[id], r)
			}
		}
		r.passed = r.passed && e.Action != "fail"
		r.skipped = r.skipped || e.Action == "skip"
		for database := range strings.SplitSeq(rest, "/") {
			if (database == "sqlite" || database == "postgres") && !slices.Contains(r.databases, database) {
				r.databases = append(r.databases, database)
			}
		}
	}
	return byID, lines.Err()
}

var (
	naming = regexp.MustCompile(`^Test((?:[A-Z]\d\d[a-z]?)+)_`)
	one    = regexp.MustCompile(`[A-Z]\d\d[a-z]?`)
)

func idsOf(test string) []string {
	match := naming.FindStringSubmatch(test)
	if match == nil {
		return nil
	}
	return one.FindAllString(match[1], -1)
}

// report prints the table and returns an error where a row is neither covered nor explained.
func report(out io.Writer, look look, rows []row, runs map[string][]*run) error {
	covered, explained, skipped := 0, 0, 0
	var wrong []string
	for _, row := range rows {
		verdict, unproven := judge(row, runs[row.id])
		switch {
		case unproven && !look.strict && row.without == "":
			skipped++
		case verdict == "" && row.without == "":
			covered++
		case verdict == "":
			wrong = append(wrong, row.id+" has a test and a reason to have none")
		case len(runs[row.id]) == 0 && row.without != "":
			explained++
			verdict = "left out: " + row.without
		default:
			wrong = append(wrong, row.id+" "+verdict)
		}
		if verdict == "" {
			verdict = tests(runs[row.id])
		}
		if !look.brief {
			fmt.Fprintf(out, "%-5s %-78s %s\n", row.id, row.what, verdict)
		}
		delete(runs, row.id)
	}
	for id := range runs {
		wrong = append(wrong, id+" is named by a test and is no row of the table")
	}
	if !look.brief {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%d rows: %d covered, %d left out with a reason, %d skipped here, %d wrong\n",
		len(rows), covered, explained, skipped, len(wrong))
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("not covered:\n  %s", strings.Join(wrong, "\n  "))
	}
	return nil
}

// judge returns what is missing, or nothing, and whether nothing is missing but that something was skipped.
func judge(row row, runs []*run) (verdict string, unproven bool) {
	if len(runs) == 0 {
		return "has no test", false
	}
	var databases, skipped []string
	for _, run := range runs {
		switch {
		case !run.passed:
			return "failed: " + run.name, false
		case run.skipped:
			skipped = append(skipped, run.name)
		}
		databases = append(databases, run.databases...)
	}
	for _, database := range []string{"sqlite", "postgres"} {
		if row.both && !slices.Contains(databases, database) {
			return "did not run on " + database, false
		}
	}
	if len(skipped) > 0 {
		return "was skipped: " + strings.Join(skipped, ", "), true
	}
	return "", false
}

func tests(runs []*run) string {
	var names []string
	for _, run := range runs {
		names = append(names, run.name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
