package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// listed is what a list answers to a query: the ids, newest first.
func (s *shop) listed(path, query string) []string {
	s.t.Helper()
	u, err := url.Parse(s.URL() + "/v1/" + path + "?" + query)
	require.NoError(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, u.String(), nil)
	require.NoError(s.t, err)
	req.SetBasicAuth(s.SecretKey(), "")
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(s.t, http.StatusOK, res.StatusCode, query)
	var list struct {
		Data []struct{ ID string }
	}
	require.NoError(s.t, json.NewDecoder(res.Body).Decode(&list))
	out := []string{}
	for _, o := range list.Data {
		out = append(out, o.ID)
	}
	return out
}

func TestListsFilterByWhatTheyDocument(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	meter := s.meter("api_calls", "sum")
	calls := s.meteredPrice(meter, "2")
	keyed := s.priced(func(p *stripe.PriceParams) {
		p.UnitAmount, p.LookupKey = stripe.Int64(100), stripe.String("pro_v1")
	})
	ana, bo := s.resident(at("DE", "", "")), s.buyer("pm_card_visa")
	first := s.subscribe(ana, s.pro, taxed, func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &calls})
	}).ID
	s.to("2026-06-10T00:00")
	second := s.subscribe(bo, s.starter).ID
	gone := s.subscribe(bo, calls).ID
	_, err := s.Client.Subscriptions.Cancel(gone, nil)
	require.NoError(t, err)
	due, err := s.Client.Invoices.New(&stripe.InvoiceParams{
		Customer: &bo, CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(10),
	})
	require.NoError(t, err)
	item, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &bo, Amount: stripe.Int64(100), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	billed, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &bo, Amount: stripe.Int64(100), Currency: stripe.String("usd"), Invoice: &due.ID,
	})
	require.NoError(t, err)
	open := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.CustomerEmail = stripe.String("kim@example.com") }).ID

	for _, c := range []struct {
		path, query string
		want        []string
	}{
		{"subscriptions", "price=" + calls, []string{first}}, // By an item that is not the first.
		{"subscriptions", "status=all&price=" + calls, []string{gone, first}},
		{"subscriptions", "plan=" + s.starter, []string{second}},
		{"subscriptions", "status=ended", []string{gone}},
		{"subscriptions", "automatic_tax[enabled]=true", []string{first}},
		{"subscriptions", "automatic_tax[enabled]=false", []string{second}},
		{"subscriptions", "current_period_end[lt]=1782864001", []string{first}}, // 1 July.
		{"subscriptions", "current_period_start[gt]=1780272000", []string{second}},
		{"prices", "lookup_keys[]=pro_v1&lookup_keys[]=none", []string{keyed}},
		{"prices", "product=" + s.starterProduct, []string{s.starter}},
		{"prices", "recurring[usage_type]=metered", []string{calls}},
		{"prices", "recurring[meter]=" + meter, []string{calls}},
		{"prices", "recurring[interval]=year&active=true", []string{s.proYear}},
		{"prices", "type=one_time", []string{}},
		{"products", "ids[]=" + s.proProduct, []string{s.proProduct}},
		{"invoices", "due_date[gte]=1", []string{due.ID}},
		{"invoices", "due_date[lt]=1", []string{}},
		{"invoices", "collection_method=send_invoice&customer=" + ana, []string{}},
		{"invoiceitems", "pending=true", []string{item.ID}},
		{"invoiceitems", "pending=false", []string{billed.ID}},
		{"checkout/sessions", "status=open&customer_details[email]=kim@example.com", []string{open}},
		{"checkout/sessions", "status=complete&customer_details[email]=kim@example.com", []string{}},
		{"tax_rates", "active=true", []string{}},
		{"billing/meters", "status=inactive", []string{}},
	} {
		require.Equal(t, c.want, s.listed(c.path, c.query), "%s?%s", c.path, c.query)
	}
	require.Len(t, s.listed("tax_rates", "active=false"), 1, "what taxed the first subscription")
}
