// Package sandbox is Stripe for development, tests and demonstrations: a stateful HTTP server that speaks the Stripe
// API, hosts the pages that Stripe hosts, keeps a clock that can be moved, and delivers signed webhooks with retries.
//
// A request enters by ServeHTTP, finds its row in the table of routes.go, and runs as one transaction over one SQLite
// file: objects, events, webhook deliveries and the idempotency record commit together or not at all. What is due
// later stands on the agenda (agenda.go), which the live clock and a fast-forward work off in the same way. What an
// object looks like and which parameters a request may carry come from Stripe's own specification (schema.go).
//
// The package knows nothing of the application beside it. The application reaches it the way it reaches Stripe: by a
// base URL, a secret key and a webhook secret. It never listens beyond the loopback interface unless told to, takes no
// card number outside Stripe's table of test cards, and moves no money.
package sandbox

import (
	"context"
	cryptorand "crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// KeyPrefix begins every secret key that a sandbox makes up. No real Stripe account has such a key, so a program can
// refuse it in production.
const KeyPrefix = "sk_test_sandbox"

// GCPercent is what a program that only serves a sandbox gives to debug.SetGCPercent: its own memory may grow to five
// times what it needs before it is collected. Nearly all that a sandbox holds is SQLite's and never collected, so that
// is little memory, and every request is answered sooner for it.
const GCPercent = 400

// Options configures a Sandbox. Only Now is required.
type Options struct {
	// Path is the database file; empty means a private database in memory.
	Path string
	// Addr is where Start listens: 127.0.0.1:12111 by default. An address beyond the loopback interface is refused
	// unless AllowRemote is set.
	Addr        string
	AllowRemote bool
	// Now is the wall clock. The virtual clock is it, plus an offset that Advance moves.
	Now func() time.Time
	// Logger may be nil: then nothing is logged.
	Logger *slog.Logger
	// SecretKey and WebhookSecret are made up, and kept in the database, when empty.
	SecretKey, WebhookSecret string
	// WebhookURL, when set, receives all events signed with WebhookSecret, as if `stripe listen` forwarded them.
	WebhookURL string
	// WebhookEvents are the types that WebhookURL receives, where it is not all of them.
	WebhookEvents []string
	// ReturnHosts are the hosts beside loopback to which hosted pages may send the browser back.
	ReturnHosts []string
	// WebhookHosts are the hosts beside loopback to which webhooks may be delivered.
	WebhookHosts []string
	// AllowedHosts are the Host headers accepted beside loopback names.
	AllowedHosts []string
	// RetryDelays are the waits before each delivery attempt; empty means 0s 1s 5s 30s 2m 10m 1h.
	RetryDelays []time.Duration
	// RelaxedDelivery keeps the delivery loop from running by itself: only Idle and DeliverDue deliver. Tests that
	// place each delivery by hand use it.
	RelaxedDelivery bool
	// RelaxedClocks lifts the limits of test clocks: how far one may be advanced at once, and how many customers and
	// subscriptions it may carry.
	RelaxedClocks bool
	// Judge, when set, is told of every answer and every event that does not have the shape of Stripe's own schema.
	Judge func(problem string)
	// CaptureDir, when set, is a directory in which this sandbox writes every object that leaves it, one Captured a
	// line, into a file of its own. The judges in fidelity read such captures. CaptureName stands on every line.
	CaptureDir, CaptureName string
	// Seed makes the disorder of the chaos mode repeatable.
	Seed uint64
	// Random is what ids and secrets are made of: crypto/rand unless a test wants the same ones each time. It must be
	// safe for concurrent use and never fail.
	Random io.Reader
	// Post, when set, carries webhooks instead of the network.
	Post http.RoundTripper
}

// Sandbox is one running stand-in for Stripe.
type Sandbox struct {
	opts      Options
	log       *slog.Logger
	db        *sql.DB
	schema    *schemaDoc
	routes    *routeTable
	steps     map[string]agendaStep
	prefixes  map[string]string // Of ids, by kind.
	client    *http.Client
	accountID string
	keys      keys

	offset   atomic.Int64 // Virtual minus wall time, in nanoseconds.
	mode     atomic.Value // Mode, the order in which webhooks arrive.
	url      atomic.Value // string, set by Start.
	turn     sync.Mutex   // Held by the transaction that is running: there is one connection.
	turns    int64        // How many there were.
	cache    objectCache
	writer   jsonWriter // Of the transaction that is running.
	advance  sync.Mutex // Held by whoever works off the agenda.
	deliver  sync.Mutex // Held by whoever delivers webhooks.
	faults   faultBox
	flight   flightSet
	requests requestLog
	wakeups  broadcast
	resets   atomic.Int64 // How often everything was forgotten.
	captures *captureFile
	clocks   clockState
	holds    atomic.Bool // Whether invoices wait for the answers to their webhooks.

	onReset atomic.Pointer[func(context.Context) error]

	chaos   *rand.Rand
	chaosMu sync.Mutex

	server   *http.Server
	stop     context.CancelFunc
	running  sync.WaitGroup
	closing  sync.Once
	closeErr error
}

type keys struct{ secret, publishable, webhook string }

// New opens or creates a sandbox. It serves by Handler at once; Start adds the listener, the clock's ticker and the
// delivery of webhooks.
func New(opts Options) (*Sandbox, error) {
	if opts.Now == nil {
		return nil, errors.New("sandbox: Options.Now is nil")
	}
	if opts.Random == nil {
		opts.Random = cryptorand.Reader
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:12111"
	}
	doc, err := schema()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	ctx := context.Background()
	db, err := openStore(ctx, opts.Path)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Sandbox{
		opts: opts, log: opts.Logger, db: db, schema: doc, steps: agendaSteps(), prefixes: idPrefixes(),
		chaos: rand.New(rand.NewPCG(opts.Seed, 0x7011)),
	}
	s.url.Store("http://" + opts.Addr)
	s.mode.Store(Causal)
	s.client = s.webhookClient()
	if s.routes, err = newRouteTable(doc, routes()); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), db.Close())
	}
	if s.captures, err = openCapture(opts.CaptureDir, opts.CaptureName); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), db.Close())
	}
	if err := s.Do(ctx, s.settle); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), s.captures.close(), db.Close())
	}
	return s, nil
}

