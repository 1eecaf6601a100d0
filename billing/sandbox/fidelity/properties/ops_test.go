package properties

import (
	"errors"
	"fmt"
	"strconv"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// op is one drawn thing that a merchant or a customer does. Its numbers mean what the kind makes of them, so that one
// op can be done in two sandboxes whose ids differ.
type op struct {
	Kind    string
	A, B, C int64
}

// String is how a failing case prints what was done.
func (o op) String() string { return fmt.Sprintf("%s(%d,%d,%d)", o.Kind, o.A, o.B, o.C) }

// Kinds of ops, more often those that make more happen.
func kinds() []string {
	return []string{
		"subscribe", "subscribe", "subscribe", "switch", "switch", "switch", "quantity", "quantity", "add item", "drop item",
		"anchor", "trial", "cancel", "cancel at end", "stay", "cancel at", "pause", "unpause", "good card", "good card",
		"bad card", "pay", "pay", "void", "uncollectible", "finalize", "refund", "refund", "credit", "item", "invoice",
		"discount", "no discount", "customer coupon", "confirm", "tax", "outside",
	}
}

func drawOp(t *rapid.T) op {
	return op{
		Kind: rapid.SampledFrom(kinds()).Draw(t, "op"),
		A:    number(t, "a", 0, 99), B: number(t, "b", 0, 99), C: number(t, "c", 0, 99),
	}
}

// do does an op. Only what the sandbox itself could not do is an error.
func (w *world) do(o op) error {
	var err error
	switch o.Kind {
	case "subscribe":
		err = w.subscribe(o)
	case "switch", "quantity", "add item", "drop item", "anchor", "trial", "cancel at end", "stay", "cancel at", "pause",
		"unpause", "discount", "tax":
		err = w.change(o)
	case "cancel", "no discount":
		if sub, ok := choose(w.subs, o.A); ok {
			path := "/v1/subscriptions/" + sub
			if o.Kind == "no discount" {
				path += "/discount"
			}
			_, err = w.Delete(path, w.ending(o)...)
		}
	case "good card", "bad card":
		_, err = w.Post("/v1/customers/"+w.customer, "invoice_settings[default_payment_method]", w.card(o.Kind == "good card"))
	case "credit":
		_, err = w.Post("/v1/customers/"+w.customer+"/balance_transactions", "amount", strconv.FormatInt((o.A-50)*40, 10),
			"currency", w.Currency)
	case "customer coupon":
		_, err = w.Post("/v1/customers/"+w.customer, "coupon", w.coupon(o.A))
	case "item", "invoice":
		err = w.sell(o)
	case "refund":
		err = w.refund(o)
	case "confirm":
		err = w.confirm(o)
	default:
		err = w.handle(o)
	}
	return errors.Join(w.failure, checked(o.String(), err))
}

// ending are the parameters with which a subscription is cancelled.
func (w *world) ending(o op) []string {
	if o.Kind != "cancel" {
		return nil
	}
	return []string{"prorate", strconv.FormatBool(o.B%2 == 0), "invoice_now", strconv.FormatBool(o.C%2 == 0)}
}

// order are the parameters of a new subscription: in a real one, and below subscription_details in its preview.
func (w *world) order(o op) []string {
	base := o.A % 2 * 2
	form := []string{
		"items[0][price]", w.price(base), "items[0][quantity]", strconv.FormatInt(o.B%9+1, 10),
	}
	if o.B%3 == 0 {
		form = append(form, "items[1][price]", w.price(base+1), "items[1][quantity]", strconv.FormatInt(o.C%4, 10))
	}
	if o.C%5 == 0 {
		form = append(form, "trial_end", strconv.FormatInt(w.Now()+(o.B+1)*86_400+o.A, 10))
	}
	if o.C%7 == 1 && o.C%5 != 0 {
		form = append(form, "billing_cycle_anchor", strconv.FormatInt(w.Now()+(o.B%6+1)*86_400, 10))
		if o.B%2 == 0 {
			form = append(form, "proration_behavior", "none")
		}
	}
	for i, rate := range w.rates {
		form = append(form, fmt.Sprintf("default_tax_rates[%d]", i), rate)
	}
	return form
}

// reduction is the discount that comes with an op, if any: two of them now and then.
func (w *world) reduction(o op) []string {
	switch o.C % 4 {
	case 0:
		return []string{"discounts[0][coupon]", w.coupon(o.B)}
	case 1:
		return []string{"discounts[0][coupon]", w.coupon(o.B), "discounts[1][coupon]", w.coupon(o.B + 1)}
	default:
		return nil
	}
}

func (w *world) subscribe(o op) error {
	if len(w.subs) >= 4 && o.B%4 > 0 {
		return nil // Many subscriptions renew often, and show little that a few do not.
	}
	form := append(w.order(o), w.reduction(o)...)
	form = append(form, "customer", w.customer, "payment_behavior", []string{
		"allow_incomplete", "allow_incomplete", "default_incomplete", "error_if_incomplete",
	}[o.A%4])
	if o.C%10 == 0 {
		form = append(form, "trial_settings[end_behavior][missing_payment_method]",
			[]string{"create_invoice", "cancel", "pause"}[o.A%3])
	}
	if o.C%13 == 4 {
		form = append(form, "collection_method", "send_invoice", "days_until_due", "14")
	}
	sub, err := w.Post("/v1/subscriptions", form...)
	if err == nil {
		w.subs = append(w.subs, sub.ID())
	}
	return err
}

// proration is how a drawn change is billed.
func proration(o op) string {
	return []string{"create_prorations", "always_invoice", "none", "create_prorations"}[o.B%4]
}

// edit are the parameters of a change of a subscription: in an update, and below subscription_details in its preview.
func (w *world) edit(o op, sub lab.Object) []string {
	items := sub.List("items")
	item, ok := choose(items, o.C)
	if !ok {
		return nil
	}
	switch o.Kind {
	case "switch":
		// Every item moves to the same pair of prices, since intervals must agree.
		base := o.A % 2 * 2
		var form []string
		for i, item := range items {
			at := fmt.Sprintf("items[%d]", i)
			form = append(form, at+"[id]", item.ID(), at+"[price]", w.price(base+(int64(i)+o.C)%2))
		}
		return append(form, "proration_behavior", proration(o))
	case "quantity":
		return []string{
			"items[0][id]", item.ID(), "items[0][quantity]", strconv.FormatInt(o.A%12, 10),
			"proration_behavior", proration(o),
		}
	case "add item":
		return []string{
			"items[0][price]", w.price(o.A), "items[0][quantity]", strconv.FormatInt(o.C%5+1, 10),
			"proration_behavior", proration(o),
		}
	case "drop item":
		return []string{"items[0][id]", item.ID(), "items[0][deleted]", "true", "proration_behavior", proration(o)}
	case "anchor":
		return []string{"billing_cycle_anchor", "now", "proration_behavior", proration(o)}
	case "trial":
		end := "now"
		if o.A%3 > 0 {
			end = strconv.FormatInt(w.Now()+(o.A%30+1)*86_400, 10)
		}
		return []string{"trial_end", end, "proration_behavior", proration(o)}
	case "cancel at end":
		return []string{"cancel_at_period_end", "true"}
	case "stay":
		return []string{"cancel_at_period_end", "false"}
	}
	return nil
}

func (w *world) change(o op) error {
	id, ok := choose(w.subs, o.A)
	if !ok {
		return nil
	}
	sub, err := w.Get("/v1/subscriptions/" + id)
	if err != nil {
		return err
	}
	form := w.edit(o, sub)
	switch o.Kind {
	case "cancel at":
		form = []string{"cancel_at", strconv.FormatInt(w.Now()+(o.B+1)*86_400, 10)}
	case "pause":
		form = []string{"pause_collection[behavior]", []string{"keep_as_draft", "mark_uncollectible", "void"}[o.B%3]}
		if o.C%2 == 0 {
			form = append(form, "pause_collection[resumes_at]", strconv.FormatInt(w.Now()+(o.C+1)*86_400, 10))
		}
	case "unpause":
		if sub.Str("status") == "paused" {
			_, err := w.Post("/v1/subscriptions/" + id + "/resume")
			return err
		}
		form = []string{"pause_collection", ""}
	case "discount":
		form = append(w.reduction(op{B: o.B, C: o.C % 2}), "proration_behavior", "none")
	case "tax":
		form = []string{"default_tax_rates", ""}
	}
	if form == nil {
		return nil
	}
	if o.C%3 == 0 && (o.Kind == "switch" || o.Kind == "quantity") {
		form = append(form, "payment_behavior", []string{"pending_if_incomplete", "error_if_incomplete"}[o.C%2])
	}
	_, err = w.Post("/v1/subscriptions/"+id, form...)
	return err
}
