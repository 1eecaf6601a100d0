package sandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// Requests that follow each other within a millisecond are told of in their order.
func TestCausalOrderWithinAMillisecond(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	stopped := time.Now()
	s := sandboxtest.New(t, sandboxtest.Forward(r), func(o *sandbox.Options) {
		o.RelaxedDelivery, o.Now = true, func() time.Time { return stopped }
	})
	price, err := s.Client.Prices.New(&stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(100), Recurring: &stripe.PriceRecurringParams{
			Interval: stripe.String("month"),
		}, ProductData: &stripe.PriceProductDataParams{Name: stripe.String("A")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Client.Customers.New(&stripe.CustomerParams{PaymentMethod: stripe.String("pm_card_visa")}); err != nil {
			t.Fatal(err)
		}
	}
	s.MustIdle()
	want := []string{
		"product.created", "plan.created", "price.created", "payment_method.attached", "customer.created",
		"payment_method.attached", "customer.created",
	}
	if got := r.Types(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v (%s)", got, want, price.ID)
	}
}
