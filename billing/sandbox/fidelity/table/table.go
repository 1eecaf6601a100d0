// Package table is what the judges of the sandbox report to. Its rows are the one list of judges; a judge that is not
// in it cannot report, and one that did not report has failed.
package table

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
)

// ReportEnv names the directory that `make fidelity` gives to the judges. Without it nothing is reported, and the
// judges are ordinary tests.
const ReportEnv = "FIDELITY_REPORT"

// Row is one judge: what it is and the bar under which `make fidelity` fails.
type Row struct{ ID, Judge, Bar string }

// Rows lists the judges in the order in which they are printed.
func Rows() []Row {
	return []Row{
		{"openapi", "OpenAPI schemas, strict, over every capture", "100 % valid"},
		{"coverage", "properties seen with two values, median of the resources", "60 %, printed by resource"},
		{"types", "types of npm stripe@17.7.0, by tsc", "0 errors"},
		{"cli", "stripe trigger of @stripe/cli@1.52.0", "every name in scope"},
		{"stories-go", "stories on stripe-go v81.4.0", "30 or more, all pass"},
		{"stories-node", "the same stories on stripe-node 17.7.0", "30 or more, all pass"},
		{"requests", "the app's requests, judged by stripe-mock", "every one accepted"},
		{"answers", "known answers from Stripe's documents", "all equal"},
		{"properties", "random lives: composition, preview, ledger", "10,000 cases, no failure"},
		{"kill", "kill -9 under load, then restart", "none lost, doubled or half written"},
		{"controls", "one field broken on purpose", "every judge fails"},
	}
}

// controls is the row that the judges' controls fill; no judge reports to it.
const controls = "controls"

// result is what a judge leaves for the table.
type result struct {
	Figure string `json:"figure"`
	Failed bool   `json:"failed"`
}

// Report leaves a judge's figure for the table when its test ends, with whether the test failed. Call it as soon as
// the figure is known; a judge that fails before has its row printed as missing.
func Report(t testing.TB, id, figure string) {
	t.Helper()
	mustKnow(t, id)
	t.Logf("fidelity: %s: %s", id, figure)
	t.Cleanup(func() { leave(t, id+".json", result{Figure: figure, Failed: t.Failed()}) })
}

// Control proves that a judge can fail. judge runs it on an input of which one field was broken on purpose, and returns
// what it found wrong; a judge that finds nothing fails the test, and so does a judge without any control. Say in
// broken which field of what was broken, and how.
func Control(t testing.TB, id, broken string, judge func() error) {
	t.Helper()
	mustKnow(t, id)
	found := judge()
	if found == nil {
		t.Errorf("the judge %s found nothing wrong, although broken on purpose: %s", id, broken)
	} else {
		t.Logf("fidelity: control of %s: %s: %.200s", id, broken, found.Error())
	}
	name := fmt.Sprintf("%s.%x.control", id, sha256.Sum256([]byte(broken)))
	leave(t, name, result{Figure: broken, Failed: found == nil})
}

// Attach leaves a text that is printed before the table, such as what a figure is made of.
func Attach(t testing.TB, id, text string) {
	t.Helper()
	mustKnow(t, id)
	t.Log("\n" + text)
	if dir := os.Getenv(ReportEnv); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, id+".txt"), []byte(text), 0o600); err != nil {
			t.Errorf("attach to %s: %v", id, err)
		}
	}
}

func leave(t testing.TB, name string, r result) {
	t.Helper()
	dir := os.Getenv(ReportEnv)
	if dir == "" {
		return
	}
	body, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), body, 0o600)
	}
	if err != nil {
		t.Errorf("report %s: %v", name, err)
	}
}

func mustKnow(t testing.TB, id string) {
	t.Helper()
	for _, row := range Rows() {
		if row.ID == id && id != controls {
			return
		}
	}
	t.Fatalf("the table of judges has no row %q to report to", id)
}

// Print writes the table of what the judges left in dir. Its error names the rows that failed or are missing.
func Print(out io.Writer, dir string) error {
	var failures []error
	for _, row := range Rows() {
		text, err := os.ReadFile(filepath.Join(dir, row.ID+".txt"))
		if err == nil {
			fmt.Fprintf(out, "%s\n", text)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "judge\tbar\treached\t")
	for _, row := range Rows() {
		got, err := reached(dir, row.ID)
		verdict := "ok"
		switch {
		case errors.Is(err, fs.ErrNotExist):
			got.Figure, verdict = "did not report", "MISSING"
		case err != nil:
			got.Figure, verdict = err.Error(), "FAILED"
		case got.Failed:
			verdict = "FAILED"
		}
		if verdict != "ok" {
			failures = append(failures, fmt.Errorf("%s: %s", row.ID, got.Figure))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Judge, row.Bar, got.Figure, verdict)
	}
	return errors.Join(append(failures, w.Flush())...)
}

func reached(dir, id string) (result, error) {
	if id == controls {
		return countControls(dir)
	}
	return read(filepath.Join(dir, id+".json"))
}

// countControls says how many judges saw what was broken on purpose. Each must have seen all of its own.
func countControls(dir string) (result, error) {
	var blind []string
	judges, broken := 0, 0
	for _, row := range Rows() {
		if row.ID == controls {
			continue
		}
		judges++
		files, err := filepath.Glob(filepath.Join(dir, row.ID+".*.control"))
		if err != nil {
			return result{}, fmt.Errorf("read the controls: %w", err)
		}
		broken += len(files)
		failed := len(files) == 0
		for _, file := range files {
			r, err := read(file)
			if err != nil {
				return r, err
			}
			failed = failed || r.Failed
		}
		if failed {
			blind = append(blind, row.ID)
		}
	}
	figure := fmt.Sprintf("%d of %d judges fail, %d fields broken", judges-len(blind), judges, broken)
	if len(blind) > 0 {
		figure += "; not " + strings.Join(blind, ", ")
	}
	return result{Figure: figure, Failed: len(blind) > 0}, nil
}

func read(file string) (result, error) {
	var r result
	body, err := os.ReadFile(file)
	if err != nil {
		return r, fmt.Errorf("read a judge's report: %w", err)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("read a judge's report: %w", err)
	}
	return r, nil
}
