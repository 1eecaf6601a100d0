package billing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines are the fields of each line with a message.
func (l *logbook) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(l.text.String()), "\n") {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		if fields["msg"] == message {
			out = append(out, fields)
		}
	}
	return out
}

// listen makes a world write its log down.
func (w *world) listen() *logbook {
	l := &logbook{}
	w.Logger = slog.New(slog.NewJSONHandler(l, nil))
	return l
}

// open says whether exactly one alert of a kind is open.
func (w *world) openAlert(kind string) bool {
	w.t.Helper()
	return w.count("alerts", "kind = ? AND resolved_at IS NULL", kind) == 1
}

func (w *world) signals() {
	w.t.Helper()
	require.NoError(w.t, w.Signals(w.ctx()))
}

func TestEveryPaymentIsLoggedOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		log := w.listen()
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		paid := w.lastInvoice(account)
		_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &paid.ChargeID, Amount: stripe.Int64(1900)})
		require.NoError(t, err)
		w.settle()
		w.useCard(account, "pm_card_chargeCustomerFail")
		w.stripe.MustAdvance(32 * day)
		w.settle()
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID), "finds nothing new")
		failed := w.lastInvoice(account)

		var got []string
		for _, line := range log.lines(t, "payment") {
			require.Equal(t, w.customerOf(account), line["customer"])
			require.Equal(t, "usd", line["currency"])
			got = append(got, fmt.Sprintf("%v %v %v", line["status"], line["amount"], line["payment"]))
		}
		want := []string{"succeeded 7900 " + paid.PaymentIntentID, "refunded 1900 " + paid.PaymentIntentID}
		for range w.facts(account, billing.FactPaymentFailed) {
			want = append(want, "failed 7900 "+failed.PaymentIntentID)
		}
		require.Greater(t, len(want), 2)
		require.Equal(t, want, got)
		require.EqualValues(t, 1, w.Counts().Payments[billing.PaymentSucceeded])
		require.EqualValues(t, len(want)-2, w.Counts().Payments[billing.PaymentFailed])
	})
}

// customerOf is the account's customer at Stripe.
func (w *world) customerOf(account models.Account) string {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	return customer
}

func TestADisputeIsAnAlertWithItsDueDate(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		log := w.listen()
		account := w.paid("ada", "pro_v1_month", "pm_card_createDispute")
		w.settle()
		alert := w.alert(billing.AlertDispute)
		var dispute models.Dispute
		require.NoError(t, w.db.Read(w.ctx()).Take(&dispute).Error)
		require.Equal(t, dispute.StripeID, alert.Key)
		require.Equal(t, account.ID, *alert.AccountID)
		require.Contains(t, alert.Subject, "$79.00 of ada, answer by "+dispute.DueBy.UTC().Format("2 January 2006"))
		told := func() int64 { return w.count("mails", "to_address = 'admin@example.com'") }
		require.EqualValues(t, 1, told(), "by the notice, and by no alert beside it")
		require.EqualValues(t, 1, w.count("mails", "kind = 'dispute_opened'"))
		require.Len(t, log.lines(t, "payment"), 2, "it succeeded and was disputed")

		w.signals()
		require.True(t, w.openAlert(billing.AlertDispute), "the bank waits for an answer")
		require.EqualValues(t, 1, told(), "which is said once")
		_, err := w.stripe.Client.Disputes.Update(dispute.StripeID, &stripe.DisputeParams{
			Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String("winning_evidence")}, Submit: stripe.Bool(true),
		})
		require.NoError(t, err)
		w.settle()
		w.stripe.MustAdvance(day)
		w.settle()
		w.signals()
		require.False(t, w.openAlert(billing.AlertDispute))
	})
}

func TestL16_AnUnknownPriceIsAnAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		price, err := w.stripe.Client.Prices.New(&stripe.PriceParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(100),
			Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
			ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Made in the dashboard")},
		})
		require.NoError(t, err)
		sub, err := w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: stripe.String(w.customerOf(account)), TrialPeriodDays: stripe.Int64(5),
			Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}},
		})
		require.NoError(t, err)
		w.settle()
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		alert := w.alert(billing.AlertPrice)
		require.Equal(t, sub.ID, alert.Key)
		require.EqualValues(t, 1, alert.Count, "not once a sync")
		w.signals()
		require.True(t, w.openAlert(billing.AlertPrice))
		_, err = w.stripe.Client.Subscriptions.Cancel(sub.ID, nil)
		require.NoError(t, err)
		w.settle()
		w.signals()
		require.False(t, w.openAlert(billing.AlertPrice), "over with the subscription")
	})
}

