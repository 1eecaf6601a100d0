package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/tollgate/billing/sandbox"
)

// build is one way of building the program.
type build struct {
	name  string
	flags []string
	env   func(b *binaries) []string // beside what both need
}

// builds are the two that there are: what is deployed, and what a developer runs.
func builds() []build {
	return []build{
		{
			name: "release", flags: []string{"-tags", "nosandbox", "-trimpath", "-ldflags", "-s -w"},
			// Without the sandbox inside, it needs a Stripe to talk to, which is a sandbox in this process.
			env: func(b *binaries) []string {
				return []string{
					"STRIPE_API_BASE=" + b.stripe.URL(), "STRIPE_SECRET_KEY=" + b.stripe.SecretKey(),
					"STRIPE_WEBHOOK_SECRETS=" + b.stripe.WebhookSecret(),
				}
			},
		},
		{
			name: "development", flags: nil,
			env: func(*binaries) []string { return []string{"STRIPE_API_BASE=http://127.0.0.1:0"} },
		},
	}
}

// binaries builds the program and watches it start.
type binaries struct {
	dir    string
	stripe *sandbox.Sandbox
}

// vitals are what is to be known of a build. Start is from the start of the process to the first
// page; resident is its memory once it has served and then rested.
type vitals struct {
	size, resident int64
	start          time.Duration
}

// startTimeout bounds the wait for the first page, and rest is how long a program is left alone
// before its memory is read.
const (
	startTimeout = 20 * time.Second
	rest         = 3 * time.Second
)

func newBinaries(ctx context.Context, dir string) (*binaries, error) {
	stripe, err := sandbox.New(sandbox.Options{Addr: "127.0.0.1:0", Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := stripe.Start(ctx); err != nil {
		return nil, errors.Join(err, stripe.Close())
	}
	return &binaries{dir: dir, stripe: stripe}, nil
}

func (b *binaries) close() error { return b.stripe.Close() }

// examine builds the program, starts it once to make its files, and then as often as there are
// rounds.
func (b *binaries) examine(ctx context.Context, way build, rounds int) (vitals, error) {
	path := filepath.Join(b.dir, way.name)
	compile := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", path}, way.flags...), ".")...)
	if out, err := compile.CombinedOutput(); err != nil {
		return vitals{}, fmt.Errorf("build %s: %w\n%s", way.name, err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		return vitals{}, fmt.Errorf("build %s: %w", way.name, err)
	}
	var starts []time.Duration
	var resident []int64
	for round := -1; round < rounds; round++ { // the first start makes the files
		start, memory, err := b.start(ctx, path, way.env(b), round == rounds-1)
		if err != nil {
			return vitals{}, fmt.Errorf("start %s: %w", way.name, err)
		}
		if round >= 0 {
			starts = append(starts, start)
		}
		if memory > 0 {
			resident = append(resident, memory)
		}
	}
	return vitals{size: info.Size(), start: median(starts), resident: median(resident)}, nil
}

// start runs the program until its first page, and with linger until it has rested.
func (b *binaries) start(ctx context.Context, path string, env []string, linger bool) (
	took time.Duration, resident int64, err error,
) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout+rest)
	defer cancel()
	var stderr bytes.Buffer
	program := exec.CommandContext(ctx, path, "serve")
	program.Dir, program.Stderr = b.dir, &stderr
	program.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "APP_ENV=development",
		"ADDR=" + addr, "APP_URL=http://" + addr, "DATABASE_URL=sqlite:" + path + "-data/tollgate.db",
	}, env...)
	begun := time.Now()
	if err := program.Start(); err != nil {
		return 0, 0, fmt.Errorf("run it: %w", err)
	}
	defer func() {
		stop := program.Process.Signal(syscall.SIGTERM)
		if waited := program.Wait(); err == nil {
			err = errors.Join(stop, waited)
		} else {
			err = fmt.Errorf("%w\n%s", err, stderr.String())
		}
	}()
	if err := firstPage(ctx, "http://"+addr+"/"); err != nil {
		return 0, 0, err
	}
	took = time.Since(begun)
	if !linger {
		return took, 0, nil
	}
	time.Sleep(rest)
	resident, err = residentMemory(program.Process.Pid)
	return took, resident, err
}

func freeAddr(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// firstPage asks every millisecond until it gets a page.
func firstPage(ctx context.Context, address string) error {
	client := &http.Client{Timeout: startTimeout}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return fmt.Errorf("ask for the first page: %w", err)
		}
		answer, err := client.Do(r)
		if err != nil {
			continue // it does not listen yet
		}
		if err := answer.Body.Close(); err != nil {
			return fmt.Errorf("read the first page: %w", err)
		}
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("no page at %s within %s", address, startTimeout)
}

// residentMemory reads what Linux says a process occupies, the pages of its own file included.
func residentMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory in use: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("the system does not say how much memory a process uses")
}
