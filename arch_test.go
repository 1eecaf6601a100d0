package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/tollgate"

// The shape of the program, as data. HTTP knows billing; billing does not know HTTP. Billing knows
// plans; plans know nothing. Stripe is spelled in one package. A package that is not listed, or that
// imports one of ours which its row does not name, fails the test with the reason in its row. To
// change the shape, change the row: the diff then shows what was decided.
//
// Test files are free of the arrows, because they assemble the real thing around what they test.
// They are not free of the vendors below.
var packages = []struct {
	path string
	may  []string
	why  string
}{
	{"", []string{"internal/cli"}, "main says only which command line to run"},
	{"config", nil, "configuration is read by everybody, so it reads nobody"},
	{"static", nil, "files and their hashes, nothing else"},
	{"e2e", nil, "the tests that drive the built program from outside: no code of its own"},

	{"models", []string{"internal/fault"}, "what is remembered does not know what it is used for"},
	{"models/modelstest", []string{"models"}, "test databases, for everybody's tests"},

	{"billing", []string{
		"billing/plan", "models", "views/emails", "internal/jobs", "internal/mail",
		"internal/fault",
	}, "billing decides about money; it knows neither HTTP nor Stripe's client"},
	{"billing/plan", nil, "what is for sale is a fact that everything else reads"},
	{
		"billing/gateway",
		[]string{"billing", "billing/plan"},
		"the only user of Stripe's API client, behind an interface that billing declares",
	},
	{
		"billing/sandbox",
		[]string{"billing/sandbox/money", "billing/sandbox/pages"},
		"stands for Stripe, so it may know of us only what Stripe does: nothing",
	},
	{"billing/sandbox/cmd/sandbox", []string{"billing/sandbox"}, "the sandbox as a program of its own"},
	{"billing/sandbox/sandboxtest", []string{"billing/sandbox"}, "a running sandbox, for everybody's tests"},
	{"billing/sandbox/money", nil, "arithmetic"},
	{"billing/sandbox/pages", []string{"billing/sandbox/money"}, "the sandbox's own pages"},

	{
		"handlers",
		[]string{
			"handlers/middleware", "views", "views/emails", "views/layout", "views/ui", "billing",
			"billing/plan", "models", "static", "internal/auth", "internal/fault", "config",
		},
		"HTTP in, page or redirect out; what Stripe says arrives through billing",
	},
	{"handlers/middleware", []string{
		"billing", "billing/plan", "models", "internal/auth",
		"internal/fault", "config",
	}, "what happens around every request"},

	{
		"views",
		[]string{"views/layout", "views/ui", "billing/plan", "models"},
		"pages print values that they are handed; they never ask for more",
	},
	{"views/layout", []string{"views/ui", "billing/plan", "models"}, "frames around pages"},
	{"views/ui", []string{"billing/plan"}, "parts of pages; of ours they know only how money is written"},
	{
		"views/emails",
		[]string{"views/ui", "billing/plan", "models"},
		"mails are written where pages are, and sent from an outbox that knows neither",
	},

	{"internal/app", []string{
		"handlers", "handlers/middleware", "views", "views/layout", "billing", "billing/gateway",
		"billing/plan", "billing/sandbox", "models", "static", "internal/auth", "internal/fault",
		"internal/jobs", "internal/mail", "config",
	}, "the one place where the parts are put together"},
	{"internal/apptest", []string{
		"internal/app", "billing", "billing/gateway", "billing/plan", "models",
		"internal/mail", "config",
	}, "the app for tests that step through its life: it assembles what internal/app does"},
	{"internal/auth", []string{
		"models", "views/emails", "internal/jobs", "internal/mail",
		"internal/fault",
	}, "who somebody is must not depend on what they pay"},
	{
		"internal/bench",
		[]string{
			"billing", "billing/gateway", "billing/plan", "billing/sandbox", "config", "handlers",
			"internal/app", "internal/auth", "internal/mail", "models", "models/modelstest", "static", "views",
			"views/layout",
		},
		"measures the site beside references that only the vendors' own terms can be fair to",
	},
	{"internal/cli", []string{
		"internal/app", "internal/doctor", "internal/seed", "billing",
		"billing/gateway", "billing/plan", "models", "config",
	}, "one file per command"},
	{
		"internal/doctor",
		[]string{"billing", "billing/gateway", "billing/plan", "models", "config"},
		"checks an installation from the operator's side",
	},
	{"internal/fault", nil, "the vocabulary of failure"},
	{"internal/jobs", []string{"models"}, "wakes and repeats; what is due stands in our tables"},
	{
		"internal/mail",
		[]string{"models", "internal/jobs", "internal/fault"},
		"sends what the outbox holds, whoever wrote it",
	},
	{"internal/mail/mailtest", nil, "a mail server, for everybody's tests"},
	{"internal/seed", []string{"billing/plan", "models"}, "writes a population straight to the tables"},
	{
		"internal/truth",
		[]string{"models"},
		"what must be true, for the tests that live made-up lives: of our code it knows the rows that it judges",
	},
	{"internal/simulate", nil, "the simulated lives that billing must survive: tests, and no code of its own"},
}

