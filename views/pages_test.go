package views

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

// TestPages renders every page in every state and reads it as a browser and a screen reader would.
// TOLLGATE_PAGES names a folder to keep the pages in, for looking at them.
func TestPages(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TOLLGATE_PAGES")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, page := range allPages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			html := render(t, page)
			if err := os.WriteFile(filepath.Join(dir, name+".html"), html, 0o644); err != nil {
				t.Fatal(err)
			}
			doc, err := goquery.NewDocumentFromReader(bytes.NewReader(html))
			if err != nil {
				t.Fatal(err)
			}
			checkFrame(t, doc)
			checkForms(t, doc)
			checkNames(t, doc)
			checkPolicy(t, doc, string(html))
		})
	}
}

func render(t *testing.T, page templ.Component) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := page.Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func checkFrame(t *testing.T, doc *goquery.Document) {
	t.Helper()
	if n := doc.Find("h1").Length(); n != 1 {
		t.Errorf("%d headings of the first rank", n)
	}
	if strings.TrimSpace(doc.Find("title").Text()) == "" {
		t.Error("no title")
	}
	if n := doc.Find("main").Length(); n != 1 {
		t.Errorf("%d main landmarks", n)
	}
	if lang, _ := doc.Find("html").Attr("lang"); lang == "" {
		t.Error("no language")
	}
	if target, _ := doc.Find("a.skip").Attr("href"); target != "#main" {
		t.Error("no link past the navigation")
	}
	rank := 1
	doc.Find("h1, h2, h3, h4").Each(func(_ int, h *goquery.Selection) {
		next := int(goquery.NodeName(h)[1] - '0')
		if next > rank+1 {
			t.Errorf("heading %q skips a rank", h.Text())
		}
		rank = next
	})
}

func checkForms(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("form").Each(func(_ int, form *goquery.Selection) {
		action, _ := form.Attr("action")
		if action == "" || strings.Contains(action, "failedsanitization") {
			t.Errorf("a form goes nowhere: %q", action)
		}
		method, _ := form.Attr("method")
		token, _ := form.Find(`input[type="hidden"][name="_csrf"]`).Attr("value")
		if strings.EqualFold(method, "post") && token == "" {
			t.Errorf("the form for %s carries no token", action)
		}
	})
	doc.Find("input, select, textarea").Each(func(_ int, field *goquery.Selection) {
		if kind, _ := field.Attr("type"); kind == "hidden" {
			return
		}
		id, _ := field.Attr("id")
		labelled := id != "" && doc.Find(`label[for="`+id+`"]`).Length() == 1
		if name, _ := field.Attr("name"); !labelled && field.Closest("label").Length() == 0 {
			t.Errorf("the field %q has no label", name)
		}
		described, _ := field.Attr("aria-describedby")
		for _, ref := range strings.Fields(described) {
			if doc.Find("#"+ref).Length() != 1 {
				t.Errorf("the field %q is described by %q, which is not there", id, ref)
			}
		}
	})
}

// checkNames wants an accessible name on everything that can be clicked, and ids that are unique.
func checkNames(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("a, button, summary").Each(func(_ int, el *goquery.Selection) {
		label, _ := el.Attr("aria-label")
		if strings.TrimSpace(el.Text()) == "" && label == "" {
			html, _ := goquery.OuterHtml(el)
			t.Errorf("nothing names %s", html)
		}
		if href, ok := el.Attr("href"); ok && (href == "" || strings.Contains(href, "failedsanitization")) {
			t.Errorf("the link %q leads nowhere: %q", el.Text(), href)
		}
	})
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, el *goquery.Selection) {
		id, _ := el.Attr("id")
		if seen[id] {
			t.Errorf("two elements have the id %q", id)
		}
		seen[id] = true
	})
	doc.Find("[aria-labelledby]").Each(func(_ int, el *goquery.Selection) {
		if ref, _ := el.Attr("aria-labelledby"); !seen[ref] {
			t.Errorf("labelled by %q, which is not there", ref)
		}
	})
}

var leftover = regexp.MustCompile(`@ui\.|%!|\{ ?[a-z]+ ?\}`)

// checkPolicy refuses what the Content-Security-Policy would block, and traces of templates.
func checkPolicy(t *testing.T, doc *goquery.Document, html string) {
	t.Helper()
	if n := doc.Find("[style], style").Length(); n > 0 {
		t.Errorf("%d inline styles", n)
	}
	doc.Find("script").Each(func(_ int, script *goquery.Selection) {
		src, _ := script.Attr("src")
		if !strings.HasPrefix(src, "/static/") || strings.TrimSpace(script.Text()) != "" {
			t.Errorf("a script that is inline or not ours: %q", src)
		}
	})
	doc.Find("*").Each(func(_ int, el *goquery.Selection) {
		for _, attr := range el.Nodes[0].Attr {
			if strings.HasPrefix(attr.Key, "on") || strings.HasPrefix(attr.Val, "javascript:") {
				t.Errorf("<%s %s=%q> would be blocked", goquery.NodeName(el), attr.Key, attr.Val)
			}
		}
	})
	if found := leftover.FindString(doc.Find("body").Text()); found != "" {
		t.Errorf("the page shows %q", found)
	}
	if strings.Contains(html, "%!") {
		t.Error("a format went wrong")
	}
}
