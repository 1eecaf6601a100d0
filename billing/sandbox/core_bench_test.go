package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// BenchmarkRead is one GET of one object, without the network.
func BenchmarkRead(b *testing.B) {
	s := sandboxtest.New(b, func(o *sandbox.Options) { o.Judge = nil })
	made, err := s.Client.Customers.New(&stripe.CustomerParams{Name: stripe.String("A")})
	if err != nil {
		b.Fatal(err)
	}
	handler := s.Handler()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodGet, s.URL()+"/v1/customers/"+made.ID, nil)
		req.Header.Set("Authorization", "Bearer "+s.SecretKey())
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

// BenchmarkPay is a new customer who opens a checkout page and pays on it for a subscription, without the network.
func BenchmarkPay(b *testing.B) {
	s := sandboxtest.New(b, func(o *sandbox.Options) { o.Judge = nil })
	handler := s.Handler()
	post := func(path, form string) string {
		req := httptest.NewRequest(http.MethodPost, s.URL()+path, strings.NewReader(form))
		req.Header.Set("Authorization", "Bearer "+s.SecretKey())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		var made struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &made); err != nil || rec.Code != http.StatusOK {
			b.Fatal(rec.Code, err)
		}
		return made.ID
	}
	price := post("/v1/prices", "currency=usd&unit_amount=2900&recurring[interval]=month&product_data[name]=Pro")
	for b.Loop() {
		session := post("/v1/checkout/sessions", "mode=subscription&customer_email=ada@example.com&line_items[0][price]="+
			price+"&line_items[0][quantity]=1&success_url="+s.URL())
		post("/v1/payment_pages/"+session+"/confirm", "payment_method=pm_card_visa")
	}
}

// BenchmarkYear is twelve months for a hundred monthly subscribers, with every event signed, delivered and answered.
func BenchmarkYear(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
		s := sandboxtest.New(b, func(o *sandbox.Options) { o.WebhookURL, o.Judge = receiver.URL, nil })
		price, err := s.Client.Prices.New(&stripe.PriceParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(2900),
			ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro")},
			Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
		if err != nil {
			b.Fatal(err)
		}
		for range 100 {
			subscribe(b, s, price.ID)
		}
		s.MustIdle()
		b.StartTimer()
		if err := s.Advance(context.Background(), 365*24*time.Hour); err != nil {
			b.Fatal(err)
		}
		if err := s.Idle(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		receiver.Close()
		b.StartTimer()
	}
}

func subscribe(b *testing.B, s *sandboxtest.Sandbox, price string) {
	b.Helper()
	c, err := s.Client.Customers.New(&stripe.CustomerParams{
		PaymentMethod:   stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")},
	})
	if err != nil {
		b.Fatal(err)
	}
	_, err = s.Client.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price}},
	})
	if err != nil {
		b.Fatal(err)
	}
}
