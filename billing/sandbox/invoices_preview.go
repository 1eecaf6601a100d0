package sandbox

import (
	"net/http"
)

// legacyPreview are the names that GET /v1/invoices/upcoming has for what a preview nests in subscription_details.
func legacyPreview() map[string]string {
	return map[string]string{
		"subscription_items": "items", "subscription_proration_behavior": "proration_behavior",
		"subscription_proration_date":       "proration_date",
		"subscription_billing_cycle_anchor": "billing_cycle_anchor", "subscription_trial_end": "trial_end",
		"subscription_cancel_at_period_end": "cancel_at_period_end", "subscription_cancel_at": "cancel_at",
		"subscription_cancel_now": "cancel_now", "subscription_default_tax_rates": "default_tax_rates",
	}
}

// upcomingInvoice answers GET /v1/invoices/upcoming: the preview without an id.
func upcomingInvoice(r *apiRequest) (Object, error) {
	details := Params{}
	for from, to := range legacyPreview() {
		if r.Params.Has(from) {
			details[to] = r.Params[from]
		}
	}
	inv, err := previewRequest(r, details)
	if err != nil {
		return nil, err
	}
	delete(inv, "id")
	return inv, nil
}

func upcomingLines(r *apiRequest) (Object, error) {
	inv, err := upcomingInvoice(r)
	if err != nil {
		return nil, err
	}
	return pageOf(r, inv.List("lines"))
}

// createPreview answers POST /v1/invoices/create_preview.
func createPreview(r *apiRequest) (Object, error) {
	details := r.Params.Sub("subscription_details")
	if details == nil {
		details = Params{}
	}
	return previewRequest(r, details)
}

func previewRequest(r *apiRequest, details Params) (Object, error) {
	p := r.Params
	if p.Given("schedule") || p.Has("schedule_details") {
		return previewSchedule(r)
	}
	sub, err := previewedSubscription(r)
	if err != nil {
		return nil, err
	}
	if sub != nil {
		if p.Has("discounts") || p.Has("coupon") || p.Has("promotion_code") {
			if err := r.previewDiscounts(sub); err != nil {
				return nil, err
			}
		}
		buyer, err := r.Tx.Ref("customer", sub.Str("customer"), "customer")
		if err != nil {
			return nil, err
		}
		if buyer, err = r.previewBuyer(buyer); err != nil {
			return nil, err
		}
		if err := r.previewExtras(sub, buyer); err != nil {
			return nil, err
		}
		return previewChange(r.Tx, sub, details)
	}
	var customer Object
	if !p.Has("customer_details") || p.Given("customer") {
		if err := p.Require("customer"); err != nil {
			return nil, err
		}
		if customer, err = r.Tx.Ref("customer", p.Str("customer"), "customer"); err != nil {
			return nil, err
		}
	}
	if customer, err = r.previewBuyer(customer); err != nil {
		return nil, err
	}
	if len(details.Subs("items")) == 0 {
		return nil, noUpcoming(customer.ID())
	}
	return previewNew(r, customer, details)
}

// previewedSubscription finds the subscription of the request; a customer who has just one need not name it.
func previewedSubscription(r *apiRequest) (Object, error) {
	if id := r.Params.Str("subscription"); id != "" {
		sub, err := r.Tx.Ref("subscription", id, "subscription")
		if err != nil {
			return nil, err
		}
		if ended(sub) {
			return nil, noUpcoming(sub.Str("customer"))
		}
		return sub, nil
	}
	if r.Params.Str("customer") == "" || len(r.Params.Sub("subscription_details").Subs("items")) > 0 ||
		len(r.Params.Subs("subscription_items")) > 0 {
		return nil, nil
	}
	subs, err := r.Tx.Find("subscription", Query{
		Customer: r.Params.Str("customer"),
		In:       map[string][]string{"status": {"active", "trialing", "past_due", "unpaid"}},
	})
	if err != nil || len(subs) == 0 {
		return nil, err
	}
	return subs[len(subs)-1], nil
}

func noUpcoming(customer string) *Error {
	return &Error{
		Status: http.StatusNotFound, Type: typeInvalid, Code: "invoice_upcoming_none",
		Message: "No upcoming invoices for customer: " + customer,
	}
}

