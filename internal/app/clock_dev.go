//go:build !nosandbox

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/config"
)

// The limits of asking a sandbox for its time: how often, and how long one answer may take.
const (
	clockEvery = 250 * time.Millisecond
	clockWait  = 2 * time.Second
)

// followClock makes the clock of a sandbox that runs by itself the business clock, as that of the embedded one is. Several
// processes may share such a sandbox, and who moves its clock moves them all. No real account has a key like a sandbox's.
func (a *App) followClock(ctx context.Context) {
	beside := strings.HasPrefix(a.Config.StripeSecretKey, sandbox.KeyPrefix) && a.Config.StripeAPIBase != config.StripeAPI
	if a.sandbox != nil || !beside {
		return
	}
	client := &http.Client{Timeout: clockWait}
	if err := a.readClock(ctx, client); err != nil {
		a.log.Warn("the sandbox does not tell its time yet", "error", err)
	}
	ctx, a.unfollow = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		tick := time.NewTicker(clockEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := a.readClock(ctx, client); err != nil {
				a.log.Debug("the sandbox does not tell its time", "error", err)
			}
		}
	}()
}

// readClock asks how far the sandbox's clock was moved. Until it answers again, the last answer holds.
func (a *App) readClock(ctx context.Context, client *http.Client) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Config.StripeAPIBase+"/_sim/clock", http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var clock struct {
		Moved int64 `json:"offset_seconds"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<10)).Decode(&clock); err != nil {
		return fmt.Errorf("status %d: %w", res.StatusCode, err)
	}
	a.ahead.Store(clock.Moved * int64(time.Second))
	return nil
}
