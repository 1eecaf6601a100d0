package stories

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/webhook"
)

func autoPaging(p *Player) {
	email := unique() + "@example.com"
	var newest string
	for range 7 {
		newest = ok(p.Customers.New(&stripe.CustomerParams{Email: stripe.String(email)})).ID
	}
	list := &stripe.CustomerListParams{Email: stripe.String(email)}
	list.Limit = stripe.Int64(3)
	iter := p.Customers.List(list)
	found := each[*stripe.Customer](iter)
	same("the customers", len(found), 7)
	same("the newest comes first", found[0].ID, newest)
	page := &stripe.CustomerListParams{Email: stripe.String(email)}
	page.Limit, page.StartingAfter, page.Single = stripe.Int64(3), stripe.String(found[2].ID), true
	iter = p.Customers.List(page)
	second := each[*stripe.Customer](iter)
	same("the second page", len(second), 3)
	same("its first", second[0].ID, found[3].ID)
	same("there is more", iter.Meta().HasMore, true)
	both := &stripe.CustomerListParams{}
	both.StartingAfter, both.EndingBefore = stripe.String(found[2].ID), stripe.String(found[1].ID)
	both.Single = true
	same("two cursors", refusedList(p.Customers.List(both)).HTTPStatusCode, 400)
}

// refusedList is refused for the first page of an iterator.
func refusedList(list interface{ Err() error }) *stripe.Error { return refused(list, list.Err()) }

func search(p *Player) {
	token := unique()
	made := ok(p.Products.New(&stripe.ProductParams{
		Name: stripe.String("Pro"), Metadata: map[string]string{"token": token},
	}))
	query := &stripe.ProductSearchParams{}
	query.Query = "metadata['token']:'" + token + "'"
	var found []*stripe.Product
	p.until("the product is found", func() bool {
		found = each[*stripe.Product](p.Products.Search(query))
		return len(found) > 0
	})
	same("the products", len(found), 1)
	same("the product", found[0].ID, made.ID)
	wrong := &stripe.ProductSearchParams{}
	wrong.Query = "colour:'red'"
	same("an unknown field", refusedList(p.Products.Search(wrong)).HTTPStatusCode, 400)
}

func expanding(p *Player) {
	buyer := p.buyer("pm_card_visa", nil)
	sub := p.subscribe(buyer, p.monthly(2000), func(s *stripe.SubscriptionParams) {
		s.AddExpand("latest_invoice.payment_intent.latest_charge")
	})
	charge := sub.LatestInvoice.PaymentIntent.LatestCharge
	same("the charge, three levels down", charge.Amount, 2000)
	same("what is not expanded", sub.Customer.Email, "")
	list := &stripe.SubscriptionListParams{Customer: stripe.String(buyer.ID)}
	list.AddExpand("data.customer")
	found := each[*stripe.Subscription](p.Subscriptions.List(list))
	same("expanded in a list", found[0].Customer.Email, "jenny@example.com")
	wrong := &stripe.CustomerParams{}
	wrong.AddExpand("colour")
	e := refused(p.Customers.Get(buyer.ID, wrong))
	same("the refusal", e.Msg, "This property cannot be expanded (colour).")
	deep := &stripe.SubscriptionParams{}
	deep.AddExpand("latest_invoice.payment_intent.latest_charge.balance_transaction.source")
	same("five levels", refused(p.Subscriptions.Get(sub.ID, deep)).HTTPStatusCode, 400)
}

func idempotency(p *Player) {
	key := unique()
	create := func(name string) (*stripe.Customer, error) {
		params := &stripe.CustomerParams{Name: stripe.String(name)}
		params.SetIdempotencyKey(key)
		return p.Customers.New(params)
	}
	first := ok(create("Jenny Rosen"))
	second := ok(create("Jenny Rosen"))
	same("the repeated customer", second.ID, first.ID)
	same("the header", second.LastResponse.Header.Get("Idempotent-Replayed"), "true")
	e := refused(create("Another"))
	same("the status of a misuse", e.HTTPStatusCode, 400)
	same("its type", e.Type, stripe.ErrorTypeIdempotency)
}

