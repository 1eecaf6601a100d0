// Package node brings Stripe's own programs that npm distributes to the judges: the client library for Node, the types
// it is made of, the compiler that checks them, and the command line. Their versions are pinned in package-lock.json;
// they are installed once beside it, without running any package's scripts.
package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// installPatience bounds one installation; a warm cache takes three seconds.
const installPatience = 5 * time.Minute

// Installed returns the folder whose node_modules hold the pinned packages, and installs them when they are missing or
// older than the lock file. Without npm the test is skipped, except in CI, where it fails.
func Installed(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("npm is not installed, and Stripe's own programs come by it: %v", err)
		}
		t.Fatalf("CI has no npm: %v", err)
	}
	dir, err := Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Install is Installed for a program that runs inside the module.
func Install(ctx context.Context) (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	if err := install(ctx, dir); err != nil {
		return "", fmt.Errorf("install the packages of %s: %w", dir, err)
	}
	return dir, nil
}

// CLI returns the path of the official command line. The package that carries it is named after the platform.
func CLI(t testing.TB) string {
	t.Helper()
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	platform := "cli-" + runtime.GOOS + "-" + arch
	path := filepath.Join(Installed(t), "node_modules", "@stripe", platform, "bin", "stripe")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the official command line is not there: %v", err)
	}
	return path
}

// folder finds this package's folder from anywhere in the module.
func folder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "node"), nil
		}
	}
	return "", errors.New("find the module: not inside one")
}

// install holds a lock while it works, since the judges' packages are tested at the same time in processes of their
// own. The copy of the lock file that it leaves says what is installed.
func install(ctx context.Context, dir string) error {
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	defer func() { _ = lock.Close() }() // It also gives up the lock.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("read what to install: %w", err)
	}
	marker := filepath.Join(dir, "node_modules", ".installed")
	if have, err := os.ReadFile(marker); err == nil && bytes.Equal(have, want) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	// Not `npm ci`, which insists on the packages of every platform. What is installed is what the lock file says.
	cmd := exec.CommandContext(ctx, "npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return os.WriteFile(marker, want, 0o600)
}
