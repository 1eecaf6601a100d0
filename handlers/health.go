package handlers

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/fault"
)

// healthz says that the process lives. It asks nobody, so that a slow Stripe or database does not
// get a healthy process killed.
func (s *site) healthz(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether requests can be served.
func (s *site) readyz(c echo.Context) error {
	if err := s.Ready(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "unavailable")
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
}

// metrics is for the bearer of METRICS_TOKEN, or without one for this machine only. Everybody else
// is told that there is nothing here.
func (s *site) metrics(c echo.Context) error {
	if !s.mayScrape(c) {
		return fault.New(fault.NotFound, "not_found")
	}
	s.Metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (s *site) mayScrape(c echo.Context) bool {
	if want := s.Config.MetricsToken; want != "" {
		got, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
		return ok && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	}
	// The connection's own address decides: a header could be made up.
	host, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	ip := net.ParseIP(host)
	proxied := c.Request().Header.Get(echo.HeaderXForwardedFor) != ""
	return err == nil && ip != nil && ip.IsLoopback() && !proxied
}
