package gateway

import (
	"context"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

// CreatePortal implements billing.Gateway. It uses the portal configuration that SyncCatalog keeps.
func (g *Gateway) CreatePortal(ctx context.Context, p billing.PortalParams, key string) (string, error) {
	config, err := g.portalConfiguration(ctx)
	if err != nil {
		return "", err
	}
	params := &stripe.BillingPortalSessionParams{
		Params: with(ctx, key), Customer: stripe.String(p.Customer), ReturnURL: stripe.String(p.ReturnURL),
	}
	if config != nil {
		params.Configuration = stripe.String(config.ID)
	}
	if p.Flow != "" {
		params.FlowData = flow(p)
	}
	session, err := g.api.BillingPortalSessions.New(params)
	if err != nil {
		return "", wrap("open the customer portal", err)
	}
	return session.URL, nil
}

func flow(p billing.PortalParams) *stripe.BillingPortalSessionFlowDataParams {
	return &stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String(p.Flow),
		AfterCompletion: &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
			Type: stripe.String("redirect"),
			Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{
				ReturnURL: stripe.String(p.ReturnURL),
			},
		},
	}
}

// configName marks the one portal configuration that is ours, among any made in the dashboard.
const configName = "tollgate"

// portalConfiguration finds our configuration, or nil before the first `plans sync`.
func (g *Gateway) portalConfiguration(ctx context.Context) (*stripe.BillingPortalConfiguration, error) {
	params := &stripe.BillingPortalConfigurationListParams{ListParams: listing(ctx), Active: stripe.Bool(true)}
	list := g.api.BillingPortalConfigurations.List(params)
	for n := 0; n < maxObjects && list.Next(); n++ {
		if config := list.BillingPortalConfiguration(); config.Metadata["managed_by"] == configName {
			return config, nil
		}
	}
	return nil, wrap("find the portal configuration", list.Err())
}
