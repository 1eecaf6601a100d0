package billing_test

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// ours are the forms of our own idempotency keys. The library makes one of its own where a call has none, which is a
// UUID and no good: it is another one the next time.
var ours = regexp.MustCompile(`^(customer_|checkout_|checkout_expire_|portal_|portal_new_|product_|price_|set_|webhook_|change_|` +
	`cancel_plan_|resume_plan_|end_now_|end_trial_|end_second_|end_disputed_|refund_end_|pause_billing_|resume_billing_|` +
	`resume_paused_|create_customer_)`)

// TestEveryCallThatChangesSomethingHasOurKey does all that the app can ask of Stripe, and looks at what was sent.
func TestEveryCallThatChangesSomethingHasOurKey(t *testing.T) {
	t.Parallel()
	loggedWorlds(t, func(t *testing.T, w *world, log *callLog) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_chargeCustomerFail")
		require.Equal(t, billing.OutcomeDeclined, w.confirm(account, w.offer(account, "pro_v1_month")).Kind) // and a void
		w.useCard(account, "pm_card_authenticationRequired")
		require.Equal(t, billing.OutcomeAction, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind) // a void too
		w.useCard(account, "pm_card_visa")
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "unused", Comment: "Too quiet."}))
		require.NoError(t, w.Resume(w.ctx(), account.ID))
		require.NoError(t, w.PauseBilling(w.ctx(), account.ID, true))
		require.NoError(t, w.PauseBilling(w.ctx(), account.ID, false))
		_, err := w.PortalURL(w.ctx(), billing.PortalInput{AccountID: account.ID, Flow: billing.FlowPaymentMethod})
		require.NoError(t, err)
		offer, ok, err := w.Refundable(w.ctx(), account.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, w.RefundAndEnd(w.ctx(), billing.RefundInput{
			AccountID: account.ID, Charge: offer.Charge, Amount: offer.Amount.Amount,
		}))

		other := w.account("grace")
		for _, key := range []string{"pro_v1_month", "pro_v1_year"} { // the first is expired for the second
			_, err := w.start(other, key, 1)
			require.NoError(t, err)
		}
		require.NoError(t, w.pay(w.openSession(other), "pm_card_mastercard"))
		w.settle()
		third := w.account("edith")
		w.buy(third, "pro_v1_month", "pm_card_mastercard") // had its trial: ended
		w.settle()
		w.settle()
		require.NoError(t, w.EndNow(w.ctx(), other.ID, "asked for"))
		_, err = w.gateway.CreateWebhook(w.ctx(), "http://localhost:8080/webhooks/stripe", billing.EventTypes())
		require.NoError(t, err)

		seen := map[string]bool{}
		for _, r := range log.requests() {
			require.Regexp(t, ours, r.key, "%s %s", r.method, r.path)
			seen[r.method+" "+someID.ReplaceAllString(r.path, "/*")] = true
		}
		for _, want := range []string{
			"POST /v1/customers", "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/*/expire", "POST /v1/subscriptions/*",
			"DELETE /v1/subscriptions/*", "POST /v1/subscription_schedules", "POST /v1/subscription_schedules/*",
			"POST /v1/subscription_schedules/*/release", "POST /v1/invoices/*/void", "POST /v1/refunds",
			"POST /v1/billing_portal/sessions", "POST /v1/webhook_endpoints", "POST /v1/products/tollgate_pro", "POST /v1/prices",
		} {
			require.True(t, seen[want], "the walk did not come to %s: %v", want, seen)
		}
	})
}

var someID = regexp.MustCompile(`/(cus|sub_sched|sub|cs_test|in|prod|price|bpc)_[A-Za-z0-9]+`)

// callLog is what the gateway sends to change something. What a test does at Stripe by itself does not pass here.
type callLog struct {
	mu    sync.Mutex
	calls []call
}

type call struct{ method, path, key string }

func (l *callLog) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.URL.Path != "/v1/invoices/create_preview" { // a preview changes nothing
		l.mu.Lock()
		l.calls = append(l.calls, call{r.Method, r.URL.Path, r.Header.Get("Idempotency-Key")})
		l.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (l *callLog) requests() []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// loggedWorlds is eachWorld with a log of what the app asks of Stripe.
func loggedWorlds(t *testing.T, body func(t *testing.T, w *world, log *callLog)) {
	t.Helper()
	eachWorld(t, func(t *testing.T, w *world) {
		log := &callLog{}
		w.gateway = gateway.New(gateway.Options{
			SecretKey: w.stripe.SecretKey(), APIBase: w.stripe.URL(), WebhookSecrets: []string{sandboxtest.Secret}, MaxRPS: 100,
			Transport: log,
		})
		w.Service.Stripe = w.gateway
		_, err := w.gateway.SyncCatalog(w.ctx(), renamed(w.Catalog), billing.Site{Name: "Tollgate", URL: w.AppURL})
		require.NoError(t, err)
		body(t, w, log)
	})
}

// renamed is a catalog with another name and a further price, so that there is something to tell Stripe.
func renamed(c *plan.Catalog) *plan.Catalog {
	p := &c.Plans[2]
	p.Name = "Professional"
	p.Prices = append(p.Prices, plan.Price{
		LookupKey: "pro_v2_month", Interval: plan.Month, Money: plan.Money{Amount: 8900, Currency: "usd"},
	})
	return c
}

// TestARepeatedOperationReusesItsKeys lets every call fail once before Stripe has it, and looks whether the second try
// went by the same name.
func TestARepeatedOperationReusesItsKeys(t *testing.T) {
	t.Parallel()
	loggedWorlds(t, func(t *testing.T, w *world, log *callLog) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		offer, _, err := w.Refundable(w.ctx(), account.ID)
		require.NoError(t, err)
		down := w.offer(account, "starter_v1_month")
		keys := func(match string) []string {
			var found []string
			for _, r := range log.requests() {
				if regexp.MustCompile(match).MatchString(r.method + " " + someID.ReplaceAllString(r.path, "/*")) {
					found = append(found, r.key)
				}
			}
			return found
		}
		for _, step := range []struct {
			fault, calls string
			do           func() error
		}{
			{"POST /v1/subscription_schedules", `^POST /v1/subscription_schedules$`, func() error {
				_, err := w.ConfirmChange(w.ctx(), account.ID, down.ID)
				return err
			}},
			{"POST /v1/subscription_schedules/*/release", `release$`, func() error {
				return w.Cancel(w.ctx(), account.ID, billing.CancelReason{})
			}},
			{"POST /v1/refunds", `^POST /v1/refunds$`, func() error {
				return w.RefundAndEnd(w.ctx(), billing.RefundInput{
					AccountID: account.ID, Charge: offer.Charge, Amount: offer.Amount.Amount,
				})
			}},
		} {
			w.stripe.AddFault(sandbox.Fault{Match: step.fault, Status: 429, Times: -1})
			require.Error(t, step.do(), step.fault)
			w.stripe.ClearFaults()
			w.hurry()
			require.NoError(t, w.RunOps(w.ctx()))
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
			got := keys(step.calls)
			require.GreaterOrEqual(t, len(got), 2, step.fault)
			for _, key := range got {
				require.Equal(t, got[0], key, step.fault)
			}
		}
		require.Zero(t, w.count("stripe_ops", "state = 'pending'"))
	})
}

