package sandbox

import "slices"

// The values of payment_behavior.
const (
	allowIncomplete     = "allow_incomplete"
	defaultIncomplete   = "default_incomplete"
	errorIfIncomplete   = "error_if_incomplete"
	pendingIfIncomplete = "pending_if_incomplete"
)

// A first payment may take 23 hours; trial_will_end comes three days ahead.
const (
	incompleteSeconds = 23 * hour
	trialNotice       = 3 * daySeconds
)

// startOptions say how a subscription's first invoice is to be paid.
type startOptions struct {
	behavior string
	pay      payOptions
	// intent is a payment intent that exists already, from an earlier try at the checkout page.
	intent string
	// checkout tells the subscription as incomplete first, as Checkout does for what costs something.
	checkout bool
}

// firstBill is what a new subscription costs at its start.
func firstBill(tx *Tx, customer, sub Object) (*bill, error) {
	lines, err := periodLines(tx, sub, sub.Int("current_period_start"), sub.Int("current_period_end"))
	if err != nil {
		return nil, err
	}
	pending, err := pendingLines(tx, sub)
	if err != nil {
		return nil, err
	}
	discounts, err := liveDiscounts(tx, sub, tx.Now())
	if err != nil {
		return nil, err
	}
	return &bill{
		customer: customer, sub: sub, reason: "subscription_create", currency: sub.Str("currency"),
		lines: slices.Concat(pending, lines, emptyUsageLines(tx, sub, tx.Now())), discounts: discounts,
		periodStart: tx.Now(), periodEnd: tx.Now(),
	}, nil
}

// startSubscription stores a built subscription, bills its beginning and tries to have that paid.
func startSubscription(tx *Tx, sub Object, opt startOptions) (Object, outcome, error) {
	customer, err := tx.Ref("customer", sub.Str("customer"), "customer")
	if err != nil {
		return nil, outcome{}, err
	}
	b, err := firstBill(tx, customer, sub)
	if err != nil {
		return nil, outcome{}, err
	}
	draft, err := b.compose(tx)
	if err != nil {
		return nil, outcome{}, err
	}
	free := draft.Int("amount_due") == 0
	if free && sub.Str("status") == "incomplete" {
		sub["status"] = "active"
	}
	if !opt.checkout {
		if err := pendingSetup(tx, sub); err != nil {
			return nil, outcome{}, err
		}
	}
	announce := !free && (opt.checkout || opt.behavior == defaultIncomplete)
	if err := insertSubscription(tx, sub, announce); err != nil {
		return nil, outcome{}, err
	}
	inv, err := insertInvoice(tx, b)
	if err != nil {
		return nil, outcome{}, err
	}
	if err := linkInvoice(tx, sub.ID(), inv.ID()); err != nil {
		return nil, outcome{}, err
	}
	result, err := payFirst(tx, sub, inv, free, opt)
	if err != nil {
		return nil, outcome{}, err
	}
	sub, err = announceSubscription(tx, sub.ID(), announce, inv)
	return sub, result, err
}

// insertSubscription stores it with its items and discounts. Unless it is announced at once it stays quiet.
func insertSubscription(tx *Tx, sub Object, announce bool) error {
	if err := checkClockSubscriptions(tx, sub.Str("customer")); err != nil {
		return err
	}
	var events []string
	if announce {
		events = []string{"customer.subscription.created"}
	} else {
		sub["_quiet"] = true
	}
	if err := storeDiscounts(tx, sub); err != nil {
		return err
	}
	if err := tx.Insert(sub, events...); err != nil {
		return err
	}
	return storeItems(tx, nil, sub)
}

// linkInvoice makes an invoice its subscription's latest, without an event of its own.
func linkInvoice(tx *Tx, sub, invoice string) error {
	_, err := tx.Update("subscription", sub, func(s Object) error {
		s["latest_invoice"] = invoice
		return nil
	})
	return err
}

