package ui

import (
	"testing"
	"time"

	"example.com/tollgate/billing/plan"
)

func TestFormatFollowsTheReader(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 3, 31, 22, 30, 0, 0, time.UTC) // already April in Berlin
	for _, c := range []struct {
		format                        Format
		number, money, date, dateTime string
	}{
		{Format{}, "1,234,567", "$1,290.00", "Mar 31, 2026", "Mar 31, 2026, 10:30 PM"},
		{Format{Locale: "en-GB"}, "1,234,567", "US$1,290.00", "31 Mar 2026", "31 Mar 2026, 22:30"},
		{Format{Locale: "de-DE", Zone: berlin}, "1.234.567", "1.290,00 $", "01.04.2026", "01.04.2026, 00:30"},
		{Format{Locale: "sv-SE"}, "1 234 567", "1 290,00 US$", "2026-03-31", "2026-03-31, 22:30"},
		{Format{Locale: "zz-ZZ"}, "1,234,567", "$1,290.00", "2026-03-31", "2026-03-31, 22:30"},
	} {
		t.Run(c.format.locale(), func(t *testing.T) {
			t.Parallel()
			for what, pair := range map[string][2]string{
				"number": {c.format.Number(1234567), c.number},
				"money":  {c.format.Money(plan.Money{Amount: 129_000, Currency: "usd"}), c.money},
				"date":   {c.format.Date(late), c.date},
				"time":   {c.format.DateTime(late), c.dateTime},
			} {
				if plain(pair[0]) != pair[1] {
					t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
				}
			}
		})
	}
}

// plain replaces the spaces that must not break, which locales group digits with.
func plain(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r == '\u00a0' || r == '\u202f' {
			out[i] = ' '
		}
	}
	return string(out)
}

func TestPagerLeadsToTheSameListOtherPage(t *testing.T) {
	t.Parallel()
	p := Pager{Page: 3, PerPage: 20, Total: 41, URL: "/admin/subscribers?q=a%26b&sort=-mrr"}
	if p.Pages() != 3 || p.first() != 41 || p.last() != 41 {
		t.Errorf("pages %d, rows %d to %d", p.Pages(), p.first(), p.last())
	}
	if got := p.href(2); got != "/admin/subscribers?page=2&q=a%26b&sort=-mrr" {
		t.Errorf("page 2 is at %q", got)
	}
	if got := p.href(1); got != "/admin/subscribers?q=a%26b&sort=-mrr" {
		t.Errorf("page 1 is at %q", got)
	}
	if empty := (Pager{Page: 1, PerPage: 20}); empty.Pages() != 1 || empty.first() != 0 || empty.last() != 0 {
		t.Error("an empty list has one page without rows")
	}
}

func TestMetersStayInTheirDrawing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		used, most  int64
		share, tone string
	}{
		{0, 10, "0%", ""}, {5, 10, "50%", ""}, {8, 10, "80%", "meter-warning"}, {10, 10, "100%", "meter-error"},
		{31, 25, "100%", "meter-error"}, {3, 0, "100%", "meter-error"}, {0, 0, "0%", "meter-error"},
	} {
		if share(c.used, c.most) != c.share || meterTone(c.used, c.most) != c.tone {
			t.Errorf("%d of %d: %s %q", c.used, c.most, share(c.used, c.most), meterTone(c.used, c.most))
		}
	}
}

func TestIconsAreThere(t *testing.T) {
	t.Parallel()
	for _, tone := range []string{"success", "info", "warning", "error"} {
		if iconPaths(alertIcon(tone)) == "" {
			t.Errorf("no icon for %s", tone)
		}
	}
}
