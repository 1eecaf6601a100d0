package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/static"
)

// audience says who may use a route.
type audience int

const (
	anyone  audience = iota // visitors and users alike
	guest                   // visitors; a signed-in user is sent to the product
	member                  // a signed-in user, in their account
	program                 // a signed-in user or an API key
	admin                   // an admin; for everybody else the page does not exist
	machine                 // no browser: no session, no CSRF token, its own proof of identity
	devOnly                 // anyone, in development and test only
)

// route is one line of the map. Needs is a feature that the account's plan must have. Limited routes
// check credentials or send mail, and share a rate limit per address. Confirmed ones are dangerous in the
// wrong hands: they ask who is there again, unless that was proven in the last quarter of an hour.
type route struct {
	method, path string
	who          audience
	handler      echo.HandlerFunc
	feature      plan.Feature
	limited      bool
	confirmed    bool
	permission   auth.Permission
	action       string   // what the audit log calls it; empty for what it leaves out
	shown        []string // the fields of the form that the log shows
}

func get(path string, who audience, h echo.HandlerFunc) route {
	return route{method: http.MethodGet, path: path, who: who, handler: h}
}

func post(path string, who audience, h echo.HandlerFunc) route {
	return route{method: http.MethodPost, path: path, who: who, handler: h}
}

func (r route) needs(f plan.Feature) route { r.feature = f; return r }
func (r route) limit() route               { r.limited = true; return r }
func (r route) confirm() route             { r.confirmed = true; return r }

// may says what the user's role in the account must include. Every route of a member or a program says so.
func (r route) may(p auth.Permission) route { r.permission = p; return r }

