package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// BenchmarkRead is one GET of one object, without the network.
func BenchmarkRead(b *testing.B) {
	s := sandboxtest.New(b)
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
