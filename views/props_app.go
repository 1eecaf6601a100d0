package views

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
)

// Project is one row of the demonstration product.
type Project struct {
	ID        string
	Name      string
	CreatedAt time.Time
	ReadOnly  bool // beyond the plan's limit after a downgrade
}

// Step is one line of the checklist for newcomers.
type Step struct {
	Text, Hint, URL, Action string
	Done                    bool
}

// DashboardPage is what the user sees after signing in.
type DashboardPage struct {
	layout.Page
	Subscription Subscription
	Usage        []Usage
	Projects     []Project // the latest few
	Steps        []Step    // empty once all are done or dismissed
	TrialDays    int64     // offered to an account that has not had its trial
}

// ProjectsPage lists projects and creates, renames and deletes them. After a refused rename EditID
// and EditName hold what was typed, and the errors belong to that row.
type ProjectsPage struct {
	layout.Page
	Form
	Name     string // typed into the form that creates
	EditID   string
	EditName string

	Projects []Project
	Pager    Pager
	Usage    Usage

	ReadOnly   bool   // access is limited: nothing new until the payment is settled
	AtLimit    bool   // the plan allows no more
	Upgrade    *Offer // the plan that allows more
	CanExport  bool
	ExportPlan string // name of the plan that exports, where this one does not
}

// SettingsPage is the user's own affairs: four forms, each with its own errors.
type SettingsPage struct {
	layout.Page
	Profile     ProfileForm
	Password    PasswordForm
	Preferences PreferencesForm
	TwoStep     bool
	Sessions    []SessionRow
	Keys        APIKeysPanel
	NoKeys      bool // the user's role does not include them
}

// ProfileForm posts name to PathProfile.
type ProfileForm struct {
	Form
	Name  string
	Email string
}

// PasswordForm posts current and password to PathPassword. Who has no password has a link mailed that chooses one.
type PasswordForm struct {
	Form
	MinPassword int
	None        bool
}

// PreferencesForm posts locale and zone to PathPreferences.
type PreferencesForm struct {
	Form
	Locale, Zone   string
	Locales, Zones []Option
}

// Option is one choice of a selector.
type Option struct{ Value, Text string }

// SessionRow is one signed-in browser.
type SessionRow struct {
	ID       string
	Device   string // in words, such as Firefox on Linux
	IP       string
	LastSeen time.Time
	Current  bool
}

// APIKey is one key; its secret is never shown again.
type APIKey struct {
	ID, Name, Prefix string
	CreatedAt        time.Time
	LastUsedAt       *time.Time
}

// APIKeysPanel posts name to PathAPIKeys. NewSecret is set once, right after a key was made.
type APIKeysPanel struct {
	Form
	Name      string
	Keys      []APIKey
	NewSecret string
	Allowed   bool   // the plan includes the API
	Upgrade   *Offer // the plan that does
}

// BillingPage is everything about paying.
type BillingPage struct {
	layout.Page
	Catalog      *plan.Catalog
	Subscription Subscription
	Card         *Card
	Invoices     []Invoice
	Pager        Pager
	Usage        []Usage
	Pending      bool // the customer is not at Stripe yet, so there is no portal
	Held         bool // a payment is disputed, so nothing is added
	TrialDays    int64
}

// CheckoutPage repeats an order before the user leaves for the payment page.
type CheckoutPage struct {
	layout.Page
	FormError  string
	Catalog    *plan.Catalog
	Plan       plan.Plan
	Price      plan.Price
	TrialDays  int64     // 0 where the trial is used up
	FirstPayAt time.Time // when the first payment falls due
}

// ReturnPage waits for Stripe's word after a payment. Try counts the refreshes so far.
type ReturnPage struct {
	layout.Page
	RefreshURL string
	Try        int
	GaveUp     bool // no further refresh: the mail will tell
}

// UpgradePage answers 402: what is missing and the plan that has it.
type UpgradePage struct {
	layout.Page
	Feature     string // its name, as the catalog has it
	Description string
	Offer       *Offer
	Back        string
}
