package billing_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// world is billing with everything real around it: a database, a sandbox over HTTP, and a server
// that receives the sandbox's webhooks. Nothing works in the background: a test calls settle.
type world struct {
	*billing.Service
	t       *testing.T
	db      *models.DB
	stripe  *sandboxtest.Sandbox
	gateway *gateway.Gateway
	url     string // of the server, which is at the same time the endpoint's

	deaf   atomic.Bool // while set, webhooks are turned away
	mu     sync.Mutex
	bodies [][]byte
	sigs   []string
}

// eachWorld runs a test on both databases.
func eachWorld(t *testing.T, body func(t *testing.T, w *world), changes ...func(*billing.Options)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { body(t, newWorld(t, db, changes...)) })
}

func newWorld(t *testing.T, db *models.DB, changes ...func(*billing.Options)) *world {
	t.Helper()
	w := &world{t: t, db: db}
	server := httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.stripe = sandboxtest.New(t, func(o *sandbox.Options) {
		o.WebhookURL, o.WebhookSecret, o.RelaxedDelivery = server.URL+"/webhooks/stripe", sandboxtest.Secret, true
		o.WebhookEvents = billing.EventTypes()
	})
	w.gateway = gateway.New(gateway.Options{
		SecretKey: w.stripe.SecretKey(), APIBase: w.stripe.URL(), WebhookSecrets: []string{sandboxtest.Secret}, MaxRPS: 100,
	})
	connection, err := w.gateway.Connection(w.ctx())
	require.NoError(t, err)
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	options := billing.Options{
		DB: db, Stripe: w.gateway, Catalog: plan.Default(), Connection: connection,
		Now: w.stripe.Now, Wall: time.Now, Wake: func(string) {},
		Outbox:  mail.New(mail.Options{DB: db, Sender: mail.Mailbox{}, Now: time.Now}),
		AppName: "Tollgate", AppURL: "http://localhost:8080", AdminEmails: []string{"admin@example.com"}, Grace: 7 * 24 * time.Hour, Leeway: 48 * time.Hour,
		Logger: logger,
	}
	for _, change := range changes {
		change(&options)
	}
	w.Service = billing.New(options)
	_, err = w.gateway.SyncCatalog(w.ctx(), options.Catalog, billing.Site{Name: "Tollgate", URL: options.AppURL})
	require.NoError(t, err)
	return w
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

// receive is the webhook route, as short as it can be.
func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	if w.deaf.Load() {
		http.Error(rw, "not now", http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	w.bodies, w.sigs = append(w.bodies, body), append(w.sigs, r.Header.Get("Stripe-Signature"))
	w.mu.Unlock()
	if err := w.Receive(r.Context(), body, r.Header.Get("Stripe-Signature")); err != nil {
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
	}
}

// account makes a user with an account whose customer is owed.
func (w *world) account(name string) models.Account {
	w.t.Helper()
	now := time.Now().UTC()
	email := name + "@example.com"
	user := models.User{
		PublicID: models.NewPublicID("user"), Email: email, Name: name, PasswordHash: "-",
		Locale: "en-US", TimeZone: "UTC", CreatedAt: now, UpdatedAt: now,
	}
	var account models.Account
	require.NoError(w.t, w.db.Tx(w.ctx(), func(tx *gorm.DB) error {
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		account = models.Account{
			PublicID: models.NewPublicID("acct"), Name: name, BillingEmail: email, CreatedBy: user.ID,
			CreatedAt: now, UpdatedAt: now,
		}
		if err := tx.Create(&account).Error; err != nil {
			return err
		}
		return w.QueueCustomer(tx, user, account)
	}))
	return account
}

// settle does what the background would: it delivers what Stripe has to say and works it off.
func (w *world) settle() {
	w.t.Helper()
	w.stripe.MustIdle()
	require.NoError(w.t, w.RunOps(w.ctx()))
	require.NoError(w.t, w.SyncDue(w.ctx()))
	require.NoError(w.t, w.RunCalendar(w.ctx()))
}

func (w *world) access(account models.Account) billing.Access {
	w.t.Helper()
	access, err := w.Access(w.ctx(), account.ID)
	require.NoError(w.t, err)
	return access
}

// count counts the rows of a table that meet a condition.
func (w *world) count(table, where string, args ...any) int64 {
	w.t.Helper()
	var n int64
	require.NoError(w.t, w.db.Read(w.ctx()).Table(table).Where(where, args...).Count(&n).Error)
	return n
}
