package main

import (
	"bytes"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The limits on size. Lines inside a literal that spans several lines do not count: a table is read
// row by row, and cutting it in two would hide what it is.
const (
	maxFuncLines = 60
	maxFileLines = 400
	softFile     = 300 // reported, not refused: a long file is a question, not yet a mistake
	maxColumns   = 130
)

// tidy is every rule of style that a program can check, with why it is one. A rule reports each
// breach by the place it gives.
var tidy = []struct {
	rule  string
	why   string
	check func(pkg string, file source, report func(ast.Node))
}{
	{"no func init", "what happens at start-up is written in one place, in order", checkInit},
	{
		"no time.Now in billing, models and the sandbox",
		"a clock is handed in, so that tests and the sandbox can travel in time", checkClock,
	},
	{"no float in billing and models", "money is whole minor units; a float loses cents", checkFloat},
	{
		"no time.Sleep in tests", "a test waits for a signal; a sleep is slow or wrong, and usually both",
		checkSleep,
	},
	{
		"no Save of a row", "it writes what was read over what has changed since, and brings back what was deleted",
		checkSave,
	},
	{"every exported identifier is documented", "a name alone says what, never why", checkDocs},
	{"functions of at most 60 lines", "what fits on a screen can be checked by reading it", checkFuncLength},
	{"no TODO", "what is left to do is an issue, with a reader", checkTodo},
	{
		"no packages named for nothing", "util, common and helpers collect what nobody wanted to name",
		checkPackageName,
	},
}

func TestTidy(t *testing.T) {
	t.Parallel()
	for pkg, files := range parseTree(t) {
		for _, file := range files {
			if file.generated {
				continue
			}
			for _, rule := range tidy {
				rule.check(pkg, file, func(node ast.Node) {
					t.Errorf("%s: %s (%s)", file.at(node), rule.rule, rule.why)
				})
			}
		}
	}
}

func TestEveryPackageTellsItsStory(t *testing.T) {
	t.Parallel()
	for pkg, files := range parseTree(t) {
		documented, code := false, false
		for _, file := range files {
			documented = documented || file.syntax.Doc != nil && !file.test
			code = code || !file.test
		}
		if code && !documented {
			t.Errorf("%s has no package comment: begin one with what it is for", nameOf(pkg))
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for _, files := range parseTree(t) {
		for _, file := range files {
			if file.generated {
				continue
			}
			lines := bytes.Count(file.text, []byte("\n")) - literalLines(file, file.syntax)
			switch {
			case lines > maxFileLines:
				t.Errorf("%s has %d lines outside its tables; %d is the limit: split it where a name appears",
					file.path, lines, maxFileLines)
			case lines > softFile:
				t.Logf("%s has %d lines; most files fit in %d", file.path, lines, softFile)
			}
			for i, line := range strings.Split(string(file.text), "\n") {
				// Words in quotes are not broken for the sake of a margin.
				if len(line) > maxColumns && !file.test && !strings.ContainsAny(line, "\"`") {
					t.Errorf("%s:%d is %d bytes wide; %d is the limit", file.path, i+1, len(line), maxColumns)
				}
			}
		}
	}
}

// literalLines counts the lines that lie inside composite literals of more than one line and raw
// strings, outermost only, below root.
func literalLines(file source, root ast.Node) int {
	total := 0
	ast.Inspect(root, func(node ast.Node) bool {
		var inside int
		switch lit := node.(type) {
		case *ast.CompositeLit:
			inside = file.line(lit.End()) - file.line(lit.Pos())
		case *ast.BasicLit:
			inside = file.line(lit.End()) - file.line(lit.Pos())
		default:
			return true
		}
		total += inside
		return inside == 0
	})
	return total
}

func checkInit(_ string, file source, report func(ast.Node)) {
	for _, decl := range file.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			report(fn)
		}
	}
}

func checkClock(pkg string, file source, report func(ast.Node)) {
	clockless := pkg == "models" || pkg == "billing" || strings.HasPrefix(pkg, "billing/")
	// Programs and the packages that tests are built on are where clocks are handed in.
	if file.test || !clockless || file.syntax.Name.Name == "main" || strings.HasSuffix(pkg, "test") {
		return
	}
	for _, name := range []string{"Now", "Since", "Until"} {
		reportSelector(file, "time", name, report)
	}
}

func checkSleep(_ string, file source, report func(ast.Node)) {
	if file.test {
		reportSelector(file, "time", "Sleep", report)
	}
}

// checkSave finds GORM's Save, which takes a row and nothing else; a session's takes a request and its answer.
func checkSave(_ string, file source, report func(ast.Node)) {
	if file.test {
		return
	}
	ast.Inspect(file.syntax, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && method.Sel.Name == "Save" && len(call.Args) == 1 {
			report(call)
		}
		return true
	})
}

