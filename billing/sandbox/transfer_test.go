package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func exported(t *testing.T, s *sandboxtest.Sandbox) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func subscribed(t *testing.T, s *sandboxtest.Sandbox) *stripe.Subscription {
	t.Helper()
	c, err := s.Client.Customers.New(&stripe.CustomerParams{
		PaymentMethod:   stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")},
	})
	if err != nil {
		t.Fatal(err)
	}
	price, err := s.Client.Prices.New(&stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(1900), LookupKey: stripe.String("pro_v1_month"),
		Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro <\"&\"> ü")},
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := s.Client.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// An export is a fixture: another sandbox that imports it goes on as the first would have, in its own name.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	first := sandboxtest.New(t)
	sub := subscribed(t, first)
	first.MustAdvance(10 * 24 * time.Hour)
	if err := first.SetMode(t.Context(), sandbox.Field); err != nil {
		t.Fatal(err)
	}
	file := exported(t, first)
	for _, secret := range []string{first.SecretKey(), first.WebhookSecret()} {
		if strings.Contains(file, secret) {
			t.Errorf("the export holds the key %s", secret)
		}
	}

	r := sandboxtest.NewReceiver(t)
	second := sandboxtest.New(t, sandboxtest.Forward(r))
	customer(t, second, "replaced")
	key, account := second.SecretKey(), second.AccountID()
	if err := second.Import(t.Context(), strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if second.SecretKey() != key || second.AccountID() != account || second.Mode() != sandbox.Field {
		t.Errorf("key %s, account %s, mode %s", second.SecretKey(), second.AccountID(), second.Mode())
	}
	if off := second.Now().Sub(first.Now()).Abs(); off > time.Minute {
		t.Errorf("the clocks are %s apart", off)
	}
	for _, path := range []string{"customers", "events", "invoices", "subscriptions"} {
		if want, got := count(t, first, "/v1/"+path+"?limit=100"), count(t, second, "/v1/"+path+"?limit=100"); got != want || got == 0 {
			t.Errorf("%d %s of %d", got, path, want)
		}
	}
	// What was due is due there too, and its webhooks go to the new owner under its own secret.
	second.MustAdvance(31 * 24 * time.Hour)
	renewed, err := second.Client.Subscriptions.Get(sub.ID, nil)
	if err != nil || renewed.CurrentPeriodStart <= sub.CurrentPeriodStart {
		t.Errorf("the subscription was not renewed: %+v, %v", renewed, err)
	}
	if !strings.Contains(strings.Join(r.Types(), " "), "invoice.paid") {
		t.Errorf("webhooks %v", r.Types())
	}
}

// An export of an import is the same file: nothing is lost or changed on the way.
func TestExportIsStable(t *testing.T) {
	t.Parallel()
	first, second := sandboxtest.New(t), sandboxtest.New(t)
	subscribed(t, first)
	if err := second.Import(t.Context(), strings.NewReader(exported(t, first))); err != nil {
		t.Fatal(err)
	}
	rows := func(file string) string {
		_, rest, _ := strings.Cut(file, "\n")
		var kept []string
		for line := range strings.Lines(rest) {
			if !strings.Contains(line, `"table":"requests"`) { // The log is written with the next transaction.
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	if one, two := rows(exported(t, first)), rows(exported(t, second)); one != two {
		t.Errorf("the second export differs: %d and %d bytes", len(one), len(two))
	}
}

func TestImportRefusesWhatIsNoExport(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	customer(t, s, "A")
	header := strings.SplitAfter(exported(t, s), "\n")[0]
	for name, file := range map[string]string{
		"nothing":         "",
		"something else":  `{"hello": 1}`,
		"another version": strings.Replace(header, stripe.APIVersion, "2020-08-27", 1),
		"another table":   header + `{"table":"sqlite_master","row":{"name":"x"}}`,
		"another column":  header + `{"table":"objects","row":{"id":"cus_1","1) --":"x"}}`,
		"no columns":      header + `{"table":"objects","row":{}}`,
		"no key":          header + `{"table":"meta","row":{"value":"x"}}`,
		"half a line":     header + `{"table":"objects"`,
		"a fraction":      header + `{"table":"agenda","row":{"kind":"k","id":"i","at":1.5}}`,
	} {
		if err := s.Import(t.Context(), strings.NewReader(file)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if n := count(t, s, "/v1/customers"); n != 1 {
		t.Errorf("a refused import left %d customers", n)
	}
	// Keys in a file are not taken over.
	row, err := json.Marshal(map[string]any{"table": "meta", "row": map[string]any{"key": "secret_key", "value": "sk_live_1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Import(t.Context(), strings.NewReader(header+string(row))); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(exported(t, s), "sk_live_1") || count(t, s, "/v1/customers") != 0 {
		t.Error("the key was taken over")
	}
}

// The application that keeps its prices in the sandbox puts them there again.
func TestResetTellsTheApplication(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	s.OnReset(func(context.Context) error {
		_, err := s.Client.Products.New(&stripe.ProductParams{Name: stripe.String("Pro")})
		return err
	})
	customer(t, s, "A")
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if count(t, s, "/v1/products") != 1 || count(t, s, "/v1/customers") != 0 {
		t.Error("after the reset")
	}
	file := exported(t, s)
	if err := s.Import(t.Context(), strings.NewReader(file)); err != nil || count(t, s, "/v1/products") != 2 {
		t.Errorf("after the import: %v", err)
	}
	s.OnReset(func(context.Context) error { return errors.New("no plans today") })
	if err := s.Reset(t.Context()); err == nil || !strings.Contains(err.Error(), "no plans today") {
		t.Errorf("the application's failure: %v", err)
	}
}

func TestTransferOverTheControlInterface(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made := customer(t, s, "A")
	file := exported(t, s)
	if got := send(t, s, "POST", "/_sim/reset", ""); got.status != 200 {
		t.Fatal(got.body)
	}
	if got := send(t, s, "POST", "/_sim/import", file); got.status != 200 {
		t.Fatal(got.body)
	}
	if got := send(t, s, "GET", "/v1/customers/"+made.ID, ""); got.status != 200 {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := send(t, s, "POST", "/_sim/import", "{}"); got.status != 400 {
		t.Errorf("no export: %d", got.status)
	}
}
