package sandbox

func createTaxRate(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("display_name", "inclusive", "percentage"); err != nil {
		return nil, err
	}
	percentage, ok := percent(p.Str("percentage"))
	if !ok {
		return nil, invalidf("percentage", "Invalid percentage: must be between 0 and 100.")
	}
	rate := r.Tx.Skeleton("tax_rate")
	rate["active"] = true
	rate["percentage"] = percentage
	rate["effective_percentage"] = nil
	p.Copy(rate, "active", "country", "description", "display_name", "inclusive", "jurisdiction", "state", "tax_type")
	var err error
	if rate["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	return rate, r.Tx.Insert(rate, "tax_rate.created")
}

func getTaxRate(r *apiRequest) (Object, error) { return r.Tx.Get("tax_rate", r.ID) }

func listTaxRates(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "active", "inclusive")
	return r.list("tax_rate", q)
}

// updateTaxRate changes what describes a rate. Its percentage is not among the accepted parameters.
func updateTaxRate(r *apiRequest) (Object, error) {
	return r.Tx.Update("tax_rate", r.ID, func(rate Object) error {
		r.Params.Copy(rate, "active", "country", "description", "display_name", "jurisdiction", "state", "tax_type")
		metadata, err := r.Params.Metadata(rate.Obj("metadata"))
		rate["metadata"] = metadata
		return err
	}, "tax_rate.updated")
}
