package sandbox

import (
	"net/url"
	"strings"

	"example.com/tollgate/billing/sandbox/pages"
)

// portalHome fills the front page.
func (p *page) portalHome(tx *Tx, po *portal) (pages.Portal, error) {
	v := pages.Portal{
		PortalFrame: p.portalFrame(po, "Billing"), CanCards: po.can("payment_method_update"),
		CanDetails: po.can("customer_update"), ShowBills: po.can("invoice_history"), Details: billingDetails(po.customer),
	}
	v.Home = ""
	subs, err := tx.Find("subscription", Query{Customer: po.customer.ID(), Limit: 20})
	if err != nil {
		return v, err
	}
	for _, sub := range subs {
		if sub.Str("status") == "incomplete_expired" || (ended(sub) && len(v.Plans) > 0) {
			continue
		}
		plan, err := portalPlan(tx, po, sub)
		if err != nil {
			return v, err
		}
		v.Plans = append(v.Plans, plan)
	}
	if v.Cards, err = savedCards(tx, po.customer); err != nil {
		return v, err
	}
	taxID, err := tx.Find("tax_id", Query{Customer: po.customer.ID(), Limit: 1})
	if err != nil {
		return v, err
	}
	if len(taxID) > 0 {
		v.Details = append(v.Details, pages.Detail{Label: "Tax ID", Value: taxID[0].Str("value")})
	}
	return v, p.portalBillsOf(tx, po, &v)
}

func billingDetails(c Object) []pages.Detail {
	return []pages.Detail{
		{Label: "Name", Value: c.Str("name")},
		{Label: "E-mail", Value: c.Str("email")},
		{Label: "Address", Value: strings.Join(addressLines(c.Obj("address")), ", ")},
	}
}

// addressLines are the parts of an address that are there, as one would write them on an envelope.
func addressLines(a Object) []string {
	town := strings.TrimSpace(strings.Join([]string{a.Str("city"), a.Str("state"), a.Str("postal_code")}, " "))
	var out []string
	for _, line := range []string{
		a.Str("line1"), a.Str("line2"), strings.Join(strings.Fields(town), " "),
		countryName(a.Str("country")),
	} {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func countryName(code string) string {
	for _, c := range pages.Countries() {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}

// portalPlan describes a subscription as its customer would.
func portalPlan(tx *Tx, po *portal, sub Object) (pages.PortalPlan, error) {
	item := sub.Obj("items.data.0")
	plan := pages.PortalPlan{
		ID: sub.ID(), Name: productName(tx, item.Obj("price")), Status: pages.Words(sub.Str("status")),
		Tone: stateTone(sub.Str("status")),
	}
	var err error
	if plan.Figure, plan.Per, err = priceFigure(tx, item.Obj("price"), item.Int("quantity"), sub.Str("currency")); err != nil {
		return plan, err
	}
	if n := item.Int("quantity"); n > 1 {
		plan.Extra = pages.Plural(n, "seat")
	}
	for _, d := range sub.List("discounts") {
		plan.Extra = joinText(plan.Extra, couponText(d.Obj("coupon"), sub.Str("currency")))
	}
	leaving := sub.Bool("cancel_at_period_end") || sub.Has("cancel_at")
	live := !ended(sub)
	plan.Renewal = renewalText(sub, leaving)
	if live && leaving {
		plan.Status, plan.Tone = "Cancels "+pages.Day(leavingAt(sub)), "warn"
	}
	plan.CanRenew = live && sub.Bool("cancel_at_period_end") && po.can("subscription_cancel")
	plan.CanCancel = live && !leaving && po.can("subscription_cancel")
	plan.CanSwitch = live && !leaving && po.switches() && len(sub.List("items")) == 1
	return plan, waitingSwitch(tx, sub, &plan)
}

// waitingSwitch shows a switch that the bank has yet to approve, with the invoice on which it is approved.
func waitingSwitch(tx *Tx, sub Object, plan *pages.PortalPlan) error {
	if !sub.Has("pending_update") {
		return nil
	}
	inv, err := tx.load(sub.Str("_pending_invoice"))
	if err != nil || inv == nil {
		return err
	}
	plan.CanSwitch, plan.Waiting = false, inv.Str("hosted_invoice_url")
	return nil
}

func joinText(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

func leavingAt(sub Object) int64 {
	if at := sub.Int("cancel_at"); at != 0 {
		return at
	}
	return sub.Int("current_period_end")
}

// renewalText says what happens next, and when.
func renewalText(sub Object, leaving bool) string {
	end := pages.Day(sub.Int("current_period_end"))
	switch {
	case ended(sub):
		return "Ended on " + pages.Day(sub.Int("ended_at")) + "."
	case leaving:
		return "Your plan ends on " + pages.Day(leavingAt(sub)) + ". Until then nothing changes."
	case sub.Str("status") == "trialing":
		return "Your free trial ends on " + pages.Day(sub.Int("trial_end")) + "."
	case sub.Str("status") == "past_due", sub.Str("status") == "unpaid":
		return "The last payment failed. Please check your card."
	case sub.Str("status") == "incomplete":
		return "The first payment is still open."
	case sub.Str("status") == "paused":
		return "Paused, because the trial ended without a card."
	default:
		return "Your plan renews on " + end + "."
	}
}

// portalBillsOf fills the list of invoices, a page at a time.
func (p *page) portalBillsOf(tx *Tx, po *portal, v *pages.Portal) error {
	if !v.ShowBills {
		return nil
	}
	found, err := tx.Find("invoice", Query{Customer: po.customer.ID(), Not: map[string]string{"status": "draft"}})
	if err != nil {
		return err
	}
	start := 0
	for i, inv := range found {
		if inv.ID() == p.query("after") {
			start = i + 1
			v.Newer = v.Base + "?home=1#invoices"
		}
	}
	end := min(start+portalBills, len(found))
	for _, inv := range found[start:end] {
		v.Bills = append(v.Bills, pages.Bill{
			Number: inv.Str("number"), Day: pages.Day(inv.Int("created")),
			Amount: pages.Money(inv.Int("total"), inv.Str("currency")),
			Status: pages.Words(inv.Str("status")), Tone: stateTone(inv.Str("status")),
			What: inv.Str("lines.data.0.description"), Link: inv.Str("hosted_invoice_url"),
		})
	}
	if end < len(found) {
		v.Older = v.Base + "?home=1&after=" + url.QueryEscape(found[end-1].ID()) + "#invoices"
	}
	return nil
}
