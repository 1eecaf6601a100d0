package handlers

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
)

// maxComment is how many characters somebody who leaves may write.
const maxComment = 500

// cancelForm says what ends when, and asks for the reason.
func (s *site) cancelForm(c echo.Context) error {
	return s.showCancel(c, http.StatusOK, views.CancelPage{})
}

// showCancel renders the page; page carries what a refused form must show again.
func (s *site) showCancel(c echo.Context, status int, page views.CancelPage) error {
	frame, err := s.page(c, views.CancelTitle)
	if err != nil {
		return err
	}
	view, err := s.Billing.Overview(c.Request().Context(), s.account(c).ID, 1)
	if err != nil {
		return err
	}
	sub := view.Subscription
	if !live(sub) || sub.CancelAtPeriodEnd || sub.CancelAt != nil {
		return back(c, views.PathBilling) // there is nothing to cancel, or it is cancelled already
	}
	page.Page, page.Subscription, page.Free = frame, s.subscription(view.Access, sub), s.Catalog.FreePlan()
	page.Reasons, page.EndsAt = views.CancelReasons(billing.Feedback()), sub.CurrentPeriodEnd
	if page.Usage, err = s.usageUnder(c, page.Free); err != nil {
		return err
	}
	return render(c, status, views.Cancel(page))
}

// cancel ends the account's plan with the period that is paid for.
func (s *site) cancel(c echo.Context) error {
	page := views.CancelPage{
		Feedback: c.FormValue("feedback"), Comment: strings.ToValidUTF8(strings.TrimSpace(c.FormValue("comment")), ""),
	}
	if utf8.RuneCountInString(page.Comment) > maxComment {
		page.Errors = map[string]string{"comment": views.Message("comment_too_long", nil)}
		return s.showCancel(c, http.StatusUnprocessableEntity, page)
	}
	ctx, stop := context.WithTimeout(c.Request().Context(), stripeWait)
	defer stop()
	err := s.Billing.Cancel(ctx, s.account(c).ID, billing.CancelReason{Feedback: page.Feedback, Comment: page.Comment})
	f := fault.From(err)
	switch {
	case err == nil:
		return s.backWith(c, views.PathBilling, "plan_cancelled")
	case f.Code == "reason_unknown":
		page.Errors = map[string]string{"feedback": views.Message(f.Code, nil)}
		return s.showCancel(c, http.StatusUnprocessableEntity, page)
	case f.Kind == fault.Unavailable, f.Code == "stripe_refused":
		s.Logger.WarnContext(c.Request().Context(), "plan not cancelled yet", "request_id", middleware.RequestID(c), "error", err)
		page.FormError = views.Message(f.Code, f.Params)
		return s.showCancel(c, statusFor(f), page)
	}
	return err
}
