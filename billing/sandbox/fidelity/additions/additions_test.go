package additions

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/scope"
)

var update = flag.Bool("update", false, "write additions.json instead of comparing it")

const stamp = "by go test ./additions -update, from the types of npm's stripe@17.7.0; do not edit"

// TestCurrent derives the list once more and compares it with what is committed.
func TestCurrent(t *testing.T) {
	t.Parallel()
	fresh := derive(t)
	if *update {
		if err := os.WriteFile("additions.json", fresh, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(fresh, file) {
		t.Error("additions.json is not what the types say: run go test ./additions -update, and then go run ./gen")
	}
}

// TestEveryHandIsNeeded keeps the list by hand as short as the types allow.
func TestEveryHandIsNeeded(t *testing.T) {
	t.Parallel()
	var list List
	if err := json.Unmarshal(file, &list); err != nil {
		t.Fatal(err)
	}
	has := func(h hand) bool {
		for _, a := range list.Objects {
			if a.Schema == h.Schema && a.Name == h.Name && len(a.Path) == 0 {
				return true
			}
		}
		return false
	}
	for _, h := range byHand() {
		if h.why == "" || has(h) {
			t.Errorf("%s.%s stands in byhand.go without a reason, or the types have it", h.Schema, h.Name)
		}
	}
	for _, h := range refusals() {
		if h.why == "" || !has(h) {
			t.Errorf("%s.%s is refused without a reason, or the types do not say it", h.Schema, h.Name)
		}
	}
}

// TestNumbersAreWhole holds the numbers that were added, whose kind the types do not tell, against stripe-go.
func TestNumbersAreWhole(t *testing.T) {
	t.Parallel()
	fractions := fractions(t)
	list, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	var visit func(name string, n *Node)
	visit = func(name string, n *Node) {
		if n == nil {
			return
		}
		if n.Type == "i" && fractions[name] {
			t.Errorf("%s is a fraction in stripe-go, and a whole number in additions.json", name)
		}
		for key, p := range n.Props {
			visit(key, p)
		}
		for _, other := range append(n.Any, n.Items) {
			visit(name, other)
		}
	}
	for _, a := range append(list.Objects, list.Operations...) {
		visit(a.Name, a.Node)
	}
}

// fractions are the names that stripe-go's structs give a float, and never a whole number.
func fractions(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/stripe-go/v81").Output()
	if err != nil {
		t.Fatalf("find stripe-go: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("stripe-go has no files: %v", err)
	}
	number := regexp.MustCompile("(float64|int64)\\s+`(?:form|json):\"([^\",]+)")
	found, whole := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range number.FindAllSubmatch(text, -1) {
			if string(match[1]) == "float64" {
				found[string(match[2])] = true
			} else {
				whole[string(match[2])] = true
			}
		}
	}
	for name := range whole {
		delete(found, name)
	}
	if !found["percent_off"] {
		t.Fatal("stripe-go has no fraction percent_off: its files are read wrongly")
	}
	return found
}

func derive(t *testing.T) []byte {
	t.Helper()
	spec, err := scope.Read()
	if err != nil {
		t.Fatal(err)
	}
	operations := map[string]any{}
	for name, op := range spec.Operations() {
		operations[name] = op.Parameters
	}
	input, err := json.Marshal(map[string]any{
		"schemas": spec.Schemas, "operations": operations, "kinds": scope.Kinds(),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "derive.mjs", filepath.Join(node.Installed(t), "node_modules"))
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("derive: %v", err)
	}
	list := List{Generated: stamp}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return format(t, list)
}

// format writes one addition a line, so that a change reads well.
func format(t *testing.T, list List) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"generated\": %q,\n", list.Generated)
	for i, part := range []struct {
		name string
		list []Addition
	}{{"objects", list.Objects}, {"operations", list.Operations}} {
		fmt.Fprintf(&b, "%q: [\n", part.name)
		for j, a := range part.list {
			line, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(line)
			if j < len(part.list)-1 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		b.WriteString([]string{"],\n", "]}\n"}[i])
	}
	return b.Bytes()
}
