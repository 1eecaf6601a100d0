// Package doctor examines an installation from the operator's side and says, for everything that is
// not right, what to do about it. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/models"
)

// checkTimeout bounds one check.
const checkTimeout = 15 * time.Second

// Patient is what is examined. Stripe is what answers at the configured base URL.
type Patient struct {
	Config  config.Config
	DB      *models.DB
	Stripe  billing.Gateway
	Catalog *plan.Catalog
}

// Finding is the outcome of one check. A nil Err is good; otherwise Err says what is wrong and Remedy
// what to do.
type Finding struct {
	Name, Detail string
	Err          error
	Remedy       string
}

// check is one row of the table: it returns what it saw, or what is wrong.
type check struct {
	name   string
	run    func(ctx context.Context, p Patient) (detail string, err error)
	remedy string
}

// checks is the table.
func checks() []check {
	return []check{
		{"configuration", configuration, "set what is named, in the environment or in .env"},
		{"catalog", catalog, "mend billing/plan/catalog.go"},
		{"database", database, "check DATABASE_URL, and that its server or folder is there"},
		{"migrations", migrations, "run `tollgate migrate`"},
		{"Stripe key", stripeKey, "check STRIPE_SECRET_KEY and STRIPE_API_BASE"},
		{"plans at Stripe", plansAtStripe, "run `tollgate plans sync`"},
		{"webhook secret", webhookSecret, "set STRIPE_WEBHOOK_SECRETS to what `tollgate webhook create` or `stripe listen` printed"},
		{"webhook endpoint", webhookEndpoint, "run `tollgate webhook create`, or add the missing events in the dashboard"},
		{"mail", mailServer, "set SMTP_URL"},
	}
}

// Examine runs every check, in order, and returns what it found. A failed check stops none after it.
func Examine(ctx context.Context, p Patient) []Finding {
	rows := checks()
	findings := make([]Finding, 0, len(rows))
	for _, row := range rows {
		limited, cancel := context.WithTimeout(ctx, checkTimeout)
		detail, err := row.run(limited, p)
		cancel()
		finding := Finding{Name: row.name, Detail: detail, Err: err}
		if err != nil {
			finding.Remedy = row.remedy
		}
		findings = append(findings, finding)
	}
	return findings
}

func configuration(_ context.Context, p Patient) (string, error) {
	return p.Config.Env + " at " + p.Config.AppURL, p.Config.Validate()
}

func catalog(_ context.Context, p Patient) (string, error) {
	return fmt.Sprintf("%d plans", len(p.Catalog.Plans)), p.Catalog.Validate()
}

func database(ctx context.Context, p Patient) (string, error) {
	return string(p.DB.Dialect), p.DB.Ping(ctx)
}

func migrations(ctx context.Context, p Patient) (string, error) {
	newest, err := p.DB.Migrated(ctx)
	if err == nil && !newest {
		err = errors.New("there are migrations that have not been applied")
	}
	return "at the newest version", err
}

func stripeKey(ctx context.Context, p Patient) (string, error) {
	connection, err := p.Stripe.Connection(ctx)
	mode := "test mode"
	if connection.Livemode {
		mode = "live mode"
	}
	return connection.StripeAccount + ", " + mode, err
}

func plansAtStripe(ctx context.Context, p Patient) (string, error) {
	var missing []string
	found := 0
	for _, each := range p.Catalog.Plans {
		for _, price := range each.Prices {
			if price.Retired {
				continue
			}
			err := p.Stripe.CheckPrice(ctx, price)
			switch {
			case err == nil:
				found++
			case errors.Is(err, billing.ErrRefused):
				missing = append(missing, price.LookupKey)
			default:
				return "", err
			}
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("Stripe has no such price, or another amount: %s", strings.Join(missing, ", "))
	}
	return fmt.Sprintf("%d prices", found), nil
}

func webhookSecret(_ context.Context, p Patient) (string, error) {
	if len(p.Config.StripeWebhookSecrets) == 0 {
		return "", errors.New("no signing secret is set, so every webhook is refused")
	}
	return fmt.Sprintf("%d configured", len(p.Config.StripeWebhookSecrets)), nil
}

// webhookEndpoint compares the endpoint at Stripe with the table of events. On a developer's machine
// `stripe listen`, or the sandbox, forwards without one.
func webhookEndpoint(ctx context.Context, p Patient) (string, error) {
	endpoints, err := p.Stripe.FetchWebhooks(ctx)
	if err != nil {
		return "", err
	}
	url := p.Config.AppURL + "/webhooks/stripe"
	for _, endpoint := range endpoints {
		if endpoint.URL == url {
			return describeEndpoint(endpoint)
		}
	}
	if p.Config.Env != config.Production {
		return "none; events are forwarded to this machine", nil
	}
	return "", fmt.Errorf("Stripe has no endpoint for %s", url)
}

func describeEndpoint(endpoint billing.Webhook) (string, error) {
	if endpoint.Status != "enabled" {
		return "", fmt.Errorf("the endpoint %s is %s", endpoint.ID, endpoint.Status)
	}
	var missing []string
	for _, event := range billing.EventTypes() {
		if !slices.Contains(endpoint.Events, event) && !slices.Contains(endpoint.Events, "*") {
			missing = append(missing, event)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("the endpoint %s does not send %s", endpoint.ID, strings.Join(missing, ", "))
	}
	return fmt.Sprintf("%s sends %d events", endpoint.ID, len(endpoint.Events)), nil
}

func mailServer(_ context.Context, p Patient) (string, error) {
	if p.Config.SMTPURL != "" {
		return "by SMTP", nil
	}
	if p.Config.Env == config.Production {
		return "", errors.New("no mail can be sent")
	}
	return "kept in the mailbox at " + p.Config.AppURL + "/mailbox", nil
}
