package views

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/static"
)

// pricingWeight is what the pricing page may weigh with everything that it loads, compressed.
const pricingWeight = 60 << 10

// TestPricingPageIsLight fetches what a browser would, as gzip, which is more than the brotli that
// most browsers take.
func TestPricingPageIsLight(t *testing.T) {
	t.Parallel()
	html := render(t, Pricing(PricingPage{Page: frame("/pricing", "Pricing"), Catalog: plan.Default()}))
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(html); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	total := zipped.Len()
	t.Logf("%6d pricing page", total)
	doc.Find("head link[href], script[src], img[src]").Each(func(_ int, el *goquery.Selection) {
		address := el.AttrOr("href", el.AttrOr("src", ""))
		if !strings.HasPrefix(address, static.Prefix) {
			t.Errorf("the page loads %q, which is not ours", address)
			return
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		req.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		static.Handler().ServeHTTP(rec, req)
		if rec.Code != http.StatusOK {
			t.Errorf("%s: %d", address, rec.Code)
		}
		t.Logf("%6d %s", rec.Body.Len(), address)
		total += rec.Body.Len()
	})
	t.Logf("%6d together", total)
	if total > pricingWeight {
		t.Errorf("the pricing page weighs %d bytes, more than %d", total, pricingWeight)
	}
}