func payFirst(tx *Tx, sub, inv Object, free bool, opt startOptions) (outcome, error) {
	if sub.Str("collection_method") == "send_invoice" && !free {
		return outcome{state: outcomePaid}, scheduleDraft(tx, inv.ID())
	}
	inv, err := finalizeInvoice(tx, inv.ID(), opt.intent)
	if err != nil || free {
		return outcome{state: outcomePaid}, err
	}
	if err := tx.Schedule(tx.Now()+incompleteSeconds, "subscription.incomplete_expire", sub.ID()); err != nil {
		return outcome{}, err
	}
	if opt.behavior == defaultIncomplete {
		return outcome{state: outcomeAction}, nil
	}
	result, err := collectInvoice(tx, inv.ID(), collection{payOptions: opt.pay})
	if err != nil || result.state == outcomePaid {
		return result, err
	}
	if result.err != nil && result.err.Type != typeCard {
		return result, result.err
	}
	if opt.behavior == errorIfIncomplete {
		return result, incompleteRefusal(result)
	}
	return result, nil
}

// incompleteRefusal is a 402 that leaves nothing behind.
func incompleteRefusal(result outcome) *Error {
	e := result.err
	if e == nil {
		e = cardError("subscription_payment_intent_requires_action", "", "", "Payment for this subscription requires "+
			"additional user action before it can be completed successfully. Payment can be completed using the "+
			"PaymentIntent associated with `latest_invoice`.")
	}
	copied := *e
	copied.Keep, copied.PaymentIntent = false, nil
	return &copied
}

// announceSubscription ends the creation: the event, if it is still owed, and everything that time is to bring.
func announceSubscription(tx *Tx, id string, announced bool, inv Object) (Object, error) {
	sub, err := tx.Update("subscription", id, func(s Object) error {
		delete(s, "_quiet")
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !announced {
		if err := tx.Emit("customer.subscription.created", sub, nil); err != nil {
			return nil, err
		}
	}
	if err := announceDiscounts(tx, sub); err != nil {
		return nil, err
	}
	if err := scheduleSubscription(tx, sub); err != nil {
		return nil, err
	}
	if err := noticeTrial(tx, sub); err != nil {
		return nil, err
	}
	if err := dropDiscounts(tx, id, inv); err != nil {
		return nil, err
	}
	if err := rememberCurrency(tx, sub.Str("customer"), sub.Str("currency")); err != nil {
		return nil, err
	}
	return tx.Get("subscription", id)
}

// scheduleSubscription puts the end of the period, and an earlier end of everything, on the agenda.
func scheduleSubscription(tx *Tx, sub Object) error {
	for _, step := range []string{
		"subscription.cycle", "subscription.cancel", "subscription.resume_collection", "subscription.upcoming",
	} {
		if err := tx.Unschedule(step, sub.ID()); err != nil {
			return err
		}
	}
	if ended(sub) {
		return nil
	}
	if at := sub.Int("cancel_at"); at > 0 && (!runs(sub) || at < sub.Int("current_period_end")) {
		if err := tx.Schedule(at, "subscription.cancel", sub.ID()); err != nil {
			return err
		}
	}
	if !runs(sub) {
		return nil
	}
	if at := sub.Int("pause_collection.resumes_at"); at > 0 {
		if err := tx.Schedule(at, "subscription.resume_collection", sub.ID()); err != nil {
			return err
		}
	}
	if sub.Str("status") == "incomplete" {
		return nil
	}
	if err := scheduleUpcoming(tx, sub); err != nil {
		return err
	}
	return tx.Schedule(sub.Int("current_period_end"), "subscription.cycle", sub.ID())
}

func ended(sub Object) bool {
	status := sub.Str("status")
	return status == "canceled" || status == "incomplete_expired"
}

// noticeTrial tells of a trial's end three days ahead, or at once when the trial is shorter than that.
func noticeTrial(tx *Tx, sub Object) error {
	if sub.Str("status") != "trialing" {
		return tx.Unschedule("subscription.trial_will_end", sub.ID())
	}
	at := sub.Int("trial_end") - trialNotice
	if at <= tx.Now() {
		return tx.Emit("customer.subscription.trial_will_end", sub, nil)
	}
	return tx.Schedule(at, "subscription.trial_will_end", sub.ID())
}