// previewDiscounts puts the discounts of the request on the subscription for the length of the preview.
func (r *apiRequest) previewDiscounts(sub Object) error {
	customer, err := r.Tx.Ref("customer", sub.Str("customer"), "customer")
	if err != nil {
		return err
	}
	sources, err := readDiscounts(r.Tx, r.Params, customer, purchase{currency: sub.Str("currency"), open: onUpdate})
	if err != nil {
		return err
	}
	attachDiscounts(r.Tx, sub, sources)
	return nil
}

// previewNew is the first invoice of a subscription that does not exist yet.
func previewNew(r *apiRequest, customer Object, details Params) (Object, error) {
	spec, err := readSubscription(r.Tx, customer, details)
	if err != nil {
		return nil, err
	}
	if spec.discounts, err = readSources(r.Tx, r.Params, customer); err != nil {
		return nil, err
	}
	sub, err := buildSubscription(r.Tx, spec)
	if err != nil {
		return nil, err
	}
	if err := r.previewExtras(sub, customer); err != nil {
		return nil, err
	}
	b, err := firstBill(r.Tx, customer, sub)
	if err != nil {
		return nil, err
	}
	if err := mustSuit(spec.discounts, b.purchase()); err != nil {
		return nil, err
	}
	inv, err := asPreview(r.Tx, b)
	if err != nil {
		return nil, err
	}
	inv["subscription"] = nil
	return inv, nil
}

// previewChange is the invoice that comes next if a subscription is changed like this: at once where the change bills
// at once, and otherwise at the end of the period.
func previewChange(tx *Tx, sub Object, details Params) (Object, error) {
	if now, _, err := details.Bool("cancel_now"); err != nil || now {
		if err != nil {
			return nil, err
		}
		return previewEnd(tx, sub, details)
	}
	c, err := planChange(tx, sub, details)
	if err != nil {
		return nil, err
	}
	if c.invoiceNow {
		b, err := c.bill(tx, c.items)
		if err != nil {
			return nil, err
		}
		return asPreview(tx, b)
	}
	if on, sent, err := details.Bool("cancel_at_period_end"); err != nil {
		return nil, err
	} else if sent {
		setCancelAtPeriodEnd(tx, c.after, on)
	}
	if c.after.Str("status") == "paused" {
		return nil, noUpcoming(sub.Str("customer"))
	}
	if c.after.Bool("cancel_at_period_end") {
		return previewLast(tx, c, c.after.Int("current_period_end"))
	}
	schedule, err := tx.load(sub.Str("schedule"))
	if err != nil {
		return nil, err
	}
	return previewCycle(tx, c, schedule)
}

// previewLast is the invoice with which a subscription will end, if it has anything left to bill.
func previewLast(tx *Tx, c *change, end int64) (Object, error) {
	b, err := finalBill(tx, c.after, plannedLines(tx, c.items), end)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, noUpcoming(c.after.Str("customer"))
	}
	inv, err := asPreview(tx, b)
	if err != nil {
		return nil, err
	}
	inv["created"], inv["next_payment_attempt"] = end, end+hour
	return inv, nil
}

// previewCycle is the invoice that a changed subscription gets next. A schedule's phases may change it further until
// then, or bill something of their own before.
func previewCycle(tx *Tx, c *change, schedule Object) (Object, error) {
	seen, err := foresee(tx, schedule, c.after, c.items)
	if err != nil {
		return nil, err
	}
	if seen.bill != nil {
		inv, err := asPreview(tx, seen.bill)
		if err == nil {
			inv["created"] = seen.at
		}
		return inv, err
	}
	if seen.ends {
		return previewLast(tx, &change{after: seen.sub, items: seen.items}, seen.at)
	}
	after := seen.sub
	start, end := nextPeriod(after)
	if after.Str("status") == "trialing" {
		after["status"] = "active"
	}
	b, err := cycleBill(tx, after, start, end)
	if err != nil {
		return nil, err
	}
	b.lines = append(plannedLines(tx, seen.items), b.lines...)
	inv, err := asPreview(tx, b)
	if err != nil {
		return nil, err
	}
	inv["created"] = start
	inv["next_payment_attempt"] = start + hour
	return inv, nil
}

// asPreview composes a bill into an invoice that is never stored.
func asPreview(tx *Tx, b *bill) (Object, error) {
	inv, err := b.compose(tx)
	if err != nil {
		return nil, err
	}
	inv["id"] = "upcoming_" + inv.ID()
	inv["billing_reason"] = "upcoming"
	inv["lines"] = embeddedList(b.lines, "/v1/invoices/upcoming/lines?customer="+b.customer.ID())
	for _, line := range b.lines {
		line["invoice"] = nil
	}
	return inv, nil
}
