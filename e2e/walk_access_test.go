package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// entitled is the answer of /api/me/entitlements.
type entitled struct {
	Plan, Level, Reason string
	Until               *time.Time
	Features            map[string]bool
	Limits, Usage       map[string]any
}

// tries is point 6 on the free plan: three projects, a fourth refused, an export that costs something, an
// API that is not there. It ends at Stripe's page, where the button of the refusal leads.
func (w *walk) tries(b *tab) {
	b.open("/app/projects")
	b.see("No projects yet")
	b.shot("projects-empty")
	for i := range 3 {
		b.fill("#name", fmt.Sprintf("Project %d", i+1))
		b.follow(`form[action="/app/projects"] button`)
		b.see(fmt.Sprintf("Project %d", i+1))
	}
	b.see("That is all your plan holds", "Try Starter free for 14 days")
	b.shot("projects-limit")
	refused, err := b.client().submit(w.t.Context(), "/app/projects", "/app/projects", url.Values{"name": {"One too many"}})
	if err != nil || refused.status != http.StatusPaymentRequired ||
		!strings.Contains(plain(refused.body), "Your plan holds 3 projects. The Starter plan holds more.") {
		b.fail("the fourth project: %v, status %d\n%s", err, refused.status, clip(plain(refused.body)))
	}
	b.open("/app/settings")
	b.see("Your plan does not include the API.")
	if got := w.entitlements(b); got.Plan != "free" || got.Features["export"] {
		b.fail("a free account is entitled to %+v", got)
	}
	b.open("/app/projects")
	b.follow(`a[href="/app/projects/export.csv"]`, 402)
	b.see("CSV export", "Starter", "$29 a month")
	b.shot("upgrade")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.see("Try Starter", "14 days free")
}

// entitlements asks as the page's own user.
func (w *walk) entitlements(b *tab, header ...string) entitled {
	w.t.Helper()
	c := b.client()
	if len(header) > 0 {
		c = newClient(w.app)
	}
	page, err := c.get(w.t.Context(), "/api/me/entitlements", header...)
	if err != nil || page.status != http.StatusOK {
		w.t.Fatalf("entitlements: %v, status %d: %s", err, page.status, page.body)
	}
	var got entitled
	if err := json.Unmarshal([]byte(page.body), &got); err != nil {
		w.t.Fatalf("entitlements: %v: %s", err, page.body)
	}
	return got
}

// exports is the paid feature, for somebody who pays.
func (w *walk) exports(b *tab, projects ...string) {
	b.open("/app/projects")
	csv := eval[string](b, `fetch('/app/projects/export.csv').then(r => r.text())`)
	for _, name := range projects {
		if !strings.Contains(csv, name) {
			b.fail("the export lacks %q:\n%s", name, csv)
		}
	}
	b.shot("projects")
}

// programs is the API: a key that is shown once, and what it opens.
func (w *walk) programs(b *tab) {
	b.open("/app/projects")
	b.fill("#name", "Bridge survey")
	b.follow(`form[action="/app/projects"] button`)
	b.open("/app/settings")
	b.fill("#key-name", "Nightly report")
	b.follow(`form[action="/app/settings/api-keys"] button`)
	b.see("Copy the key now")
	key := b.text("#new-key")
	b.shot("settings-new-key")
	b.open("/app/settings")
	b.lack(key)

	bearer := []string{"Authorization", "Bearer " + key}
	list, err := newClient(w.app).get(w.t.Context(), "/api/projects", bearer...)
	if err != nil || list.status != http.StatusOK || !strings.Contains(list.body, "Bridge survey") {
		b.fail("GET /api/projects: %v, status %d: %s", err, list.status, list.body)
	}
	if got := w.entitlements(b, bearer...); got.Plan != "pro" || got.Level != "full" || !got.Features["api"] {
		b.fail("the key is entitled to %+v", got)
	}
	nobody, err := newClient(w.app).get(w.t.Context(), "/api/projects", "Authorization", "Bearer "+key+"x")
	if err != nil || nobody.status != http.StatusUnauthorized {
		b.fail("a wrong key: %v, status %d", err, nobody.status)
	}
}
