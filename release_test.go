package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// maxReleaseBytes is what a release may weigh: what it costs to ship it, on every deployment.
const maxReleaseBytes = 45 << 20

// TestTheReleaseRefusesToBeUnsafe builds what `make release` builds and starts it with every
// configuration that must never run. It must stop before it opens its database.
func TestTheReleaseRefusesToBeUnsafe(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a release")
	}
	binary := filepath.Join(t.TempDir(), "tollgate")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nosandbox", "-trimpath", "-ldflags", "-s -w",
		"-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the release is %.1f MB", float64(info.Size())/(1<<20))
	if info.Size() > maxReleaseBytes {
		t.Errorf("the release is %d bytes; %d is the limit", info.Size(), maxReleaseBytes)
	}
	// Function names outlive stripping, because a panic prints them.
	if text, err := os.ReadFile(binary); err != nil || bytes.Contains(text, []byte(module+"/billing/sandbox")) {
		t.Errorf("the release holds symbols of the sandbox (%v)", err)
	}
	safe := map[string]string{
		"APP_URL": "https://app.example.com", "ADDR": "127.0.0.1:0", "SESSION_SECRETS": strings.Repeat("s", 32),
		"STRIPE_SECRET_KEY": "sk_test_1234567890", "STRIPE_WEBHOOK_SECRETS": "whsec_1234567890",
		"SMTP_URL": "smtp://user:password@mail.example.com:587",
	}
	for name, test := range map[string]struct {
		change map[string]string
		says   string
	}{
		"nothing set at all":            {nil, "STRIPE_SECRET_KEY"},
		"no key":                        {map[string]string{"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY"},
		"no webhook secret":             {map[string]string{"STRIPE_WEBHOOK_SECRETS": ""}, "STRIPE_WEBHOOK_SECRETS"},
		"a sandbox key":                 {map[string]string{"STRIPE_SECRET_KEY": "sk_test_sandbox_1"}, "sandbox"},
		"a live key to this machine":    {map[string]string{"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_API_BASE": "http://127.0.0.1:1"}, "live"},
		"plain http":                    {map[string]string{"APP_URL": "http://app.example.com"}, "https"},
		"no session secret":             {map[string]string{"SESSION_SECRETS": ""}, "SESSION_SECRETS"},
		"no mail":                       {map[string]string{"SMTP_URL": ""}, "SMTP_URL"},
		"development without a sandbox": {map[string]string{"APP_ENV": "development", "STRIPE_SECRET_KEY": "", "APP_URL": "http://localhost:1"}, "STRIPE_SECRET_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := map[string]string{}
			for variable, value := range safe {
				if test.change != nil {
					environ[variable] = value
				}
			}
			for variable, value := range test.change {
				environ[variable] = value
			}
			refuses(t, binary, environ, test.says)
		})
	}
}

// refuses starts the binary and wants it to stop with a message and without leaving a database.
func refuses(t *testing.T, binary string, environ map[string]string, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, binary)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &out, &out
	cmd.Env = []string{"HOME=" + cmd.Dir}
	for variable, value := range environ {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	err := cmd.Run()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("it ran:\n%s", &out)
	}
	if !strings.Contains(out.String(), says) {
		t.Errorf("it does not say %q:\n%s", says, &out)
	}
	if left, _ := filepath.Glob(filepath.Join(cmd.Dir, "*")); len(left) > 0 {
		t.Errorf("it left %v behind", left)
	}
}

// TestTheReleaseHoldsNoSandbox asks the go command what a release is made of.
func TestTheReleaseHoldsNoSandbox(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "nosandbox", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte(module+"/billing/sandbox")) {
		t.Errorf("the release contains the sandbox:\n%s", out)
	}
}