// routes is the map of the whole site.
func (s *site) routes() []route {
	return []route{
		// What anybody may read.
		get("/", anyone, s.landing),
		get("/pricing", anyone, s.pricing),
		get("/terms", anyone, s.terms),
		get("/privacy", anyone, s.privacy),

		// Coming in and going out.
		get("/signup", guest, s.signupForm),
		post("/signup", guest, s.signup).limit().audit("signed_up"),
		get("/login", guest, s.loginForm),
		post("/login", guest, s.login).limit().audit("signed_in"),
		get("/login/code", guest, s.codeForm),
		post("/login/code", guest, s.code).limit().audit("signed_in"),
		get("/login/link", anyone, s.linkForm),
		post("/login/link", anyone, s.sendLink).limit(),
		get("/login/link/:token", anyone, s.useLinkForm),
		post("/login/link/:token", anyone, s.useLink).limit().audit("signed_in"),
		post("/logout", anyone, s.logout).audit("signed_out"),
		get("/forgot-password", anyone, s.forgotPasswordForm),
		post("/forgot-password", anyone, s.forgotPassword).limit(),
		get("/reset-password/:token", anyone, s.resetPasswordForm),
		post("/reset-password/:token", anyone, s.resetPassword).limit().audit("password_reset"),
		get("/verify-email/:token", anyone, s.verifyEmailForm),
		post("/verify-email/:token", anyone, s.verifyEmail).limit().audit("email_verified"),
		post("/verify-email", member, s.resendVerification).may(auth.OwnAffairs).limit(),

		// The product: a demonstration to replace with your own.
		get("/app", member, s.dashboard).may(auth.UseProduct),
		get("/app/projects", member, s.projects).may(auth.UseProduct),
		post("/app/projects", member, s.createProject).may(auth.UseProduct),
		get("/app/projects/export.csv", member, s.exportProjects).may(auth.UseProduct).needs(plan.Export),
		post("/app/projects/:id", member, s.renameProject).may(auth.UseProduct),
		post("/app/projects/:id/delete", member, s.deleteProject).may(auth.UseProduct),

		// Paying.
		get("/app/billing", member, s.billing).may(auth.Billing),
		get("/app/billing/checkout", member, s.checkoutForm).may(auth.Billing),
		post("/app/billing/checkout", member, s.checkout).may(auth.Billing).limit().audit("checkout_opened", "price"),
		get("/app/billing/return", member, s.billingReturn).may(auth.Billing),
		post("/app/billing/portal", member, s.portal).may(auth.Billing).limit().audit("portal_opened"),
		get("/app/billing/card", member, s.newCard).may(auth.Billing).limit(),
		get("/app/billing/change", member, s.choosePlan).may(auth.Billing),
		post("/app/billing/change", member, s.offerChange).may(auth.Billing).limit().audit("change_asked", "price"),
		get("/app/billing/change/:id", member, s.changeForm).may(auth.Billing),
		post("/app/billing/change/:id", member, s.confirmChange).may(auth.Billing).audit("plan_changed"),
		post("/app/billing/keep", member, s.keepPlan).may(auth.Billing).audit("plan_kept"),
		get("/app/billing/cancel", member, s.cancelForm).may(auth.Billing),
		post("/app/billing/cancel", member, s.cancel).may(auth.Billing).audit("plan_cancelled"),
		post("/app/billing/resume", member, s.resume).may(auth.Billing).audit("plan_resumed"),

		// Who belongs to the account.
		get("/app/team", member, s.team).may(auth.ReadTeam),
		post("/app/team/name", member, s.renameAccount).may(auth.ManageTeam).audit("account_renamed", "name"),
		post("/app/team/leave", member, s.leaveTeam).may(auth.OwnAffairs).audit("left"),
		post("/app/team/invitations", member, s.invite).may(auth.ManageTeam).limit().audit("invited", "email", "role"),
		post("/app/team/invitations/:id/again", member, s.inviteAgain).may(auth.ManageTeam).limit().audit("invited_again"),
		post("/app/team/invitations/:id/revoke", member, s.revokeInvitation).may(auth.ManageTeam).audit("invitation_revoked"),
		post("/app/team/members/:id/role", member, s.setMemberRole).may(auth.ManageTeam).confirm().audit("role_changed", "role"),
		post("/app/team/members/:id/remove", member, s.removeMember).may(auth.ManageTeam).audit("member_removed"),
		post("/app/team/members/:id/owner", member, s.handOver).may(auth.HandOver).confirm().audit("handed_over"),
		get("/app/activity", member, s.activity).may(auth.ReadLog),
		get("/app/activity/export.csv", member, s.exportActivity).may(auth.ReadLog),
		get("/app/accounts", member, s.accounts).may(auth.OwnAffairs),
		post("/app/accounts", member, s.createAccount).may(auth.OwnAffairs).limit().audit("account_created", "name"),
		post("/app/accounts/:id/switch", member, s.switchAccount).may(auth.OwnAffairs),
		get("/invitations/:token", anyone, s.invitation),
		post("/invitations/:token", member, s.acceptInvitation).may(auth.OwnAffairs).limit().audit("joined"),

		// The user's own affairs.
		get("/app/settings", member, s.settings).may(auth.OwnAffairs),
		post("/app/settings/profile", member, s.updateProfile).may(auth.OwnAffairs).audit("profile_changed", "name"),
		post("/app/settings/preferences", member, s.updatePreferences).may(auth.OwnAffairs),
		post("/app/settings/password", member, s.changePassword).may(auth.OwnAffairs).limit().audit("password_changed"),
		get("/app/settings/two-step", member, s.twoStep).may(auth.OwnAffairs),
		post("/app/settings/two-step", member, s.startTwoStep).may(auth.OwnAffairs).confirm(),
		post("/app/settings/two-step/confirm", member, s.confirmTwoStep).may(auth.OwnAffairs).confirm().audit("two_step_on"),
		post("/app/settings/two-step/codes", member, s.renewRecoveryCodes).may(auth.OwnAffairs).confirm().audit("codes_renewed"),
		post("/app/settings/two-step/end", member, s.endTwoStep).may(auth.OwnAffairs).confirm().audit("two_step_off"),
		post("/app/settings/sessions", member, s.revokeOtherSessions).may(auth.OwnAffairs).audit("sessions_ended"),
		post("/app/settings/sessions/:id/revoke", member, s.revokeSession).may(auth.OwnAffairs).audit("session_ended"),
		post("/app/settings/api-keys", member, s.createAPIKey).may(auth.ManageKeys).needs(plan.API).confirm().audit("key_created", "name"),
		post("/app/settings/api-keys/:id/revoke", member, s.revokeAPIKey).may(auth.ManageKeys).audit("key_revoked"),

		// For programs.
		get("/api/me/entitlements", program, s.entitlements).may(auth.UseProduct),
		get("/api/projects", program, s.apiProjects).may(auth.UseProduct).needs(plan.API),
		post("/webhooks/stripe", machine, s.stripeWebhook),

		// For those who run it.
		get("/admin", admin, s.adminOverview),
		get("/admin/subscribers", admin, s.adminSubscribers),
		get("/admin/subscribers/:id", admin, s.adminSubscriber),
		post("/admin/subscribers/:id/sync", admin, s.adminSyncSubscriber).audit("admin_synced"),
		post("/admin/subscribers/:id/end", admin, s.adminEndPlan).audit("admin_ended"),
		post("/admin/subscribers/:id/refund", admin, s.adminRefund).audit("admin_refunded", "amount"),
		post("/admin/subscribers/:id/pause", admin, s.adminPauseBilling).audit("admin_paused"),
		post("/admin/subscribers/:id/unpause", admin, s.adminResumeBilling).audit("admin_unpaused"),
		get("/admin/events", admin, s.adminEvents),
		get("/admin/events/replay", admin, s.adminReplayForm),
		post("/admin/events/replay", admin, s.adminReplayEvents).audit("admin_replayed"),
		get("/admin/events/:id", admin, s.adminEvent),
		post("/admin/events/:id/replay", admin, s.adminReplayEvent).audit("admin_replayed"),
		get("/admin/alerts", admin, s.adminAlerts),
		post("/admin/alerts/:id/resolve", admin, s.adminResolveAlert).audit("admin_resolved"),
		get("/admin/reconciliation", admin, s.adminReconciliation),
		post("/admin/reconciliation", admin, s.adminReconcileNow).audit("admin_compared"),
		post("/admin/reconciliation/:id/apply", admin, s.adminApplyRun).audit("admin_applied"),
		get("/admin/activity", admin, s.adminActivity),
		get("/admin/activity/export.csv", admin, s.adminExportActivity),
		get("/healthz", machine, s.healthz),
		get("/readyz", machine, s.readyz),
		get("/metrics", machine, s.metrics),

		// Development.
		get("/mailbox", devOnly, s.mailbox),
		get("/mails", devOnly, s.mailPreviews),
		get("/mails/:name", devOnly, s.mailPreview),
		get("/mails/:name/html", devOnly, s.mailPreviewHTML),
		get("/mailbox/:id", devOnly, s.mailboxMail),
		get("/mailbox/:id/html", devOnly, s.mailboxHTML),
		get("/ui", devOnly, s.uiKit),
	}
}

