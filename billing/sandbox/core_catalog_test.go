package sandbox_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func TestPricesAndLookupKeys(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	product, err := s.Client.Products.New(&stripe.ProductParams{Name: stripe.String("Pro")})
	if err != nil {
		t.Fatal(err)
	}
	price := func(amount int64, transfer bool) (*stripe.Price, error) {
		return s.Client.Prices.New(&stripe.PriceParams{
			Product: &product.ID, Currency: stripe.String("USD"), UnitAmount: &amount,
			LookupKey: stripe.String("pro_v1_month"), TransferLookupKey: &transfer,
			Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
	}
	first, err := price(1900, false)
	if err != nil {
		t.Fatal(err)
	}
	if first.UnitAmountDecimal != 1900 || first.Recurring.IntervalCount != 1 || first.Currency != "usd" ||
		first.Type != "recurring" || first.BillingScheme != "per_unit" {
		t.Errorf("price %+v", first)
	}
	_, err = price(2900, false)
	var refused *stripe.Error
	if !errors.As(err, &refused) || !strings.Contains(refused.Msg, first.ID) || refused.HTTPStatusCode != 400 {
		t.Errorf("a used lookup key: %v", err)
	}
	second, err := price(2900, true)
	if err != nil {
		t.Fatal(err)
	}
	params := &stripe.PriceListParams{LookupKeys: []*string{stripe.String("pro_v1_month")}}
	params.AddExpand("data.product")
	list := s.Client.Prices.List(params)
	var found []string
	for list.Next() {
		found = append(found, list.Price().ID+" "+list.Price().Product.Name)
	}
	if diff := cmp.Diff([]string{second.ID + " Pro"}, found); diff != "" || list.Err() != nil {
		t.Errorf("by lookup key: %s %v", diff, list.Err())
	}
	if _, err := s.Client.Products.Del(product.ID, nil); err == nil {
		t.Error("a product with prices was deleted")
	}
	want := []string{"product.created", "plan.created", "price.created", "price.updated", "plan.created", "price.created"}
	if diff := cmp.Diff(want, eventTypes(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestTaxIDs(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made, err := s.Client.Customers.New(&stripe.CustomerParams{TaxIDData: []*stripe.CustomerTaxIDDataParams{
		{Type: stripe.String("eu_vat"), Value: stripe.String("DE123456789")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	list := s.Client.TaxIDs.List(&stripe.TaxIDListParams{Customer: &made.ID})
	if !list.Next() || list.TaxID().Country != "DE" {
		t.Fatalf("%+v, %v", list.TaxID(), list.Err())
	}
	if _, err := s.Client.TaxIDs.Del(list.TaxID().ID, &stripe.TaxIDParams{Customer: &made.ID}); err != nil {
		t.Fatal(err)
	}
	params := &stripe.CustomerParams{}
	params.AddExpand("tax_ids")
	got, err := s.Client.Customers.Get(made.ID, params)
	if err != nil || len(got.TaxIDs.Data) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTieredPriceShowsTiersOnlyWhenExpanded(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	form := url.Values{
		"currency": {"usd"}, "product_data[name]": {"Calls"}, "billing_scheme": {"tiered"}, "tiers_mode": {"graduated"},
		"tiers[0][up_to]": {"5"}, "tiers[0][unit_amount]": {"700"},
		"tiers[1][up_to]": {"inf"}, "tiers[1][unit_amount_decimal]": {"650.5"},
		"recurring[interval]": {"month"},
	}
	made := send(t, s, "POST", "/v1/prices", form.Encode())
	if made.status != 200 || made.body["unit_amount"] != nil {
		t.Fatalf("tiered price: %v", made.body)
	}
	if _, shown := made.body["tiers"]; shown {
		t.Error("tiers are shown without being asked for")
	}
	got := send(t, s, "GET", "/v1/prices/"+made.body["id"].(string)+"?expand[]=tiers&expand[]=product", "")
	tiers, _ := got.body["tiers"].([]any)
	if len(tiers) != 2 || tiers[1].(map[string]any)["unit_amount_decimal"] != "650.5" {
		t.Errorf("tiers %v", got.body["tiers"])
	}
	if got.body["product"].(map[string]any)["name"] != "Calls" {
		t.Errorf("product %v", got.body["product"])
	}
}
