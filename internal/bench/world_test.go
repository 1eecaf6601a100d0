package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// These hold what a count can hold on any machine, however busy: the times are for `make bench`.

func TestDashboardAsksThreeThings(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), onSQLite(t.TempDir(), "site"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	asked, err := w.queries(t.Context(), "/app", w.cookie)
	require.NoError(t, err)
	require.EqualValues(t, maxQueries, asked, "session with user and account, access, projects")
}

func TestVisitorsAskNothing(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), onSQLite(t.TempDir(), "site"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	asked, err := w.queries(t.Context(), "/pricing", "")
	require.NoError(t, err)
	require.Zero(t, asked)
}

func TestReferencesAreWhatTheyAreComparedWith(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), onSQLite(t.TempDir(), "site"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	_, err = w.dashboard(t.Context(), load{})
	require.NoError(t, err, "both sides must render the same dashboard")
	page, err := w.weigh(t.Context(), "/pricing")
	require.NoError(t, err)
	require.Empty(t, page.foreign)
	require.Less(t, page.bytes, maxWeight)

	l := load{clients: 2, duration: time.Second, most: 20}
	reference, err := openDB(t.Context(), onSQLite(t.TempDir(), "reference"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reference.Close()) })
	_, err = w.plainly(l, reference).run(t.Context(), 1)
	require.NoError(t, err)
	requireReceived(t, reference)
	requireReceived(t, w.db)
}

func TestTheHandlerWrittenByHandKeepsWhatOursKeeps(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		hand, err := newGrouped(t.Context(), db)
		require.NoError(t, err)
		t.Cleanup(hand.close)
		server := httptest.NewServer(hand)
		t.Cleanup(server.Close)
		l := delivering(load{addr: server.Listener.Addr().String(), clients: 8, duration: 10 * time.Second, most: 40})
		_, err = l.run(t.Context())
		require.NoError(t, err)
		requireReceived(t, db)
		require.EqualValues(t, 40, count(t, db, "webhook_events", "state = 'pending' AND dirty_seq = 1 AND customer LIKE 'cus_%'"))
		require.EqualValues(t, 40, count(t, db, "customer_sync", "dirty_seq = 1"))

		forged := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", strings.NewReader("{}"))
		forged.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=00", time.Now().Unix()))
		recorder := httptest.NewRecorder()
		hand.ServeHTTP(recorder, forged)
		require.Equal(t, http.StatusBadRequest, recorder.Code)
	})
}

// TestF16_ASyncOfAnyKindOfCustomerMakesFewCalls holds what `make bench` shows.
func TestF16_ASyncOfAnyKindOfCustomerMakesFewCalls(t *testing.T) {
	t.Parallel()
	b := &bench{dir: t.TempDir()}
	rows, err := b.callsPerSync(t.Context())
	require.NoError(t, err)
	require.True(t, rows[0].pass, rows[0].reference)
}

func TestTheBusiestSecondMayBeginAnywhere(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	at := func(milliseconds ...int) (calls []time.Time) {
		for _, ms := range milliseconds {
			calls = append(calls, begin.Add(time.Duration(ms)*time.Millisecond))
		}
		return calls
	}
	require.Zero(t, most(nil))
	require.Equal(t, 1, most(at(0, 1000, 2000)))
	require.Equal(t, 3, most(at(0, 900, 1000, 1899, 1900)))
}

func requireReceived(t *testing.T, db *models.DB) {
	t.Helper()
	for _, table := range []string{"webhook_events", "customer_sync"} {
		require.Positive(t, count(t, db, table, "true"), table)
	}
}

func count(t *testing.T, db *models.DB, table, where string) (rows int64) {
	t.Helper()
	require.NoError(t, db.Read(t.Context()).Table(table).Where(where).Count(&rows).Error)
	return rows
}
