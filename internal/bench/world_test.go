package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These hold what a count can hold on any machine, however busy: the times are for `make bench`.

func TestDashboardAsksThreeThings(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	asked, err := w.queries(t.Context(), "/app", w.cookie)
	require.NoError(t, err)
	require.EqualValues(t, maxQueries, asked, "session with user and account, access, projects")
}

func TestVisitorsAskNothing(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	asked, err := w.queries(t.Context(), "/pricing", "")
	require.NoError(t, err)
	require.Zero(t, asked)
}

func TestReferencesAreWhatTheyAreComparedWith(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	_, err = w.dashboard(t.Context(), load{})
	require.NoError(t, err, "both sides must render the same dashboard")
	page, err := w.weigh(t.Context(), "/pricing")
	require.NoError(t, err)
	require.Empty(t, page.foreign)
	require.Less(t, page.bytes, maxWeight)

	reference, err := openSQLite(t.Context(), t.TempDir()+"/reference.db")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reference.Close()) })
	l := load{clients: 2, duration: time.Second, most: 20}
	_, err = w.webhooks(l, reference).run(t.Context(), 1)
	require.NoError(t, err)
	for _, db := range []*world{w, {db: reference}} {
		for _, table := range []string{"webhook_events", "customer_sync"} {
			var rows int64
			require.NoError(t, db.db.Read(t.Context()).Table(table).Count(&rows).Error)
			require.Positive(t, rows, table)
		}
	}
}