// vendors confines the libraries that would otherwise leak into everything. A path that ends in /
// covers what is below it. tests lists where only test files may import them.
var vendors = []struct {
	module string
	in     []string
	tests  []string
	why    string
}{
	{
		"github.com/stripe/stripe-go",
		[]string{
			"billing/gateway", "billing/sandbox", "billing/sandbox/",
			"internal/bench",
		},
		[]string{"billing", "handlers", "internal/app", "e2e"},
		"Stripe is spelled in one package, so that its next version is one package's work",
	},
	{
		"github.com/labstack/echo",
		[]string{"handlers", "handlers/", "internal/app", "internal/bench"},
		nil,
		"HTTP stays at the edge",
	},
	{
		"github.com/pquerna/otp",
		[]string{"internal/auth"},
		[]string{"handlers", "e2e"},
		"what proves who somebody is, is weighed in one package",
	},
	{
		"gorm.io/",
		[]string{
			"models", "models/", "billing", "internal/auth", "internal/mail",
			"internal/jobs", "internal/seed", "internal/app", "internal/apptest", "internal/bench",
		},
		[]string{"handlers", "internal/simulate", "e2e"},
		"pages and plans ask models, not the database",
	},
}

func TestEveryArrowIsAllowed(t *testing.T) {
	t.Parallel()
	tree := parseTree(t)
	for _, pkg := range tree.paths() {
		row := slices.IndexFunc(packages, func(p struct {
			path string
			may  []string
			why  string
		},
		) bool {
			return p.path == pkg
		})
		if row < 0 {
			t.Errorf("package %q is not in the table of arch_test.go: say there what it may import, and why", pkg)
			continue
		}
		for _, file := range tree[pkg] {
			if file.test {
				continue
			}
			for _, imported := range file.imports() {
				ours, inside := strings.CutPrefix(imported, module+"/")
				if inside && ours != pkg && !slices.Contains(packages[row].may, ours) {
					t.Errorf("%s imports %s, but %s: %s", file.path, ours, nameOf(pkg), packages[row].why)
				}
			}
		}
	}
}

func TestEveryListedPackageExists(t *testing.T) {
	t.Parallel()
	tree := parseTree(t)
	for _, row := range packages {
		for _, listed := range append(slices.Clone(row.may), row.path) {
			if _, exists := tree[listed]; !exists {
				t.Errorf("arch_test.go lists %s, which no longer exists: a rule about nothing protects nothing",
					nameOf(listed))
			}
		}
	}
	for _, vendor := range vendors {
		for _, listed := range append(slices.Clone(vendor.in), vendor.tests...) {
			if _, exists := tree[strings.TrimSuffix(listed, "/")]; !exists {
				t.Errorf("arch_test.go confines %s to %s, which no longer exists", vendor.module, listed)
			}
		}
	}
}

func TestVendorsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for pkg, files := range parseTree(t) {
		for _, file := range files {
			for _, imported := range file.imports() {
				for _, vendor := range vendors {
					if !strings.HasPrefix(imported, vendor.module) || within(pkg, vendor.in) ||
						file.test && within(pkg, vendor.tests) {
						continue
					}
					t.Errorf("%s imports %s: %s", file.path, imported, vendor.why)
				}
			}
		}
	}
}

func within(pkg string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return pkg == a || strings.HasSuffix(a, "/") && strings.HasPrefix(pkg, a)
	})
}

func nameOf(pkg string) string {
	if pkg == "" {
		return "the root package"
	}
	return pkg
}

// source is one parsed Go file.
type source struct {
	path      string
	test      bool
	generated bool
	text      []byte
	syntax    *ast.File
	fset      *token.FileSet
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

func (s source) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.line(node.Pos()))
}

// sources maps a package's path below the module to its files.
type sources map[string][]source

func (s sources) paths() []string {
	var all []string
	for pkg := range s {
		all = append(all, pkg)
	}
	slices.Sort(all)
	return all
}

// parseTree reads every Go file of the module, whatever its build tags. It does not ask go list,
// whose answers the test cache would keep after the tree has changed.
func parseTree(t *testing.T) sources {
	t.Helper()
	tree, fset := sources{}, token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(path.Dir(filepath.ToSlash(name)), ".")
		tree[pkg] = append(tree[pkg], source{
			path: name, test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(syntax),
			text: text, syntax: syntax, fset: fset,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// skipFolder passes over what is no part of this module: hidden folders, the front end's packages,
// and modules of their own.
func skipFolder(name string) error {
	base := filepath.Base(name)
	if name == "." {
		return nil
	}
	if strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}
