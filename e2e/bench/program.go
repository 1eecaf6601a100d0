package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// idle is how long the program rests before its memory is looked at.
const idle = 3 * time.Second

// measureProgram builds the program, weighs it, and times how it starts. A release cannot start
// without Stripe, so what starts is the development build, stripped like a release; it starts the
// sandbox as well.
func (b *bench) measureProgram(ctx context.Context) error {
	release, err := b.build(ctx, "release", "-tags", "nosandbox")
	if err != nil {
		return err
	}
	development, err := b.build(ctx, "development")
	if err != nil {
		return err
	}
	megabytes := float64(release) / (1 << 20)
	best, memory := time.Hour, 0.0
	for range turns + 1 { // the first makes the database and warms the file
		took, resident, err := b.start(ctx)
		if err != nil {
			return err
		}
		best, memory = min(best, took), resident
	}
	b.add(figure{
		what: "start to first 200, warm file", measured: best.Round(time.Millisecond).String(),
		reference: "none", promise: "under 150 ms", ok: best < 150*time.Millisecond,
	})
	b.add(figure{
		what: "stripped binary", measured: fmt.Sprintf("%.1f MB", megabytes),
		reference: fmt.Sprintf("with the sandbox: %.1f MB", float64(development)/(1<<20)), promise: "under 45 MB", ok: megabytes < 45,
	})
	b.add(figure{
		what: "resident memory at idle, the sandbox included", measured: fmt.Sprintf("%.1f MB", memory),
		reference: "none", promise: "under 60 MB", ok: memory < 60,
	})
	return nil
}

func (b *bench) build(ctx context.Context, name string, flags ...string) (int64, error) {
	path := filepath.Join(b.dir, name)
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", path}, flags...)
	if out, err := exec.CommandContext(ctx, "go", append(args, ".")...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// start runs the program until it has answered once and rested, and gives how long the first took
// and how many megabytes were resident after the second.
func (b *bench) start(ctx context.Context) (time.Duration, float64, error) {
	app, stripe, err := twoPorts(ctx)
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, "development"))
	cmd.Dir = filepath.Join(b.dir, "program")
	if err := os.MkdirAll(cmd.Dir, 0o700); err != nil {
		return 0, 0, err
	}
	cmd.Env = []string{
		"HOME=" + cmd.Dir, "APP_URL=http://" + app, "ADDR=" + app, "STRIPE_API_BASE=http://" + stripe, "LOG_LEVEL=error",
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }()
	for {
		response, err := http.Get("http://" + app + "/pricing")
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(began) > time.Minute {
			return 0, 0, fmt.Errorf("the program did not start: %w", err)
		}
		time.Sleep(time.Millisecond) // nothing tells a stranger that a port is open
	}
	took := time.Since(began)
	time.Sleep(idle)
	resident, err := residentMegabytes(cmd.Process.Pid)
	return took, resident, err
}

func residentMegabytes(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0, fmt.Errorf("no resident memory in /proc/%d/status", pid)
	}
	kilobytes, err := strconv.ParseFloat(string(found[1]), 64)
	return kilobytes / 1024, err
}

// twoPorts asks the system for addresses that nobody uses.
func twoPorts(ctx context.Context) (first, second string, err error) {
	var addresses [2]string
	for i := range addresses {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer listener.Close()
		addresses[i] = listener.Addr().String()
	}
	return addresses[0], addresses[1], nil
}
