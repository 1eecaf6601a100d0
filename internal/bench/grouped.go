package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/tollgate/models"
)

// grouped is the receipt of events as one would write it by hand for nothing but speed: net/http, the signature checked
// in place, and one goroutine that puts whatever waits into one transaction of prepared statements. It keeps what ours
// keeps in the same tables, and says 200 only once that is on disk. It has no log, metric, limit of time, rotation of
// secrets or second try, it believes every event to be its own, and one that cannot be stored takes its group with it.
type grouped struct {
	secret  []byte
	waiting chan *delivery
	// store keeps a group in one durable transaction.
	store func(ctx context.Context, group []*delivery) error
	done  chan struct{}
}

// delivery is one request that waits for its event to be durable.
type delivery struct {
	id, typ, version, object, customer string
	created                            int64
	body                               []byte
	stored                             chan error
}

// maxGroup bounds one transaction, as ours is bounded.
const maxGroup = 128

func newGrouped(ctx context.Context, db *models.DB) (*grouped, error) {
	g := &grouped{secret: []byte(webhookSecret), waiting: make(chan *delivery, maxGroup), done: make(chan struct{})}
	if db.Dialect == models.Postgres {
		g.store = func(ctx context.Context, group []*delivery) error { return storeInPostgres(ctx, db.Pool, group) }
	} else {
		pool, err := db.SQL()
		if err != nil {
			return nil, err
		}
		insert, err := pool.PrepareContext(ctx, question(insertEvent))
		if err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		mark, err := pool.PrepareContext(ctx, question(markCustomer))
		if err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		g.store = func(ctx context.Context, group []*delivery) error {
			return storeInSQLite(ctx, pool, insert, mark, group)
		}
	}
	go g.commit(context.WithoutCancel(ctx))
	return g, nil
}

// close ends the goroutine. No request may be under way.
func (g *grouped) close() {
	close(g.waiting)
	<-g.done
}

// ServeHTTP implements http.Handler.
func (g *grouped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !g.signed(body, r.Header.Get("Stripe-Signature")) {
		http.Error(w, "signature", http.StatusBadRequest)
		return
	}
	var event struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		APIVersion string `json:"api_version"`
		Created    int64  `json:"created"`
		Data       struct {
			Object struct {
				ID       string `json:"id"`
				Customer string `json:"customer"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d := &delivery{
		id: event.ID, typ: event.Type, version: event.APIVersion, object: event.Data.Object.ID,
		customer: event.Data.Object.Customer, created: event.Created, body: body, stored: make(chan error, 1),
	}
	g.waiting <- d
	if err := <-d.stored; err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"received":true}`) // a client that has gone is no concern of ours
}

// signed reports whether a header holds a recent signature of the body.
func (g *grouped) signed(body []byte, header string) bool {
	stamp, signature, ok := strings.Cut(header, ",")
	stamp, hasTime := strings.CutPrefix(stamp, "t=")
	signature, hasSignature := strings.CutPrefix(signature, "v1=")
	at, err := strconv.ParseInt(stamp, 10, 64)
	given, notHex := hex.DecodeString(signature)
	if !ok || !hasTime || !hasSignature || err != nil || notHex != nil ||
		time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, g.secret)
	_, _ = io.WriteString(mac, stamp+".") // a hash never fails
	_, _ = mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}

// commit takes all that waits, stores it, tells everybody, and begins again. What arrives meanwhile is the next group.
func (g *grouped) commit(ctx context.Context) {
	defer close(g.done)
	for first := range g.waiting {
		group := []*delivery{first}
		for more := true; more && len(group) < maxGroup; {
			select {
			case d, open := <-g.waiting:
				if more = open; open {
					group = append(group, d)
				}
			default:
				more = false
			}
		}
		err := g.store(ctx, group)
		for _, d := range group {
			d.stored <- err
		}
	}
}

// The statements, for Postgres. The customer comes first, so that the event can carry its sequence.
const (
	markCustomer = `INSERT INTO customer_sync (stripe_account, livemode, stripe_id, dirty_seq, next_at)
VALUES ($1, $2, $3, 1, $4) ON CONFLICT (stripe_account, livemode, stripe_id) DO UPDATE
SET dirty_seq = customer_sync.dirty_seq + 1, next_at = excluded.next_at, dead_at = NULL, attempts = 0`
	insertEvent = `INSERT INTO webhook_events (public_id, stripe_account, livemode, event_id, type, api_version, object_id,
customer, payload, occurred_at, received_at, state, dirty_seq, deliveries)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', (SELECT dirty_seq FROM customer_sync
WHERE stripe_account = $12 AND livemode = $13 AND stripe_id = $14), 1)
ON CONFLICT (event_id, stripe_account, livemode) DO UPDATE SET deliveries = webhook_events.deliveries + 1`
)

// question writes the placeholders of a statement as SQLite has them. They are in order.
func question(statement string) string {
	for n := 20; n > 0; n-- {
		statement = strings.ReplaceAll(statement, "$"+strconv.Itoa(n), "?")
	}
	return statement
}

func (d *delivery) markArgs(now time.Time) []any {
	on := connection()
	return []any{on.StripeAccount, on.Livemode, d.customer, now}
}

func (d *delivery) insertArgs(now time.Time) []any {
	on := connection()
	return []any{
		models.NewPublicID("wh"), on.StripeAccount, on.Livemode, d.id, d.typ, d.version, d.object, d.customer, d.body,
		time.Unix(d.created, 0).UTC(), now, on.StripeAccount, on.Livemode, d.customer,
	}
}

func storeInSQLite(ctx context.Context, pool *sql.DB, insert, mark *sql.Stmt, group []*delivery) (err error) {
	now := time.Now().UTC()
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	mark, insert = tx.StmtContext(ctx, mark), tx.StmtContext(ctx, insert)
	for _, d := range group {
		if _, err = mark.ExecContext(ctx, d.markArgs(now)...); err == nil {
			_, err = insert.ExecContext(ctx, d.insertArgs(now)...)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("store: %w", err), tx.Rollback())
		}
	}
	return tx.Commit()
}

// storeInPostgres sends a whole group at once, and waits for one answer.
func storeInPostgres(ctx context.Context, pool *pgxpool.Pool, group []*delivery) error {
	now := time.Now().UTC()
	slices.SortFunc(group, func(a, b *delivery) int { return cmp.Compare(a.customer, b.customer) })
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	for _, d := range group {
		batch.Queue(markCustomer, d.markArgs(now)...)
		batch.Queue(insertEvent, d.insertArgs(now)...)
	}
	batch.Queue("COMMIT")
	return pool.SendBatch(ctx, batch).Close()
}
