package table_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// TestTheTableFails proves that neither a failed judge nor a silent one passes.
func TestTheTableFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	leave := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range table.Rows() {
		leave(row.ID+".json", `{"figure":"all","failed":false}`)
		leave(row.ID+".1.control", `{"figure":"a field","failed":false}`)
	}
	var out strings.Builder
	if err := table.Print(&out, dir); err != nil {
		t.Fatalf("every judge passed, and still: %v", err)
	}
	leave("cli.json", `{"figure":"99 of 100","failed":true}`)
	if err := os.Remove(filepath.Join(dir, "kill.json")); err != nil {
		t.Fatal(err)
	}
	leave("types.json", `{`)
	leave("cli.2.control", `{"figure":"another field","failed":true}`)
	if err := os.Remove(filepath.Join(dir, "answers.1.control")); err != nil {
		t.Fatal(err)
	}
	err := table.Print(&out, dir)
	if err == nil {
		t.Fatal("a failed, a silent and a garbled judge passed")
	}
	for _, want := range []string{
		"cli: 99 of 100", "kill: did not report", "types: ",
		"controls: 8 of 10 judges fail, 10 fields broken; not cli, answers",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not tell %q", err, want)
		}
	}
}
