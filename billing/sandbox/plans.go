package sandbox

import "net/http"

// Plans are what prices were called before: every recurring price is also a plan of the same id, and one that is made
// as a plan is a price. Nothing of its own is stored for them.

// asPrice writes the parameters of a plan as those of the price that it is.
func asPrice(p Params) Params {
	price := Params{pathKey: p[pathKey], "recurring": Params{}}
	for plan, name := range map[string]string{
		"active": "active", "currency": "currency", "amount": "unit_amount", "amount_decimal": "unit_amount_decimal",
		"billing_scheme": "billing_scheme", "metadata": "metadata", "nickname": "nickname", "tiers": "tiers",
		"tiers_mode": "tiers_mode", "transform_usage": "transform_quantity",
	} {
		if p.Has(plan) {
			price[name] = p[plan]
		}
	}
	recurring := price.Sub("recurring")
	for _, name := range []string{
		"aggregate_usage", "interval", "interval_count", "meter", "trial_period_days",
		"usage_type",
	} {
		if p.Has(name) {
			recurring[name] = p[name]
		}
	}
	return price
}

func createPlan(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("currency", "interval"); err != nil {
		return nil, err
	}
	if p.Given("id") {
		return nil, invalidf("id", "The sandbox gives plans ids of its own making.")
	}
	product := p.Str("product")
	if data := p.Sub("product"); data != nil {
		made, err := insertProduct(r.Tx, data)
		if err != nil {
			return nil, err
		}
		product = made.ID()
	} else if _, err := r.Tx.Ref("product", product, "product"); err != nil {
		return nil, err
	}
	price, err := insertPrice(r.Tx, asPrice(p), product, true)
	if err != nil {
		return nil, err
	}
	return planOf(price), nil
}

// priceOfPlan finds a plan under the name that the caller used for it.
func priceOfPlan(tx *Tx, id string) (Object, error) {
	price, err := tx.load(id)
	if err != nil {
		return nil, err
	}
	if price.Kind() != "price" || !price.Has("recurring") {
		return nil, missing(http.StatusNotFound, "plan", id, "plan")
	}
	return price, nil
}

func getPlan(r *apiRequest) (Object, error) {
	price, err := priceOfPlan(r.Tx, r.ID)
	if err != nil {
		return nil, err
	}
	return planOf(price), nil
}

func listPlans(r *apiRequest) (Object, error) {
	q := Query{Where: map[string]string{"type": "recurring"}}
	r.filters(&q, "active", "product")
	out, err := r.list("price", q)
	if err != nil {
		return nil, err
	}
	plans := []any{}
	for _, price := range out.List("data") {
		plans = append(plans, planOf(price))
	}
	out["data"] = plans
	return out, nil
}

func updatePlan(r *apiRequest) (Object, error) {
	before, err := priceOfPlan(r.Tx, r.ID)
	if err != nil {
		return nil, err
	}
	price, err := r.Tx.Update("price", r.ID, func(price Object) error {
		r.Params.Copy(price, "active", "nickname")
		if r.Params.Has("trial_period_days") {
			price.Set("recurring.trial_period_days", storable(r.Params["trial_period_days"]))
		}
		metadata, err := r.Params.Metadata(price.Obj("metadata"))
		price["metadata"] = metadata
		return err
	}, "price.updated")
	if err != nil {
		return nil, err
	}
	plan := planOf(price)
	return plan, r.Tx.Emit("plan.updated", plan, previousAttributes(planOf(before), plan))
}

func deletePlan(r *apiRequest) (Object, error) {
	price, err := priceOfPlan(r.Tx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := r.Tx.Emit("plan.deleted", planOf(price), nil); err != nil {
		return nil, err
	}
	return Object{"id": r.ID, "object": "plan", "deleted": true}, r.Tx.Delete("price", r.ID, "price.deleted")
}
