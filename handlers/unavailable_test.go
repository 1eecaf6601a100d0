package handlers_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// journal is a log that is read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// lines counts the lines with all of the words.
func (j *journal) lines(words ...string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		has := true
		for _, word := range words {
			has = has && strings.Contains(line, word)
		}
		if has {
			n++
		}
	}
	return n
}

// troubled is a site whose database can be made to fail, with somebody who is signed in and has something to lose.
type troubled struct {
	*site
	b   *browser
	log *journal
}

func newTroubled(t *testing.T, databaseURL string) *troubled {
	t.Helper()
	log := &journal{}
	s := newLoggedSite(t, databaseURL, log)
	b := s.signedUp(t, "ada")
	require.Equal(t, http.StatusSeeOther, b.createProject("Apollo").status)
	require.Equal(t, http.StatusOK, b.get("/app/projects").status, "the notice is read")
	return &troubled{s, b, log}
}

// requireTurnedAway wants what a person and Stripe should get: a page with the way out, a number to ask about, and
// when to come back; one line in the log for each.
func (s *troubled) requireTurnedAway(t *testing.T, event string) {
	t.Helper()
	form := s.b.get("/app/projects")
	require.Equal(t, http.StatusOK, form.status, "reading goes on: %s", form.text())
	page := s.b.submit(form, `form[action="/app/projects"]`, url.Values{"name": {"Gemini"}})
	hook := s.deliver(t, "/webhooks/stripe", eventBody(t, event, 0))
	for _, a := range []answer{page, hook} {
		id := a.header.Get("X-Request-Id")
		require.Equal(t, http.StatusServiceUnavailable, a.status, a.text())
		require.NotEmpty(t, a.header.Get("Retry-After"), "when to come back")
		require.NotEmpty(t, id)
		require.Contains(t, string(a.body), id, "what to ask about")
		require.Equal(t, 1, s.log.lines("request failed", id), "one line for one failure")
		for _, private := range []string{"SQL", "INSERT", "sqlite", "disk", "lock"} {
			require.NotContains(t, string(a.body), private)
		}
	}
	require.Contains(t, page.text(), "Please try again")
	require.Equal(t, http.StatusOK, s.b.get("/healthz").status)
	require.Equal(t, http.StatusOK, s.b.get("/app").status)
}

// requireWell wants the very same requests to work, and nothing of the failed ones to be there.
func (s *troubled) requireWell(t *testing.T, event string) {
	t.Helper()
	a := s.b.createProject("Gemini")
	require.Equal(t, http.StatusSeeOther, a.status, a.text())
	require.Equal(t, http.StatusOK, s.deliver(t, "/webhooks/stripe", eventBody(t, event, 0)).status)
	for query, want := range map[string]int64{
		"SELECT count(*) FROM projects WHERE name = 'Gemini'": 1, "SELECT count(*) FROM projects": 2,
		"SELECT count(*) FROM webhook_events WHERE event_id = '" + event + "'": 1,
	} {
		var n int64
		require.NoError(t, s.DB.Read(t.Context()).Raw(query).Scan(&n).Error)
		require.Equal(t, want, n, query)
	}
	require.Equal(t, http.StatusOK, s.b.get("/readyz").status)
}

// TestP04W16_AFullDiskTurnsWritersAwayUntilThereIsRoom fills the database until SQLite says that it is full.
func TestP04W16_AFullDiskTurnsWritersAwayUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	s := newTroubled(t, modelstest.SQLiteURL(t))
	s.signedUp(t, "ballast")
	exec := func(sql string, args ...any) error { return s.DB.Write(t.Context()).Exec(sql, args...).Error }
	var pages int64
	require.NoError(t, s.DB.Write(t.Context()).Raw("PRAGMA page_count").Scan(&pages).Error)
	require.NoError(t, exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+20)))
	// A row goes where there is room for it, so both tables are filled until not even a small one fits.
	for _, ballast := range []string{
		`INSERT INTO projects (public_id, account_id, name, created_at, updated_at)
		 SELECT hex(randomblob(8)), max(id), hex(randomblob(?)), '2026-01-01', '2026-01-01' FROM accounts`,
		`INSERT INTO webhook_events (public_id, stripe_account, livemode, event_id, type, api_version, object_id, customer,
		 payload, occurred_at, received_at, state, dirty_seq)
		 SELECT hex(randomblob(8)), '', 0, hex(randomblob(8)), 'ballast', '', '', '', zeroblob(?), '2026-01-01', '2026-01-01', 'done', 0`,
	} {
		for size := 1 << 14; size > 0; size /= 2 {
			var err error
			for err == nil {
				err = exec(ballast, size)
			}
			require.ErrorContains(t, err, "full")
			require.True(t, models.Unavailable(err))
		}
	}
	s.requireTurnedAway(t, "evt_full")

	require.NoError(t, exec("PRAGMA max_page_count = 1000000"))
	require.NoError(t, exec("DELETE FROM projects WHERE account_id = (SELECT max(id) FROM accounts)"))
	s.requireWell(t, "evt_full")
	var verdict string
	require.NoError(t, s.DB.Read(t.Context()).Raw("PRAGMA integrity_check").Scan(&verdict).Error)
	require.Equal(t, "ok", verdict)
}