func apiErrors(p *Player) {
	e := refused(p.Customers.Get("cus_nobody", nil))
	same("an unknown id in the path", e.HTTPStatusCode, 404)
	same("its code", e.Code, stripe.ErrorCodeResourceMissing)
	same("its text", e.Msg, "No such customer: 'cus_nobody'")
	same("its parameter", e.Param, "id")
	e = refused(p.Invoices.New(&stripe.InvoiceParams{Customer: stripe.String("cus_nobody")}))
	same("an unknown id in a parameter", e.HTTPStatusCode, 400)
	same("its code", e.Code, stripe.ErrorCodeResourceMissing)
	same("its parameter", e.Param, "customer")
	extra := &stripe.CustomerParams{}
	extra.AddExtra("colour", "red")
	e = refused(p.Customers.New(extra))
	same("an unknown parameter", e.Msg, "Received unknown parameter: colour")
	same("its code", e.Code, stripe.ErrorCodeParameterUnknown)
	e = refused(p.Prices.New(&stripe.PriceParams{UnitAmount: stripe.Int64(100)}))
	same("a missing parameter", e.Code, stripe.ErrorCodeParameterMissing)
	same("its name", e.Param, "currency")
	e = refused(p.pay(2000, "pm_card_visa_chargeDeclined"))
	same("a declined card", e.HTTPStatusCode, 402)
	stranger := p.stranger()
	e = refused(stranger.Customers.Get("cus_nobody", nil))
	same("a wrong key", e.HTTPStatusCode, 401)
	same("its type", e.Type, stripe.ErrorTypeInvalidRequest)
	same("its request", e.RequestID != "", true)
}

func metadata(p *Player) {
	made := ok(p.Customers.New(&stripe.CustomerParams{Metadata: map[string]string{"a": "1", "b": "2"}}))
	update := func(pairs map[string]string) map[string]string {
		return ok(p.Customers.Update(made.ID, &stripe.CustomerParams{Metadata: pairs})).Metadata
	}
	got := update(map[string]string{"b": "3", "c": "4"})
	same("what is left alone", got["a"], "1")
	same("what is changed", got["b"], "3")
	same("what is added", got["c"], "4")
	_, there := update(map[string]string{"a": ""})["a"]
	same("what is removed", there, false)
	clear := &stripe.CustomerParams{}
	clear.AddExtra("metadata", "")
	same("after clearing", len(ok(p.Customers.Update(made.ID, clear)).Metadata), 0)
	tooMany := map[string]string{}
	for i := range 51 {
		tooMany["key"+strconv.Itoa(i)] = "x"
	}
	e := refused(p.Customers.Update(made.ID, &stripe.CustomerParams{Metadata: tooMany}))
	same("51 keys", e.HTTPStatusCode, 400)
}

func webhookEndpoint(p *Player) {
	type delivery struct {
		body      []byte
		signature string
	}
	arrived := make(chan delivery, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- delivery{body, r.Header.Get("Stripe-Signature")}
	}))
	defer server.Close()
	url := server.URL
	if p.target.Live {
		url = "https://example.com/webhooks"
	}
	endpoint := ok(p.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String(url), EnabledEvents: stripe.StringSlice([]string{"tax_rate.created"}),
		APIVersion: stripe.String(stripe.APIVersion),
	}))
	same("the status", endpoint.Status, "enabled")
	same("its secret's beginning", endpoint.Secret[:6], "whsec_")
	same("its secret later", ok(p.WebhookEndpoints.Get(endpoint.ID, nil)).Secret, "")
	rate := ok(p.TaxRates.New(&stripe.TaxRateParams{
		DisplayName: stripe.String("VAT"), Percentage: stripe.Float64(20), Inclusive: stripe.Bool(false),
		Metadata: map[string]string{"token": unique()},
	}))
	if !p.target.Live {
		for {
			d := <-arrived
			event := ok(webhook.ConstructEvent(d.body, d.signature, endpoint.Secret))
			same("the event", event.Type, "tax_rate.created")
			_, err := webhook.ConstructEvent(d.body, d.signature, "whsec_wrong")
			same("another secret", err != nil, true)
			_, err = webhook.ConstructEvent(append(d.body, ' '), d.signature, endpoint.Secret)
			same("another body", err != nil, true)
			if event.Data.Object["id"] == rate.ID {
				break
			}
		}
	}
	same("being deleted", ok(p.WebhookEndpoints.Del(endpoint.ID, nil)).Deleted, true)
}

func events(p *Player) {
	made := ok(p.Products.New(&stripe.ProductParams{Name: stripe.String("Basic")}))
	ok(p.Products.Update(made.ID, &stripe.ProductParams{Name: stripe.String("Pro")}))
	var event *stripe.Event
	p.until("the event is listed", func() bool {
		list := &stripe.EventListParams{Type: stripe.String("product.updated")}
		list.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: made.Created}
		list.Limit, list.Single = stripe.Int64(100), true
		for _, e := range each[*stripe.Event](p.Events.List(list)) {
			if e.Data.Object["id"] == made.ID {
				event = e
			}
		}
		return event != nil
	})
	same("the name now", event.Data.Object["name"], any("Pro"))
	same("the name before", event.Data.PreviousAttributes["name"], any("Basic"))
	same("the API version", event.APIVersion, stripe.APIVersion)
	same("the request", event.Request.ID != "", true)
	again := ok(p.Events.Get(event.ID, nil))
	same("the event by its id", again.Type, "product.updated")
}
