package views

import (
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
)

// LandingPage is the front door. It says only what the catalog and the product say.
type LandingPage struct {
	layout.Page
	Catalog *plan.Catalog
}

// PricingPage compares plans. CurrentPlan is empty for visitors; Subscribed turns Buy into Switch.
type PricingPage struct {
	layout.Page
	Catalog         *plan.Catalog
	Interval        plan.Interval // shown first
	CurrentPlan     string
	CurrentInterval plan.Interval
	Subscribed      bool
	TrialUsed       bool
	Planned         *Planned // the change that is planned, where it is shown
}

// DocumentPage is for the terms and the privacy policy.
type DocumentPage struct {
	layout.Page
	Updated string
}

// ErrorPage is any failure. Message comes from Message(code, params).
type ErrorPage struct {
	layout.Page
	Status  int
	Code    string
	Message string
}

// UIPage shows every component in every state, in development.
type UIPage struct {
	layout.Page
	Catalog *plan.Catalog
}
