package sandbox

import (
	"slices"
	"strings"
)

// How long a merchant has to answer a dispute, in days, and how long the bank of a test card takes to decide, in
// seconds.
const (
	answerDays  = 15
	bankDecides = 4
)

// grounds are what a disputing card is published to complain of.
type grounds struct {
	reason, networkCode string
	inquiry             bool // The bank asks first, and takes no money yet.
}

// disputeGrounds is the table of the cards whose payments are disputed.
func disputeGrounds() map[string]grounds {
	return map[string]grounds{
		"pm_card_createDispute":                   {reason: "fraudulent", networkCode: "10.4"},
		"pm_card_createDisputeProductNotReceived": {reason: "product_not_received", networkCode: "13.1"},
		"pm_card_createDisputeInquiry":            {reason: "fraudulent", networkCode: "10.4", inquiry: true},
	}
}

// openDispute disputes a charge. A full dispute takes the money, and a fee, away at once.
func openDispute(tx *Tx, charge Object, g grounds) error {
	d := tx.Skeleton("dispute")
	d["amount"], d["currency"] = charge["amount_captured"], charge["currency"]
	d["charge"], d["payment_intent"] = charge.ID(), charge["payment_intent"]
	d["balance_transactions"], d["enhanced_eligibility_types"] = []any{}, []any{}
	d["reason"], d["is_charge_refundable"] = g.reason, g.inquiry
	d["status"] = "needs_response"
	caseType := "chargeback"
	if g.inquiry {
		d["status"], caseType = "warning_needs_response", "inquiry"
	}
	d["payment_method_details"] = Object{"type": "card", "card": Object{
		"brand": charge.at("payment_method_details.card.brand"), "case_type": caseType,
		"network_reason_code": g.networkCode,
	}}
	fillEvidence(d, charge)
	due := answerBy(tx.Now())
	d["evidence_details"] = Object{
		"due_by": due, "enhanced_eligibility": Object{}, "has_evidence": false, "past_due": false,
		"submission_count": int64(0),
	}
	if err := tx.Schedule(due, "dispute.lapse", d.ID()); err != nil {
		return err
	}
	if err := tx.Insert(d, "charge.dispute.created"); err != nil {
		return err
	}
	if _, err := tx.Update("charge", charge.ID(), func(c Object) error {
		c["disputed"] = true
		return nil
	}); err != nil {
		return err
	}
	if err := calmWarnings(tx, charge.ID()); err != nil || g.inquiry {
		return err
	}
	return withdraw(tx, d)
}

// fillEvidence puts what is known of the customer among the evidence, as Stripe does.
func fillEvidence(d, charge Object) {
	e := d.Obj("evidence")
	e["enhanced_evidence"] = Object{}
	e["customer_email_address"] = textOrNil(orText(charge.Str("billing_details.email"), charge.Str("receipt_email")))
	e["customer_name"] = charge.at("billing_details.name")
	var parts []string
	for _, key := range []string{"line1", "line2", "city", "state", "postal_code", "country"} {
		if part := charge.Str("billing_details.address." + key); part != "" {
			parts = append(parts, part)
		}
	}
	e["billing_address"] = textOrNil(strings.Join(parts, ", "))
}

// answerBy is the last second of the day until which a dispute that is opened now can be answered, in unix seconds.
func answerBy(now int64) int64 {
	return now - now%daySeconds + (answerDays+1)*daySeconds - 1
}

// withdraw takes the disputed amount and the fee from the balance.
func withdraw(tx *Tx, d Object) error {
	return moveDisputed(tx, d, movement{
		amount: -d.Int("amount"), fee: disputeFee, feeText: "Dispute fee", category: "dispute",
		description: "Chargeback withdrawal for " + d.Str("charge"),
	}, "charge.dispute.funds_withdrawn")
}

// reinstate returns the disputed amount. The fee stays where it is.
func reinstate(tx *Tx, d Object) error {
	return moveDisputed(tx, d, movement{
		amount: d.Int("amount"), category: "dispute_reversal",
		description: "Chargeback reversal for " + d.Str("charge"),
	}, "charge.dispute.funds_reinstated")
}

func moveDisputed(tx *Tx, d Object, m movement, event string) error {
	m.source, m.typ, m.availableOn = d, "adjustment", tx.Now()
	moved, err := move(tx, m)
	if err != nil {
		return err
	}
	_, err = tx.amend("dispute", d.ID(), func(o Object) error {
		list, _ := o["balance_transactions"].([]any)
		o["balance_transactions"] = append(list, moved)
		return nil
	}, nil, event)
	return err
}

// chargedBack refuses to refund a charge whose money the bank has taken. An inquiry, and a dispute that was won, leave
// it refundable.
func chargedBack(tx *Tx, charge Object) error {
	if !charge.Bool("disputed") {
		return nil
	}
	found, err := tx.Find("dispute", Query{Where: map[string]string{"charge": charge.ID()}})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(found, func(d Object) bool { return !d.Bool("is_charge_refundable") }) {
		return invalidf("", "Charge %s has been charged back; cannot issue a refund.", charge.ID()).
			withCode("charge_disputed")
	}
	return nil
}

// closeDispute ends a dispute with a status. A chargeback that is won returns its money.
func closeDispute(tx *Tx, id, status string) (Object, error) {
	for _, step := range []string{"dispute.lapse", "dispute.decide"} {
		if err := tx.Unschedule(step, id); err != nil {
			return nil, err
		}
	}
	d, err := tx.amend("dispute", id, func(d Object) error {
		d["status"] = status
		d["is_charge_refundable"] = status != "lost"
		return nil
	}, nil, "charge.dispute.closed")
	if err != nil || status != "won" {
		return d, err
	}
	return d, reinstate(tx, d)
}

// lapseDispute is the agenda's step at the end of the time to answer: silence loses a dispute, and ends an inquiry.
func lapseDispute(tx *Tx, id string) error {
	d, err := tx.Get("dispute", id)
	if err != nil {
		return err
	}
	switch d.Str("status") {
	case "needs_response":
		_, err = closeDispute(tx, id, "lost")
	case "warning_needs_response":
		_, err = closeDispute(tx, id, "warning_closed")
	}
	return err
}

// decideDispute is the agenda's step that stands for the bank: it reads the magic words of the evidence.
func decideDispute(tx *Tx, id string) error {
	d, err := tx.Get("dispute", id)
	if err != nil {
		return err
	}
	word := d.Str("evidence.uncategorized_text")
	switch d.Str("status") {
	case "under_review":
		status := map[string]string{"winning_evidence": "won", "losing_evidence": "lost"}[word]
		_, err = closeDispute(tx, id, status)
	case "warning_under_review":
		if word == "escalate_inquiry_evidence" {
			return escalate(tx, id)
		}
		_, err = closeDispute(tx, id, "warning_closed")
	}
	return err
}

// escalate turns an inquiry into a dispute, which has its own time to be answered.
func escalate(tx *Tx, id string) error {
	due := answerBy(tx.Now())
	d, err := tx.Update("dispute", id, func(d Object) error {
		d["status"], d["is_charge_refundable"] = "needs_response", false
		d.Set("payment_method_details.card.case_type", "chargeback")
		d.Set("evidence.uncategorized_text", nil)
		d.Set("evidence_details.due_by", due)
		return nil
	}, "charge.dispute.updated")
	if err != nil {
		return err
	}
	if err := tx.Schedule(due, "dispute.lapse", id); err != nil {
		return err
	}
	return withdraw(tx, d)
}
