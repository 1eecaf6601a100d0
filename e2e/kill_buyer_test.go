package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"
)

// buyer is somebody who tries again whenever the other end goes away.
type buyer struct {
	t      *testing.T
	c      *client
	api    stripeAPI
	email  string
	price  string            // what they buy first
	card   string            // of their own, because a card has one trial
	prices map[string]string // ids by lookup key
	random *rand.Rand
	made   int
}

// cards are test cards that every payment succeeds with, one for each buyer.
func cards() [buyers]string {
	return [buyers]string{
		"pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_bypassPending", "pm_card_pendingRefund",
		"pm_card_refundFail", "pm_card_createIssuerFraudRecord", "pm_card_createDisputeInquiry",
	}
}

// crowd makes the buyers. Each buys one of the four prices.
func crowd(t *testing.T, p *program, api stripeAPI) []*buyer {
	t.Helper()
	keys := []string{"starter_v1_month", "starter_v1_year", "pro_v1_month", "pro_v1_year"}
	prices := map[string]string{}
	for _, price := range api.list(t, "/v1/prices", url.Values{"limit": {"100"}}) {
		key, _ := price["lookup_key"].(string)
		prices[key], _ = price["id"].(string)
	}
	var all []*buyer
	for i := range buyers {
		all = append(all, &buyer{
			t: t, c: newClient(p), api: api, email: fmt.Sprintf("buyer%d@example.com", i), price: keys[i%len(keys)], card: cards()[i],
			prices: prices, random: rand.New(rand.NewPCG(stormSeed, uint64(i)+1)),
		})
	}
	return all
}

func changes(all []*buyer) int {
	n := 0
	for _, b := range all {
		n += b.made
	}
	return n
}

// live signs up, pays, and changes their mind until it is calm.
func (b *buyer) live(ctx context.Context, calm <-chan struct{}) {
	b.insist(ctx, "sign up", b.signUp)
	b.insist(ctx, "pay", b.pay)
	b.insist(ctx, "come back", b.comeBack)
	for {
		select {
		case <-calm:
			return
		case <-ctx.Done():
			return
		default:
		}
		b.insist(ctx, "change", b.change)
		pause(ctx, time.Duration(20+b.random.IntN(120))*time.Millisecond)
	}
}

// insist tries until it works. A person presses the button again; so does a program.
func (b *buyer) insist(ctx context.Context, what string, try func(context.Context) error) {
	tick := time.NewTicker(60 * time.Millisecond)
	defer tick.Stop()
	began, tries := time.Now(), 0
	var last error
	for {
		err := try(ctx)
		if err == nil {
			if took := time.Since(began); took > patience/3 {
				b.t.Logf("%s needed %d tries and %s to %s: %v", b.email, tries, took.Round(time.Millisecond), what, last)
			}
			b.made++
			return
		}
		tries, last = tries+1, err
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Errorf("%s could not %s: %v", b.email, what, err)
			return
		}
	}
}

func (b *buyer) signUp(ctx context.Context) error {
	form := url.Values{"name": {"Buyer"}, "email": {b.email}, "password": {password}}
	a, err := b.c.submit(ctx, "/signup", "/signup", form)
	if err == nil && a.status == http.StatusSeeOther {
		return nil
	}
	// The last try may have worked although its answer was lost.
	home, homeErr := b.c.get(ctx, "/app")
	if homeErr == nil && home.status == http.StatusOK {
		return nil
	}
	return errors.Join(err, homeErr, fmt.Errorf("sign-up: status %d, %s", a.status, firstWords(a.body)))
}

// pay opens Checkout and confirms it as the hosted page does.
func (b *buyer) pay(ctx context.Context) error {
	a, err := b.c.submit(ctx, "/pricing", "/app/billing/checkout", url.Values{"price": {b.price}})
	if err != nil {
		return err
	}
	if a.status != http.StatusSeeOther {
		return fmt.Errorf("checkout: status %d, %s", a.status, firstWords(a.body))
	}
	if !strings.Contains(a.location, "/_stripe/c/") {
		return nil // paid already: the way leads to the billing page or the portal
	}
	session := path.Base(a.location)
	_, err = b.api.call(ctx, http.MethodPost, "/v1/payment_pages/"+session+"/confirm",
		url.Values{"payment_method": {b.card}})
	return err
}

func (b *buyer) comeBack(ctx context.Context) error {
	a, err := b.c.get(ctx, "/app/billing/return")
	if err == nil && a.location != "/app/billing" {
		return fmt.Errorf("return: status %d, to %q", a.status, a.location)
	}
	return err
}

// change does one of the things that make Stripe send events.
func (b *buyer) change(ctx context.Context) error {
	sub, err := b.subscription(ctx)
	if err != nil {
		return err
	}
	id, _ := sub["id"].(string)
	form := url.Values{}
	switch b.random.IntN(4) {
	case 0:
		form.Set("cancel_at_period_end", "true")
	case 1:
		form.Set("cancel_at_period_end", "false")
	case 2:
		return b.comeBack(ctx)
	default:
		item := firstItem(sub)
		keys := []string{"starter_v1_month", "starter_v1_year", "pro_v1_month", "pro_v1_year"}
		form.Set("items[0][id]", item)
		form.Set("items[0][price]", b.prices[keys[b.random.IntN(len(keys))]])
	}
	_, err = b.api.call(ctx, http.MethodPost, "/v1/subscriptions/"+id, form)
	return err
}

// subscription is the buyer's only one at Stripe.
func (b *buyer) subscription(ctx context.Context) (map[string]any, error) {
	customers, err := b.data(ctx, "/v1/customers", url.Values{"email": {b.email}})
	if err != nil {
		return nil, err
	}
	if len(customers) != 1 {
		return nil, fmt.Errorf("%s has %d customers at Stripe", b.email, len(customers))
	}
	id, _ := customers[0]["id"].(string)
	subs, err := b.data(ctx, "/v1/subscriptions", url.Values{"customer": {id}, "status": {"all"}})
	if err != nil {
		return nil, err
	}
	if len(subs) != 1 {
		return nil, fmt.Errorf("%s has %d subscriptions at Stripe", b.email, len(subs))
	}
	return subs[0], nil
}

func (b *buyer) data(ctx context.Context, path string, form url.Values) ([]map[string]any, error) {
	list, err := b.api.call(ctx, http.MethodGet, path, form)
	if err != nil {
		return nil, err
	}
	return objects(list["data"]), nil
}

func objects(list any) []map[string]any {
	var out []map[string]any
	each, _ := list.([]any)
	for _, o := range each {
		if object, ok := o.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

func firstItem(sub map[string]any) string {
	items, _ := sub["items"].(map[string]any)
	all := objects(items["data"])
	if len(all) == 0 {
		return ""
	}
	id, _ := all[0]["id"].(string)
	return id
}

func firstPrice(sub map[string]any) string {
	items, _ := sub["items"].(map[string]any)
	all := objects(items["data"])
	if len(all) == 0 {
		return ""
	}
	price, _ := all[0]["price"].(map[string]any)
	key, _ := price["lookup_key"].(string)
	return key
}

func firstWords(body string) string {
	text := plain(body)
	return text[:min(len(text), 200)]
}
