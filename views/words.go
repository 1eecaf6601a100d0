package views

import (
	"net/url"
)

// The titles of pages, which the frame shows in the browser's tab.
const (
	LandingTitle       = "Projects you can hand over"
	LandingDescription = "Keep projects in one place, take them out as a spreadsheet, and read them from your own programs."
	PricingTitle       = "Pricing"
	PricingDescription = "What each plan holds and costs, by the month or by the year."
	TermsTitle         = "Terms of service"
	PrivacyTitle       = "Privacy policy"
	UITitle            = "Components"
	DashboardTitle     = "Dashboard"
	ProjectsTitle      = "Projects"
	BillingTitle       = "Billing"
	CheckoutTitle      = "Confirm your plan"
	ReturnTitle        = "Confirming your payment"
	ChooseTitle        = "Change your plan"
	ChangeTitle        = "Confirm the change"
	CancelTitle        = "Cancel your plan"
)

// ErrorTitle is the title and heading of the error page for a status.
func ErrorTitle(status int) string { return title(status) }

// NewPager places a page within a list of total rows. filters are the list's own query parameters.
func NewPager(path string, filters url.Values, page, perPage int, total int64) Pager {
	address := path
	if len(filters) > 0 {
		address += "?" + filters.Encode()
	}
	return Pager{URL: address, Page: page, PerPage: perPage, Total: total}
}

// FirstSteps is the dashboard's checklist, or nothing once all of it is done.
func FirstSteps(verified, hasProject, paying bool) []Step {
	if verified && hasProject && paying {
		return nil
	}
	return []Step{
		{
			Text: "Confirm your e-mail address", Hint: "So that you can get back in if you lose your password.",
			Done: verified,
		},
		{
			Text: "Create your first project", Hint: "A name is enough to begin with.",
			URL: PathProjects, Action: "New project", Done: hasProject,
		},
		{
			Text: "Choose a plan", Hint: "More room, a CSV export and access for your programs.",
			URL: "/pricing", Action: "See plans", Done: paying,
		},
	}
}