// mount puts the map on the router, with each row's guards in front of its handler. What can be read can
// also be asked about: HEAD is answered like GET, and net/http leaves the body out (RFC 9110, 9.3.2).
func (s *site) mount(e *echo.Echo) {
	for _, r := range s.routes() {
		if r.who == devOnly && s.Config.Env == "production" {
			continue
		}
		e.Add(r.method, r.path, r.handler, s.guards(r)...)
		if r.method == http.MethodGet {
			e.Add(http.MethodHead, r.path, r.handler, s.guards(r)...)
		}
	}
	e.Match([]string{http.MethodGet, http.MethodHead}, "/static/*", echo.WrapHandler(static.Handler()))
}

func (s *site) guards(r route) []echo.MiddlewareFunc {
	var guards []echo.MiddlewareFunc
	switch r.who {
	case guest:
		guards = append(guards, middleware.RequireGuest())
	case member:
		guards = append(guards, middleware.RequireUser())
	case program:
		guards = append(guards, middleware.RequireUserOrKey())
	case admin:
		guards = append(guards, middleware.RequireAdmin())
	}
	if r.who == member || r.who == program {
		guards = append(guards, requirePermission(r.permission))
	}
	if r.limited || r.confirmed {
		guards = append(guards, middleware.LimitCredentials())
	}
	if r.feature != "" {
		guards = append(guards, s.requireFeature(r.feature))
	}
	if r.confirmed {
		guards = append(guards, s.requireConfirmed())
	}
	if r.action != "" {
		guards = append(guards, s.audited(r))
	}
	return guards
}

// audit says what the audit log calls it when the form has been carried out, and which fields it shows. Never name one
// that holds a secret.
func (r route) audit(action string, shown ...string) route {
	r.action, r.shown = action, shown
	return r
}

// requirePermission lets those through whose role in the account includes a permission.
func requirePermission(p auth.Permission) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if middleware.Identity(c).May(p) {
				return next(c)
			}
			return fault.New(fault.Forbidden, "role_forbidden")
		}
	}
}

// requireFeature answers 402 unless the account's plan has the feature now. Who has bought it and not
// paid is told to pay, not to buy.
func (s *site) requireFeature(f plan.Feature) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			access, err := s.access(c)
			if err != nil {
				return err
			}
			if access.Can(f) {
				return next(c)
			}
			s.Billing.RequestSync(c.Request().Context(), s.account(c).ID)
			if access.Granted.Can(f) {
				return fault.New(fault.PaymentRequired, "access_limited")
			}
			return s.planRequired(f)
		}
	}
}

// planRequired names the feature that is missing and the cheapest plan that has it.
func (s *site) planRequired(f plan.Feature) error {
	info, _ := s.Catalog.FeatureInfo(f)
	better, _ := s.Catalog.Cheapest(func(p plan.Plan) bool { return p.Can(f) })
	return fault.New(fault.PaymentRequired, "plan_required", "feature", info.Name, "plan", better.Name, "key", string(f))
}
