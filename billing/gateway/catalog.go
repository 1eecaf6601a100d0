package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
)

// SyncCatalog implements billing.Gateway. Run twice it changes nothing the second time. It refuses a
// price whose amount, currency or interval differs from the one already sold under its lookup key.
func (g *Gateway) SyncCatalog(
	ctx context.Context, c *plan.Catalog, site billing.Site,
) ([]billing.CatalogChange, error) {
	s := &catalogSync{Gateway: g, ctx: ctx, catalog: c, site: site}
	for _, p := range c.Plans {
		if p.Free() {
			continue
		}
		if err := s.product(p); err != nil {
			return s.changes, err
		}
		for _, price := range p.Prices {
			if err := s.price(p, price); err != nil {
				return s.changes, err
			}
		}
	}
	return s.changes, s.portal()
}

type catalogSync struct {
	*Gateway
	ctx     context.Context
	catalog *plan.Catalog
	site    billing.Site
	changes []billing.CatalogChange
	offers  []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams
}

func (s *catalogSync) did(action, kind, name string) {
	s.changes = append(s.changes, billing.CatalogChange{Action: action, Kind: kind, Name: name})
}

// productID is chosen by us, so that a product is found without a search.
func productID(p plan.Plan) string { return "tollgate_" + p.Key }

func (s *catalogSync) product(p plan.Plan) error {
	id := productID(p)
	have, err := s.api.Products.Get(id, &stripe.ProductParams{Params: stripe.Params{Context: s.ctx}})
	if err = wrap("read product "+id, err); err != nil && !errors.Is(err, billing.ErrNotFound) {
		return err
	}
	if err == nil && have.Name == p.Name && have.Description == p.Tagline && have.Active {
		return nil
	}
	params := &stripe.ProductParams{Name: stripe.String(p.Name), Description: stripe.String(p.Tagline)}
	params.AddMetadata("plan", p.Key)
	if err == nil {
		params.Active = stripe.Bool(true)
		params.Params.IdempotencyKey, params.Context = settingKey(), s.ctx
		if _, err := s.api.Products.Update(id, params); err != nil {
			return wrap("update product "+id, err)
		}
		s.did("updated", "product", id)
		return nil
	}
	params.ID = stripe.String(id)
	params.Context = s.ctx
	params.IdempotencyKey = stripe.String("product_" + digest(id, p.Name, p.Tagline))
	if _, err := s.api.Products.New(params); err != nil {
		return wrap("create product "+id, err)
	}
	s.did("created", "product", id)
	return nil
}

func (s *catalogSync) price(p plan.Plan, want plan.Price) error {
	list := s.api.Prices.List(&stripe.PriceListParams{
		ListParams: listing(s.ctx), LookupKeys: stripe.StringSlice([]string{want.LookupKey}),
	})
	if list.Next() {
		return s.reconcilePrice(list.Price(), want)
	}
	if err := list.Err(); err != nil {
		return wrap("find price "+want.LookupKey, err)
	}
	if want.Retired {
		return nil
	}
	key := "price_" + digest(want.LookupKey, fmt.Sprint(want.Money.Amount), want.Money.Currency, string(want.Interval))
	params := &stripe.PriceParams{
		Params: with(s.ctx, key), Product: stripe.String(productID(p)), LookupKey: stripe.String(want.LookupKey),
		Currency: stripe.String(want.Money.Currency), UnitAmount: stripe.Int64(want.Money.Amount),
		Recurring: &stripe.PriceRecurringParams{Interval: stripe.String(string(want.Interval))},
	}
	params.AddMetadata("lookup_key", want.LookupKey)
	params.AddMetadata("plan", p.Key)
	made, err := s.api.Prices.New(params)
	if err != nil {
		return wrap("create price "+want.LookupKey, err)
	}
	s.did("created", "price", want.LookupKey)
	s.offer(made)
	return nil
}

// CheckPrice implements billing.Gateway.
func (g *Gateway) CheckPrice(ctx context.Context, want plan.Price) error {
	have, err := g.price(ctx, want.LookupKey)
	if err == nil && !samePrice(have, want) {
		err = fmt.Errorf("price %s differs at Stripe: %w", want.LookupKey, billing.ErrRefused)
	}
	return err
}

