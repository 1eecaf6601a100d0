package jobs_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// patience bounds every wait of a test.
const patience = 30 * time.Second

func start(t *testing.T, db *models.DB, table ...jobs.Job) *jobs.Runner {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	require.NoError(t, jobs.Migrate(ctx, db))
	r, err := jobs.New(jobs.Options{DB: db, Jobs: table, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	require.NoError(t, r.Start(ctx))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, r.Stop(ctx))
	})
	return r
}

func wait(t *testing.T, what string, ran <-chan struct{}) {
	t.Helper()
	select {
	case <-ran:
	case <-time.After(patience):
		t.Fatalf("%s: nothing happened", what)
	}
}

// signalling is a job that says each time that it ran.
func signalling(name string, every time.Duration) (jobs.Job, <-chan struct{}) {
	ran := make(chan struct{}, 100)
	return jobs.Job{Name: name, Every: every, Timeout: patience, Workers: 1, Run: func(context.Context) error {
		ran <- struct{}{}
		return nil
	}}, ran
}

func TestJobRunsAtStartAndWhenWoken(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		job, ran := signalling("sync", time.Hour)
		r := start(t, db, job)
		wait(t, "at the start, for what an earlier process left", ran)
		r.Wake("sync")
		wait(t, "when woken", ran)
	})
}

func TestJobRunsAgainByItself(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		job, ran := signalling("sync", time.Second)
		start(t, db, job)
		for range 3 {
			wait(t, "though nobody wakes it", ran)
		}
	})
}

func TestABurstOfWakeUpsIsFewJobs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var runs atomic.Int64
		ran := make(chan struct{}, 1000)
		r := start(t, db, jobs.Job{
			Name: "sync", Every: time.Hour, Timeout: patience, Workers: 1,
			Run: func(context.Context) error { runs.Add(1); ran <- struct{}{}; return nil },
		})
		wait(t, "at the start", ran)
		for range 200 {
			r.Wake("sync")
		}
		wait(t, "after a burst", ran)
		require.Less(t, runs.Load(), int64(50))
	})
}

func TestAFailedPassStopsNoOther(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		failed := make(chan struct{}, 100)
		bad := jobs.Job{Name: "bad", Every: time.Hour, Timeout: patience, Workers: 1, Run: func(context.Context) error {
			failed <- struct{}{}
			return errors.New("out of order")
		}}
		good, ran := signalling("good", time.Hour)
		r := start(t, db, bad, good)
		wait(t, "the failing job", failed)
		wait(t, "the other job", ran)
		r.Wake("bad")
		wait(t, "the failing job, again", failed)
	})
}

// TestP03_ARunningPassIsToldToComeToAnEnd and has the time to.
func TestP03_ARunningPassIsToldToComeToAnEnd(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		began, ended := make(chan struct{}, 1), make(chan error, 1)
		r := start(t, db, jobs.Job{Name: "long", Every: time.Hour, Timeout: patience, Workers: 1, Run: func(ctx context.Context) error {
			began <- struct{}{}
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for !jobs.Stopping(ctx) {
				<-tick.C
			}
			ended <- ctx.Err()
			return nil
		}})
		wait(t, "the long pass", began)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, r.Stop(ctx))
		require.NoError(t, <-ended, "it ended by itself and was not cancelled")
	})
}

// TestTwoProcessesShareTheWork stops one of two runners; the other goes on.
func TestTwoProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	url := modelstest.PostgresURL(t)
	first, second := modelstest.Open(t, url), modelstest.Open(t, url)
	job, ran := signalling("sync", time.Hour)
	other, otherRan := signalling("sync", time.Hour)
	a := start(t, first, job)
	b := start(t, second, other)
	drain := func() {
		select {
		case <-ran:
		case <-otherRan:
		case <-time.After(patience):
			t.Fatal("neither process worked")
		}
	}
	drain()
	a.Wake("sync")
	drain()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, a.Stop(ctx))
	b.Wake("sync")
	wait(t, "the process that is left", otherRan)
}
