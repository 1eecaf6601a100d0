package captured

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// uncaptured are the places whose sandboxes leave nothing, and why.
func uncaptured() map[string]string {
	return map[string]string{
		"internal/bench/":                    "measures how fast the sandbox answers, and is no test",
		"billing/sandbox/captures_test.go":   "tests the captures themselves, in a directory of its own",
		"billing/sandbox/core_cache_test.go": "looks at the store below the API, with objects that no answer has",
		"billing/sandbox/core_form_test.go":  "reads forms, and answers nothing",
		"internal/simulate/":                 "lives hundreds of seeds, whose requests the tests of billing make too",
		"billing/sandbox/safety_test.go":     "the sandboxes that it makes itself are refused or closed at once, and answer nothing",
	}
}

// TestNobodyOptsOut reads the program's sources: whoever makes a sandbox says where it captures, and nobody takes that
// back. The value is the environment's, which sandboxtest, the configuration and the command's flag hand over.
func TestNobodyOptsOut(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	made := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "node_modules" || d.Name() == "fidelity") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		for prefix := range uncaptured() {
			if strings.HasPrefix(filepath.ToSlash(name), prefix) {
				return nil
			}
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		sandboxes, faults := options(file)
		made += sandboxes
		for _, fault := range faults {
			t.Errorf("%s: %s", name, fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if made < 5 {
		t.Errorf("only %d places that make a sandbox were found: the sources are read wrongly", made)
	}
}

// options counts the places in a file that make the sandbox's options, and says which of them do not capture.
func options(file *ast.File) (sandboxes int, faults []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if !isOptions(file, n.Type) {
				return true
			}
			sandboxes++
			if !sets(n, "CaptureDir") {
				faults = append(faults, "makes a sandbox without CaptureDir: os.Getenv(sandbox.CapturesEnv)")
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if field, ok := left.(*ast.SelectorExpr); ok && field.Sel.Name == "CaptureDir" {
					faults = append(faults, "changes CaptureDir")
				}
			}
		}
		return true
	})
	return sandboxes, faults
}

func isOptions(file *ast.File, typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.SelectorExpr:
		pkg, ok := typ.X.(*ast.Ident)
		return ok && pkg.Name == "sandbox" && typ.Sel.Name == "Options"
	case *ast.Ident:
		return file.Name.Name == "sandbox" && typ.Name == "Options"
	}
	return false
}

func sets(literal *ast.CompositeLit, key string) bool {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if name, ok := pair.Key.(*ast.Ident); ok && name.Name == key {
			return true
		}
	}
	return false
}
