package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/tollgate/internal/cli"
)

// documents are the pages that must stay true, and how long each may be.
var documents = map[string]int{"README.md": 200, "AGENTS.md": 150, "docs/architecture.md": 150, "docs/sandbox.md": 150,
	"docs/simulator.md": 100}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// each calls check with every match of a pattern's first group in the documents.
func each(t *testing.T, pattern string, check func(document, found string)) {
	t.Helper()
	for document := range documents {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, document), -1) {
			check(document, match[1])
		}
	}
}

func TestDocumentsAreShort(t *testing.T) {
	t.Parallel()
	for document, limit := range documents {
		if lines := strings.Count(read(t, document), "\n"); lines >= limit {
			t.Errorf("%s has %d lines; it must stay under %d", document, lines, limit)
		}
	}
}

func TestDocumentsNameRealRoutes(t *testing.T) {
	t.Parallel()
	routes := read(t, "handlers/routes.go")
	each(t, "\\b((?:GET|POST) +/[a-z0-9/_.:-]*)", func(document, found string) {
		method, path, _ := strings.Cut(found, " ")
		if line := strings.ToLower(method) + `("` + strings.TrimSpace(path) + `"`; !strings.Contains(routes, line) {
			t.Errorf("%s names %s, which is not in handlers/routes.go", document, found)
		}
	})
}

func TestDocumentsNameRealVariables(t *testing.T) {
	t.Parallel()
	example := read(t, ".env.example")
	each(t, "`?\\b([A-Z]+(?:_[A-Z]+)+)\\b", func(document, found string) {
		if !strings.Contains(example, "#"+found+"=") {
			t.Errorf("%s names %s, which is not in .env.example", document, found)
		}
	})
}

func TestDocumentsNameRealTargets(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	each(t, "(?:^|[`\n])make ([a-z]+)", func(document, found string) {
		if !strings.Contains(makefile, "\n"+found+":") {
			t.Errorf("%s names make %s, which is not in the Makefile", document, found)
		}
	})
}

// TestDocumentsNameRealSwitches has the sandbox's control interface and test cards.
func TestDocumentsNameRealSwitches(t *testing.T) {
	t.Parallel()
	for pattern, source := range map[string]string{
		"(/_sim/[a-z]+)": "billing/sandbox/sim.go", "(pm_card_[A-Za-z]+)": "billing/sandbox/cards_table.go",
	} {
		known := read(t, source)
		each(t, pattern, func(document, found string) {
			if !strings.Contains(known, `"`+found+`"`) {
				t.Errorf("%s names %s, which is not in %s", document, found, source)
			}
		})
	}
}

func TestDocumentsNameRealFiles(t *testing.T) {
	t.Parallel()
	invented := []string{"handlers/reports.go", "views/reports.templ"} // the recipes' own example
	check := func(document, found string) {
		paths := []string{found, filepath.Join(filepath.Dir(document), found)}
		if !slices.ContainsFunc(paths, exists) && !slices.Contains(invented, found) {
			t.Errorf("%s points to %s, which is not there", document, found)
		}
	}
	each(t, "\\]\\(([^)#:]+)\\)", check)
	each(t, "`((?:billing|handlers|views|models|internal|static|config|docs|e2e)/[a-zA-Z0-9_/.-]*\\.[a-z]+)`", check)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestDocumentsNameRealCommands(t *testing.T) {
	t.Parallel()
	each(t, "`tollgate ([a-z]+(?: [a-z]+)?)", func(document, found string) {
		var out, errs bytes.Buffer
		code := cli.Main(append(strings.Fields(found), "--help"), nil, &out, &errs)
		if code != 0 || !strings.Contains(out.String(), "tollgate "+found) {
			t.Errorf("%s names tollgate %s, which is no command", document, found)
		}
	})
}
