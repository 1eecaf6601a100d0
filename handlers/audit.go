package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
)

// The keys under which a handler says what the audit log cannot know without it.
const (
	actorKey   = "tollgate.actor"
	concernKey = "tollgate.concern"
)

// auditWait bounds the writing of an entry, which outlives a client that has gone away.
const auditWait = 5 * time.Second

// auditDetail is how much of what was typed an entry keeps.
const auditDetail = 200

// by says who it was, on a page where nobody was signed in before.
func by(c echo.Context, user models.User) { c.Set(actorKey, user.ID) }

// concerns says which account it was about, where that is not the one that the browser worked in.
func concerns(c echo.Context, accountID int64) { c.Set(concernKey, accountID) }

// audited writes down that a form was carried out, by whom and from where. A form that was refused is none. What was
// done stays done where the log cannot be written; then the program's own log says so.
func (s *site) audited(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			id := s.identity(c)
			err := next(c)
			if err != nil || c.Response().Status >= http.StatusBadRequest {
				return err
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), auditWait)
			defer cancel()
			entry := s.auditEntry(c, r, id)
			if entry.ActorID == nil {
				return nil // nobody came in
			}
			if r.who == admin && strings.HasPrefix(r.path, "/admin/subscribers/:id") {
				if account, err := s.DB.FindAccount(ctx, c.Param("id")); err == nil {
					entry.AccountID = &account.ID
				}
			}
			if err := s.DB.RecordAudit(ctx, entry); err != nil {
				s.Logger.ErrorContext(ctx, "audit entry not written", "action", r.action, "request_id", entry.RequestID, "error", err)
			}
			return nil
		}
	}
}

func (s *site) auditEntry(c echo.Context, r route, id *auth.Identity) models.AuditEntry {
	entry := models.AuditEntry{
		At: s.Wall().UTC().Truncate(time.Microsecond), Action: r.action, AsAdmin: r.who == admin, Subject: auth.Clip(c.Param("id"), 64),
		IP: c.RealIP(), UserAgent: auth.Clip(c.Request().UserAgent(), auditDetail), RequestID: middleware.RequestID(c),
	}
	var typed []string
	for _, field := range r.shown {
		if value := strings.TrimSpace(c.Request().PostForm.Get(field)); value != "" {
			typed = append(typed, value)
		}
	}
	entry.Detail = auth.Clip(strings.Join(typed, ", "), auditDetail)
	if id != nil {
		entry.ActorID = &id.User.ID
		if !entry.AsAdmin {
			entry.AccountID = &id.Account.ID
		}
	}
	if actor, ok := c.Get(actorKey).(int64); ok {
		entry.ActorID = &actor
	}
	if account, ok := c.Get(concernKey).(int64); ok {
		entry.AccountID = &account
	}
	return entry
}
