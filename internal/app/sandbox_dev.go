//go:build !nosandbox

package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/config"
)

// sandboxAddr is where the sandbox listens unless STRIPE_API_BASE names another loopback address. It
// is 127.0.0.1 while the app is localhost, so that a browser takes it for the other site it stands
// for.
const sandboxAddr = "127.0.0.1:12111"

// openSandbox starts the embedded Stripe and points the configuration at it.
func (a *App) openSandbox(ctx context.Context) error {
	addr := sandboxAddr
	if a.Config.StripeAPIBase != config.StripeAPI {
		base, err := url.Parse(a.Config.StripeAPIBase)
		if err != nil {
			return fmt.Errorf("STRIPE_API_BASE: %w", err)
		}
		addr = base.Host
	}
	if a.beside {
		addr = "127.0.0.1:0"
	}
	if err := os.MkdirAll(a.Config.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the sandbox: %w", err)
	}
	s, err := sandbox.New(sandbox.Options{
		Path: SandboxPath(a.Config), Addr: addr, Now: time.Now, Logger: a.log,
		WebhookURL: a.Config.AppURL + "/webhooks/stripe", WebhookEvents: billing.EventTypes(), RelaxedDelivery: a.beside,
		CaptureDir: a.Config.SandboxCaptures, CaptureName: "tollgate",
	})
	if err != nil {
		return err
	}
	a.sandbox = s
	if err := s.SetShopName(ctx, a.Config.AppName); err != nil {
		return err
	}
	if err := s.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("%w (set STRIPE_API_BASE to a free address on 127.0.0.1)", err)
	}
	a.Config.StripeAPIBase, a.Config.StripeSecretKey = s.URL(), s.SecretKey()
	a.Config.StripeWebhookSecrets = []string{s.WebhookSecret()}
	// Our own limit protects Stripe's, and the sandbox has none to protect.
	a.Config.StripeMaxRPS = 100
	return nil
}
