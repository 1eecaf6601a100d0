package sandbox_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// shop is a sandbox with a small catalog, whose wall clock stands still so that every date is known.
type shop struct {
	*sandboxtest.Sandbox
	t                          *testing.T
	starter, pro, proYear      string
	starterProduct, proProduct string
	last                       string // The last event that events has returned.
}

func newShop(t *testing.T, start string) *shop {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", start)
	require.NoError(t, err)
	s := &shop{t: t, Sandbox: sandboxtest.New(t, func(o *sandbox.Options) { o.Now = func() time.Time { return at } })}
	// The notices of renewals have a test of their own, and would only clutter the others.
	require.NoError(t, s.SetUpcomingDays(context.Background(), 0))
	s.starterProduct, s.proProduct = s.product("Starter"), s.product("Pro")
	s.starter = s.price(s.starterProduct, 1000, "month")
	s.pro = s.price(s.proProduct, 2000, "month")
	s.proYear = s.price(s.proProduct, 20000, "year")
	s.events()
	return s
}

func (s *shop) product(name string) string {
	s.t.Helper()
	p, err := s.Client.Products.New(&stripe.ProductParams{Name: &name})
	require.NoError(s.t, err)
	return p.ID
}

func (s *shop) price(product string, amount int64, interval string) string {
	s.t.Helper()
	p, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &product, Currency: stripe.String("usd"), UnitAmount: &amount,
		Recurring: &stripe.PriceRecurringParams{Interval: &interval},
	})
	require.NoError(s.t, err)
	return p.ID
}

// buyer is a customer whose default card is the given magic one; "" leaves them without.
func (s *shop) buyer(card string) string {
	s.t.Helper()
	params := &stripe.CustomerParams{Email: stripe.String("jo@example.com"), Name: stripe.String("Jo")}
	if card != "" {
		params.PaymentMethod = &card
		params.InvoiceSettings = &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &card}
	}
	c, err := s.Client.Customers.New(params)
	require.NoError(s.t, err)
	return c.ID
}

// subscribe creates a subscription by the API.
func (s *shop) subscribe(customer, price string, changes ...func(*stripe.SubscriptionParams)) *stripe.Subscription {
	s.t.Helper()
	sub, err := s.trySubscribe(customer, price, changes...)
	require.NoError(s.t, err)
	return sub
}

func (s *shop) trySubscribe(customer, price string, changes ...func(*stripe.SubscriptionParams)) (
	*stripe.Subscription, error,
) {
	params := &stripe.SubscriptionParams{
		Customer: &customer, Items: []*stripe.SubscriptionItemsParams{{Price: &price}},
	}
	for _, change := range changes {
		change(params)
	}
	return s.Client.Subscriptions.New(params)
}

func (s *shop) sub(id string) *stripe.Subscription {
	s.t.Helper()
	params := &stripe.SubscriptionParams{}
	params.AddExpand("latest_invoice")
	params.AddExpand("discounts")
	sub, err := s.Client.Subscriptions.Get(id, params)
	require.NoError(s.t, err)
	return sub
}

func (s *shop) update(id string, params *stripe.SubscriptionParams) *stripe.Subscription {
	s.t.Helper()
	sub, err := s.Client.Subscriptions.Update(id, params)
	require.NoError(s.t, err)
	return sub
}

// swap is an update of the first item to another price.
func (s *shop) swap(sub *stripe.Subscription, price, behavior string) *stripe.Subscription {
	s.t.Helper()
	return s.update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &price}},
		ProrationBehavior: &behavior,
	})
}

func (s *shop) checkout(price string, changes ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	s.t.Helper()
	params := &stripe.CheckoutSessionParams{
		Mode:       stripe.String("subscription"),
		SuccessURL: stripe.String("http://localhost:8080/done?session={CHECKOUT_SESSION_ID}"),
		CancelURL:  stripe.String("http://localhost:8080/pricing"),
		LineItems:  []*stripe.CheckoutSessionLineItemParams{{Price: &price, Quantity: stripe.Int64(1)}},
	}
	for _, change := range changes {
		change(params)
	}
	cs, err := s.Client.CheckoutSessions.New(params)
	require.NoError(s.t, err)
	return cs
}

func trial(days int64) func(*stripe.CheckoutSessionParams) {
	return func(p *stripe.CheckoutSessionParams) {
		p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{
			TrialPeriodDays: &days, Metadata: map[string]string{"account": "7"},
		}
	}
}

func card(number string) sandbox.CheckoutConfirm {
	return sandbox.CheckoutConfirm{
		Email: "jo@example.com", Name: "Jo", Country: "US", PostalCode: "94107",
		Card: sandbox.CardInput{Number: number, Exp: "12/34", CVC: "123"},
	}
}

// pay presses the button of the checkout page.
func (s *shop) pay(cs *stripe.CheckoutSession, number string) sandbox.CheckoutResult {
	s.t.Helper()
	result, err := sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, card(number))
	require.NoError(s.t, err)
	return result
}

func (s *shop) session(id string) *stripe.CheckoutSession {
	s.t.Helper()
	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("subscription.latest_invoice")
	params.AddExpand("invoice")
	params.AddExpand("customer")
	cs, err := s.Client.CheckoutSessions.Get(id, params)
	require.NoError(s.t, err)
	return cs
}

func (s *shop) invoices(sub string) []*stripe.Invoice {
	s.t.Helper()
	var out []*stripe.Invoice
	it := s.Client.Invoices.List(&stripe.InvoiceListParams{Subscription: &sub})
	for it.Next() {
		out = append(out, it.Invoice())
	}
	require.NoError(s.t, it.Err())
	slices.Reverse(out)
	return out
}

// to moves the clock to a date.
func (s *shop) to(date string) {
	s.t.Helper()
	at, err := time.Parse("2006-01-02T15:04", date)
	require.NoError(s.t, err)
	require.NoError(s.t, s.AdvanceTo(context.Background(), at))
	s.MustIdle()
}

func (s *shop) at(date string) int64 {
	s.t.Helper()
	at, err := time.Parse("2006-01-02T15:04", date)
	require.NoError(s.t, err)
	return at.Unix()
}

// news returns the events since the last call, oldest first.
func (s *shop) news() []*stripe.Event {
	s.t.Helper()
	var out []*stripe.Event
	params := &stripe.EventListParams{}
	params.Limit = stripe.Int64(100)
	it := s.Client.Events.List(params)
	for it.Next() && it.Event().ID != s.last {
		out = append(out, it.Event())
	}
	require.NoError(s.t, it.Err())
	slices.Reverse(out)
	if len(out) > 0 {
		s.last = out[len(out)-1].ID
	}
	return out
}

// events returns the types of the events since the last call, oldest first.
func (s *shop) events() []string {
	s.t.Helper()
	out := []string{}
	for _, e := range s.news() {
		out = append(out, string(e.Type))
	}
	return out
}

// lines writes an invoice's lines in short.
func lines(inv *stripe.Invoice) map[string]int64 {
	out := map[string]int64{}
	for _, line := range inv.Lines.Data {
		out[line.Description] += line.Amount
	}
	return out
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	require.ErrorAs(t, err, &e)
	return e
}

func pretty(v any) string {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
