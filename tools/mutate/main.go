// Command mutate breaks load-bearing lines, one at a time, and runs the tests that must notice. The
// tree is not touched: the broken file is laid over it for the compiler (see `go help build`,
// -overlay), so the working copy may even be in use meanwhile. Files that are embedded, such as
// migrations, are laid over in the same way.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// most is how long one mutant may keep the tests busy: a broken line can also make them wait.
const most = 10 * time.Minute

func main() {
	only := flag.String("only", "", "only mutants whose description contains this")
	flag.Parse()
	survived, err := run(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if err != nil || survived > 0 {
		os.Exit(1)
	}
}

func run(only string) (survived int, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	noticed := 0
	for _, m := range mutants() {
		if !strings.Contains(m.what, only) {
			continue
		}
		by, broken := try(dir, m)
		switch {
		case broken != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", m.what, broken))
			by = "PROVES NOTHING"
		case by == "":
			survived++
			by = "SURVIVED"
		default:
			noticed++
		}
		fmt.Printf("%-55s %-40s %s\n", m.what, m.file, by)
	}
	fmt.Printf("\n%d mutants: %d noticed, %d survived\n", noticed+survived, noticed, survived)
	return survived, err
}

// overlay writes the broken file and says where the compiler finds it.
func overlay(dir string, m mutant) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("%s has %d times what is to be broken: %q", m.file, n, m.old)
	}
	broken := filepath.Join(dir, "broken"+filepath.Ext(m.file))
	if err := os.WriteFile(broken, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {original: broken}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try returns the test that noticed, or nothing. A mutant that does not compile proves nothing and is
// an error.
func try(dir string, m mutant) (by string, err error) {
	path, err := overlay(dir, m)
	if err != nil {
		return "", err
	}
	if m.run != "" {
		by, err := test(path, m, "-run", m.run)
		if by != "" || err != nil || m.seeds > 0 {
			return by, err
		}
	}
	return test(path, m)
}

// test runs tests of a mutant's package on it.
func test(overlay string, m mutant, which ...string) (by string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	args := append([]string{"test", "-overlay", overlay, "-vet=off", "-failfast", "-count=1"}, which...)
	cmd := exec.CommandContext(ctx, "go", append(args, m.by)...)
	if m.seeds > 0 {
		cmd.Env = append(os.Environ(), "FIRST=1", fmt.Sprint("SEEDS=", m.seeds))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "the tests did not end", nil
	case !errors.As(err, &exit):
		return "", err
	case bytes.Contains(out.Bytes(), []byte("[build failed]")), bytes.Contains(out.Bytes(), []byte("[setup failed]")):
		return "", fmt.Errorf("it does not compile:\n%s", out.String())
	}
	if match := failedTest.FindSubmatch(out.Bytes()); match != nil {
		return string(match[1]), nil
	}
	return "a panic", nil
}
