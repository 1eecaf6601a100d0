package views

import (
	"github.com/a-h/templ"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
)

func publicPages() map[string]templ.Component {
	c := plan.Default()
	pricing := func(change func(*PricingPage)) templ.Component {
		p := PricingPage{Page: frame("/pricing", "Pricing"), Catalog: c, Interval: plan.Month}
		p.CSRF = ""
		change(&p)
		return Pricing(p)
	}
	landing := LandingPage{Page: frame("/", ""), Catalog: c}
	landing.Description, landing.CSRF = "A list of projects, with prices in the open.", ""
	bare := frame("/terms", "Terms")
	bare.Sandbox = nil
	moved := frame("/privacy", "Privacy")
	moved.Sandbox.Moved = true
	failed := func(status int, code string) templ.Component {
		return Error(ErrorPage{Page: frame("/nowhere", title(status)), Status: status, Code: code, Message: Message(code, map[string]string{"retry_after": "2 minutes"})})
	}
	return map[string]templ.Component{
		"landing":      Landing(landing),
		"pricing":      pricing(func(*PricingPage) {}),
		"pricing-year": pricing(func(p *PricingPage) { p.Interval = plan.Year }),
		"pricing-free": pricing(func(p *PricingPage) { p.Page = signedIn("/pricing", "Pricing", "Free"); p.CurrentPlan = "free" }),
		"pricing-subscriber": pricing(func(p *PricingPage) {
			p.Page = signedIn("/pricing", "Pricing", "Starter")
			p.CurrentPlan, p.CurrentInterval, p.Subscribed, p.TrialUsed = "starter", plan.Month, true, true
		}),
		"terms":       Terms(DocumentPage{Page: bare, Updated: "March 2, 2026"}),
		"privacy":     Privacy(DocumentPage{Page: moved, Updated: "March 2, 2026"}),
		"error-404":   failed(404, "not_found"),
		"error-500":   failed(500, "internal"),
		"error-429":   failed(429, "rate_limited"),
		"error-401":   failed(401, "unauthorized"),
		"ui":          UI(UIPage{Page: frame("/ui", "Components"), Catalog: c}),
		"error-app":   Error(ErrorPage{Page: signedIn("/app/none", "Nothing here", "Pro"), Status: 404, Code: "not_found", Message: Message("not_found", nil)}),
		"flash-error": Error(ErrorPage{Page: flashed(), Status: 503, Code: "unavailable", Message: Message("unavailable", nil)}),
	}
}

func flashed() layout.Page {
	p := frame("/pricing", "Pricing")
	p.Flash = &layout.Flash{Kind: layout.Error, Text: Message("price_unknown", nil)}
	return p
}

func authPages() map[string]templ.Component {
	wrong := Form{Errors: map[string]string{"email": Message("email_taken", nil), "password": Message("password_common", nil)}}
	verify := func(state VerifyState) templ.Component {
		return VerifyEmail(VerifyEmailPage{Page: frame("/verify-email/abc", "Confirm your address"), State: state, Action: "/verify-email/abc", Email: "ada@example.com"})
	}
	resend := VerifyEmailPage{Page: signedIn("/verify-email/abc", "Confirm your address", "Free"), State: VerifyInvalid}
	return map[string]templ.Component{
		"signup":        Signup(SignupPage{Page: frame("/signup", "Sign up"), MinPassword: 10}),
		"signup-errors": Signup(SignupPage{Page: frame("/signup", "Sign up"), Form: wrong, Name: "Ada Example", Email: "ada@example.com", PlanName: "Pro", Next: "/app/billing/checkout?price=pro_v1_year", MinPassword: 10}),
		"login":         Login(LoginPage{Page: frame("/login", "Sign in")}),
		"login-errors":  Login(LoginPage{Page: frame("/login", "Sign in"), Form: Form{FormError: Message("credentials_wrong", nil)}, Email: "ada@example.com"}),
		"link":          LoginLink(LoginLinkPage{Page: frame("/login/link", LoginLinkTitle), Next: "/app/billing"}),
		"link-sent":     LoginLink(LoginLinkPage{Page: frame("/login/link", LoginLinkTitle), Sent: true}),
		"link-use":      UseLink(UseLinkPage{Page: frame("/login/link/abc", LoginLinkTitle), Action: "/login/link/abc", Email: "ada@example.com"}),
		"link-spent":    UseLink(UseLinkPage{Page: frame("/login/link/abc", LoginLinkTitle), Invalid: true}),
		"forgot":        ForgotPassword(ForgotPasswordPage{Page: frame("/forgot-password", "Forgot your password?")}),
		"forgot-sent":   ForgotPassword(ForgotPasswordPage{Page: frame("/forgot-password", "Look in your mailbox"), Sent: true}),
		"reset":         ResetPassword(ResetPasswordPage{Page: frame("/reset-password/abc", "Choose a new password"), Action: "/reset-password/abc", MinPassword: 10}),
		"reset-invalid": ResetPassword(ResetPasswordPage{Page: frame("/reset-password/abc", "Link too old"), Invalid: true}),
		"verify":        verify(VerifyAsk),
		"verify-done":   verify(VerifyDone),
		"verify-spent":  verify(VerifyInvalid),
		"verify-resend": VerifyEmail(resend),
	}
}