func TestF09_ARevokedKeyIsOneAlertAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		before := w.access(account)
		w.stripe.AddFault(sandbox.Fault{Match: "*", Status: http.StatusUnauthorized, Times: -1})
		for range 3 {
			require.Error(t, w.SyncAccount(w.ctx(), account.ID))
		}
		w.signals()
		require.True(t, w.openAlert(billing.AlertKey), "the probe finds it refused too")
		require.EqualValues(t, 1, w.count("mails", "kind = 'alert'"))
		require.Equal(t, before, w.access(account))
		w.stripe.ClearFaults()
		w.signals()
		require.False(t, w.openAlert(billing.AlertKey))
	})
}

func TestASecondPlanIsAnAlertUntilOneIsOver(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		second := w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		require.Equal(t, second.ID, w.alert(billing.AlertSecond).Key)
		w.settle()
		w.signals()
		require.False(t, w.openAlert(billing.AlertSecond), "the operation has ended it")
	})
}

func TestTypesThatNothingActsOnAreOneAlertEach(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now()}
		w.Wall = c.now
		receive := func(id, kind string, change func(map[string]any)) {
			body := event(id, kind, "cus_1", change)
			require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, c.at)))
		}
		for i := range 30 {
			receive(fmt.Sprintf("evt_%d", i), "radar.early_fraud_warning.created", nil)
		}
		receive("evt_t", "tax.settings.updated", nil)
		receive("evt_l", "tax_rate.created", func(e map[string]any) { e["livemode"] = true })
		w.signals()
		w.signals()
		require.EqualValues(t, 2, w.count("alerts", "kind = ?", billing.AlertUnhandled), "of another mode is no concern")
		require.EqualValues(t, 2, w.count("mails", "kind = 'alert'"))
		require.Contains(t, w.alert(billing.AlertUnhandled).Detail+w.firstAlert(billing.AlertUnhandled).Detail, "30 in the last day")
		c.at = c.at.Add(25 * time.Hour)
		receive("evt_t2", "tax.settings.updated", nil)
		w.signals()
		require.EqualValues(t, 3, w.count("mails", "kind = 'alert'"), "the day after, what still comes")
		require.EqualValues(t, 1, w.count("alerts", "kind = ? AND resolved_at IS NULL", billing.AlertUnhandled))
	})
}

func (w *world) firstAlert(kind string) models.Alert {
	w.t.Helper()
	var row models.Alert
	require.NoError(w.t, w.db.Read(w.ctx()).Where("kind = ?", kind).Order("id").Take(&row).Error)
	return row
}

// outcomes writes that so many payments went through and so many did not, just now.
func (w *world) outcomes(account models.Account, paid, failed int) {
	w.t.Helper()
	var customer models.Customer
	require.NoError(w.t, w.db.Read(w.ctx()).Where("account_id = ?", account.ID).Take(&customer).Error)
	for kind, n := range maps.All(map[string]int{billing.FactInvoicePaid: paid, billing.FactPaymentFailed: failed}) {
		for range n {
			require.NoError(w.t, w.db.Write(w.ctx()).Create(&models.Fact{
				FactKey: models.NewToken(), Type: kind, StripeAccount: w.Connection.StripeAccount, Livemode: w.Connection.Livemode,
				AccountID: account.ID, CustomerID: customer.ID, Amount: 7900, Currency: "usd",
				OccurredAt: w.stripe.Now().UTC(), RecordedAt: time.Now().UTC(),
			}).Error)
		}
	}
}

func TestManyFailedPaymentsAreAnAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now()}
		w.Wall = c.now
		account := w.account("ada")
		w.settle()
		w.outcomes(account, 9, 9)
		w.signals()
		require.False(t, w.openAlert(billing.AlertPayments), "too few to tell")
		w.outcomes(account, 162, 0)
		w.signals()
		require.False(t, w.openAlert(billing.AlertPayments), "9 of 180 are 5 %, which is still healthy")
		w.outcomes(account, 0, 1)
		w.signals()
		require.Equal(t, "10 of 181 payments of the last day failed (5 %)", w.alert(billing.AlertPayments).Subject)
		w.outcomes(account, 30, 0)
		w.signals()
		require.True(t, w.openAlert(billing.AlertPayments), "better, but only just")
		c.at = c.at.Add(time.Hour)
		w.signals()
		require.False(t, w.openAlert(billing.AlertPayments))
		require.EqualValues(t, 1, w.count("mails", "kind = 'alert'"))
	})
}

