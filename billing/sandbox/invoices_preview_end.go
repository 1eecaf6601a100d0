package sandbox

import "slices"

// previewEnd is the last invoice of a subscription if it were cancelled now: what was used, what waits to be billed,
// and unless prorations are off a credit for the rest of the period.
func previewEnd(tx *Tx, sub Object, details Params) (Object, error) {
	var planned []Object
	if details.Str("proration_behavior") != prorateNone {
		credits, err := restCredits(tx, sub)
		if err != nil {
			return nil, err
		}
		for _, credit := range slices.Backward(credits) {
			planned = append(planned, itemLine(tx, credit))
		}
	}
	b, err := finalBill(tx, sub, planned, tx.Now())
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, noUpcoming(sub.Str("customer"))
	}
	return asPreview(tx, b)
}

// restCredits are the credits for what is left of the period, not stored yet. They are not bound to the subscription,
// or its end would drop them. Where nothing has been paid for, nothing is left.
func restCredits(tx *Tx, sub Object) ([]Object, error) {
	switch sub.Str("status") {
	case "trialing", "paused", "incomplete":
		return nil, nil
	}
	var credits []Object
	for _, item := range sub.List("items") {
		credit, err := creditFor(tx, sub, item, tx.Now())
		if err != nil {
			return nil, err
		}
		if credit != nil {
			credit["subscription"] = nil
			credits = append(credits, credit)
		}
	}
	return credits, nil
}