func appPages() map[string]templ.Component {
	c := plan.Default()
	newcomer := DashboardPage{Page: signedIn("/app", "Dashboard", "Free"), Subscription: free(), Usage: usageOf("free", 0, 0), TrialDays: c.TrialDays, Steps: []Step{
		{Text: "Create your account", Done: true},
		{Text: "Confirm your address", Hint: "So that receipts and notices reach you."},
		{Text: "Add your first project", Hint: "A name is enough.", URL: PathProjects, Action: "Add"},
		{Text: "Choose a plan", Hint: "Or stay on the free one.", URL: "/pricing", Action: "Compare"},
	}}
	newcomer.User.EmailVerified = false
	regular := DashboardPage{Page: signedIn("/app", "Dashboard", "Pro"), Subscription: trialing(), Usage: usageOf("pro", 41, 86_120), Projects: projectsOf(5)}
	regular.Flash = &layout.Flash{Kind: layout.Success, Text: "Welcome to Pro. Your trial has started."}
	overdue := DashboardPage{
		Page: signedIn("/app", "Dashboard", "Starter"), Usage: usageOf("starter", 22, 0), Projects: projectsOf(4),
		Subscription: with(active(), func(s *Subscription) {
			s.Plan, s.Status, s.Level, s.GraceUntil = planOf("starter"), "past_due", "grace", dayp(5)
		}),
	}
	overdue.Banner = &layout.Banner{Kind: layout.Warning, Text: "Your last payment failed. Everything keeps working until March 7.", ActionText: "Update card", ActionURL: PathPortal, Post: true, Fields: map[string]string{"flow": FlowPaymentMethod}}
	projects := func(change func(*ProjectsPage)) templ.Component {
		p := ProjectsPage{
			Page: signedIn("/app/projects", "Projects", "Starter"), Projects: projectsOf(8), Usage: usageOf("starter", 12, 0)[0], CanExport: true,
			Pager: Pager{Page: 1, PerPage: 8, Total: 12, URL: PathProjects},
		}
		change(&p)
		return Projects(p)
	}
	return map[string]templ.Component{
		"dashboard":     Dashboard(regular),
		"dashboard-new": Dashboard(newcomer),
		"dashboard-due": Dashboard(overdue),
		"projects":      projects(func(*ProjectsPage) {}),
		"projects-empty": projects(func(p *ProjectsPage) {
			p.Projects, p.Usage.Used, p.Pager.Total, p.CanExport, p.ExportPlan = nil, 0, 0, false, "Starter"
		}),
		"projects-error": projects(func(p *ProjectsPage) {
			p.Name, p.Errors = "Website", map[string]string{"name": Message("project_name_taken", nil)}
		}),
		"projects-rename": projects(func(p *ProjectsPage) {
			p.EditID, p.EditName, p.Errors = "prj_2", "Website", map[string]string{"name": Message("project_name_taken", nil)}
		}),
		"projects-full": projects(func(p *ProjectsPage) {
			p.Page = signedIn("/app/projects", "Projects", "Free")
			p.Projects, p.Usage, p.AtLimit, p.Upgrade = projectsOf(3), usageOf("free", 3, 0)[0], true, offerOf("starter_v1_month", false)
			p.Projects[2].ReadOnly, p.Pager.Total, p.CanExport, p.ExportPlan = true, 3, false, "Starter"
		}),
		"projects-readonly": projects(func(p *ProjectsPage) { p.ReadOnly = true }),
	}
}

