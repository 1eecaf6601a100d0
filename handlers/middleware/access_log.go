package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"github.com/labstack/echo/v4"
)

// log writes one line per request. It names the route and never the path or the query, because
// those carry the tokens of mailed links; and it names the user by public id.
func (s *stack) log(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.Now()
		if err := next(c); err != nil {
			noStore(c)
			c.Error(err) // answers now, so that the status below is what was sent
		}
		status := c.Response().Status
		level := slog.LevelInfo
		switch {
		case machine(c) && !strings.HasPrefix(c.Path(), "/webhooks/") && status < http.StatusBadRequest:
			level = slog.LevelDebug // probes and files would drown the rest
		case status >= http.StatusInternalServerError:
			level = slog.LevelWarn // the cause was logged as an error where it was handled
		}
		attrs := []slog.Attr{
			slog.String("request_id", RequestID(c)),
			slog.String("method", Method(c.Request())),
			slog.String("route", c.Path()),
			slog.Int("status", status),
			slog.Int64("bytes", c.Response().Size),
			slog.Duration("took", s.Now().Sub(start)),
			slog.String("ip", c.RealIP()),
		}
		if id := Identity(c); id != nil {
			attrs = append(attrs, slog.String("user", id.User.PublicID))
		}
		s.Logger.LogAttrs(c.Request().Context(), level, "request", attrs...)
		return nil
	}
}

// Method keeps invented methods, which may be of any length and number, out of logs and metrics.
func Method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return r.Method
	}
	return "OTHER"
}

const stackBytes = 8 << 10

func panicked(problem any) error {
	trace := make([]byte, stackBytes)
	trace = trace[:runtime.Stack(trace, false)]
	return fmt.Errorf("panic: %v\n%s", problem, trace)
}