func samePrice(have *stripe.Price, want plan.Price) bool {
	return have.UnitAmount == want.Money.Amount && string(have.Currency) == want.Money.Currency &&
		have.Recurring != nil && string(have.Recurring.Interval) == string(want.Interval)
}

// reconcilePrice compares a price at Stripe with the catalog. Only whether it is sold may differ.
func (s *catalogSync) reconcilePrice(have *stripe.Price, want plan.Price) error {
	if !samePrice(have, want) {
		return fmt.Errorf("price %s at Stripe is %d %s, and in the catalog %d %s a %s: a price that was sold is never "+
			"edited; add its next version and mark this one Retired", want.LookupKey, have.UnitAmount, have.Currency,
			want.Money.Amount, want.Money.Currency, want.Interval)
	}
	if have.Active == want.Retired {
		params := &stripe.PriceParams{Params: with(s.ctx, *settingKey()), Active: stripe.Bool(!want.Retired)}
		if _, err := s.api.Prices.Update(have.ID, params); err != nil {
			return wrap("update price "+want.LookupKey, err)
		}
		s.did("updated", "price", want.LookupKey)
	}
	if !want.Retired {
		s.offer(have)
	}
	return nil
}

// offer lists a price among those that the portal lets a subscriber switch to.
func (s *catalogSync) offer(price *stripe.Price) {
	for _, product := range s.offers {
		if *product.Product == price.Product.ID {
			product.Prices = append(product.Prices, stripe.String(price.ID))
			return
		}
	}
	s.offers = append(s.offers, &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
		Product: stripe.String(price.Product.ID), Prices: []*string{stripe.String(price.ID)},
	})
}

// portal makes or updates our configuration of the customer portal: the methodology's checklist.
func (s *catalogSync) portal() error {
	params := s.portalParams()
	stamp := digest(fmt.Sprint(describe(s.offers)), s.site.URL, s.site.Name)
	have, err := s.portalConfiguration(s.ctx)
	if err != nil {
		return err
	}
	if have != nil && have.Metadata["version"] == stamp {
		return nil
	}
	params.AddMetadata("managed_by", configName)
	params.AddMetadata("version", stamp)
	params.Context = s.ctx
	if have == nil {
		params.IdempotencyKey = stripe.String("portal_new_" + stamp)
		made, err := s.api.BillingPortalConfigurations.New(params)
		if err != nil {
			return wrap("create the portal configuration", err)
		}
		s.did("created", "portal configuration", made.ID)
		return nil
	}
	params.IdempotencyKey = settingKey()
	if _, err := s.api.BillingPortalConfigurations.Update(have.ID, params); err != nil {
		return wrap("update the portal configuration", err)
	}
	s.did("updated", "portal configuration", have.ID)
	return nil
}

func (s *catalogSync) portalParams() *stripe.BillingPortalConfigurationParams {
	on := stripe.Bool(true)
	return &stripe.BillingPortalConfigurationParams{
		DefaultReturnURL: stripe.String(s.site.URL + "/app/billing"),
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{
			Headline:          stripe.String(s.site.Name),
			PrivacyPolicyURL:  stripe.String(s.site.URL + "/privacy"),
			TermsOfServiceURL: stripe.String(s.site.URL + "/terms"),
		},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			CustomerUpdate: &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{
				Enabled: on, AllowedUpdates: stripe.StringSlice([]string{"name", "email", "address", "tax_id"}),
			},
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: on},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: on},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: on, Mode: stripe.String("at_period_end"),
				CancellationReason: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelCancellationReasonParams{
					Enabled: on,
					Options: stripe.StringSlice([]string{
						"too_expensive", "missing_features", "switched_service", "unused", "customer_service",
						"too_complex", "low_quality", "other",
					}),
				},
			},
			SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
				Enabled: on, DefaultAllowedUpdates: stripe.StringSlice([]string{"price"}),
				ProrationBehavior: stripe.String("always_invoice"), Products: s.offers,
			},
		},
	}
}

func describe(offers []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams) []string {
	var lines []string
	for _, product := range offers {
		for _, price := range product.Prices {
			lines = append(lines, *product.Product+" "+*price)
		}
	}
	return lines
}

// settingKey is the idempotency key of a call that sets something to a value. Doing that twice is
// harmless, but a key made from the value would let Stripe answer from memory after the value had
// been changed back and forth.
func settingKey() *string { return stripe.String("set_" + rand.Text()) }

// digest makes an idempotency key from what a call would do.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
