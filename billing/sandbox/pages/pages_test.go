package pages_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox/pages"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"base.css", "checkout.css", "checkout-cards.css", "portal.css", "invoice.css", "console.css", "sandbox.js", "icon.svg",
	} {
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
		{79000, "usd", "$790.00"},
		{0, "usd", "$0.00"},
		{5, "eur", "€0.05"},
		{-1250, "usd", "−$12.50"},
		{123456789, "usd", "$1,234,567.89"},
		{1200, "jpy", "¥1,200"},
		{1500, "kwd", "KWD\u00a01.500"},
		{-100000, "gbp", "−£1,000.00"},
	} {
		require.Equal(t, c.want, pages.Money(c.amount, c.currency))
	}
}

// TestJSONIsColouredAndEscaped feeds the console what an application might have stored.
func TestJSONIsColouredAndEscaped(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"id":"cus_12345678","text":"<script>alert(1)</script> \"quoted\"","n":-12,"none":null,"list":[true,{}]}`,
		`{"id":"cus_12345678","cut":"<script>alert(1)</scr`,
	} {
		var html bytes.Buffer
		page := pages.ObjectViewPage(pages.ObjectView{ID: "cus_12345678", Kind: "customer", Body: body})
		require.NoError(t, page.Render(t.Context(), &html))
		doc, err := goquery.NewDocumentFromReader(&html)
		require.NoError(t, err)
		require.Zero(t, doc.Find("pre script").Length())
		require.Contains(t, doc.Find("pre").Text(), "<script>alert(1)</scr")
		require.Equal(t, "/_stripe/objects/cus_12345678", doc.Find("pre a").AttrOr("href", ""))
		require.Equal(t, `"id"`, doc.Find("pre .k").First().Text())
	}
}
