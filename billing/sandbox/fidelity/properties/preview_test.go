package properties

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// previewIsInvoice is the property that what a preview shows is what the invoice then charges, by line and to the
// cent: for a subscription that does not exist yet, and for up to three changes in its life.
func previewIsInvoice(t *rapid.T, l *lab.Lab) error {
	w, err := found(l, drawSetting(t, false))
	if err != nil {
		return err
	}
	first := op{Kind: "subscribe", A: number(t, "a", 0, 99), B: number(t, "b", 0, 99), C: number(t, "c", 0, 99)}
	sub, err := w.previewOrder(first)
	if err != nil || sub == nil {
		return err
	}
	for range number(t, "changes", 1, 3) {
		if err := errors.Join(w.Advance(drawWait(t)), w.finishDrafts()); err != nil {
			return err
		}
		change := drawOp(t)
		change.Kind = pick(t, "change", "nothing", "switch", "switch", "quantity", "add item", "drop item", "anchor", "trial",
			"cancel at end", "cancel", "item", "credit", "discount")
		more, err := w.previewChange(change, sub.ID())
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// finishDrafts waits for the invoice of a renewal to be finalised: until then the customer's balance, which the preview
// shows, is about to change.
func (w *world) finishDrafts() error {
	drafts, err := w.Get("/v1/invoices", "customer", w.customer, "status", "draft")
	if err != nil || len(drafts.List("data")) == 0 {
		return err
	}
	return w.Advance(time.Hour)
}

// nested puts parameters of a subscription below subscription_details, where a preview has them. What a preview
// cannot be told is left out.
func nested(form []string) []string {
	var out []string
	for i := 0; i+1 < len(form); i += 2 {
		name, rest, _ := strings.Cut(form[i], "[")
		if rest != "" {
			rest = "[" + rest
		}
		if name == "discounts" {
			out = append(out, form[i], form[i+1])
			continue
		}
		out = append(out, "subscription_details["+name+"]"+rest, form[i+1])
	}
	return out
}

// previewOrder compares the preview of a new subscription with its first invoice.
func (w *world) previewOrder(o op) (lab.Object, error) {
	form := append(w.order(o), w.reduction(o)...)
	preview, previewErr := w.Post("/v1/invoices/create_preview", append(nested(form), "customer", w.customer)...)
	sub, err := w.Post("/v1/subscriptions", append(form, "customer", w.customer)...)
	if err != nil {
		return nil, checked("subscribe", err)
	}
	if previewErr != nil {
		return nil, fmt.Errorf("the preview of what was then done: %w", previewErr)
	}
	w.subs = append(w.subs, sub.ID())
	return sub, w.same(preview, sub.Str("latest_invoice"))
}

// previewChange compares the preview of a change with the invoice that follows from it. It reports whether the
// subscription can be changed further.
func (w *world) previewChange(o op, id string) (bool, error) {
	sub, err := w.Get("/v1/subscriptions/" + id)
	if err != nil {
		return false, err
	}
	switch sub.Str("status") {
	case "active", "trialing", "past_due":
	default:
		return false, nil
	}
	switch o.Kind {
	case "item", "credit", "discount":
		// Something that the next preview has to know of.
		if err := w.do(o); err != nil {
			return false, err
		}
		o.Kind = "nothing"
	}
	form := w.edit(o, sub)
	if o.Kind == "cancel" {
		return false, w.previewEnd(o, sub)
	}
	preview, previewErr := w.Post("/v1/invoices/create_preview", append(nested(form), "subscription", id)...)
	after := sub
	if form != nil {
		if after, err = w.Post("/v1/subscriptions/"+id, form...); err != nil {
			return true, checked("change", err)
		}
	}
	billed := func() bool { return after.Str("latest_invoice") != sub.Str("latest_invoice") }
	if !billed() {
		if err := w.AdvanceTo(after.Int("current_period_end")); err != nil {
			return false, err
		}
		if after, err = w.Get("/v1/subscriptions/" + id); err != nil {
			return false, err
		}
	}
	switch {
	case !billed() && previewErr == nil && after.Str("status") == "active":
		return false, fmt.Errorf("no invoice came of %s, which had a preview", o)
	case !billed():
		return false, nil // It paused, or ended: its trial had no card, or its debts were too old.
	case previewErr != nil:
		return false, fmt.Errorf("the preview of what was then billed: %w", previewErr)
	default:
		return true, w.same(preview, after.Str("latest_invoice"))
	}
}

// previewEnd compares the preview of a cancellation with its last invoice.
func (w *world) previewEnd(o op, sub lab.Object) error {
	behavior, prorate := "none", "false"
	if o.B%2 == 0 {
		behavior, prorate = "create_prorations", "true"
	}
	preview, previewErr := w.Post("/v1/invoices/create_preview", "subscription", sub.ID(),
		"subscription_details[cancel_now]", "true", "subscription_details[proration_behavior]", behavior)
	after, err := w.Delete("/v1/subscriptions/"+sub.ID(), "prorate", prorate, "invoice_now", "true")
	if err != nil {
		return err
	}
	if after.Str("latest_invoice") == sub.Str("latest_invoice") {
		if previewErr == nil && len(preview.List("lines")) > 0 {
			return fmt.Errorf("the end had a preview of %d lines and made no invoice", len(preview.List("lines")))
		}
		return nil
	}
	if previewErr != nil {
		return fmt.Errorf("the preview of an end that was invoiced: %w", previewErr)
	}
	return w.same(preview, after.Str("latest_invoice"))
}

// same compares a preview with an invoice.
func (w *world) same(preview lab.Object, id string) error {
	inv, err := w.Get("/v1/invoices/" + id)
	if err != nil {
		return err
	}
	want, got := bill(inv), bill(preview)
	if want == got {
		return nil
	}
	return fmt.Errorf("the preview is not the invoice\npreview:\n%s\ninvoice %s:\n%s", got, id, want)
}

// bill writes down all that matters of an invoice: what is charged for, how much, and what is due.
func bill(inv lab.Object) string {
	var b strings.Builder
	for _, line := range inv.List("lines") {
		fmt.Fprintf(&b, "  %d %s %q ×%v %d-%d %s %s proration=%v net of tax %d", line.Int("amount"), line.Str("currency"),
			line.Str("description"), line["quantity"], line.Int("period.start"), line.Int("period.end"), line.Str("type"),
			line.Str("price.id"), line["proration"], line.Int("amount_excluding_tax"))
		for _, d := range line.List("discount_amounts") {
			fmt.Fprintf(&b, " off %d", d.Int("amount"))
		}
		for _, tax := range line.List("tax_amounts") {
			fmt.Fprintf(&b, " tax %d of %d %s", tax.Int("amount"), tax.Int("taxable_amount"), tax.Str("tax_rate"))
		}
		b.WriteByte('\n')
	}
	for _, key := range []string{
		"subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax", "tax", "amount_due",
		"starting_balance", "period_start", "period_end",
	} {
		fmt.Fprintf(&b, "  %s %d", key, inv.Int(key))
	}
	for _, key := range []string{"total_discount_amounts", "total_tax_amounts"} {
		for _, part := range inv.List(key) {
			fmt.Fprintf(&b, " %s %d of %d", key, part.Int("amount"), part.Int("taxable_amount"))
		}
	}
	return b.String()
}
