package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/config"
)

// production is an environment that is safe to run; each test spoils one thing.
func production() map[string]string {
	return map[string]string{
		"APP_ENV": "production", "APP_URL": "https://app.example.com", "ADDR": "0.0.0.0:8080",
		"SESSION_SECRETS": "0123456789abcdef0123456789abcdef", "STRIPE_SECRET_KEY": "sk_live_abc",
		"STRIPE_WEBHOOK_SECRETS": "whsec_abcdefgh", "SMTP_URL": "smtp://mail.example.com:587",
	}
}

func environ(vars map[string]string) []string {
	list := make([]string, 0, len(vars))
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	return list
}

func TestEmptyEnvironmentRunsTheSandboxOnThisMachine(t *testing.T) {
	t.Parallel()
	c, err := config.Parse(nil)
	require.NoError(t, err)
	require.Equal(t, config.Development, c.Env)
	require.True(t, c.Sandbox())
	require.False(t, c.Secure())
}

func TestProductionStarts(t *testing.T) {
	t.Parallel()
	c, err := config.Parse(environ(production()))
	require.NoError(t, err)
	require.False(t, c.Sandbox())
	require.True(t, c.Secure())
	require.True(t, c.Livemode())
}

// TestP12_UnsafeConfigurationsAreRefused spoils a safe configuration, one way at a time.
func TestP12_UnsafeConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]string
		says   string
	}{
		"no key":                  {map[string]string{"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY"},
		"no webhook secret":       {map[string]string{"STRIPE_WEBHOOK_SECRETS": ""}, "STRIPE_WEBHOOK_SECRETS"},
		"empty webhook secret":    {map[string]string{"STRIPE_WEBHOOK_SECRETS": ","}, "too short"},
		"sandbox key":             {map[string]string{"STRIPE_SECRET_KEY": "sk_test_sandboxabc"}, "sandbox key"},
		"live key, other base":    {map[string]string{"STRIPE_API_BASE": "https://stripe.example.com"}, "live Stripe key"},
		"plain http base":         {map[string]string{"STRIPE_API_BASE": "http://stripe.example.com"}, "plain http"},
		"keys of different modes": {map[string]string{"STRIPE_PUBLISHABLE_KEY": "pk_test_abc"}, "different modes"},
		"plain http":              {map[string]string{"APP_URL": "http://app.example.com"}, "https"},
		"no session secret":       {map[string]string{"SESSION_SECRETS": ""}, "SESSION_SECRETS"},
		"weak session secret":     {map[string]string{"SESSION_SECRETS": "secret"}, "SESSION_SECRETS"},
		"no mail":                 {map[string]string{"SMTP_URL": ""}, "SMTP_URL"},
		"unknown environment":     {map[string]string{"APP_ENV": "prod"}, "APP_ENV"},
		"path in the origin":      {map[string]string{"APP_URL": "https://example.com/app"}, "APP_URL"},
		"no port":                 {map[string]string{"ADDR": "localhost"}, "ADDR"},
		"grace beyond 21 days":    {map[string]string{"GRACE_PERIOD": "505h"}, "GRACE_PERIOD"},
		"negative leeway":         {map[string]string{"ACCESS_LEEWAY": "-1h"}, "ACCESS_LEEWAY"},
		"listing all the time":    {map[string]string{"RECONCILE_INTERVAL": "1s"}, "RECONCILE_INTERVAL"},
		"no request rate":         {map[string]string{"STRIPE_MAX_RPS": "0"}, "STRIPE_MAX_RPS"},
		"beyond any rate":         {map[string]string{"STRIPE_MAX_RPS": "2001"}, "STRIPE_MAX_RPS"},
		"unknown log format":      {map[string]string{"LOG_FORMAT": "xml"}, "LOG_FORMAT"},
		"not a duration":          {map[string]string{"GRACE_PERIOD": "a week"}, "GracePeriod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := production()
			for k, v := range tc.change {
				vars[k] = v
			}
			_, err := config.Parse(environ(vars))
			require.ErrorContains(t, err, tc.says)
		})
	}
}

// TestSandboxStaysOnThisMachine: without a key, anything but a loopback address is refused outside
// production too, rather than served without a Stripe.
func TestSandboxStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, vars := range []map[string]string{
		{"ADDR": "0.0.0.0:8080"},
		{"ADDR": ":8080"},
		{"ADDR": "192.168.1.2:8080"},
		{"APP_URL": "http://tollgate.example.com"},
		{"APP_URL": "http://localhost.example.com"},
	} {
		_, err := config.Parse(environ(vars))
		require.ErrorContains(t, err, "loopback", "%v", vars)
	}
	for _, vars := range []map[string]string{
		{"ADDR": "127.0.0.1:0"}, {"ADDR": "[::1]:8080"}, {"APP_URL": "http://127.0.0.1:8080"}, {"APP_ENV": "test"},
	} {
		c, err := config.Parse(environ(vars))
		require.NoError(t, err, "%v", vars)
		require.True(t, c.Sandbox())
	}
}

func TestTestKeyNeedsItsWebhookSecretToo(t *testing.T) {
	t.Parallel()
	_, err := config.Parse([]string{"STRIPE_SECRET_KEY=sk_test_abc"})
	require.ErrorContains(t, err, "stripe listen")
	c, err := config.Parse([]string{"STRIPE_SECRET_KEY=sk_test_abc", "STRIPE_WEBHOOK_SECRETS=whsec_abcdefgh"})
	require.NoError(t, err)
	require.False(t, c.Sandbox())
}

func TestAdminEmailsAreComparedInLowerCase(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]string{"ADMIN_EMAILS= Ada@Example.com ,grace@example.com"})
	require.NoError(t, err)
	require.Equal(t, []string{"ada@example.com", "grace@example.com"}, c.AdminEmails)
}
