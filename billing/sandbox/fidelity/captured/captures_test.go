// Package captured judges what left the sandbox in every test: answers, and events with their objects; and what the
// application asked of it. The judges read captures, JSON lines that sandboxtest and the program write when
// SANDBOX_CAPTURES names a directory.
//
// tools/fidelity.sh runs the tests that capture and then these judges. Without the variable the judges run the tests of
// billing and of the sandbox by themselves, which is enough to work on them.
package captured

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const capturesEnv = "SANDBOX_CAPTURES"

// capture is one thing that left the sandbox, with the test and the operation or event that caused it, or a request
// that came.
type capture struct {
	Test, Cause string
	Object      map[string]any
	Request     *request
}

// whole runs tests at most once for all judges of a run.
type whole struct {
	once sync.Once
	dir  string
	err  error
}

var own whole

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(own.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// directory returns where the captures are.
func directory(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(capturesEnv); dir != "" {
		return dir
	}
	own.once.Do(func() {
		if own.dir, own.err = os.MkdirTemp("", "captures-*"); own.err != nil {
			return
		}
		cmd := exec.Command("go", "test", "-count=1", "./billing/...")
		cmd.Dir = filepath.Join("..", "..", "..", "..")
		cmd.Env = append(os.Environ(), capturesEnv+"="+own.dir, "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			own.err = errors.Join(err, errors.New(string(out)))
		}
	})
	if own.err != nil {
		t.Fatalf("run the tests: %v", own.err)
	}
	return own.dir
}

// each reads every object that was captured, in the order of the files' names.
func each(t *testing.T, visit func(capture)) {
	t.Helper()
	eachCapture(t, func(c capture) {
		if c.Object != nil {
			visit(c)
		}
	})
}

func eachCapture(t *testing.T, visit func(capture)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory(t), "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		eachLine(t, name, func(line []byte) {
			var c capture
			if err := json.Unmarshal(line, &c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			visit(c)
		})
	}
}

// eachLine leaves out a last line that does not end: its writer was killed by a test that kills processes.
func eachLine(t *testing.T, name string, visit func([]byte)) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		visit(bytes.TrimSpace(line))
	}
}

// parts takes apart what only carries other objects: a list into its elements, and an event into itself and its
// object, which is open in Stripe's document.
func parts(object map[string]any) []map[string]any {
	switch object["object"] {
	case "list", "search_result":
		items, _ := object["data"].([]any)
		var out []map[string]any
		for _, item := range items {
			if o, ok := item.(map[string]any); ok {
				out = append(out, parts(o)...)
			}
		}
		return out
	case "event":
		data, _ := object["data"].(map[string]any)
		if inner, ok := data["object"].(map[string]any); ok {
			return []map[string]any{object, inner}
		}
	}
	return []map[string]any{object}
}
