package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// statuses maps every kind of fault to its HTTP status.
func statuses() map[fault.Kind]int {
	return map[fault.Kind]int{
		fault.Invalid:         http.StatusBadRequest,
		fault.Unauthorized:    http.StatusUnauthorized,
		fault.Forbidden:       http.StatusForbidden,
		fault.NotFound:        http.StatusNotFound,
		fault.Conflict:        http.StatusConflict,
		fault.PaymentRequired: http.StatusPaymentRequired,
		fault.TooLarge:        http.StatusRequestEntityTooLarge,
		fault.RateLimited:     http.StatusTooManyRequests,
		fault.Unavailable:     http.StatusServiceUnavailable,
		fault.Internal:        http.StatusInternalServerError,
	}
}

// errorPageTimeout bounds what an error page may ask the database.
const errorPageTimeout = 3 * time.Second

// retryAfter is what a client is told that meets a part of the service which does not answer.
const retryAfter = 10 * time.Second

// fromEcho translates the router's errors and the database's into faults.
func fromEcho(err error) error {
	var known *fault.Error
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		if !errors.As(err, &known) && models.Unavailable(err) {
			return fault.Wrap(err, fault.Unavailable, "unavailable")
		}
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "not_found")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.Invalid, "method_not_allowed")
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "too_large")
	case http.StatusTooManyRequests:
		return fault.New(fault.RateLimited, "rate_limited", "retry_after", "a minute")
	case http.StatusServiceUnavailable:
		return fault.Wrap(err, fault.Unavailable, "unavailable")
	}
	if he.Code >= 400 && he.Code < 500 {
		return fault.Wrap(err, fault.Invalid, "bad_request")
	}
	return err
}

// statusOf is the status that a request is or will be answered with.
func statusOf(c echo.Context, err error) int {
	if err == nil || c.Response().Committed {
		return c.Response().Status
	}
	return statusFor(fault.From(fromEcho(err)))
}

func statusFor(f *fault.Error) int {
	if f.Code == "method_not_allowed" {
		return http.StatusMethodNotAllowed
	}
	return statuses()[f.Kind]
}

// handleError is where every failure ends: it is logged once if it is ours, and answered with a page
// for a browser and with JSON for a program. Causes stay in the log.
func (s *site) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	// The request's own time may be up, or was ended with its handler; the page that says what went
	// wrong gets a little of its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), errorPageTimeout)
	defer cancel()
	c.SetRequest(c.Request().WithContext(ctx))
	f := fault.From(fromEcho(err))
	status := statusFor(f)
	if status >= http.StatusInternalServerError {
		s.Logger.ErrorContext(c.Request().Context(), "request failed", "request_id", middleware.RequestID(c),
			"method", c.Request().Method, "route", c.Path(), "status", status, "code", f.Code, "error", f.Err)
	}
	wait := f.RetryAfter
	if wait == 0 && f.Kind == fault.Unavailable {
		wait = retryAfter
	}
	if wait > 0 {
		sayRetryAfter(c, wait)
	}
	if answerErr := s.answer(c, status, f); answerErr != nil {
		s.Logger.ErrorContext(c.Request().Context(), "error page failed", "request_id", middleware.RequestID(c), "error", answerErr)
		if !c.Response().Committed {
			_ = c.String(status, http.StatusText(status)) // nothing is left to try
		}
	}
}

// sayRetryAfter tells a client when to come back, in whole seconds.
func sayRetryAfter(c echo.Context, wait time.Duration) {
	seconds := int64((wait + time.Second - 1) / time.Second)
	c.Response().Header().Set(echo.HeaderRetryAfter, strconv.FormatInt(seconds, 10))
}

func (s *site) answer(c echo.Context, status int, f *fault.Error) error {
	path := c.Request().URL.Path
	switch {
	case c.Request().Method == http.MethodHead:
		return c.NoContent(status)
	case strings.HasPrefix(path, "/api/"), strings.HasPrefix(path, "/webhooks/"):
		return c.JSON(status, map[string]any{"error": map[string]any{
			"code": f.Code, "message": views.Message(f.Code, f.Params), "request_id": middleware.RequestID(c),
		}})
	case f.Code == "plan_required" && s.identity(c) != nil:
		return s.answerUpgrade(c, f)
	}
	p, err := s.page(c, "")
	if err != nil {
		// The frame needs the database, which may be what failed: then the page goes without it.
		p.User, p.Banner = nil, nil
	}
	page := views.ErrorPage{Page: p, Status: status, Code: f.Code, Message: views.Message(f.Code, f.Params)}
	page.Title = views.ErrorTitle(status)
	return render(c, status, views.Error(page))
}

// answerUpgrade shows which plan has what was asked for, and the button that buys it.
func (s *site) answerUpgrade(c echo.Context, f *fault.Error) error {
	info, _ := s.Catalog.FeatureInfo(plan.Feature(f.Params["key"]))
	p, err := s.page(c, info.Name)
	if err != nil {
		return err
	}
	offer, err := s.offerFor(c, func(p plan.Plan) bool { return p.Can(info.Key) })
	if err != nil {
		return err
	}
	return render(c, http.StatusPaymentRequired, views.Upgrade(views.UpgradePage{
		Page: p, Feature: info.Name, Description: info.Description, Offer: offer, Back: "/app",
	}))
}