func reportSelector(file source, pkg, name string, report func(ast.Node)) {
	ast.Inspect(file.syntax, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == pkg && selector.Sel.Name == name {
			report(selector)
		}
		return true
	})
}

func checkFloat(pkg string, file source, report func(ast.Node)) {
	if file.test || !slices.Contains([]string{"billing", "billing/plan", "billing/sandbox/money", "models"}, pkg) {
		return
	}
	ast.Inspect(file.syntax, func(node ast.Node) bool {
		if ident, ok := node.(*ast.Ident); ok && (ident.Name == "float64" || ident.Name == "float32") {
			report(ident)
		}
		return true
	})
}

// Tests that cannot run together share something they should not, so every test begins with
// t.Parallel, itself or in a helper that it hands its body to. Left out are tests that set the
// environment or the folder, or count allocations: testing itself refuses to run those beside others.
func TestEveryTestIsParallel(t *testing.T) {
	t.Parallel()
	for _, files := range parseTree(t) {
		helpers, tests := map[string]bool{}, map[*ast.FuncDecl]source{}
		for _, file := range files {
			for _, decl := range file.syntax.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || !file.test || fn.Recv != nil || len(fn.Body.List) == 0 {
					continue
				}
				switch {
				case calls(fn.Body.List[0], "t", "Parallel"):
					helpers[fn.Name.Name] = true
				case strings.HasPrefix(fn.Name.Name, "Test") && fn.Name.Name != "TestMain":
					tests[fn] = file
				}
			}
		}
		for fn, file := range tests {
			if !callsOne(fn, helpers) && !calls(fn.Body, "t", "Setenv") && !calls(fn.Body, "t", "Chdir") &&
				!calls(fn.Body, "testing", "AllocsPerRun") {
				t.Errorf("%s: %s does not begin with t.Parallel", file.at(fn), fn.Name.Name)
			}
		}
	}
}

// callsOne reports whether a statement of a test is a call of one of the helpers.
func callsOne(fn *ast.FuncDecl, helpers map[string]bool) bool {
	return slices.ContainsFunc(fn.Body.List, func(statement ast.Stmt) bool {
		expr, ok := statement.(*ast.ExprStmt)
		if !ok {
			return false
		}
		call, ok := expr.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		name, ok := call.Fun.(*ast.Ident)
		return ok && helpers[name.Name]
	})
}

func calls(root ast.Node, receiver, method string) bool {
	found := false
	reportSelector(source{syntax: &ast.File{Name: ast.NewIdent("x"), Decls: []ast.Decl{
		&ast.FuncDecl{Name: ast.NewIdent("x"), Type: &ast.FuncType{}, Body: block(root)},
	}}}, receiver, method, func(ast.Node) { found = true })
	return found
}

func block(root ast.Node) *ast.BlockStmt {
	switch node := root.(type) {
	case *ast.BlockStmt:
		return node
	case ast.Stmt:
		return &ast.BlockStmt{List: []ast.Stmt{node}}
	}
	return &ast.BlockStmt{}
}

func checkDocs(pkg string, file source, report func(ast.Node)) {
	if file.test {
		return
	}
	for _, decl := range file.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				report(d)
			}
		case *ast.GenDecl:
			checkGroupDocs(d, report)
		}
	}
}

// checkGroupDocs accepts a comment on the group, on the line above a name or behind it.
func checkGroupDocs(group *ast.GenDecl, report func(ast.Node)) {
	if group.Tok == token.IMPORT || group.Doc != nil {
		return
	}
	for _, spec := range group.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
				report(s)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && s.Doc == nil && s.Comment == nil {
					report(name)
				}
			}
		}
	}
}

func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	expr := fn.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if index, ok := expr.(*ast.IndexExpr); ok {
		expr = index.X
	}
	ident, ok := expr.(*ast.Ident)
	return ok && ident.IsExported()
}

func checkFuncLength(_ string, file source, report func(ast.Node)) {
	for _, decl := range file.syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		if file.line(fn.End())-file.line(fn.Pos())+1-literalLines(file, fn.Body) > maxFuncLines {
			report(fn)
		}
	}
}

// todo is put together so that this file does not report itself.
var todo = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func checkTodo(_ string, file source, report func(ast.Node)) {
	for _, group := range file.syntax.Comments {
		if todo.MatchString(group.Text()) {
			report(group)
		}
	}
}

func checkPackageName(pkg string, file source, report func(ast.Node)) {
	if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}, path.Base(pkg)) {
		report(file.syntax.Name)
	}
}