func TestSignaturesThatDoNotVerifyAreAnAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now()}
		w.Wall = c.now
		body := event("evt_1", "customer.updated", "", nil)
		refuse := func(n int) {
			for range n {
				require.Error(t, w.Receive(w.ctx(), body, sign(body, "whsec_another", c.at)))
			}
		}
		refuse(19)
		require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, c.at)))
		refuse(19)
		w.signals()
		require.False(t, w.openAlert(billing.AlertSignatures), "a good one between them")
		refuse(1)
		w.signals()
		require.True(t, w.openAlert(billing.AlertSignatures))
		require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, c.at)))
		w.signals()
		require.True(t, w.openAlert(billing.AlertSignatures), "for a quarter of an hour more")
		c.at = c.at.Add(15 * time.Minute)
		w.signals()
		require.False(t, w.openAlert(billing.AlertSignatures))
	})
}

func TestP10_AClockThatIsWrongIsAnAlert(t *testing.T) {
	t.Parallel()
	for name, deliver := range map[string]struct {
		ahead   time.Duration
		refused bool
	}{
		"two minutes ahead": {2 * time.Minute, false}, "two minutes behind": {-2 * time.Minute, false},
		"an hour ahead": {time.Hour, true}, "an hour behind": {-time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				c := &clock{at: time.Now().Add(deliver.ahead)}
				w.Wall = c.now
				body := event("evt_1", "customer.updated", "", nil)
				receive := func() error { return w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now())) }
				for range 5 {
					w.signals()
					require.False(t, w.openAlert(billing.AlertClock))
					require.Equal(t, deliver.refused, receive() != nil)
				}
				w.signals()
				require.True(t, w.openAlert(billing.AlertClock), "five in a row")
				require.False(t, w.openAlert(billing.AlertSignatures), "the signatures are good")
				c.at = time.Now()
				require.NoError(t, receive())
				require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE alerts SET last_at = ?", c.at.UTC().Add(-16*time.Minute)).Error)
				w.signals()
				require.False(t, w.openAlert(billing.AlertClock))
			})
		})
	}
}

// TestP10_StripesAnswersTellTheTimeToo has no webhook at all.
func TestP10_StripesAnswersTellTheTimeToo(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := w.Stripe.Connection(w.ctx())
		require.NoError(t, err)
		w.signals()
		alert := w.alert(billing.AlertClock)
		require.Contains(t, alert.Subject, "behind our clock")
	}, func(o *billing.Options) {
		o.Stripe = &skewedStripe{Gateway: o.Stripe}
	})
	s := sandboxtest.New(t)
	for _, ahead := range []time.Duration{0, -90 * time.Second, 2 * time.Hour} {
		g := gateway.New(gateway.Options{
			SecretKey: s.SecretKey(), APIBase: s.URL(), MaxRPS: 10,
			Wall: func() time.Time { return time.Now().Add(ahead) },
		})
		_, known := g.ClockSkew()
		require.False(t, known, "nothing was asked yet")
		_, err := g.Connection(t.Context())
		require.NoError(t, err)
		skew, known := g.ClockSkew()
		require.True(t, known)
		require.InDelta(t, ahead.Seconds(), skew.Seconds(), 2)
	}
}

// skewedStripe answers ten minutes behind our clock.
type skewedStripe struct{ billing.Gateway }

func (*skewedStripe) ClockSkew() (time.Duration, bool) { return 10 * time.Minute, true }

func TestAnOperationThatGaveUpIsAnAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE stripe_ops SET attempts = 81").Error)
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 400, Times: 1})
		require.NoError(t, w.RunOps(w.ctx()))
		alert := w.alert(billing.AlertOperation)
		require.Equal(t, account.ID, *alert.AccountID)
		require.Contains(t, alert.Detail, "400")
		w.signals()
		require.True(t, w.openAlert(billing.AlertOperation))
		w.customerOf(account)
		w.signals()
		require.False(t, w.openAlert(billing.AlertOperation), "asked for again, it was done")
	})
}

func TestMailsThatWereGivenUpAreAnAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now()}
		w.Wall = c.now
		dead := func(kind string) {
			now := c.at.UTC()
			require.NoError(t, w.db.Write(w.ctx()).Create(&models.Mail{
				PublicID: models.NewToken(), DedupeKey: models.NewToken(), Kind: kind, ToAddress: "x@example.com",
				State: models.MailDead, NextAt: now, CreatedAt: now, LastError: "550 no such user",
			}).Error)
		}
		dead("alert")
		w.signals()
		require.False(t, w.openAlert(billing.AlertMails), "it would only make another")
		dead("receipt")
		w.signals()
		require.Equal(t, "receipt: 550 no such user", w.alert(billing.AlertMails).Detail)
		c.at = c.at.Add(25 * time.Hour)
		w.signals()
		require.False(t, w.openAlert(billing.AlertMails))
	})
}
