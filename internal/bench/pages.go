package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
	"example.com/tollgate/static"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
)

// fetch asks the site for one page, without a network.
func (w *world) fetch(ctx context.Context, path, cookie string) (*httptest.ResponseRecorder, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	recorder := httptest.NewRecorder()
	w.site.ServeHTTP(recorder, r)
	if recorder.Code != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d", path, recorder.Code)
	}
	return recorder, nil
}

// pricing is the anonymous pricing page beside an Echo handler with nothing around it, which writes
// the same bytes and says beforehand how many.
func (w *world) pricing(ctx context.Context, l load) (contest, error) {
	page, err := w.fetch(ctx, "/pricing", "")
	if err != nil {
		return contest{}, err
	}
	body := page.Body.Bytes()
	bare := echo.New()
	bare.GET("/pricing", func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
		return c.HTMLBlob(http.StatusOK, body)
	})
	l.request, l.status = get("/pricing", ""), http.StatusOK
	return contest{ours: w.site, reference: bare, load: l}, nil
}

// dashboard is the signed-in dashboard beside an Echo handler with nothing around it, which renders
// the same page from values that it has.
func (w *world) dashboard(ctx context.Context, l load) (contest, error) {
	page, err := w.fetch(ctx, "/app", w.cookie)
	if err != nil {
		return contest{}, err
	}
	props, err := w.dashboardProps(ctx)
	if err != nil {
		return contest{}, err
	}
	bare := echo.New()
	bare.GET("/app", func(c echo.Context) error {
		var buf bytes.Buffer
		if err := views.Dashboard(props).Render(c.Request().Context(), &buf); err != nil {
			return err
		}
		return c.HTMLBlob(http.StatusOK, buf.Bytes())
	})
	recorder := httptest.NewRecorder()
	bare.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/app", nil))
	if want, got := masked(page.Body.Bytes()), masked(recorder.Body.Bytes()); !bytes.Equal(want, got) {
		return contest{}, errors.New("the reference does not render the same dashboard: " + firstDifference(want, got))
	}
	l.request, l.status = get("/app", w.cookie), http.StatusOK
	return contest{ours: w.site, reference: bare, load: l}, nil
}

// dashboardProps is what the dashboard's handler finds out, found out beforehand.
func (w *world) dashboardProps(ctx context.Context) (views.DashboardPage, error) {
	list, err := w.db.ListProjects(ctx, w.account.ID, 1, 5)
	if err != nil {
		return views.DashboardPage{}, err
	}
	rows := make([]views.Project, len(list.Projects))
	for i, p := range list.Projects {
		rows[i] = views.Project{ID: p.PublicID, Name: p.Name, CreatedAt: p.CreatedAt}
	}
	access, err := w.billing.Access(ctx, w.account.ID)
	if err != nil {
		return views.DashboardPage{}, err
	}
	_, price, _ := w.catalog.ByLookupKey(access.LookupKey)
	limit, _ := w.catalog.LimitInfo(plan.Projects)
	zone, err := time.LoadLocation(w.user.TimeZone)
	if err != nil {
		return views.DashboardPage{}, fmt.Errorf("the user's time zone: %w", err)
	}
	return views.DashboardPage{
		Page: layout.Page{
			Title: views.DashboardTitle, AppName: "Tollgate", Path: "/app", CSRF: "a token of about the usual length",
			CSSPath: static.Path("app.css"), JSPath: static.Path("app.js"), HTMXPath: static.Path("htmx.js"),
			FontPath: static.Path("overpass.woff2"), IconPath: static.Path("favicon.svg"),
			User: &layout.User{Name: w.user.Name, Email: w.user.Email}, AccountName: w.account.Name,
			PlanName: access.Granted.Name, Locale: w.user.Locale, Zone: zone,
		},
		Subscription: views.Subscription{
			Status: access.Status, Level: access.Level.String(), Plan: access.Granted,
			Interval: price.Interval, Amount: price.Money, NextAmount: price.Money, RenewsAt: &access.Until,
		},
		Projects: rows,
		Usage:    []views.Usage{{Limit: limit, Used: list.Total, Max: access.Limit(plan.Projects)}},
		Steps:    views.FirstSteps(false, true, true),
	}, nil
}

// masked blanks what is different on every page: the tokens of its forms.
func masked(html []byte) []byte {
	return regexp.MustCompile(`name="_csrf" value="[^"]*"`).ReplaceAll(html, []byte(`name="_csrf"`))
}

func firstDifference(want, got []byte) string {
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	around := func(b []byte) string { return string(b[max(0, min(at-60, len(b))):min(at+60, len(b))]) }
	return fmt.Sprintf("%q became %q", around(want), around(got))
}

// queries counts the statements that one request sends to the database, by asking GORM, through
// which all of them go.
func (w *world) queries(ctx context.Context, path, cookie string) (int64, error) {
	var count atomic.Int64
	for _, db := range []*gorm.DB{w.db.Read(ctx), w.db.Write(ctx)} {
		if err := onEveryStatement(db, func(*gorm.DB) { count.Add(1) }); err != nil {
			return 0, err
		}
	}
	if _, err := w.fetch(ctx, path, cookie); err != nil {
		return 0, err
	}
	return count.Load(), nil
}

func onEveryStatement(db *gorm.DB, do func(*gorm.DB)) error {
	on, name := db.Callback(), "bench:"+models.NewToken()
	return errors.Join(
		on.Query().Before("*").Register(name, do), on.Row().Before("*").Register(name, do),
		on.Raw().Before("*").Register(name, do), on.Create().Before("*").Register(name, do),
		on.Update().Before("*").Register(name, do), on.Delete().Before("*").Register(name, do),
	)
}
