package sandbox

import "slices"

func getDispute(r *apiRequest) (Object, error) { return r.Tx.Get("dispute", r.ID) }

func listDisputes(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "charge", "payment_intent")
	return r.list("dispute", q)
}

// updateDispute takes evidence and, unless it is only to be kept for later, hands it to the bank.
func updateDispute(r *apiRequest) (Object, error) {
	d, err := openCase(r)
	if err != nil {
		return nil, err
	}
	evidence := r.Params.Sub("evidence")
	submit, sent, err := r.Params.Bool("submit")
	if err != nil {
		return nil, err
	}
	submit = submit || !sent && evidence != nil
	if err := r.noFiles(evidence); err != nil {
		return nil, err
	}
	if submit && d.Int("evidence_details.submission_count") > 0 && d.Str("status") != "needs_response" {
		return nil, invalidf("", "You cannot submit evidence for this dispute again: it is %s.", d.Str("status"))
	}
	d, err = r.Tx.Update("dispute", r.ID, func(d Object) error {
		return answer(r, d, evidence, submit)
	}, "charge.dispute.updated")
	if err != nil || !submit {
		return d, err
	}
	if err := r.Tx.Unschedule("dispute.lapse", r.ID); err != nil {
		return nil, err
	}
	switch d.Str("evidence.uncategorized_text") {
	case "winning_evidence", "losing_evidence", "escalate_inquiry_evidence":
		return d, r.Tx.Schedule(r.Tx.Now()+bankDecides, "dispute.decide", r.ID)
	}
	return d, nil
}

// answer writes a request's evidence onto the dispute.
func answer(r *apiRequest, d Object, evidence Params, submit bool) error {
	kept := d.Obj("evidence")
	for _, key := range evidence.Keys() {
		kept[key] = storable(evidence[key])
		d.Set("evidence_details.has_evidence", true)
	}
	if submit {
		d.Set("evidence_details.submission_count", d.Int("evidence_details.submission_count")+1)
		if d.Str("status") == "warning_needs_response" {
			d["status"] = "warning_under_review"
		} else {
			d["status"] = "under_review"
		}
	}
	metadata, err := r.Params.Metadata(d.Obj("metadata"))
	d["metadata"] = metadata
	return err
}

// noFiles refuses evidence that names uploaded files: the sandbox takes no uploads, so that there are none.
func (r *apiRequest) noFiles(evidence Params) error {
	known := r.Tx.s.schema.Objects["dispute_evidence"]
	for _, key := range evidence.Keys() {
		p := r.Tx.s.schema.field(known, key)
		if p != nil && slices.Contains(p.Expand, "file") && evidence.Given(key) {
			return missing(400, "file upload", evidence.Str(key), evidence.Path(key))
		}
	}
	return nil
}

// openCase finds the dispute of the request, as long as it is not over.
func openCase(r *apiRequest) (Object, error) {
	d, err := r.Tx.Get("dispute", r.ID)
	if err != nil {
		return nil, err
	}
	switch d.Str("status") {
	case "won", "lost", "warning_closed":
		for _, key := range r.Params.Keys() {
			if key == "metadata" || key == "expand" {
				continue
			}
			return nil, closedCase(d)
		}
	}
	return d, nil
}

func closedCase(d Object) *Error {
	return invalidf("", "This dispute is already closed: it is %s.", d.Str("status"))
}

// acceptDispute gives in. A dispute is lost by it. An inquiry is only closed; the official command line waits for the
// funds to be reinstated then, although none had been withdrawn.
func acceptDispute(r *apiRequest) (Object, error) {
	d, err := r.Tx.Get("dispute", r.ID)
	if err != nil {
		return nil, err
	}
	switch d.Str("status") {
	case "needs_response", "under_review":
		return closeDispute(r.Tx, r.ID, "lost")
	case "warning_needs_response", "warning_under_review":
		if d, err = closeDispute(r.Tx, r.ID, "warning_closed"); err != nil {
			return nil, err
		}
		return d, r.Tx.Emit("charge.dispute.funds_reinstated", d, nil)
	default:
		return nil, closedCase(d)
	}
}

// loseDispute decides a dispute against the merchant, as Stripe's helpers for tests do. An inquiry becomes a dispute
// first, which takes the money.
func loseDispute(r *apiRequest) (Object, error) {
	d, err := r.Tx.Get("dispute", r.ID)
	if err != nil {
		return nil, err
	}
	switch d.Str("status") {
	case "won", "lost", "warning_closed":
		return nil, closedCase(d)
	case "warning_needs_response", "warning_under_review":
		if err := escalate(r.Tx, r.ID); err != nil {
			return nil, err
		}
	}
	return closeDispute(r.Tx, r.ID, "lost")
}
