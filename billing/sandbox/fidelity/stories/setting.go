package stories

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/form"
)

// Times of the stories that need a test clock. Its first month has 31 days.
const (
	newYear    = 1736899200 // 2025-01-15 00:00:00 UTC.
	hour       = 3600
	day        = 24 * hour
	month      = 31 * day
	afterDraft = 2 * hour // An invoice is finalised and paid about an hour after its creation.
)

const donePage = "https://example.com/done"

// unique marks what a story makes, so that it finds it again among the leavings of other stories.
func unique() string { return "story-" + strings.ToLower(rand.Text()) }

// price makes a product and its recurring price, in cents.
func (p *Player) price(cents int64, interval string) *stripe.Price {
	return ok(p.Prices.New(&stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(cents),
		Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String(interval)},
		ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro")},
	}))
}

func (p *Player) monthly(cents int64) *stripe.Price { return p.price(cents, "month") }

// buyer makes a customer whose default is one of Stripe's test cards, or who has none; clock may be nil.
func (p *Player) buyer(card string, clock *stripe.TestHelpersTestClock) *stripe.Customer {
	params := &stripe.CustomerParams{Email: stripe.String("jenny@example.com"), Name: stripe.String("Jenny Rosen")}
	if card != "" {
		params.PaymentMethod = stripe.String(card)
		params.InvoiceSettings = &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String(card)}
	}
	if clock != nil {
		params.TestClock = stripe.String(clock.ID)
	}
	return ok(p.Customers.New(params))
}

// subscribe starts a subscription to one price. A change may add to its parameters.
func (p *Player) subscribe(c *stripe.Customer, price *stripe.Price, changes ...func(*stripe.SubscriptionParams),
) *stripe.Subscription {
	params := &stripe.SubscriptionParams{
		Customer: stripe.String(c.ID),
		Items:    []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}},
	}
	for _, change := range changes {
		change(params)
	}
	return ok(p.Subscriptions.New(params))
}

// sub reads a subscription anew.
func (p *Player) sub(id string) *stripe.Subscription { return ok(p.Subscriptions.Get(id, nil)) }

// latest reads the last invoice of a subscription.
func (p *Player) latest(sub *stripe.Subscription) *stripe.Invoice {
	return ok(p.Invoices.Get(p.sub(sub.ID).LatestInvoice.ID, nil))
}

// swapCard makes another test card the customer's default.
func (p *Player) swapCard(c *stripe.Customer, card string) *stripe.PaymentMethod {
	pm := ok(p.PaymentMethods.Attach(card, &stripe.PaymentMethodAttachParams{Customer: stripe.String(c.ID)}))
	ok(p.Customers.Update(c.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String(pm.ID)},
	}))
	return pm
}

// pay takes an amount from a test card at once.
func (p *Player) pay(cents int64, card string) (*stripe.PaymentIntent, error) {
	return p.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(cents), Currency: stripe.String("usd"), PaymentMethod: stripe.String(card),
		Confirm: stripe.Bool(true), PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
	})
}

// halfway is the middle of a subscription's period, where prorations are halves.
func halfway(sub *stripe.Subscription) int64 {
	return (sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2
}

// clock makes a test clock that stands at newYear.
func (p *Player) clock() *stripe.TestHelpersTestClock {
	clock := ok(p.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{FrozenTime: stripe.Int64(newYear)}))
	p.clocks = append(p.clocks, clock)
	return clock
}

// advance moves a clock, and waits until Stripe has done all that fell due.
func (p *Player) advance(clock *stripe.TestHelpersTestClock, to int64) {
	ok(p.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to)}))
	p.until("the clock is ready", func() bool {
		return ok(p.TestHelpersTestClocks.Get(clock.ID, nil)).Status == stripe.TestHelpersTestClockStatusReady
	})
}

// until asks again and again for what Stripe does in the background.
func (p *Player) until(what string, done func() bool) {
	for wait := pollFirst; !done(); wait = min(2*wait, pollMost) {
		select {
		case <-p.ctx.Done():
			panic(storyFailed{errors.New("waited in vain until " + what)})
		case <-time.After(wait):
		}
	}
}

// confirmPage does what the button of Checkout's page does, in the way of Stripe's own command line.
func (p *Player) confirmPage(session *stripe.CheckoutSession, card *stripe.PaymentMethod) {
	body := &form.Values{}
	body.Add("payment_method", card.ID)
	body.Add("expected_amount", strconv.FormatInt(session.AmountTotal, 10))
	if err := p.backend.CallRaw(http.MethodPost, "/v1/payment_pages/"+session.ID+"/confirm", p.target.Key, body,
		&stripe.Params{}, &stripe.APIResource{}); err != nil {
		panic(storyFailed{err})
	}
}