func TestF01_CustomerIsMadeOnceThoughTheConnectionIsCut(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/customers", Cut: true, AfterCommit: true, Times: -1})
		require.NoError(t, w.RunOps(w.ctx()))
		w.stripe.ClearFaults()
		w.hurry()
		require.NoError(t, w.RunOps(w.ctx()))
		require.Equal(t, 1, w.customersAtStripe())
		keys := map[string]bool{}
		for _, r := range w.requests() {
			if r.Path == "/v1/customers" {
				keys[r.IdempotencyKey] = true
			}
		}
		require.Len(t, keys, 1, "every try goes by the key that was written down")
		_, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
	})
}

func (w *world) customersAtStripe() int {
	w.t.Helper()
	list, n := w.stripe.Client.Customers.List(&stripe.CustomerListParams{}), 0
	for list.Next() {
		n++
	}
	require.NoError(w.t, list.Err())
	return n
}

// TestF02_ATryThatNobodyCountedIsLookedForADayLater kills the program in its first try, and starts it again when Stripe
// has forgotten the key.
func TestF02_ATryThatNobodyCountedIsLookedForADayLater(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		var user models.User
		require.NoError(t, w.db.Read(w.ctx()).Take(&user, account.CreatedBy).Error)
		_, err := w.gateway.CreateCustomer(w.ctx(), billing.CustomerParams{
			Email: user.Email, Name: user.Name, Metadata: map[string]string{"account_id": account.PublicID},
		}, "a key that is forgotten")
		require.NoError(t, err)
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("attempts = 0").
			Update("created_at", time.Now().UTC().Add(-25*time.Hour)).Error)
		require.NoError(t, w.RunOps(w.ctx()))
		_, err = w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.Equal(t, 1, w.customersAtStripe())
	})
}

// TestF05_AKeyThatWasUsedForSomethingElse ends in a refusal with words, and not in a loop.
func TestF05_AKeyThatWasUsedForSomethingElse(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		change := w.offer(account, "pro_v1_month")
		_, err := w.stripe.Client.Customers.New(&stripe.CustomerParams{
			Params: stripe.Params{IdempotencyKey: stripe.String(change.ID)}, Name: stripe.String("Somebody else"),
		})
		require.NoError(t, err)
		require.Equal(t, billing.Outcome{Kind: billing.OutcomeRefused, Code: "stripe_refused"}, w.confirm(account, change))
		require.Zero(t, w.count("stripe_ops", "state = 'pending'"))
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "pro_v1_month")).Kind, "the next click is another")
	})
}

// TestF15_WhatStripeRefusesHasWords has a price that was archived in the dashboard, and a portal that nobody set up.
func TestF15_WhatStripeRefusesHasWords(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, newcomer := w.paid("ada", "starter_v1_month", "pm_card_visa"), w.account("grace")
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		_, err := w.stripe.Client.Prices.Update(prices.Price().ID, &stripe.PriceParams{Active: stripe.Bool(false)})
		require.NoError(t, err)
		_, err = w.start(newcomer, "pro_v1_month", 1)
		require.ErrorContains(t, err, "unavailable: stripe_refused")
		require.Zero(t, w.count("checkouts", "state IN ('creating', 'open')"))
		_, err = w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "pro_v1_month"})
		require.ErrorContains(t, err, "unavailable: stripe_refused")

		w.stripe.AddFault(sandbox.Fault{
			Match: "POST /v1/billing_portal/sessions", Status: http.StatusBadRequest, Times: -1,
			Message: "No configuration provided and your default configuration has not been created.",
		})
		for _, flow := range []string{"", billing.FlowPaymentMethod} {
			_, err = w.PortalURL(w.ctx(), billing.PortalInput{AccountID: account.ID, Flow: flow})
			require.ErrorContains(t, err, "unavailable: stripe_refused")
		}
		w.stripe.ClearFaults()
		_, err = w.PortalURL(w.ctx(), billing.PortalInput{AccountID: account.ID})
		require.NoError(t, err)
	})
}