func billingPages() map[string]templ.Component {
	c := plan.Default()
	card := &Card{Brand: "visa", Last4: "4242", ExpMonth: 4, ExpYear: 2030}
	page := func(s Subscription, change func(*BillingPage)) templ.Component {
		p := BillingPage{
			Page: signedIn("/app/billing", "Billing", s.Plan.Name), Catalog: c, Subscription: s, Card: card,
			Invoices: invoicesOf(5), Pager: Pager{Page: 2, PerPage: 5, Total: 14, URL: "/app/billing"}, Usage: usageOf(s.Plan.Key, 3, 41_000),
		}
		change(&p)
		return Billing(p)
	}
	same := func(*BillingPage) {}
	_, year, _ := c.OnSale("pro_v1_year")
	upgrade := UpgradePage{Page: signedIn(PathExport, "Upgrade", "Free"), Feature: "CSV export", Description: c.Features[0].Description, Offer: offerOf("starter_v1_month", false), Back: PathProjects}
	order := CheckoutPage{Page: signedIn(PathCheckout, "Your order", "Free"), Catalog: c, Plan: planOf("pro"), Price: year, TrialDays: 14, FirstPayAt: day(14)}
	again := order
	again.TrialDays, again.FormError = 0, Message("stripe_unavailable", nil)
	return map[string]templ.Component{
		"billing":       page(active(), same),
		"billing-trial": page(trialing(), same),
		"billing-free": page(free(), func(p *BillingPage) {
			p.Card, p.Invoices, p.TrialDays = nil, nil, 14
		}),
		"billing-pending": page(free(), func(p *BillingPage) { p.Card, p.Invoices, p.Pending = nil, nil, true }),
		"billing-due": page(with(active(), func(s *Subscription) {
			s.Status, s.Level, s.GraceUntil = "past_due", "grace", dayp(5)
		}), same),
		"billing-cancelled": page(with(active(), func(s *Subscription) { s.EndsAt, s.RenewsAt = dayp(30), nil }), same),
		"billing-planned":   page(with(active(), func(s *Subscription) { s.Next = planned() }), same),
		"billing-bank": page(with(active(), func(s *Subscription) {
			s.Plan, s.Pending = planOf("starter"), waiting()
		}), same),
		"billing-paused": page(with(active(), func(s *Subscription) { s.Paused = true }), same),
		"billing-trial-used": page(with(free(), func(s *Subscription) {
			s.Status, s.TrialRefused, s.Interval, s.Amount = "canceled", "pro_v1_month", plan.Month, usd(7900)
		}), func(p *BillingPage) { p.Invoices = nil }),
		"billing-trial-paused": page(with(active(), func(s *Subscription) { s.Status, s.RenewsAt = "paused", nil }), same),
		"billing-trial-no-card": page(with(active(), func(s *Subscription) { s.Status, s.RenewsAt = "paused", nil }), func(p *BillingPage) {
			p.Card, p.Invoices = nil, nil
		}),
		"checkout":       Checkout(order),
		"checkout-again": Checkout(again),
		"return":         Return(ReturnPage{Page: signedIn("/app/billing/return", "Processing", "Free"), RefreshURL: "/app/billing/return?session_id=cs_1&try=1"}),
		"return-gave-up": Return(ReturnPage{Page: signedIn("/app/billing/return", "On its way", "Free"), RefreshURL: "/app/billing/return?session_id=cs_1", GaveUp: true}),
		"upgrade":        Upgrade(upgrade),
	}
}

func settingsPages() map[string]templ.Component {
	base := SettingsPage{
		Page:     signedIn("/app/settings", "Settings", "Pro"),
		Profile:  ProfileForm{Name: "Ada Example", Email: "ada@example.com"},
		Password: PasswordForm{MinPassword: 10},
		Preferences: PreferencesForm{
			Locale: "en-US", Zone: "Europe/Berlin",
			Locales: []Option{{"en-US", "English (United States): $1,234.50, Mar 2, 2026"}, {"de-DE", "Deutsch: 1.234,50 $, 02.03.2026"}},
			Zones:   []Option{{"UTC", "UTC"}, {"Europe/Berlin", "Europe/Berlin"}},
		},
		Sessions: []SessionRow{{"ses_1", "Firefox on Linux", "192.0.2.10", day(0), true}, {"ses_2", "Safari on iPhone", "198.51.100.7", day(-3), false}},
		Keys: APIKeysPanel{Allowed: true, Keys: []APIKey{
			{ID: "key_1", Name: "Nightly report", Prefix: "tg_3f9a", CreatedAt: day(-40), LastUsedAt: dayp(-1)},
			{ID: "key_2", Name: "Spreadsheet", Prefix: "tg_b71c", CreatedAt: day(-2)},
		}},
	}
	wrong := base
	unverified := *base.User
	unverified.EmailVerified = false
	wrong.User = &unverified
	wrong.Profile.Errors = map[string]string{"name": Message("name_required", nil)}
	wrong.Password.Errors = map[string]string{"current": Message("password_wrong", nil), "password": Message("password_too_short", map[string]string{"min": "10"})}
	wrong.Keys = APIKeysPanel{Upgrade: offerOf("pro_v1_month", true)}
	fresh := base
	fresh.Keys.NewSecret = "tg_9d0c41f7a2b84be6a9c5e1370f6d2b88"
	base.TwoStep = true
	return map[string]templ.Component{"settings": Settings(base), "settings-errors": Settings(wrong), "settings-new-key": Settings(fresh)}
}