// settle reads the settings of an earlier run, and makes up and keeps those that are missing.
func (s *Sandbox) settle(tx *Tx) error {
	settings := []struct {
		key, given, fresh string
		into              *string
	}{
		{"account_id", "", "acct_1" + s.random(15), &s.accountID},
		{"secret_key", s.opts.SecretKey, KeyPrefix + s.random(24), &s.keys.secret},
		{"publishable_key", "", "pk_test_sandbox" + s.random(24), &s.keys.publishable},
		{"webhook_secret", s.opts.WebhookSecret, "whsec_" + s.random(32), &s.keys.webhook},
	}
	for _, set := range settings {
		value, ok, err := tx.meta(set.key)
		if err != nil {
			return err
		}
		if set.given != "" {
			value = set.given
		} else if !ok {
			value = set.fresh
		}
		if err := tx.setMeta(set.key, value); err != nil {
			return err
		}
		*set.into = value
	}
	if strings.Contains(s.keys.secret, "_live_") {
		return errors.New("a live key cannot be the key of a sandbox")
	}
	if err := s.restoreClock(tx); err != nil {
		return err
	}
	if err := s.restoreTestClocks(tx); err != nil {
		return err
	}
	if err := s.restoreHold(tx); err != nil {
		return err
	}
	if err := s.restoreMode(tx); err != nil {
		return err
	}
	return tx.forwardTo(s.opts.WebhookURL)
}

