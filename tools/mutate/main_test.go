package main

import (
	"os"
	"strings"
	"testing"
)

// TestEveryLineIsStillThere holds the table to the code: a line that has moved on guards nothing.
func TestEveryLineIsStillThere(t *testing.T) {
	t.Parallel()
	for _, m := range mutants() {
		source, err := os.ReadFile("../../" + m.file)
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(source), m.old); n != 1 {
			t.Errorf("%s: %s has %d times %q", m.what, m.file, n, m.old)
		}
		if m.old == m.new {
			t.Errorf("%s: nothing is broken", m.what)
		}
	}
}
