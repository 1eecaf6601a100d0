package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/tollgate/billing/sandbox"
)

// argsEnv carries the arguments to the process that the tests start, one a line.
const argsEnv = "SANDBOX_MAIN_ARGS"

// TestChild is no test of its own: the others run it as the command's process.
func TestChild(t *testing.T) {
	t.Parallel()
	if args, ok := os.LookupEnv(argsEnv); ok {
		os.Exit(execute(strings.Split(args, "\n")))
	}
}

type process struct {
	cmd     *exec.Cmd
	printed map[string]string // By what stands before the value: base URL, secret key ...
	stderr  *bytes.Buffer
}

// command starts the command as a process of its own, and reads the four lines that it prints.
func command(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$"), printed: map[string]string{}}
	p.cmd.Env = append(os.Environ(), argsEnv+"="+strings.Join(args, "\n"))
	p.stderr = &bytes.Buffer{}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for len(p.printed) < 4 && lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "  "); ok {
			p.printed[name] = strings.TrimSpace(value)
		}
	}
	return p
}

// stop ends it as a service manager does, and waits until it has closed its database.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
}

// do sends what curl in the package comment sends: a form, with the key as the user's name.
func (p *process) do(t *testing.T, method, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.printed["base URL"]+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(p.printed["secret key"], "")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return res.StatusCode, answer
}

func TestServesAProgramInAnyLanguage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(dir, "sandbox.db"), "-captures", filepath.Join(dir, "captures")}
	first := command(t, args...)
	if !strings.HasPrefix(first.printed["secret key"], sandbox.KeyPrefix) ||
		!strings.HasPrefix(first.printed["webhook secret"], "whsec_") ||
		first.printed["console"] != first.printed["base URL"]+"/_stripe/" {
		t.Fatalf("printed %v", first.printed)
	}
	status, made := first.do(t, http.MethodPost, "/v1/customers", url.Values{
		"email": {"ann@example.com"}, "metadata[plan]": {"pro"},
	})
	if status != http.StatusOK || made["email"] != "ann@example.com" {
		t.Fatalf("%d %v", status, made)
	}
	first.stop(t)

	second := command(t, args...)
	if second.printed["secret key"] != first.printed["secret key"] {
		t.Error("the secret key did not survive the restart")
	}
	status, again := second.do(t, http.MethodGet, "/v1/customers/"+made["id"].(string), nil)
	if status != http.StatusOK || again["metadata"].(map[string]any)["plan"] != "pro" {
		t.Errorf("after the restart: %d %v", status, again)
	}
	second.stop(t)

	causes := map[string]int{}
	for _, line := range captures(t, filepath.Join(dir, "captures")) {
		if line.Test != "sandbox" {
			t.Errorf("a capture is named %q", line.Test)
		}
		causes[line.Cause]++
	}
	for _, cause := range []string{"POST /v1/customers", "customer.created", "GET /v1/customers/{customer}"} {
		if causes[cause] != 1 {
			t.Errorf("%s was captured %d times of %v", cause, causes[cause], causes)
		}
	}
}

func captures(t *testing.T, dir string) []sandbox.Captured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 2 {
		t.Fatalf("each run writes a file of its own: %v %v", files, err)
	}
	var out []sandbox.Captured
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var c sandbox.Captured
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
	}
	return out
}

func TestRefusesToListenBeyondThisMachine(t *testing.T) {
	t.Parallel()
	p := command(t, "-addr", "0.0.0.0:0", "-db", "")
	if err := p.cmd.Wait(); err == nil || !strings.Contains(p.stderr.String(), "not a loopback address") {
		t.Errorf("%v: %s", err, p.stderr)
	}
}

// What one database held, another begins with.
func TestExportsAndImports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, file := filepath.Join(dir, "one.db"), filepath.Join(dir, "all.jsonl")
	first := command(t, "-addr", "127.0.0.1:0", "-db", db)
	_, made := first.do(t, http.MethodPost, "/v1/customers", url.Values{"name": {"Ann"}})
	first.stop(t)
	if err := command(t, "-db", db, "-export", file).cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	second := command(t, "-addr", "127.0.0.1:0", "-db", "", "-import", file)
	status, found := second.do(t, http.MethodGet, "/v1/customers/"+made["id"].(string), nil)
	if status != http.StatusOK || found["name"] != "Ann" {
		t.Errorf("%d %v", status, found)
	}
	second.stop(t)
	p := command(t, "-db", "", "-import", db)
	if err := p.cmd.Wait(); err == nil || !strings.Contains(p.stderr.String(), "header of an export") {
		t.Errorf("%v: %s", err, p.stderr)
	}
}
