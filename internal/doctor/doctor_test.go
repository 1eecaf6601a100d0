package doctor_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/doctor"
	"example.com/tollgate/models/modelstest"
)

func patient(t *testing.T) doctor.Patient {
	t.Helper()
	stripe := sandboxtest.New(t)
	cfg, err := config.Parse([]string{
		"STRIPE_SECRET_KEY=" + stripe.SecretKey(), "STRIPE_API_BASE=" + stripe.URL(),
		"STRIPE_WEBHOOK_SECRETS=" + sandboxtest.Secret,
	})
	require.NoError(t, err)
	return doctor.Patient{
		Config: cfg, DB: modelstest.SQLite(t), Catalog: plan.Default(),
		Stripe: gateway.New(gateway.Options{SecretKey: stripe.SecretKey(), APIBase: stripe.URL(), MaxRPS: 100}),
	}
}

// examine returns what is wrong, by the name of the check.
func examine(t *testing.T, p doctor.Patient) map[string]doctor.Finding {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	wrong := map[string]doctor.Finding{}
	for _, finding := range doctor.Examine(ctx, p) {
		if finding.Err != nil {
			require.NotEmpty(t, finding.Remedy, "%s says what is wrong and not what to do", finding.Name)
			wrong[finding.Name] = finding
		}
	}
	return wrong
}

func TestHealthyInstallation(t *testing.T) {
	t.Parallel()
	p := patient(t)
	require.Contains(t, examine(t, p), "plans at Stripe", "nothing has been told to Stripe yet")
	_, err := p.Stripe.SyncCatalog(t.Context(), p.Catalog, billing.Site{Name: "Tollgate", URL: p.Config.AppURL})
	require.NoError(t, err)
	require.Empty(t, examine(t, p))
}

func TestEditedPriceIsFound(t *testing.T) {
	t.Parallel()
	p := patient(t)
	site := billing.Site{Name: "Tollgate", URL: p.Config.AppURL}
	_, err := p.Stripe.SyncCatalog(t.Context(), p.Catalog, site)
	require.NoError(t, err)
	again, err := p.Stripe.SyncCatalog(t.Context(), p.Catalog, site)
	require.NoError(t, err)
	require.Empty(t, again, "a second sync changes nothing")

	p.Catalog.Plans[2].Prices[0].Money.Amount++
	require.Contains(t, examine(t, p)["plans at Stripe"].Err.Error(), "pro_v1_month")
	_, err = p.Stripe.SyncCatalog(t.Context(), p.Catalog, site)
	require.ErrorContains(t, err, "never edited")
}

func TestRevokedKeyIsFound(t *testing.T) {
	t.Parallel()
	p := patient(t)
	p.Stripe = gateway.New(gateway.Options{SecretKey: "sk_test_revoked", APIBase: p.Config.StripeAPIBase, MaxRPS: 100})
	require.Contains(t, examine(t, p), "Stripe key")
}

func TestWebhookEndpointMustSendEveryEvent(t *testing.T) {
	t.Parallel()
	p := patient(t)
	_, err := p.Stripe.SyncCatalog(t.Context(), p.Catalog, billing.Site{Name: "Tollgate", URL: p.Config.AppURL})
	require.NoError(t, err)
	_, err = p.Stripe.CreateWebhook(t.Context(), p.Config.AppURL+"/webhooks/stripe", billing.EventTypes()[:5])
	require.NoError(t, err)
	require.Contains(t, examine(t, p)["webhook endpoint"].Err.Error(), "invoice.paid")
}

func TestWebhookEndpointIsMadeWithTheTableOfEvents(t *testing.T) {
	t.Parallel()
	p := patient(t)
	_, err := p.Stripe.SyncCatalog(t.Context(), p.Catalog, billing.Site{Name: "Tollgate", URL: p.Config.AppURL})
	require.NoError(t, err)
	secret, err := p.Stripe.CreateWebhook(t.Context(), p.Config.AppURL+"/webhooks/stripe", billing.EventTypes())
	require.NoError(t, err)
	require.NotEmpty(t, secret)
	endpoints, err := p.Stripe.FetchWebhooks(t.Context())
	require.NoError(t, err)
	require.Len(t, endpoints, 1)
	require.ElementsMatch(t, billing.EventTypes(), endpoints[0].Events)
	require.Equal(t, "2025-02-24.acacia", endpoints[0].APIVersion)
	require.Empty(t, examine(t, p))
}
