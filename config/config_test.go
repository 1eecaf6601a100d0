package config_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/config"
)

// production is the least that a production configuration needs. Tests change one thing in it.
func production(change ...string) []string {
	return append([]string{
		"APP_ENV=production",
		"APP_URL=https://app.example.com",
		"ADDR=0.0.0.0:8080",
		"SESSION_SECRETS=" + strings.Repeat("s", 32),
		"STRIPE_SECRET_KEY=sk_test_1234567890",
		"STRIPE_WEBHOOK_SECRETS=whsec_1234567890",
		"SMTP_URL=smtp://user:password@mail.example.com:587",
	}, change...)
}

func TestAnEmptyEnvironmentRunsTheSandbox(t *testing.T) {
	t.Parallel()
	c, err := config.Parse(nil)
	require.NoError(t, err)
	require.Equal(t, config.Development, c.Env)
	require.True(t, c.Sandbox())
	require.False(t, c.Secure())
	require.False(t, c.Livemode())
}

func TestProductionNeedsOnlyWhatItSays(t *testing.T) {
	t.Parallel()
	c, err := config.Parse(production())
	require.NoError(t, err)
	require.False(t, c.Sandbox())
	require.True(t, c.Secure())
}

// Every configuration that the program must refuse, with a word of what it must say.
func TestUnsafeConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environ []string
		says    string
	}{
		"an unknown environment":          {[]string{"APP_ENV=staging"}, "APP_ENV"},
		"an address that is none":         {[]string{"ADDR=8080"}, "ADDR"},
		"an origin with a path":           {[]string{"APP_URL=http://localhost:8080/app"}, "APP_URL"},
		"no key in production":            {production("STRIPE_SECRET_KEY="), "STRIPE_SECRET_KEY"},
		"no webhook secret in production": {production("STRIPE_WEBHOOK_SECRETS="), "STRIPE_WEBHOOK_SECRETS"},
		"an empty webhook secret":         {production("STRIPE_WEBHOOK_SECRETS=whsec_1234567890,"), "empty"},
		"a sandbox key in production":     {production("STRIPE_SECRET_KEY=sk_test_sandbox_1"), "sandbox"},
		"plain http in production":        {production("APP_URL=http://app.example.com"), "https"},
		"no session secret in production": {production("SESSION_SECRETS="), "SESSION_SECRETS"},
		"a short session secret":          {production("SESSION_SECRETS=short"), "32"},
		"no mail in production":           {production("SMTP_URL="), "SMTP_URL"},
		"a live key to somebody else":     {production("STRIPE_SECRET_KEY=sk_live_1", "STRIPE_API_BASE=https://example.com"), "live"},
		"a live key to this machine":      {production("STRIPE_SECRET_KEY=sk_live_1", "STRIPE_API_BASE=http://127.0.0.1:12111"), "live"},
		"a restricted live key elsewhere": {production("STRIPE_SECRET_KEY=rk_live_1", "STRIPE_API_BASE=https://example.com"), "live"},
		"plain http to another machine":   {production("STRIPE_API_BASE=http://example.com"), "http"},
		"keys of different modes":         {production("STRIPE_PUBLISHABLE_KEY=pk_live_1"), "modes"},
		"a key without a webhook secret":  {[]string{"STRIPE_SECRET_KEY=sk_test_1"}, "STRIPE_WEBHOOK_SECRETS"},
		"the sandbox for everybody":       {[]string{"ADDR=0.0.0.0:8080"}, "loopback"},
		"the sandbox under a public name": {[]string{"APP_URL=http://app.example.com"}, "loopback"},
		"a grace longer than the retries": {[]string{"GRACE_PERIOD=600h"}, "GRACE_PERIOD"},
		"a leeway longer than a week":     {[]string{"ACCESS_LEEWAY=200h"}, "ACCESS_LEEWAY"},
		"no requests to Stripe at all":    {[]string{"STRIPE_MAX_RPS=0"}, "STRIPE_MAX_RPS"},
		"an unknown log format":           {[]string{"LOG_FORMAT=xml"}, "LOG_FORMAT"},
		"a duration that is none":         {[]string{"GRACE_PERIOD=a week"}, "GracePeriod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse(test.environ)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Parse([]string{"APP_ENV=production", "ADDR=0.0.0.0:8080"})
	for _, name := range []string{"STRIPE_SECRET_KEY", "APP_URL", "SESSION_SECRETS", "SMTP_URL"} {
		require.ErrorContains(t, err, name)
	}
}

func TestListsAreCleaned(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]string{"ADMIN_EMAILS= Ada@Example.com,grace@example.com", "APP_URL=http://localhost:8080/"})
	require.NoError(t, err)
	require.Equal(t, []string{"ada@example.com", "grace@example.com"}, c.AdminEmails)
	require.Equal(t, "http://localhost:8080", c.AppURL)
}

// .env.example is the documentation of the struct: the same names, and where it shows a value, the
// value that holds when the variable is unset.
func TestTheExampleListsExactlyWhatIsRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../.env.example")
	require.NoError(t, err)
	shown := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^#([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		require.NotContains(t, shown, match[1], "listed twice")
		shown[match[1]] = match[2]
	}
	read := map[string]string{"APP_ENV": config.Development, "STRIPE_AUTOMATIC_TAX": "false"}
	for field := range reflect.TypeFor[config.Config]().Fields() {
		if _, set := read[field.Tag.Get("env")]; !set {
			read[field.Tag.Get("env")] = field.Tag.Get("envDefault")
		}
	}
	require.Equal(t, read, shown)
	require.False(t, slices.Contains(strings.Split(string(text), "\n"), "APP_ENV=development"), "an example sets nothing")
}