// locker holds what every writer needs, as another process would.
func (s *troubled) locker(t *testing.T, databaseURL string) (release func()) {
	t.Helper()
	if s.DB.Dialect == models.SQLite {
		other, err := sql.Open("sqlite3", strings.TrimPrefix(databaseURL, "sqlite:")+"?_txlock=immediate&_busy_timeout=10000")
		require.NoError(t, err)
		tx, err := other.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		return func() { require.NoError(t, tx.Rollback()); require.NoError(t, other.Close()) }
	}
	other, err := pgx.Connect(t.Context(), databaseURL)
	require.NoError(t, err)
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	// Each of the two is the first that its writer needs, so nobody can hold one and wait for the other.
	_, err = tx.Exec(t.Context(), "LOCK TABLE projects, webhook_events IN EXCLUSIVE MODE")
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback(t.Context())); require.NoError(t, other.Close(t.Context())) }
}

// TestP05W16_ALockedDatabaseIsWaitedForAndThenReported is about another process that holds the write lock: for a
// moment, in which nobody notices, and for long.
func TestP05W16_ALockedDatabaseIsWaitedForAndThenReported(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			s := newTroubled(t, databaseURL)
			release := s.locker(t, databaseURL)
			form, answered := s.b.get("/app/projects"), make(chan answer, 2)
			go func() {
				answered <- s.b.submit(form, `form[action="/app/projects"]`, url.Values{"name": {"Mercury"}})
				answered <- s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_moment", 0))
			}()
			select {
			case a := <-answered:
				t.Fatalf("nobody waited for the lock: status %d", a.status)
			case <-time.After(3 * time.Second):
			}
			release()
			require.Equal(t, http.StatusSeeOther, (<-answered).status)
			require.Equal(t, http.StatusOK, (<-answered).status)
			require.NoError(t, s.DB.Write(t.Context()).Exec("DELETE FROM projects WHERE name = 'Mercury'").Error)

			release = s.locker(t, databaseURL)
			began := time.Now()
			s.requireTurnedAway(t, "evt_long")
			require.Less(t, time.Since(began), 25*time.Second, "two writers, each of whom gives up in time")
			release()
			s.requireWell(t, "evt_long")
		})
	}
}

// TestP05_ARestartOfPostgresIsSurvived ends every connection and refuses new ones, as a server does that restarts.
func TestP05_ARestartOfPostgresIsSurvived(t *testing.T) {
	t.Parallel()
	databaseURL := modelstest.PostgresURL(t)
	s := newTroubled(t, databaseURL)
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	server, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(context.Background())) })
	say := func(sql string) {
		_, err := server.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	form := s.b.get("/app/projects")
	say("ALTER DATABASE " + name + " WITH ALLOW_CONNECTIONS false")
	say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	for _, a := range []answer{
		s.b.get("/app"),
		s.b.submit(form, `form[action="/app/projects"]`, url.Values{"name": {"Gemini"}}),
		s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_restart", 0)),
		s.b.get("/readyz"),
	} {
		require.Equal(t, http.StatusServiceUnavailable, a.status, a.text())
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.Contains(t, string(a.body), a.header.Get("X-Request-Id"))
	}
	require.Equal(t, http.StatusOK, s.b.get("/healthz").status, "nobody shall kill a healthy process for it")
	require.Equal(t, http.StatusOK, s.browser(t).get("/").status)
	say("ALTER DATABASE " + name + " WITH ALLOW_CONNECTIONS true")
	s.requireWell(t, "evt_restart")
}
