package pages_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox/pages"
)

// specimen is one page in one state.
type specimen struct {
	name string
	page templ.Component
}

// TestGallery draws every page in every state that matters and holds each to
// the rules of the house: no inline script or style, every control named, every
// form with its token. PAGES_GALLERY=dir writes the pages out, to be looked at.
func TestGallery(t *testing.T) {
	t.Parallel()
	for _, s := range specimens() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var html bytes.Buffer
			require.NoError(t, s.page.Render(t.Context(), &html))
			if dir := os.Getenv("PAGES_GALLERY"); dir != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, s.name+".html"), html.Bytes(), 0o644))
			}
			doc, err := goquery.NewDocumentFromReader(&html)
			require.NoError(t, err)
			checkPolicy(t, doc)
			checkControls(t, doc)
		})
	}
}

// checkPolicy makes sure that nothing on the page would need a looser policy.
func checkPolicy(t *testing.T, doc *goquery.Document) {
	t.Helper()
	require.Zero(t, doc.Find("[style], style").Length(), "no inline style")
	doc.Find("script").Each(func(_ int, s *goquery.Selection) {
		require.NotEmpty(t, s.AttrOr("src", ""), "no inline script")
	})
	doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, attr := range s.Get(0).Attr {
			require.False(t, strings.HasPrefix(attr.Key, "on"), "no inline handler: %s", attr.Key)
		}
	})
	require.Equal(t, 1, doc.Find("h1").Length(), "one heading")
	require.Equal(t, 1, doc.Find("main").Length(), "one main")
	require.Contains(t, doc.Find(".ribbon").Text(), "no real money")
}

// checkControls makes sure that every form carries the token, every field has
// a name for a screen reader, and no id stands twice.
func checkControls(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("form[method=post]").Each(func(_ int, s *goquery.Selection) {
		require.Equal(t, 1, s.Find("input[name=_csrf]").Length(), "token in %s", s.AttrOr("action", ""))
	})
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "-")
		labelled := s.AttrOr("aria-label", "") != "" || s.Closest("label").Length() > 0 ||
			doc.Find("label[for='"+id+"']").Length() > 0
		require.True(t, labelled, "label of %s", s.AttrOr("name", ""))
	})
	doc.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		name := strings.TrimSpace(s.Text()) + s.AttrOr("aria-label", "")
		require.NotEmpty(t, name, "name of a link or button")
	})
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		require.False(t, seen[s.AttrOr("id", "")], "id %s twice", s.AttrOr("id", ""))
		seen[s.AttrOr("id", "")] = true
	})
}

func TestAssets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"base.css", "checkout.css", "portal.css", "invoice.css", "console.css", "sandbox.js", "icon.svg"} {
		rec := httptest.NewRecorder()
		pages.Assets().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, pages.AssetPath+name, nil))
		require.Equal(t, http.StatusOK, rec.Code, name)
		tag := rec.Header().Get("ETag")
		require.NotEmpty(t, tag)

		again := httptest.NewRequest(http.MethodGet, pages.AssetPath+name, nil)
		again.Header.Set("If-None-Match", tag)
		rec = httptest.NewRecorder()
		pages.Assets().ServeHTTP(rec, again)
		require.Equal(t, http.StatusNotModified, rec.Code, name)
	}
	rec := httptest.NewRecorder()
	pages.Assets().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, pages.AssetPath+"nothing.css", nil))
	require.Equal(t, http.StatusNotFound, rec.Code)
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{79000, "usd", "$790.00"}, {0, "usd", "$0.00"}, {5, "eur", "€0.05"}, {-1250, "usd", "−$12.50"},
		{123456789, "usd", "$1,234,567.89"}, {1200, "jpy", "¥1,200"}, {1500, "kwd", "KWD\u00a01.500"},
		{-100000, "gbp", "−£1,000.00"},
	} {
		require.Equal(t, c.want, pages.Money(c.amount, c.currency))
	}
}
