package handlers

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/static"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
	"example.com/tollgate/views/ui"
)

// render writes a page. It is rendered to memory first, so that a page that fails half-way becomes
// an error page and not half a page.
func render(c echo.Context, status int, page templ.Component) error {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := page.Render(c.Request().Context(), buf); err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentLength, strconv.Itoa(buf.Len()))
	if status == http.StatusServiceUnavailable && header.Get(echo.HeaderRetryAfter) == "" {
		sayRetryAfter(c, retryAfter) // a form that could not be sent, shown again
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// zones remembers the time zones that were asked for, because looking one up reads a file. Only
// zones that exist are remembered, of which there are a few hundred.
type zones struct{ byName sync.Map }

func (z *zones) load(name string) (*time.Location, bool) {
	if zone, ok := z.byName.Load(name); ok {
		return zone.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	z.byName.Store(name, zone)
	return zone, true
}

// page fills the frame that every page has. For a signed-in user it needs their access, because the
// frame names the plan and carries the banner of an overdue payment.
func (s *site) page(c echo.Context, title string) (layout.Page, error) {
	p := layout.Page{
		Title: title, AppName: s.Config.AppName, Path: c.Request().URL.Path, CSRF: middleware.CSRF(c),
		CSSPath: static.Path("app.css"), JSPath: static.Path("app.js"), HTMXPath: static.Path("htmx.js"),
		FontPath: static.Path("overpass.woff2"), IconPath: static.Path("favicon.svg"),
		RequestID: middleware.RequestID(c), Locale: "en-US", Zone: time.UTC,
	}
	if s.Ribbon != nil {
		p.Sandbox = s.Ribbon()
	}
	id := s.identity(c)
	if id == nil {
		return p, nil
	}
	p.User = &layout.User{
		Name: id.User.Name, Email: id.User.Email, EmailVerified: id.User.EmailVerifiedAt != nil,
		Admin: id.Admin(s.Config.AdminEmails),
	}
	p.AccountName, p.Locale, p.NoBilling = id.Account.Name, id.User.Locale, !id.May(auth.Billing)
	if zone, ok := s.zones.load(id.User.TimeZone); ok {
		p.Zone = zone
	}
	if notice, ok := middleware.Flash(c); ok {
		p.Flash = &layout.Flash{Kind: layout.Kind(notice.Kind), Text: views.Message(notice.Code, nil)}
	}
	access, err := s.access(c)
	if err != nil {
		return p, err
	}
	p.PlanName = access.Granted.Name
	p.Banner, err = s.banner(c, access, p.Format())
	return p, err
}

// banner is what stands above every page until it is dealt with. What is owed is read only where something is.
func (s *site) banner(c echo.Context, access billing.Access, f ui.Format) (*layout.Banner, error) {
	standing := views.Standing{
		Reason: string(access.Reason), Attention: string(access.Attention), Plan: access.Bought.Name, Until: access.Until,
	}
	switch access.Reason {
	case billing.ReasonPastDue, billing.ReasonOverdue, billing.ReasonUnpaid, billing.ReasonIncomplete:
		owed, ok, err := s.Billing.Owed(c.Request().Context(), s.account(c).ID, access.Subscription)
		if err != nil {
			return nil, err
		}
		if ok {
			standing.Amount, standing.PayURL = owed.Amount, owed.PayURL
		}
		if ok && owed.CardLast4 != "" {
			standing.Card = &views.Card{Brand: owed.CardBrand, Last4: owed.CardLast4}
		}
	}
	return views.AccessBanner(standing, f), nil
}

// back answers a form that was carried out: 303, so that a reload does not send it again.
func back(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// backWith is back, with a notice of success for the page that follows.
func (s *site) backWith(c echo.Context, to, code string) error {
	notice := auth.Notice{Kind: string(layout.Success), Code: code}
	if err := s.Auth.SetFlash(c.Response(), c.Request(), notice); err != nil {
		// What was asked for is done; a notice is not worth calling it failed.
		s.Logger.WarnContext(c.Request().Context(), "notice not kept", "code", code, "error", err)
	}
	return back(c, to)
}

// pageNumber reads ?page=, counting from 1. Anything else counts as the first.
func pageNumber(c echo.Context) int {
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > maxPage {
		return 1
	}
	return n
}

// maxPage bounds how deep a list can be paged.
const maxPage = 100_000
