// Package e2e drives the built program from outside: as a browser, as Stripe, and as the machine that
// loses power. Nothing here imports the program; a test knows what a user, an operator or a program of
// theirs could know.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of a test, on a machine that has other things to do as well.
const patience = time.Minute

// binary builds the program once for all tests. It stays in bin/, so that the next run finds it built.
var binary = sync.OnceValues(func() (string, error) { return build("tollgate", ".") })

// build compiles a command of this module, and gives the path.
func build(name, command string) (string, error) {
	path, err := filepath.Abs(filepath.Join("..", "bin", "e2e", name))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", path, command)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", command, err, out)
	}
	return path, nil
}

// program is the program in a folder of its own, on ports of its own. It can be killed and started
// again as often as a test likes.
type program struct {
	t      testing.TB
	dir    string
	url    string // of the application
	stripe string // of the sandbox
	env    []string
	ready  string // what it prints last when it has started

	cmd    *exec.Cmd
	log    *journal
	exited chan struct{}
	err    error // why it exited; read after exited is closed
}

// start runs the program until the test ends, with nothing in its environment but what a fresh machine
// has and the variables given.
func start(t testing.TB, env ...string) *program {
	t.Helper()
	p := prepare(t, env...)
	p.boot()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the program said:\n%s", p.log.tail(60))
		}
		for _, line := range p.log.matching("level=ERROR", "ERROR query", "panic:", "DATA RACE") {
			// The library under the jobs reports its own end as an error, when that comes early.
			if !strings.Contains(line, "maintenance.") || !strings.Contains(line, "context canceled") {
				t.Errorf("the program reported: %s", line)
			}
		}
	})
	return p
}

// prepare is start without starting.
func prepare(t testing.TB, env ...string) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir(), log: &journal{}, ready: "Mailbox"}
	ports := freePorts(t, 2)
	p.url = fmt.Sprintf("http://localhost:%d", ports[0])
	p.stripe = fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	p.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "APP_URL=" + p.url, "STRIPE_API_BASE=" + p.stripe,
		fmt.Sprintf("ADDR=localhost:%d", ports[0]), "LOG_LEVEL=warn",
		"SANDBOX_CAPTURES=" + os.Getenv("SANDBOX_CAPTURES"), // The judges also want to see what a browser brought about.
	}, env...)
	return p
}

// freePorts asks the system for ports that nobody uses. They are free again when it returns, and the
// system does not hand them out again at once.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// launch starts the process and does not wait for anything.
func (p *program) launch(args ...string) {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir, p.cmd.Env = p.dir, p.env
	p.log.begin()
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	dieWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	exited := make(chan struct{})
	p.exited = exited
	cmd := p.cmd
	go func() {
		p.err = cmd.Wait()
		close(exited)
	}()
}

// boot starts the program and waits until it has printed where it is.
func (p *program) boot() {
	p.t.Helper()
	p.launch()
	select {
	case <-p.log.printed(p.ready):
	case <-p.exited:
		p.t.Fatalf("the program ended: %v\n%s", p.err, p.log.tail(60))
	case <-time.After(patience):
		p.t.Fatalf("the program did not print its addresses:\n%s", p.log.tail(60))
	}
}

// stop asks the program to end, as a service manager does, and wants it to end well.
func (p *program) stop() {
	p.t.Helper()
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which the wait tells
	select {
	case <-p.exited:
		if p.err != nil {
			p.t.Errorf("the program did not end well: %v\n%s", p.err, p.log.tail(60))
		}
	case <-time.After(patience):
		p.t.Errorf("the program did not end within %s", patience)
		p.kill()
	}
	p.cmd = nil
}

// kill ends the program as a power failure would.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// run is the program with a command, beside the one that serves.
func (p *program) run(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("tollgate %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// try is run for a command that may fail.
func (p *program) try(args ...string) (string, error) {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// journal keeps what a program prints and tells those who wait for a word.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	from    int // where the running process began
	waiting map[string]chan struct{}
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.text.Write(b)
	for word, found := range j.waiting {
		if bytes.Contains(j.text.Bytes()[j.from:], []byte(word)) {
			close(found)
			delete(j.waiting, word)
		}
	}
	return n, err
}

// begin forgets who waited, because what they waited for will not come any more.
func (j *journal) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.from, j.waiting = j.text.Len(), map[string]chan struct{}{}
}

// printed is closed once the running process has printed the word.
func (j *journal) printed(word string) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	found := make(chan struct{})
	if bytes.Contains(j.text.Bytes()[j.from:], []byte(word)) {
		close(found)
		return found
	}
	j.waiting[word] = found
	return found
}

func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Split(j.text.String(), "\n")
}

func (j *journal) tail(n int) string {
	lines := j.lines()
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (j *journal) matching(words ...string) []string {
	var found []string
	for _, line := range j.lines() {
		for _, word := range words {
			if strings.Contains(line, word) {
				found = append(found, line)
				break
			}
		}
	}
	return found
}
