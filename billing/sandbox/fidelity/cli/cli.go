// Package cli has Stripe's own command line judge the sandbox. `stripe trigger NAME` plays one of more than a hundred
// request scripts that Stripe wrote against its API; the script must end well, and the event it is named after must
// arrive signed at a receiver that checks the signature with Stripe's own library.
package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v81/webhook"
)

// runPatience bounds one run of the command line; the longest takes half a second.
const runPatience = 30 * time.Second

// CLI is the official command line, aimed at one sandbox.
type CLI struct {
	// Bin is the program, Home the folder for its settings.
	Bin, Home string
	// Base is the sandbox's address: the program refuses http to any name but 127.0.0.1.
	Base, Key string
}

// Stripe runs `stripe ARGS` and returns what it printed. Its error carries that too.
func (c CLI) Stripe(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, runPatience)
	defer cancel()
	if c.Base != "" {
		args = append(args, "--api-base", c.Base, "--api-key", c.Key)
	}
	cmd := exec.CommandContext(ctx, c.Bin, args...)
	// The proxy that is not there keeps the program from looking for newer versions of itself.
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+c.Home, "STRIPE_CLI_TELEMETRY_OPTOUT=1",
		"HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("stripe %s: %w\n%s", strings.Join(args[:2], " "), err, out)
	}
	return string(out), nil
}

// Names asks the program which events it can trigger.
func (c CLI) Names(ctx context.Context) ([]string, error) {
	help, err := CLI{Bin: c.Bin, Home: c.Home}.Stripe(ctx, "trigger", "--help")
	if err != nil {
		return nil, err
	}
	var names []string
	listed := false
	for lines := bufio.NewScanner(strings.NewReader(help)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "Supported events:":
			listed = true
		case listed && line == "":
			return names, nil
		case listed:
			names = append(names, line)
		}
	}
	return nil, errors.New("stripe trigger --help does not list its events any more")
}

// Trigger plays one script. It fails unless the script ends well and its event is delivered and verified; idle waits
// until the sandbox has delivered all it has.
func (c CLI) Trigger(ctx context.Context, name string, box *Inbox, idle func(context.Context) error) error {
	before := len(box.Verified())
	if _, err := c.Stripe(ctx, "trigger", name); err != nil {
		return err
	}
	if err := idle(ctx); err != nil {
		return err
	}
	got := box.Verified()[before:]
	for _, typ := range got {
		if typ == eventOf(name) {
			return nil
		}
	}
	return fmt.Errorf("no verified %s was delivered, only %v", eventOf(name), got)
}

// Inbox is a webhook endpoint that keeps the types of the events whose signatures are right.
type Inbox struct {
	Secret string

	mu       sync.Mutex
	verified []string
	refused  []error
}

// ServeHTTP verifies one delivery.
func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := new(bytes.Buffer)
	_, err := io.Copy(body, io.LimitReader(r.Body, 1<<20))
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		event, bad := webhook.ConstructEvent(body.Bytes(), r.Header.Get("Stripe-Signature"), b.Secret)
		if err = bad; err == nil {
			b.verified = append(b.verified, string(event.Type))
			return
		}
	}
	b.refused = append(b.refused, err)
	http.Error(w, err.Error(), http.StatusBadRequest)
}

// Verified returns the types of what arrived and was signed rightly, in its order.
func (b *Inbox) Verified() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.verified...)
}

// Refused returns why other deliveries were not accepted.
func (b *Inbox) Refused() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]error(nil), b.refused...)
}
