// Package jobs runs the background work: it wakes, schedules, limits and elects one leader, all by
// River, on either database.
//
// A job here carries no data. What is owed stands in our own tables (customer_sync, mails,
// stripe_ops), and a job is one pass over one of them. So a lost wake-up costs a few seconds until
// the next periodic pass, and never an event or a mail.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"example.com/tollgate/models"
)

// Job is one row of the table of background work.
type Job struct {
	Name    string                          // also the name of its queue
	Every   time.Duration                   // how often it runs even if nobody wakes it
	Timeout time.Duration                   // after which a pass is cancelled
	Workers int                             // passes that may run at once in this process
	Run     func(ctx context.Context) error // one pass; its error is logged
}

// stopKey is where a pass's context carries the channel that closes when the program is told to end.
type stopKey struct{}

// Stopping reports whether the program was told to end. A pass that is told so begins nothing more: what is
// still due will be found by the next process. One that does not ask is given a while, and is then cancelled.
func Stopping(ctx context.Context) bool {
	stopping, _ := ctx.Value(stopKey{}).(chan struct{})
	select {
	case <-stopping: // without a channel this waits for ever, so the default is taken
		return true
	default:
		return ctx.Err() != nil
	}
}

// wakeDelay gathers a burst of wake-ups into one job.
const wakeDelay = 10 * time.Millisecond

// Options is what a Runner needs.
type Options struct {
	DB     *models.DB
	Jobs   []Job
	Logger *slog.Logger
}

// Runner runs the jobs of one process. Several processes on one database share the work.
type Runner struct {
	client   client
	jobs     []Job
	log      *slog.Logger
	wakes    chan string
	asked    *asked
	stopping chan struct{} // closed when Stop begins
	told     sync.Once
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// client is the part of River's generic client that does not depend on the driver.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// passArgs is the only kind of River job: one pass of the named Job.
type passArgs struct {
	Job string `json:"job"`
}

// Kind names the job for River.
func (passArgs) Kind() string { return "pass" }

type passWorker struct {
	river.WorkerDefaults[passArgs]
	jobs     map[string]Job
	log      *slog.Logger
	stopping chan struct{}
	asked    *asked
}

// Work runs one pass. Its error is logged and not handed to River, because our tables say what to
// try again and when.
func (w *passWorker) Work(ctx context.Context, job *river.Job[passArgs]) error {
	row, ok := w.jobs[job.Args.Job]
	if !ok {
		return nil
	}
	w.asked.begin(row.Name)
	if err := row.Run(context.WithValue(ctx, stopKey{}, w.stopping)); err != nil && !errors.Is(err, context.Canceled) {
		w.log.ErrorContext(ctx, "job failed", "job", row.Name, "error", err)
	}
	return nil
}

// Timeout bounds one pass.
func (w *passWorker) Timeout(job *river.Job[passArgs]) time.Duration {
	return w.jobs[job.Args.Job].Timeout
}

// Migrate makes River's own tables.
func Migrate(ctx context.Context, db *models.DB) error {
	if db.Dialect == models.Postgres {
		return migrate(ctx, riverpgxv5.New(db.Pool))
	}
	pool, err := db.SQL()
	if err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	return migrate(ctx, riversqlite.New(pool))
}

func migrate[T any](ctx context.Context, driver riverdriver.Driver[T]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	return nil
}

// New makes a runner for the table of jobs.
func New(o Options) (*Runner, error) {
	r := &Runner{
		jobs: o.Jobs, log: o.Logger, wakes: make(chan string, 256), stopping: make(chan struct{}),
		asked: newAsked(),
	}
	cfg := r.config(o.Jobs)
	if o.DB.Dialect == models.Postgres {
		c, err := river.NewClient[pgx.Tx](riverpgxv5.New(o.DB.Pool), cfg)
		if err != nil {
			return nil, fmt.Errorf("jobs: %w", err)
		}
		r.client = c
		return r, nil
	}
	pool, err := o.DB.SQL()
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	c, err := river.NewClient(riversqlite.New(pool), cfg)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	r.client = c
	return r, nil
}

func (r *Runner) config(jobs []Job) *river.Config {
	worker := &passWorker{jobs: map[string]Job{}, log: r.log, stopping: r.stopping, asked: r.asked}
	cfg := &river.Config{
		// River reports its own housekeeping; only its warnings concern an operator.
		Logger:                      slog.New(atLeast{r.log.Handler(), slog.LevelWarn}),
		FetchCooldown:               10 * time.Millisecond,
		Queues:                      map[string]river.QueueConfig{},
		CompletedJobRetentionPeriod: 10 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		Workers:                     river.NewWorkers(),
	}
	for _, job := range jobs {
		worker.jobs[job.Name] = job
		cfg.Queues[job.Name] = river.QueueConfig{MaxWorkers: job.Workers}
		cfg.PeriodicJobs = append(cfg.PeriodicJobs, river.NewPeriodicJob(
			river.PeriodicInterval(job.Every),
			func() (river.JobArgs, *river.InsertOpts) { return passArgs{job.Name}, insertOpts(job.Name) },
			nil,
		))
	}
	river.AddWorker(cfg.Workers, worker)
	return cfg
}

func insertOpts(name string) *river.InsertOpts {
	return &river.InsertOpts{Queue: name, MaxAttempts: 1}
}

// Start begins to work until Stop. Every job has a pass at once: the periodic ones are the leader's, and after a
// crash it takes a while until there is one again.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.done.Add(1)
	go r.forward(ctx)
	for _, job := range r.jobs {
		r.Wake(job.Name)
	}
	return nil
}

// Stop tells running passes to come to an end, and cancels those that have not when ctx ends.
func (r *Runner) Stop(ctx context.Context) error {
	r.told.Do(func() { close(r.stopping) })
	if r.stop != nil {
		r.stop()
		r.done.Wait()
	}
	if err := r.client.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := r.client.StopAndCancel(hard); err != nil {
			return fmt.Errorf("stop jobs: %w", err)
		}
	}
	return nil
}

// Wake asks for a pass of the named job soon. It never blocks: a wake-up that finds the queue full
// is covered by those already in it, or by the next periodic pass.
func (r *Runner) Wake(name string) {
	select {
	case r.wakes <- name:
	default:
	}
}

// forward turns bursts of wake-ups into single jobs, and those that a job covers already into none.
func (r *Runner) forward(ctx context.Context) {
	defer r.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-r.wakes:
			names := map[string]bool{name: true}
			gather := time.NewTimer(wakeDelay)
			for waiting := true; waiting; {
				select {
				case name := <-r.wakes:
					names[name] = true
				case <-gather.C:
					waiting = false
				}
			}
			for name := range names {
				if r.asked.ask(name, func() { r.Wake(name) }) {
					r.insert(ctx, name)
				}
			}
		}
	}
}

func (r *Runner) insert(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := r.client.Insert(ctx, passArgs{name}, insertOpts(name)); err != nil {
		r.log.WarnContext(ctx, "job not woken; the next periodic pass will find the work", "job", name, "error", err)
	}
}

// atLeast drops log records below a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
