package main

import (
	"strings"
	"testing"
)

// TestATableIsJudgedByWhatRan feeds a run and reads the verdicts.
func TestATableIsJudgedByWhatRan(t *testing.T) {
	t.Parallel()
	const ran = `{"Action":"pass","Package":"p","Test":"TestA01_Both/sqlite"}
{"Action":"pass","Package":"p","Test":"TestA01_Both/postgres"}
{"Action":"pass","Package":"p","Test":"TestA01_Both"}
{"Action":"pass","Package":"p","Test":"TestA02A03_Half/sqlite"}
{"Action":"pass","Package":"p","Test":"TestA02A03_Half"}
{"Action":"skip","Package":"p","Test":"TestA04_Skipped"}
{"Action":"pass","Package":"p","Test":"TestA09_Stranger"}
not json
`
	table := []row{
		{id: "A01", both: true},
		{id: "A02", both: true},
		{id: "A03"},
		{id: "A04"},
		{id: "A05"},
		{id: "A06", without: "it cannot be"},
	}
	runs, err := read(strings.NewReader(ran))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = report(&out, look{strict: true}, table, runs)
	for _, want := range []string{
		"A02 did not run on postgres", "A04 was skipped", "A05 has no test", "A09 is named by a test and is no row",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if want := "6 rows: 2 covered, 1 left out with a reason, 0 skipped here, 4 wrong"; !strings.Contains(out.String(), want) {
		t.Errorf("the table does not end with %q:\n%s", want, out.String())
	}
}

// TestASkipProvesNothing: a developer's machine may lack a database, CI's may not.
func TestASkipProvesNothing(t *testing.T) {
	t.Parallel()
	ran := `{"Action":"pass","Package":"p","Test":"TestA01_Both/sqlite"}
{"Action":"skip","Package":"p","Test":"TestA01_Both/postgres"}
{"Action":"pass","Package":"p","Test":"TestA01_Both"}`
	for _, strict := range []bool{false, true} {
		runs, err := read(strings.NewReader(ran))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = report(&out, look{brief: true, strict: strict}, []row{{id: "A01", both: true}}, runs)
		if (err != nil) != strict || strings.Contains(out.String(), "1 covered") {
			t.Errorf("strict %t: %v\n%s", strict, err, out.String())
		}
	}
}

func TestACoveredRowNeedsNoExcuse(t *testing.T) {
	t.Parallel()
	runs := map[string][]*run{"A01": {{name: "TestA01_X", passed: true}}}
	if err := report(new(strings.Builder), look{brief: true}, []row{{id: "A01", without: "not built"}}, runs); err == nil {
		t.Error("a row with a test and a reason to have none passed")
	}
	if err := report(new(strings.Builder), look{brief: true}, []row{{id: "A01"}}, map[string][]*run{"A01": {{name: "TestA01_X", passed: true}}}); err != nil {
		t.Error(err)
	}
}
