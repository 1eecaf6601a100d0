package handlers_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models/modelstest"
)

// visit asks for a page with headers, which are names and values in turn.
func (b *browser) visit(path string, headers ...string) answer {
	b.t.Helper()
	r := b.request(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.do(r)
}

func TestVisitorsShareKeptPagesAndUsersDoNot(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLiteURL(t))
	user, visitor := s.signedUp(t, "kay"), s.browser(t)
	for _, path := range []string{"/", "/pricing", "/pricing?interval=year"} {
		own := user.get(path)
		require.Contains(t, string(own.body), "Open app", "the page of somebody who is signed in")
		require.Equal(t, "no-store", own.header.Get("Cache-Control"))

		first := visitor.get(path)
		require.Contains(t, string(first.body), "Sign in")
		require.NotContains(t, string(first.body), "Open app", "a user's page must never be kept")
		require.NotContains(t, string(first.body), "_csrf", "a kept page has no room for a token")
		require.Empty(t, first.header.Values("Set-Cookie"))
		require.Equal(t, "Accept-Encoding, Cookie", first.header.Get("Vary"))
		require.Equal(t, first.body, visitor.get(path).body)

		again := user.get(path)
		require.Contains(t, string(again.body), "Open app", "a kept page must never go to a user")

		zipped := visitor.visit(path, "Accept-Encoding", "br, gzip")
		require.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
		require.Equal(t, first.body, unzip(t, zipped.body))
		refused := visitor.visit(path, "Accept-Encoding", "gzip;q=0")
		require.Equal(t, first.body, refused.body)
	}
	month, year := visitor.get("/pricing"), visitor.get("/pricing?interval=year")
	require.NotEqual(t, month.body, year.body, "each interval is a page of its own")
	odd := visitor.get("/pricing?interval=century&page=7")
	require.Equal(t, month.body, odd.body, "an address cannot make another page to keep")
}

func TestNoPageIsKeptWhileTheRibbonTellsADate(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLiteURL(t))
	visitor := s.browser(t)
	before := visitor.get("/pricing")
	stripe, ok := s.EmbeddedStripe().(*sandbox.Sandbox)
	require.True(t, ok)
	require.NoError(t, stripe.Advance(t.Context(), 40*24*time.Hour))
	require.NotEqual(t, before.body, visitor.get("/pricing").body)
}

func TestKeptPagesAreAskedForTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLiteURL(t))
	browsers := make([]*browser, 16)
	for i := range browsers {
		browsers[i] = s.browser(t)
	}
	answers := make([]answer, len(browsers))
	var crowd sync.WaitGroup
	for i, b := range browsers {
		crowd.Go(func() { answers[i] = b.get([]string{"/", "/pricing"}[i%2]) })
	}
	crowd.Wait()
	for i, a := range answers {
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, answers[i%2].body, a.body)
	}
}

func unzip(t *testing.T, body []byte) []byte {
	t.Helper()
	// The browser of these tests asks for gzip by hand, so the client leaves it as it is.
	reader, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err)
	plain, err := io.ReadAll(reader)
	require.NoError(t, err)
	return plain
}

func TestClientsCannotMakeMetrics(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLiteURL(t))
	visitor := s.browser(t)
	r := visitor.request(http.MethodGet, "/pricing", nil)
	r.Host = "invented.example"
	visitor.do(r)
	visitor.do(visitor.request("BREW", "/pricing", nil))
	visitor.get("/no/such/page")
	metrics := string(visitor.get("/metrics").body)
	require.Contains(t, metrics, `http_requests_total{code="200",host="",method="GET",url="/pricing"} 1`)
	require.Contains(t, metrics, `http_requests_total{code="404",`, "a fault is counted by its own status")
	require.NotContains(t, metrics, `code="500"`)
	for _, invented := range []string{"invented.example", "BREW", "/no/such/page"} {
		require.NotContains(t, metrics, invented)
	}
}
