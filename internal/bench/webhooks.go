package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/webhook"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// plainly is the receipt of events beside the way that most programs do it: the library's parser,
// and a transaction for each request. Both are told 200 only once the event and the state of its
// customer are on disk.
func (w *world) plainly(l load, reference *models.DB) contest {
	plain := echo.New()
	plain.POST("/webhooks/stripe", func(c echo.Context) error { return receivePlainly(c, reference) })
	return contest{ours: w.site, reference: plain, load: delivering(l)}
}

// delivering is a load of events that nobody has had before.
func delivering(l load) load {
	l.request, l.status = deliveries(models.NewToken()), http.StatusOK
	return l
}

func receivePlainly(c echo.Context, db *models.DB) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, 1<<20))
	if err != nil {
		return err
	}
	event, err := webhook.ConstructEvent(body, c.Request().Header.Get("Stripe-Signature"), webhookSecret)
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	if err := storePlainly(c.Request().Context(), db, event, body); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"received": true})
}

func storePlainly(ctx context.Context, db *models.DB, event stripe.Event, body []byte) error {
	customer, ok := event.Data.Object["customer"].(string)
	if !ok {
		return errors.New("the event names no customer")
	}
	now, on := time.Now().UTC(), connection()
	state := models.CustomerSync{
		StripeAccount: on.StripeAccount, Livemode: on.Livemode, StripeID: customer, DirtySeq: 1, NextAt: now,
	}
	row := models.WebhookEvent{
		PublicID: models.NewPublicID("wh"), StripeAccount: on.StripeAccount, Livemode: on.Livemode,
		EventID: event.ID, Type: string(event.Type), APIVersion: event.APIVersion, Customer: customer,
		Payload: body, OccurredAt: time.Unix(event.Created, 0).UTC(), ReceivedAt: now,
		State: models.EventPending, Deliveries: 1,
	}
	return db.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "stripe_account"}, {Name: "livemode"}, {Name: "stripe_id"}},
			DoUpdates: clause.Assignments(map[string]any{"dirty_seq": gorm.Expr("customer_sync.dirty_seq + 1")}),
		}).Create(&state).Error
	})
}

// customers is over how many the events are spread.
const customers = 2000

// deliveries gives requests as Stripe makes them: every event new, its size that of a subscription,
// its signature made at the moment it is sent.
func deliveries(series string) func(int64, []byte) []byte {
	event := events(series)
	return func(n int64, buf []byte) []byte {
		body := event(n, fmt.Sprintf("cus_%06d", n%customers))
		buf = append(buf, "POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"...)
		buf = append(buf, "Stripe-Signature: "+sign(body)+"\r\n"...)
		buf = append(buf, "Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"...)
		return append(buf, body...)
	}
}

// events gives the nth event of a series, about any customer.
func events(series string) func(n int64, customer string) []byte {
	before, after := eventAround()
	return func(n int64, customer string) []byte {
		var body bytes.Buffer
		body.Grow(len(before) + len(after) + 128)
		fmt.Fprintf(&body, `{"id":"evt_%s%09d",%s"customer":"%s",%s`, series, n, before, customer, after)
		return body.Bytes()
	}
}

// sign gives the header that Stripe signs a body with, at this moment.
func sign(body []byte) string {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	_, _ = io.WriteString(mac, now+".") // a hash never fails
	_, _ = mac.Write(body)
	return "t=" + now + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// eventAround gives the text of an event before and after the name of its customer. Our side refuses
// events of another account or mode, and the library those of another API version.
func eventAround() (before, after string) {
	object := map[string]any{
		"id": "sub_1QqBenchmark000000000000", "object": "subscription", "status": "active",
		"collection_method": "charge_automatically", "currency": "usd", "livemode": false,
		"metadata": map[string]string{"account_id": models.NewPublicID("acct"), "user_id": models.NewPublicID("user")},
	}
	items := make([]map[string]any, 0, 6)
	for n := range cap(items) {
		items = append(items, map[string]any{
			"id": fmt.Sprintf("si_benchmark%06d", n), "object": "subscription_item", "quantity": 1,
			"price": map[string]any{
				"id": fmt.Sprintf("price_benchmark%06d", n), "object": "price", "active": true,
				"billing_scheme": "per_unit", "currency": "usd", "lookup_key": "starter_v1_month",
				"product": "prod_starter", "type": "recurring", "unit_amount": 2900, "unit_amount_decimal": "2900",
				"recurring": map[string]any{"interval": "month", "interval_count": 1, "usage_type": "licensed"},
			},
			"subscription": "sub_1QqBenchmark000000000000", "metadata": map[string]string{},
		})
	}
	object["items"] = map[string]any{"object": "list", "data": items, "has_more": false, "url": "/v1/subscription_items"}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // a literal of ours
	}
	head := fmt.Sprintf(`"object":"event","api_version":%q,"created":%d,"livemode":false,`+
		`"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},`+
		`"type":"customer.subscription.updated","data":{"object":{`, stripe.APIVersion, time.Now().Unix())
	return head, strings.TrimPrefix(string(text), "{") + "}}"
}