// Start listens, and starts the clock's ticker and the delivery of webhooks. It returns once the listener is open;
// everything stops when ctx ends or Close is called.
func (s *Sandbox) Start(ctx context.Context) error {
	host, _, err := net.SplitHostPort(s.opts.Addr)
	if err != nil {
		return fmt.Errorf("sandbox: address %q: %w", s.opts.Addr, err)
	}
	if !s.opts.AllowRemote && !isLoopback(host) {
		return fmt.Errorf("sandbox: %s is not a loopback address, and AllowRemote is not set", s.opts.Addr)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.opts.Addr)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	s.url.Store("http://" + reachable(listener.Addr()))
	ctx, s.stop = context.WithCancel(ctx)
	s.server = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.running.Go(func() {
		if err := s.server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("sandbox listener failed", "error", err)
		}
	})
	s.running.Go(func() { s.tick(ctx) })
	if !s.opts.RelaxedDelivery {
		s.running.Go(func() { s.deliverLoop(ctx) })
	}
	context.AfterFunc(ctx, func() { _ = s.server.Close() })
	return nil
}

// reachable turns a wildcard listener's address into one that a client on this machine can use.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// Close stops what Start began and closes the database. Undelivered webhooks and the agenda resume at the next start.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		if s.stop != nil {
			s.stop()
		}
		s.running.Wait()
		flushed := s.Do(context.Background(), func(*Tx) error { return nil }) // Writes the last of the request log.
		s.closeErr = errors.Join(flushed, s.captures.close(), s.db.Close())
	})
	return s.closeErr
}

// URL returns the origin at which the API and the hosted pages are reached, without a slash at the end.
func (s *Sandbox) URL() string { return s.url.Load().(string) }

// SecretKey returns the only key that the API accepts.
func (s *Sandbox) SecretKey() string { return s.keys.secret }

// PublishableKey returns the key that a browser would use.
func (s *Sandbox) PublishableKey() string { return s.keys.publishable }

// WebhookSecret returns the secret that signs what Options.WebhookURL receives.
func (s *Sandbox) WebhookSecret() string { return s.keys.webhook }

// AccountID returns the id of the account that the secret key belongs to.
func (s *Sandbox) AccountID() string { return s.accountID }

type txOptions struct {
	readOnly      bool
	request, idem string
	account       string
	stepUpTo      int64
}

// Do runs fn in one write transaction. An error from fn rolls everything back.
func (s *Sandbox) Do(ctx context.Context, fn func(tx *Tx) error) error {
	return s.transact(ctx, txOptions{}, fn)
}

// View runs fn in a transaction whose writes, if any, are thrown away.
func (s *Sandbox) View(ctx context.Context, fn func(tx *Tx) error) error {
	return s.transact(ctx, txOptions{readOnly: true}, fn)
}

// transact runs fn in a transaction. The context's end does not cut it short: like Stripe, the sandbox finishes what
// it began even if the caller has hung up.
func (s *Sandbox) transact(ctx context.Context, opt txOptions, fn func(tx *Tx) error) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.turns++
	sqlTx, err := s.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{
		ctx: ctx, sql: &writeBehind{direct: sqlTx, writer: &s.writer}, s: s, number: s.turns, now: s.Now().Unix(),
		request: opt.request, idemKey: opt.idem, account: opt.account,
	}
	defer func() { _ = sqlTx.Rollback() }() // Without effect after a commit; it also covers a panic in fn.
	defer tx.checkLoans()
	if err := fn(tx); err != nil {
		return err
	}
	if opt.readOnly {
		return nil
	}
	if err := tx.sql.write(); err != nil {
		return err
	}
	waiting := s.requests.waiting()
	if err := tx.flushLog(waiting); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.requests.written(waiting)
	tx.settled()
	return nil
}

// settled makes visible in memory what the commit made true.
func (tx *Tx) settled() {
	tx.s.cache.learn(tx.news)
	if tx.offset != nil {
		tx.s.offset.Store(*tx.offset)
	}
	if tx.advances {
		tx.s.clocks.advancing.Store(true)
	}
	if tx.emitted {
		tx.s.wakeups.send()
	}
}
