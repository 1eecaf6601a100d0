package handlers_test

import (
	"net/http"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
)

func TestMailboxShowsMails(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.browser(t)
		assert.Contains(t, b.get("/mailbox").text(), "No mail")
		s.signedUp(t, "ada")
		s.signedUp(t, "bob")
		list := b.get("/mailbox")
		require.Equal(t, 2, list.doc().Find(`main a[href^="/mailbox/"]`).Length())
		found := b.get("/mailbox?q=ADA%40").doc().Find(`main a[href^="/mailbox/"]`)
		require.Equal(t, 1, found.Length())
		assert.Zero(t, b.get("/mailbox?q=%25").doc().Find(`main a[href^="/mailbox/"]`).Length(), "a percent sign means itself")

		mail := b.get(found.AttrOr("href", ""))
		require.Equal(t, http.StatusOK, mail.status)
		frame := mail.doc().Find("iframe")
		require.NotContains(t, frame.AttrOr("sandbox", "none"), "allow-scripts")
		html := b.get(frame.AttrOr("src", ""))
		assert.Equal(t, http.StatusOK, html.status)
		assert.Contains(t, html.header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
		assert.Contains(t, html.header.Get("Content-Security-Policy"), "sandbox")
		assert.Contains(t, string(html.body), "/verify-email/")
		for _, id := range []string{"mail_nope", "%00", "..%2f.."} {
			assert.Equal(t, http.StatusNotFound, b.get("/mailbox/"+id).status, id)
		}
	})
}

// TestEveryMailHasAPreview compares the page with the table of mails, and opens each one in both parts.
func TestEveryMailHasAPreview(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.browser(t)
		list := b.get("/mails").doc()
		for _, kind := range billing.MailKinds() {
			require.NotZero(t, list.Find(`main a[href="/mails/`+kind+`"]`).Length(), kind)
		}
		list.Find(`main li a`).Each(func(_ int, link *goquery.Selection) {
			page := b.get(link.AttrOr("href", ""))
			require.Equal(t, http.StatusOK, page.status)
			frame := page.doc().Find("iframe")
			require.NotContains(t, frame.AttrOr("sandbox", "allow-scripts"), "allow-scripts")
			html := b.get(frame.AttrOr("src", ""))
			require.Contains(t, html.header.Get("Content-Security-Policy"), "sandbox")
			require.Contains(t, string(html.body), "<h1")
			text := page.doc().Find(`a[href$="?part=text"]`).AttrOr("href", "")
			require.Contains(t, b.get(text).text(), s.Config.AppURL)
		})
		require.Equal(t, http.StatusNotFound, b.get("/mails/nope").status)
	})
}
