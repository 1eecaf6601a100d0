package sandbox

// portalFeatures are the features of a configuration of which nothing is said: all off but the invoices.
func portalFeatures() Object {
	return Object{
		"customer_update":       Object{"allowed_updates": []any{}, "enabled": false},
		"invoice_history":       Object{"enabled": false},
		"payment_method_update": Object{"enabled": false},
		"subscription_cancel": Object{
			"cancellation_reason": Object{"enabled": false, "options": []string{
				"too_expensive", "missing_features", "switched_service", "unused", "other",
			}},
			"enabled": false, "mode": "at_period_end", "proration_behavior": "none",
		},
		"subscription_update": Object{
			"default_allowed_updates": []any{}, "enabled": false, "products": []any{}, "proration_behavior": "none",
			"schedule_at_period_end": Object{"conditions": []any{}},
		},
	}
}

func newPortalConfiguration(tx *Tx) Object {
	c := tx.Skeleton("billing_portal.configuration")
	c["active"], c["is_default"], c["updated"] = true, false, tx.Now()
	c["business_profile"] = Object{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil}
	c["features"] = portalFeatures()
	c["login_page"] = Object{"enabled": false, "url": nil}
	return c
}

func createPortalConfiguration(r *apiRequest) (Object, error) {
	if err := r.Params.Require("features"); err != nil {
		return nil, err
	}
	c := newPortalConfiguration(r.Tx)
	if err := r.configurePortal(c); err != nil {
		return nil, err
	}
	return c, r.Tx.Insert(c, "billing_portal.configuration.created")
}

func updatePortalConfiguration(r *apiRequest) (Object, error) {
	return r.Tx.Update("billing_portal.configuration", r.ID, func(c Object) error {
		c["updated"] = r.Tx.Now()
		return r.configurePortal(c)
	}, "billing_portal.configuration.updated")
}

func (r *apiRequest) configurePortal(c Object) error {
	p := r.Params
	p.Copy(c, "active", "default_return_url")
	p.Sub("business_profile").Copy(c.Obj("business_profile"), "headline", "privacy_policy_url",
		"terms_of_service_url")
	if login := p.Sub("login_page"); login != nil {
		c["login_page"] = Object{"enabled": login["enabled"], "url": nil}
		if login["enabled"] == true {
			c.Set("login_page.url", r.Tx.BaseURL()+"/_stripe/login/"+c.ID())
		}
	}
	features := p.Sub("features")
	for _, name := range features.Keys() {
		if err := r.configureFeature(c, name, features.Sub(name)); err != nil {
			return err
		}
	}
	metadata, err := p.Metadata(c.Obj("metadata"))
	c["metadata"] = metadata
	return err
}

func (r *apiRequest) configureFeature(c Object, name string, given Params) error {
	feature := c.Obj("features." + name)
	if feature == nil {
		return nil
	}
	for key, value := range given.Object() {
		if key == "cancellation_reason" {
			reason := asObject(value)
			feature.Set("cancellation_reason.enabled", reason.Bool("enabled"))
			if len(reason.Strs("options")) > 0 {
				feature.Set("cancellation_reason.options", reason.Strs("options"))
			}
			continue
		}
		if value == nil {
			value = []any{}
		}
		feature[key] = value
	}
	if name != "subscription_update" {
		return nil
	}
	for _, product := range given.Subs("products") {
		if _, err := r.Tx.Ref("product", product.Str("product"), product.Path("product")); err != nil {
			return err
		}
		for _, id := range product.Strs("prices") {
			price, err := r.Tx.Ref("price", id, product.Path("prices"))
			if err != nil {
				return err
			}
			if price.Str("product") != product.Str("product") {
				return invalidf(product.Path("prices"), "The price `%s` does not belong to the product `%s`.", id,
					product.Str("product"))
			}
		}
	}
	if feature.Bool("enabled") && len(feature.List("products")) == 0 {
		return invalidf("features[subscription_update][products]", "You must specify at least one product when "+
			"enabling `subscription_update`.")
	}
	return nil
}

func getPortalConfiguration(r *apiRequest) (Object, error) {
	return r.Tx.Get("billing_portal.configuration", r.ID)
}

func listPortalConfigurations(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "active", "is_default")
	return r.list("billing_portal.configuration", q)
}

// defaultPortal finds the default configuration. Real Stripe has it made in its dashboard; here the first session
// makes it, with every feature on and every recurring price on offer.
func defaultPortal(tx *Tx) (Object, error) {
	found, err := tx.Find("billing_portal.configuration", Query{Where: map[string]string{"is_default": "true"}, Limit: 1})
	if err != nil || len(found) > 0 {
		return first(found), err
	}
	c := newPortalConfiguration(tx)
	c["is_default"] = true
	for _, name := range []string{"invoice_history", "payment_method_update", "subscription_cancel"} {
		c.Set("features."+name+".enabled", true)
	}
	c.Set("features.subscription_cancel.cancellation_reason.enabled", true)
	c.Set("features.customer_update", Object{
		"allowed_updates": []string{"email", "address", "name", "tax_id"}, "enabled": true,
	})
	return c, tx.Insert(c, "billing_portal.configuration.created")
}

func first(objects []Object) Object {
	if len(objects) == 0 {
		return nil
	}
	return objects[0]
}
