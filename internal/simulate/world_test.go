// Package simulate_test lives thousands of made-up lives of the billing of Tollgate and looks for one that ends wrong.
//
// A seed is one small company: some twenty accounts, two processes of the app on one database, and a Stripe. Everything
// is real but the network, the mail server and the time. People sign up, pay, change their minds, dispute and leave;
// somebody edits in Stripe's dashboard; meanwhile the network, the database and the processes fail in every way that
// faults_test.go lists. Now and then everything is left in peace, and then what must be true is checked.
//
// All of it is decided by dice that the seed fixes, one step after the other, in a bubble of virtual time: a seed takes
// about a second of real time, and gives the same trace each time. docs/simulator.md tells how to use it.
package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/apptest"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// The size of a seed.
const (
	accounts = 20
	steps    = 120
	chapters = 3 // each ends with a quiet period and its checks
)

const day = 24 * time.Hour

// world is one seed's company.
type world struct {
	t     *testing.T
	seed  uint64
	dice  *rand.Rand
	trace *trace
	tally *tally

	stripe   *sandbox.Sandbox
	handler  http.Handler
	database string
	eyes     *models.DB // the simulator's own look at the database
	secrets  []string   // what the processes verify webhooks with, newest first
	procs    [2]*process
	post     *post
	mail     *mailServer
	people   []*person
	ears     *ears
	op       string // what is being done, for the table of faults by operations

	traps   []*armed       // what may go wrong in this step
	lasting []string       // what went wrong and lasts until the next quiet period
	signs   []string       // what Stripe signs webhooks with, where it was rolled
	touched []*person      // whose access is looked at after this step
	known   map[string]int // by customer, which answer of Stripe's was applied last
	harm    int            // how often a process died or could not write
	nested  bool           // nothing strikes while this is set
	struck  bool           // something went wrong in this step
	calm    bool           // no job is late
	broken  bool           // a violation was found
}

// newWorld begins a seed. It runs in a bubble of synctest: time passes only when everybody waits.
func newWorld(t *testing.T, seed uint64, database string, tally *tally, told *trace) *world {
	t.Helper()
	w := &world{
		t: t, seed: seed, dice: rand.New(rand.NewPCG(seed, 0x5eed)), trace: told, tally: tally,
		database: database, known: map[string]int{},
	}
	t.Cleanup(w.close)
	// A bubble's time begins with the year 2000, which Stripe does not know.
	w.wait(time.Until(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(time.Duration(w.dice.IntN(365)) * day)))
	w.post, w.mail, w.ears = &post{w: w}, &mailServer{w: w}, newEars(w)
	var err error
	w.stripe, err = sandbox.New(sandbox.Options{
		Now: time.Now, Random: newIDs(seed), Seed: seed, RelaxedDelivery: true, Post: w.post,
		WebhookURL: "http://127.0.0.1:8080/webhooks/stripe", Logger: slog.New(&complaints{w: w}),
	})
	w.must(err)
	w.handler = w.stripe.Handler()
	w.secrets = []string{w.stripe.WebhookSecret()}
	w.eyes, err = models.Open(context.Background(), w.database, time.Now)
	w.must(err)
	for i := range w.procs {
		w.procs[i] = &process{w: w, name: string(rune('A' + i))}
		w.procs[i].start()
	}
	w.must(w.procs[0].SyncCatalog(context.Background()))
	return w
}

// close ends what was begun, also of a seed that got stuck: a bubble ends when nobody is left in it.
func (w *world) close() {
	var errs []error
	for _, p := range w.procs {
		if p != nil && p.Process != nil {
			errs = append(errs, p.Close())
		}
	}
	if w.eyes != nil {
		errs = append(errs, w.eyes.Close())
	}
	if w.stripe != nil {
		errs = append(errs, w.stripe.Close())
	}
	if err := errors.Join(errs...); err != nil {
		w.t.Errorf("seed %d: %v", w.seed, err)
	}
}

// surprise is told of every error that a page met.
func (w *world) surprise(err error) {
	var worded *fault.Error
	if !errors.As(err, &worded) && !w.struck {
		w.violate("a page met an error that has no words: %v", err)
	}
}

// must is for what no fault can touch: if it fails, the simulator is broken.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
}

// violate reports that something is not as it must be.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.trace.line("VIOLATION %s", text)
	w.broken = true
	w.tally.violation(w.seed)
	w.t.Errorf("seed %d, %s: %s\nrepeat it with: make simulate SEEDS=1 FIRST=%d TRACE=1", w.seed,
		time.Now().UTC().Format(time.DateTime), text, w.seed)
}

