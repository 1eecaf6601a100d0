package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func get(t *testing.T, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, req)
	return rec
}

func TestEveryFileIsServedUnderItsHash(t *testing.T) {
	t.Parallel()
	hashed := regexp.MustCompile(`^/static/[a-z-]+\.[0-9a-f]{12}\.[a-z0-9]+$`)
	for _, name := range []string{"app.css", "app.js", "htmx.js", "favicon.svg", "overpass.woff2"} {
		path := Path(name)
		if !hashed.MatchString(path) {
			t.Errorf("Path(%q) = %q, which has no hash", name, path)
		}
		rec := get(t, path, nil)
		if rec.Code != http.StatusOK || rec.Body.Len() == 0 {
			t.Fatalf("%s: status %d, %d bytes", path, rec.Code, rec.Body.Len())
		}
		if got := rec.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
		if got := rec.Header().Get("Content-Type"); got == "" || got == "application/octet-stream" {
			t.Errorf("%s: Content-Type %q", path, got)
		}
	}
}

// A compressed form that was built from another version of the file would reach browsers only, and
// no reader of the source would see it.
func TestCompressedFormsHoldTheFile(t *testing.T) {
	t.Parallel()
	for name, a := range files().byName {
		if a.gzip == nil {
			continue
		}
		rec := get(t, Path(name), map[string]string{"Accept-Encoding": "gzip"})
		if rec.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: not served as gzip", name)
		}
		unzipped, err := gzip.NewReader(rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(unzipped)
		if err != nil || !bytes.Equal(content, a.plain) {
			t.Errorf("%s.gz is not %s (%v): run npm run build", name, name, err)
		}
		rec = get(t, Path(name), map[string]string{"Accept-Encoding": "gzip, deflate, br"})
		content, err = io.ReadAll(brotli.NewReader(rec.Body))
		if err != nil || !bytes.Equal(content, a.plain) {
			t.Errorf("%s.br is not %s (%v): run npm run build", name, name, err)
		}
	}
}

func TestAnswersToTheUnusual(t *testing.T) {
	t.Parallel()
	if rec := get(t, "/static/nothing.css", nil); rec.Code != http.StatusNotFound {
		t.Errorf("missing file: %d", rec.Code)
	}
	if rec := get(t, "/static/app.css", nil); rec.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("a name without a hash must be asked about again: %q", rec.Header().Get("Cache-Control"))
	}
	first := get(t, Path("app.js"), nil)
	again := get(t, Path("app.js"), map[string]string{"If-None-Match": first.Header().Get("ETag")})
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("unchanged file: %d with %d bytes", again.Code, again.Body.Len())
	}
	if first.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for a browser that did not ask for it")
	}
	refused := get(t, Path("app.js"), map[string]string{"Accept-Encoding": "br;q=0, gzip;q=0.5"})
	if got := refused.Header().Get("Content-Encoding"); got != "gzip" {
		t.Errorf("refused brotli, took %q", got)
	}
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path("app.js"), nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", rec.Code)
	}
}

// The style sheet names the font by its hash. A stale name would cost a 404 and the look of every
// page, and nothing else would fail.
func TestStyleSheetNamesTheFontThatIsThere(t *testing.T) {
	t.Parallel()
	if css := files().byName["app.css"].plain; !bytes.Contains(css, []byte(Path("overpass.woff2"))) {
		t.Errorf("app.css does not load %s: run npm run build", Path("overpass.woff2"))
	}
	if font := len(files().byName["overpass.woff2"].plain); font > 30<<10 {
		t.Errorf("the font weighs %d bytes", font)
	}
}
