// Package config reads the environment into one struct and refuses what would be unsafe to run.
//
// Every variable is optional in development: a fresh clone runs with none. In production the
// program starts only when it has everything it needs to take money safely, and says in one
// message what is missing.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// The environments.
const (
	Development = "development"
	Test        = "test"
	Production  = "production"
)

// StripeAPI is where Stripe itself answers. A live key is only ever sent there.
const StripeAPI = "https://api.stripe.com"

// Config is everything that may differ from one installation to the next. .env.example lists
// exactly these variables, and a test compares the two.
type Config struct {
	Env     string `env:"APP_ENV"`
	AppName string `env:"APP_NAME" envDefault:"Tollgate"`
	AppURL  string `env:"APP_URL" envDefault:"http://localhost:8080"`
	Addr    string `env:"ADDR" envDefault:"localhost:8080"`

	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:data/tollgate.db"`
	// SessionSecrets sign anonymous forms and CSRF tokens, newest first; older ones are accepted.
	SessionSecrets []string `env:"SESSION_SECRETS"`

	StripeSecretKey             string   `env:"STRIPE_SECRET_KEY"`
	StripePublishableKey        string   `env:"STRIPE_PUBLISHABLE_KEY"`
	StripeWebhookSecrets        []string `env:"STRIPE_WEBHOOK_SECRETS"`
	StripeConnectWebhookSecrets []string `env:"STRIPE_CONNECT_WEBHOOK_SECRETS"`
	StripeAPIBase               string   `env:"STRIPE_API_BASE" envDefault:"https://api.stripe.com"`
	StripeMaxRPS                int      `env:"STRIPE_MAX_RPS" envDefault:"20"`
	StripeAutomaticTax          bool     `env:"STRIPE_AUTOMATIC_TAX"`
	// StripeSwitchTo names the connection that may take the place of one whose customers pay: acct_123/live.
	StripeSwitchTo string `env:"STRIPE_SWITCH_TO"`

	SMTPURL        string   `env:"SMTP_URL"`
	MailFrom       string   `env:"MAIL_FROM" envDefault:"Tollgate <hello@localhost>"`
	TrustedProxies []string `env:"TRUSTED_PROXIES"`
	AdminEmails    []string `env:"ADMIN_EMAILS"`
	MailsOff       []string `env:"MAILS_OFF"`

	GracePeriod       time.Duration `env:"GRACE_PERIOD" envDefault:"168h"`
	AccessLeeway      time.Duration `env:"ACCESS_LEEWAY" envDefault:"48h"`
	ReconcileInterval time.Duration `env:"RECONCILE_INTERVAL" envDefault:"10m"`

	LogLevel     string `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat    string `env:"LOG_FORMAT" envDefault:"text"`
	MetricsToken string `env:"METRICS_TOKEN"`

	// SandboxCaptures is a directory in which the embedded Stripe keeps every object that it sends.
	SandboxCaptures string `env:"SANDBOX_CAPTURES"`

	// DataDir is where a development machine keeps what it makes up. It is no variable: Parse derives
	// it from DatabaseURL, and tests set it.
	DataDir string
}

// Parse reads the variables from environ (as os.Environ gives them) and validates the result.
func Parse(environ []string) (Config, error) {
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(environ)}); err != nil {
		return Config{}, fmt.Errorf("read the environment: %w", err)
	}
	if c.Env == "" {
		c.Env = defaultEnv
	}
	c.AppURL = strings.TrimRight(c.AppURL, "/")
	c.StripeAPIBase = strings.TrimRight(c.StripeAPIBase, "/")
	for i, email := range c.AdminEmails {
		c.AdminEmails[i] = strings.ToLower(strings.TrimSpace(email))
	}
	c.DataDir = "data"
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		c.DataDir = filepath.Dir(path)
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Secure reports whether the application is reached over https.
func (c Config) Secure() bool { return strings.HasPrefix(c.AppURL, "https://") }

// Sandbox reports whether the embedded Stripe takes Stripe's place: no key is set, this is no
// production, and nobody outside this machine can reach it.
func (c Config) Sandbox() bool {
	return c.StripeSecretKey == "" && c.Env != Production && sandboxBuilt &&
		loopbackAddr(c.Addr) && loopbackURL(c.AppURL)
}

// Livemode reports whether the Stripe key moves real money.
func (c Config) Livemode() bool { return liveKey(c.StripeSecretKey) }

// Validate reports every reason not to start with this configuration, all at once.
func (c Config) Validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Env != Development && c.Env != Test && c.Env != Production {
		refuse("APP_ENV is %q; it must be development, test or production", c.Env)
	}
	if app, err := url.Parse(c.AppURL); err != nil || app.Host == "" || app.Path != "" {
		refuse("APP_URL must be an origin such as https://app.example.com, without a path")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		refuse("ADDR must be host:port: %w", err)
	}
	if c.GracePeriod < 0 || c.GracePeriod > 21*24*time.Hour {
		refuse("GRACE_PERIOD must be between 0 and 504h (21 days)")
	}
	if c.AccessLeeway < 0 || c.AccessLeeway > 7*24*time.Hour {
		refuse("ACCESS_LEEWAY must be between 0 and 168h (7 days)")
	}
	if c.ReconcileInterval < time.Minute || c.ReconcileInterval > 24*time.Hour {
		refuse("RECONCILE_INTERVAL must be between 1m and 24h")
	}
	if c.StripeMaxRPS < 1 || c.StripeMaxRPS > 2000 {
		refuse("STRIPE_MAX_RPS must be between 1 and 2000")
	}
	for _, email := range c.AdminEmails {
		if _, err := mail.ParseAddress(email); err != nil {
			refuse("ADMIN_EMAILS holds %q, which is no address to send alerts to", email)
		}
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		refuse("LOG_FORMAT must be text or json")
	}
	errs = append(errs, c.validateStripe()...)
	if c.Env == Production {
		errs = append(errs, c.validateProduction()...)
	}
	return errors.Join(errs...)
}

func (c Config) validateStripe() []error {
	var errs []error
	refuse := func(text string) { errs = append(errs, errors.New(text)) }
	base, err := url.Parse(c.StripeAPIBase)
	switch {
	case err != nil || base.Host == "":
		refuse("STRIPE_API_BASE is not a URL")
	case base.Scheme == "http" && !loopbackURL(c.StripeAPIBase):
		refuse("STRIPE_API_BASE may use plain http only on this machine")
	}
	if liveKey(c.StripeSecretKey) && c.StripeAPIBase != StripeAPI {
		refuse("a live Stripe key is sent to Stripe only: unset STRIPE_API_BASE")
	}
	if liveKey(c.StripePublishableKey) != liveKey(c.StripeSecretKey) && c.StripePublishableKey != "" {
		refuse("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes")
	}
	for _, secret := range append(c.StripeWebhookSecrets, c.StripeConnectWebhookSecrets...) {
		if len(secret) < 8 {
			refuse("a webhook signing secret is empty or too short: anybody could sign with it")
			break
		}
	}
	if c.StripeSecretKey != "" && len(c.StripeWebhookSecrets) == 0 {
		refuse("STRIPE_WEBHOOK_SECRETS is not set: make an endpoint with `tollgate webhook create`, or use the one `stripe listen` prints")
	}
	if c.StripeSecretKey == "" && c.Env != Production && !c.Sandbox() {
		refuse("without STRIPE_SECRET_KEY the embedded Stripe would start, but only on this machine: " +
			"ADDR and APP_URL must both be loopback")
	}
	return errs
}

func (c Config) validateProduction() []error {
	var errs []error
	refuse := func(text string) { errs = append(errs, errors.New(text)) }
	if c.StripeSecretKey == "" {
		refuse("STRIPE_SECRET_KEY is not set")
	}
	if strings.HasPrefix(c.StripeSecretKey, "sk_test_sandbox") {
		refuse("STRIPE_SECRET_KEY is a sandbox key, which has no place in production")
	}
	if len(c.StripeWebhookSecrets) == 0 && c.StripeSecretKey == "" {
		refuse("STRIPE_WEBHOOK_SECRETS is not set")
	}
	if !c.Secure() {
		refuse("APP_URL must be https in production")
	}
	if len(c.SessionSecrets) == 0 {
		refuse("SESSION_SECRETS is not set: give at least one random value of 32 characters or more")
	}
	for _, secret := range c.SessionSecrets {
		if len(secret) < 32 {
			refuse("every value of SESSION_SECRETS needs 32 characters or more")
			break
		}
	}
	if c.SMTPURL == "" {
		refuse("SMTP_URL is not set: nobody could verify an address or reset a password")
	}
	return errs
}

func liveKey(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_") || strings.HasPrefix(key, "pk_live_")
}

func loopbackURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && loopbackHost(u.Hostname())
}

func loopbackAddr(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
