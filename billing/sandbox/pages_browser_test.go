package sandbox_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// browser opens the sandbox's pages as a person without JavaScript does: it follows links, fills in forms as they
// stand on the page, and keeps its cookies. It does not follow a redirect by itself.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t: t, base: base, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// view is a page as it was answered.
type view struct {
	*goquery.Document
	b        *browser
	url      *url.URL
	status   int
	header   http.Header
	location string
}

func (b *browser) open(path string) *view {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.absolute(path), nil)
	require.NoError(b.t, err)
	return b.do(req)
}

func (b *browser) absolute(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.base + path
}

func (b *browser) do(req *http.Request) *view {
	b.t.Helper()
	res, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	require.NoError(b.t, err)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	require.NoError(b.t, err)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && len(body) > 0 && res.StatusCode != 303 {
		checkHouse(b.t, req.URL.Path, doc)
	}
	return &view{
		Document: doc, b: b, url: req.URL, status: res.StatusCode, header: res.Header,
		location: res.Header.Get("Location"),
	}
}

// follow opens the page that the answer leads to.
func (v *view) follow() *view {
	v.b.t.Helper()
	require.Equal(v.b.t, http.StatusSeeOther, v.status, "a redirect: %s", v.text("main"))
	target, err := v.url.Parse(v.location)
	require.NoError(v.b.t, err)
	return v.b.open(target.String())
}

// press submits the form around a button, with the form's fields as they are and as given.
func (v *view) press(button string, typed ...string) *view {
	v.b.t.Helper()
	b := v.Find(button).First()
	require.Equal(v.b.t, 1, b.Length(), "no button %s on %s", button, v.url)
	form := b.Closest("form")
	values := url.Values{}
	form.Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) { addField(values, s) })
	for i := 0; i+1 < len(typed); i += 2 {
		values.Set(typed[i], typed[i+1])
	}
	if name := b.AttrOr("name", ""); name != "" {
		values.Set(name, b.AttrOr("value", ""))
	}
	return v.send(form.AttrOr("action", ""), values)
}

// send posts values that no form of the page offers: what somebody would do by hand.
func (v *view) send(path string, values url.Values) *view {
	v.b.t.Helper()
	values.Set("_csrf", v.Find("[name=_csrf]").First().AttrOr("value", ""))
	target, err := v.url.Parse(path)
	require.NoError(v.b.t, err)
	req, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	require.NoError(v.b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", v.b.base)
	return v.b.do(req)
}

func addField(values url.Values, s *goquery.Selection) {
	name := s.AttrOr("name", "")
	kind := s.AttrOr("type", "text")
	_, checked := s.Attr("checked")
	if name == "" || ((kind == "radio" || kind == "checkbox") && !checked) {
		return
	}
	value := s.AttrOr("value", "")
	if goquery.NodeName(s) == "select" {
		value = s.Find("option[selected]").AttrOr("value", s.Find("option").First().AttrOr("value", ""))
	}
	values.Set(name, value)
}

// text is the text of what a selector finds, with its white space folded.
func (v *view) text(selector string) string {
	return strings.Join(strings.Fields(v.Find(selector).Text()), " ")
}

// click opens a link.
func (v *view) click(selector string) *view {
	v.b.t.Helper()
	link := v.Find(selector).First()
	require.Equal(v.b.t, 1, link.Length(), "no link %s on %s", selector, v.url)
	target, err := v.url.Parse(link.AttrOr("href", ""))
	require.NoError(v.b.t, err)
	return v.b.open(target.String())
}

// checkHouse holds every page that any test opens to the rules of the house, so that no page can opt out: nothing
// inline that would need a looser policy, the token in every form, a name on every control, one heading, and the
// ribbon.
func checkHouse(t *testing.T, path string, doc *goquery.Document) {
	t.Helper()
	require.Zero(t, doc.Find("[style], style, script:not([src])").Length(), "inline style or script on %s", path)
	require.Equal(t, 1, doc.Find("h1").Length(), "headings of %s", path)
	require.Equal(t, 1, doc.Find("main").Length(), "mains of %s", path)
	require.Contains(t, doc.Find(".ribbon").Text(), "no real money", path)
	doc.Find("form[method=post]").Each(func(_ int, s *goquery.Selection) {
		require.Equal(t, 1, s.Find("input[name=_csrf]").Length(), "token of %s on %s", s.AttrOr("action", ""), path)
	})
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		labelled := s.AttrOr("aria-label", "") != "" || s.Closest("label").Length() > 0 ||
			doc.Find("label[for='"+s.AttrOr("id", "-")+"']").Length() > 0
		require.True(t, labelled, "label of %s on %s", s.AttrOr("name", ""), path)
	})
	doc.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		require.NotEmpty(t, strings.TrimSpace(s.Text())+s.AttrOr("aria-label", ""), "an unnamed control on %s", path)
	})
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		require.False(t, seen[s.AttrOr("id", "")], "id %s twice on %s", s.AttrOr("id", ""), path)
		seen[s.AttrOr("id", "")] = true
	})
}