// wait lets virtual time pass and does nothing meanwhile.
func (w *world) wait(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// chance is true once in n.
func (w *world) chance(n int) bool { return w.dice.IntN(n) == 0 }

// between is a duration from a to b.
func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.dice.Int64N(int64(b-a)))
}

func pick[T any](w *world, from []T) T { return from[w.dice.IntN(len(from))] }

// process is a slot in which a process of the app runs, dies and is started again.
type process struct {
	*apptest.Process
	w    *world
	name string
	skew time.Duration        // how wrong its clock is
	ran  map[string]time.Time // when each job ran last
}

func (p *process) now() time.Time { return time.Now().Add(p.skew) }

// start begins a process, as a supervisor does after it died.
func (p *process) start() {
	if p.Process != nil {
		p.w.must(p.Close())
	}
	running, err := apptest.Start(context.Background(), apptest.Options{
		DatabaseURL: p.w.database, Stripe: p.w.handler, SecretKey: p.w.stripe.SecretKey(),
		WebhookSecrets: slices.Clone(p.w.secrets), Now: p.now, Wall: p.now, Sender: p.w.mail,
		Meddle: func(at apptest.Point, call *http.Request) error { return p.w.meddle(p, at, call) },
		Heard:  func(call *http.Request, answer []byte) { p.w.ears.hear(p, call, answer) },
		Logger: slog.New(slog.DiscardHandler),
	})
	p.w.must(err)
	p.Process, p.ran = running, map[string]time.Time{}
}

// anyProcess is one of those that run.
func (w *world) anyProcess() *process {
	if w.nested {
		return w.alive()
	}
	alive := slices.DeleteFunc(slices.Clone(w.procs[:]), func(p *process) bool { return p.Dead() })
	if len(alive) == 0 {
		w.procs[0].start()
		return w.procs[0]
	}
	return pick(w, alive)
}

// work runs the background jobs that are due, in an order of the dice's.
func (w *world) work() {
	p := w.anyProcess()
	jobs := slices.Clone(p.Jobs)
	w.dice.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	for _, job := range jobs {
		if p.now().Sub(p.ran[job.Name]) < job.Every || !w.calm && job.Every >= time.Minute && !w.chance(3) {
			continue // what need not run at once is often late
		}
		p.ran[job.Name] = p.now()
		ctx, cancel := context.WithTimeout(context.Background(), job.Timeout)
		err := job.Run(ctx)
		cancel()
		if err != nil {
			w.trace.line("%s: job %s: %s", p.name, job.Name, brief(err))
		}
	}
}

// pass lets time go by while Stripe, the post and the jobs do what is due.
func (w *world) pass(d time.Duration) {
	for d > 0 {
		chunk := min(d, w.between(4*time.Hour, 3*day))
		w.wait(chunk)
		d -= chunk
		w.settle()
	}
}

// settle does what is due now.
func (w *world) settle() {
	w.must(w.stripe.Idle(context.Background()))
	w.post.deliver()
	w.work()
}

// newIDs is chance for ids, the same for the same seed.
func newIDs(seed uint64) *ids {
	var key [32]byte
	copy(key[:], fmt.Sprintf("ids of seed %d", seed))
	return &ids{source: rand.NewChaCha8(key)}
}

// ids is a source of random bytes that may be shared.
type ids struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

// Read implements io.Reader.
func (c *ids) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.source.Read(b)
}

// complaints is the log of the sandbox: an error in it is a violation.
type complaints struct {
	slog.Handler
	w *world
}

// Enabled implements slog.Handler.
func (c *complaints) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

// Handle implements slog.Handler.
func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	c.w.violate("the sandbox complains: %s%s", r.Message, b.String())
	return nil
}

// scratch is a directory for a seed's database, in memory where the machine has such a place.
func scratch(t *testing.T) string {
	t.Helper()
	const memory = "/dev/shm"
	dir, err := os.MkdirTemp(memory, "tollgate-simulate-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// databaseFor gives a seed a migrated database of its own.
func databaseFor(t *testing.T) string {
	t.Helper()
	return modelstest.SQLiteIn(t, filepath.Join(scratch(t), "test.db"))
}

// tokens are what differs from run to run, because the app makes it up.
var tokens = regexp.MustCompile(`[0-9A-Za-z]{20,}`)

// brief is an error without tokens, cut to a line.
func brief(err error) string {
	var worded *fault.Error
	if errors.As(err, &worded) {
		return string(worded.Kind) + ": " + worded.Code
	}
	if errors.Is(err, billing.ErrUnavailable) {
		return billing.ErrUnavailable.Error() // two timeouts that end at once word it by chance
	}
	text := tokens.ReplaceAllString(err.Error(), "…")
	return text[:min(len(text), 160)]
}
