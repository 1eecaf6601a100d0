// Package handlers is HTTP: it reads a request, asks auth, billing or models, and answers with a
// page, a redirect or JSON. It decides nothing about money and prints no words of its own.
//
// routes.go is the map of the whole site, with who may go where on each line. errors.go is where
// every failure ends. A handler returns its errors; it logs none and renders none.
package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo-contrib/echoprometheus"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/views/layout"
)

// Options is what the site needs.
type Options struct {
	Config  config.Config
	DB      *models.DB
	Auth    *auth.Service
	Billing *billing.Service
	Catalog *plan.Catalog
	Logger  *slog.Logger
	// Now is the business clock, which dates on pages go by; Wall is the wall clock.
	Now  func() time.Time
	Wall func() time.Time
	// Ribbon says where the sandbox's pages are, or is nil where there is no sandbox.
	Ribbon func() *layout.Ribbon
	// Ready reports whether the program can serve: its database answers and is migrated.
	Ready func() error
	// Registry counts requests, and Metrics answers /metrics from it.
	Registry *prometheus.Registry
	Metrics  http.Handler
}

// site is what every group of handlers shares.
type site struct {
	Options
	kept  keeper
	zones zones
}

// New builds the whole site on an Echo instance: its middleware, its routes and its error handler.
func New(o Options) (*echo.Echo, error) {
	s := &site{Options: o}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.handleError
	// A path with a slash at its end is the same path: no redirect, because Stripe counts one as a
	// failure, and no second spelling that a guard could miss.
	e.Pre(echomiddleware.RemoveTrailingSlash())
	if err := middleware.Install(e, middleware.Options{
		Config: o.Config, Auth: o.Auth, Logger: o.Logger, Now: o.Wall,
	}); err != nil {
		return nil, err
	}
	e.Use(echoprometheus.NewMiddlewareWithConfig(echoprometheus.MiddlewareConfig{
		Subsystem: "http", Registerer: o.Registry, StatusCodeResolver: statusOf,
		// Every value of a label is a series that is kept for ever, so none may come from a client.
		LabelFuncs: map[string]echoprometheus.LabelValueFunc{
			"host":   func(echo.Context, error) string { return "" },
			"method": func(c echo.Context, _ error) string { return middleware.Method(c.Request()) },
		},
		DoNotUseRequestPathFor404: true,
	}))
	s.mount(e)
	return e, nil
}

// identity is who is asking. It is nil for a visitor.
func (s *site) identity(c echo.Context) *auth.Identity { return middleware.Identity(c) }

// account is the account that a signed-in request works in. Only routes that a guard protects call
// it.
func (s *site) account(c echo.Context) models.Account { return middleware.Identity(c).Account }

// accessKey holds the decision for the length of one request, so that the guard, the page and its
// frame ask the database once. The next request asks again.
const accessKey = "tollgate.access"

// access is what the request's account may do now.
func (s *site) access(c echo.Context) (billing.Access, error) {
	if access, ok := c.Get(accessKey).(billing.Access); ok {
		return access, nil
	}
	access, err := s.Billing.Access(c.Request().Context(), s.account(c).ID)
	if err != nil {
		return billing.Access{}, err
	}
	c.Set(accessKey, access)
	return access, nil
}
