package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/handlers/middleware"
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
		post("/signup", guest, s.signup).limit(),
		get("/login", guest, s.loginForm),
		post("/login", guest, s.login).limit(),
		get("/login/code", guest, s.codeForm),
		post("/login/code", guest, s.code).limit(),
		get("/login/link", anyone, s.linkForm),
		post("/login/link", anyone, s.sendLink).limit(),
		get("/login/link/:token", anyone, s.useLinkForm),
		post("/login/link/:token", anyone, s.useLink).limit(),
		post("/logout", anyone, s.logout),
		get("/forgot-password", anyone, s.forgotPasswordForm),
		post("/forgot-password", anyone, s.forgotPassword).limit(),
		get("/reset-password/:token", anyone, s.resetPasswordForm),
		post("/reset-password/:token", anyone, s.resetPassword).limit(),
		get("/verify-email/:token", anyone, s.verifyEmailForm),
		post("/verify-email/:token", anyone, s.verifyEmail).limit(),
		post("/verify-email", member, s.resendVerification).limit(),

		// The product: a demonstration to replace with your own.
		get("/app", member, s.dashboard),
		get("/app/projects", member, s.projects),
		post("/app/projects", member, s.createProject),
		get("/app/projects/export.csv", member, s.exportProjects).needs(plan.Export),
		post("/app/projects/:id", member, s.renameProject),
		post("/app/projects/:id/delete", member, s.deleteProject),

		// Paying.
		get("/app/billing", member, s.billing),
		get("/app/billing/checkout", member, s.checkoutForm),
		post("/app/billing/checkout", member, s.checkout).limit(),
		get("/app/billing/return", member, s.billingReturn),
		post("/app/billing/portal", member, s.portal).limit(),
		get("/app/billing/card", member, s.newCard).limit(),
		get("/app/billing/change", member, s.choosePlan),
		post("/app/billing/change", member, s.offerChange).limit(),
		get("/app/billing/change/:id", member, s.changeForm),
		post("/app/billing/change/:id", member, s.confirmChange),
		post("/app/billing/keep", member, s.keepPlan),
		get("/app/billing/cancel", member, s.cancelForm),
		post("/app/billing/cancel", member, s.cancel),
		post("/app/billing/resume", member, s.resume),

		// The user's own affairs.
		get("/app/settings", member, s.settings),
		post("/app/settings/profile", member, s.updateProfile),
		post("/app/settings/preferences", member, s.updatePreferences),
		post("/app/settings/password", member, s.changePassword).limit(),
		get("/app/settings/two-step", member, s.twoStep),
		post("/app/settings/two-step", member, s.startTwoStep).confirm(),
		post("/app/settings/two-step/confirm", member, s.confirmTwoStep).confirm(),
		post("/app/settings/two-step/codes", member, s.renewRecoveryCodes).confirm(),
		post("/app/settings/two-step/end", member, s.endTwoStep).confirm(),
		post("/app/settings/sessions", member, s.revokeOtherSessions),
		post("/app/settings/sessions/:id/revoke", member, s.revokeSession),
		post("/app/settings/api-keys", member, s.createAPIKey).needs(plan.API).confirm(),
		post("/app/settings/api-keys/:id/revoke", member, s.revokeAPIKey),

		// For programs.
		get("/api/me/entitlements", program, s.entitlements),
		get("/api/projects", program, s.apiProjects).needs(plan.API),
		post("/webhooks/stripe", machine, s.stripeWebhook),

		// For those who run it.
		get("/admin", admin, s.adminOverview),
		get("/admin/subscribers", admin, s.adminSubscribers),
		get("/admin/subscribers/:id", admin, s.adminSubscriber),
		post("/admin/subscribers/:id/sync", admin, s.adminSyncSubscriber),
		post("/admin/subscribers/:id/end", admin, s.adminEndPlan),
		post("/admin/subscribers/:id/refund", admin, s.adminRefund),
		post("/admin/subscribers/:id/pause", admin, s.adminPauseBilling),
		post("/admin/subscribers/:id/unpause", admin, s.adminResumeBilling),
		get("/admin/events", admin, s.adminEvents),
		get("/admin/events/replay", admin, s.adminReplayForm),
		post("/admin/events/replay", admin, s.adminReplayEvents),
		get("/admin/events/:id", admin, s.adminEvent),
		post("/admin/events/:id/replay", admin, s.adminReplayEvent),
		get("/admin/alerts", admin, s.adminAlerts),
		post("/admin/alerts/:id/resolve", admin, s.adminResolveAlert),
		get("/admin/reconciliation", admin, s.adminReconciliation),
		post("/admin/reconciliation", admin, s.adminReconcileNow),
		post("/admin/reconciliation/:id/apply", admin, s.adminApplyRun),
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
	if r.limited || r.confirmed {
		guards = append(guards, middleware.LimitCredentials())
	}
	if r.feature != "" {
		guards = append(guards, s.requireFeature(r.feature))
	}
	if r.confirmed {
		guards = append(guards, s.requireConfirmed())
	}
	return guards
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
