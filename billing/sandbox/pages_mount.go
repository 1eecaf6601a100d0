package sandbox

import (
	"net/http"
	"net/url"

	"example.com/tollgate/billing/sandbox/pages"
)

// pageRoute is one row of the table of pages.
type pageRoute struct {
	Pattern string
	Handler func(p *page) error
}

// pageRoutes is the one table of all hosted pages and of the console.
func pageRoutes() []pageRoute {
	return []pageRoute{
		// What a customer sees.
		{"GET /_stripe/c/{id}", showCheckout},
		{"POST /_stripe/c/{id}", postCheckout},
		{"GET /_stripe/3ds/{id}", showThreeDS},
		{"POST /_stripe/3ds/{id}", postThreeDS},
		{"GET /_stripe/invoice/{id}", showInvoice},
		{"POST /_stripe/invoice/{id}", postInvoice},
		{"GET /_stripe/invoice/{id}/pdf", func(p *page) error { return p.to("/_stripe/invoice/" + url.PathEscape(p.id())) }},
		{"GET /_stripe/receipt/{id}", showReceipt},
		{"GET /_stripe/credit_note/{id}/pdf", showCreditNote},

		// The portal.
		{"GET /_stripe/p/{id}", showPortal},
		{"GET /_stripe/p/{id}/plans", showPortalPlans},
		{"GET /_stripe/p/{id}/plans/{price}", showPortalSwitch},
		{"POST /_stripe/p/{id}/plans/{price}", postPortalSwitch},
		{"GET /_stripe/p/{id}/cancel", showPortalCancel},
		{"POST /_stripe/p/{id}/cancel", postPortalCancel},
		{"POST /_stripe/p/{id}/resume", postPortalResume},
		{"GET /_stripe/p/{id}/cards/new", showPortalCard},
		{"POST /_stripe/p/{id}/cards", postPortalCard},
		{"POST /_stripe/p/{id}/cards/{card}/default", postPortalDefaultCard},
		{"POST /_stripe/p/{id}/cards/{card}/remove", postPortalRemoveCard},
		{"GET /_stripe/p/{id}/details", showPortalDetails},
		{"POST /_stripe/p/{id}/details", postPortalDetails},
		{"GET /_stripe/p/{id}/done", showPortalDone},

		// What a developer sees.
		{"GET /_stripe/{$}", showOverview},
		{"GET /_stripe/objects", showObjects},
		{"GET /_stripe/objects/{id}", showObject},
		{"POST /_stripe/objects/{id}", postObject},
		{"GET /_stripe/events", showEvents},
		{"GET /_stripe/events/{id}", showEvent},
		{"POST /_stripe/events/{id}/resend", postResend},
		{"GET /_stripe/deliveries", showDeliveries},
		{"POST /_stripe/deliveries", postEndpoint},
		{"GET /_stripe/requests", showRequests},
		{"GET /_stripe/requests/{id}", showRequest},
		{"GET /_stripe/clock", showClock},
		{"POST /_stripe/clock", postClock},
		{"GET /_stripe/switches", showSwitches},
		{"POST /_stripe/switches/mode", postMode},
		{"POST /_stripe/switches/faults", postFaults},
		{"POST /_stripe/switches/dunning", postDunning},
		{"POST /_stripe/switches/reset", postReset},
		{"POST /_stripe/switches/import", postImport},
		{"GET /_stripe/export", sendExport},
		{"GET /sandbox", func(p *page) error { return p.to("/_stripe/") }},
		{"GET /{$}", func(p *page) error { return p.to("/_stripe/") }},
		{"GET /_stripe/", func(*page) error { return missing(http.StatusNotFound, "page", "", "") }},
	}
}

// mountPages adds the hosted pages and the console to the sandbox's own address.
func (s *Sandbox) mountPages(mux *http.ServeMux) {
	mux.Handle("GET "+pages.AssetPath+"{file}", pages.Assets())
	for _, row := range pageRoutes() {
		mux.HandleFunc(row.Pattern, func(w http.ResponseWriter, r *http.Request) { s.servePage(w, r, row.Handler) })
	}
}
