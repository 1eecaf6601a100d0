package sandbox

// warnOfFraud is the issuer's notice that a payment is thought to be fraud, before anybody disputes it.
func warnOfFraud(tx *Tx, charge Object) error {
	w := tx.Skeleton("radar.early_fraud_warning")
	w["charge"], w["actionable"], w["fraud_type"] = charge.ID(), true, "misc"
	if intent := charge.Str("payment_intent"); intent != "" {
		w["payment_intent"] = intent
	}
	return tx.Insert(w, "radar.early_fraud_warning.created")
}

// calmWarnings notes on the warnings about a charge that there is nothing left to do: the charge was refunded as a
// whole, or disputed after all.
func calmWarnings(tx *Tx, charge string) error {
	found, err := tx.Find("radar.early_fraud_warning", Query{Where: map[string]string{"charge": charge}})
	if err != nil {
		return err
	}
	for _, w := range found {
		if _, err := tx.Update(w.Kind(), w.ID(), func(w Object) error {
			w["actionable"] = false
			return nil
		}, "radar.early_fraud_warning.updated"); err != nil {
			return err
		}
	}
	return nil
}

func getFraudWarning(r *apiRequest) (Object, error) {
	return r.Tx.Get("radar.early_fraud_warning", r.ID)
}

func listFraudWarnings(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "charge", "payment_intent")
	return r.list("radar.early_fraud_warning", q)
}
