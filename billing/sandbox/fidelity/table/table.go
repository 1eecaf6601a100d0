// Package table is what the judges of the sandbox report to. Its rows are the one list of judges; a judge that is not
// in it cannot report, and one that did not report has failed.
package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
		{"coverage", "properties seen with two values, median of the resources", "printed by resource"},
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

// result is what a judge leaves for the table.
type result struct {
	Figure string `json:"figure"`
	Failed bool   `json:"failed"`
}

// Report leaves a judge's figure for the table when its test ends, with whether the test failed. Call it as soon as
// the figure is known; a judge that fails before has its row printed as missing.
func Report(t testing.TB, id, figure string) {
	t.Helper()
	if !known(id) {
		t.Fatalf("the table of judges has no row %q", id)
	}
	t.Logf("fidelity: %s: %s", id, figure)
	dir := os.Getenv(ReportEnv)
	if dir == "" {
		return
	}
	t.Cleanup(func() {
		body, err := json.Marshal(result{Figure: figure, Failed: t.Failed()})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, id+".json"), body, 0o600)
		}
		if err != nil {
			t.Errorf("report %s: %v", id, err)
		}
	})
}

func known(id string) bool {
	for _, row := range Rows() {
		if row.ID == id {
			return true
		}
	}
	return false
}

// Print writes the table of what the judges left in dir. Its error names the rows that failed or are missing.
func Print(out io.Writer, dir string) error {
	var failures []error
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "judge\tbar\treached\t")
	for _, row := range Rows() {
		got, err := read(filepath.Join(dir, row.ID+".json"))
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
