package sandbox

import (
	"net/http"
	"slices"

	"example.com/tollgate/billing/sandbox/pages"
)

func showPortalDetails(p *page) error { return p.portalDetails(http.StatusOK, nil) }

// portalDetails shows the form with what is on file or, after a refusal, with what was typed.
func (p *page) portalDetails(status int, refused *Error) error {
	var v pages.PortalDetails
	err := p.portalView(func(tx *Tx, po *portal) error {
		if err := po.needs("customer_update"); err != nil {
			return err
		}
		v.PortalFrame = p.portalFrame(po, "Billing details")
		v.Action, v.Back = p.portalBase()+"/details", p.back(po)
		po.ask(&v)
		c := po.customer
		v.Name, v.Email, v.Phone = c.Str("name"), c.Str("email"), c.Str("phone")
		a := c.Obj("address")
		v.Line1, v.Line2, v.City = a.Str("line1"), a.Str("line2"), a.Str("city")
		v.State, v.Postal, v.Country = a.Str("state"), a.Str("postal_code"), a.Str("country")
		if v.Country == "" {
			v.Country = "US"
		}
		found, err := tx.Find("tax_id", Query{Customer: c.ID(), Limit: 1})
		if err == nil && len(found) > 0 {
			v.TaxType, v.TaxID = found[0].Str("type"), found[0].Str("value")
		}
		return err
	})
	if err != nil {
		return p.portalFailed(err)
	}
	if refused != nil {
		p.typedDetails(&v, refused)
	}
	return p.show(status, pages.PortalDetailsPage(v))
}

func (p *page) typedDetails(v *pages.PortalDetails, refused *Error) {
	v.Name, v.Email, v.Phone = p.field("name"), p.field("email"), p.field("phone")
	v.Line1, v.Line2, v.City = p.field("line1"), p.field("line2"), p.field("city")
	v.State, v.Postal, v.Country = p.field("state"), p.field("postal_code"), p.field("country")
	v.TaxType, v.TaxID = p.field("tax_type"), p.field("tax_id")
	switch refused.Param {
	case "email":
		v.EmailError = refused.Message
	case "type", "value", "tax_id":
		v.TaxError = refused.Message
	default:
		v.Alert = refused.Message
	}
}

// ask shows the fields that the configuration allows to change.
func (po *portal) ask(v *pages.PortalDetails) {
	allowed := po.config.Strs("features.customer_update.allowed_updates")
	v.AskName, v.AskEmail = slices.Contains(allowed, "name"), slices.Contains(allowed, "email")
	v.AskPhone, v.AskAddress = slices.Contains(allowed, "phone"), slices.Contains(allowed, "address")
	v.AskTax = slices.Contains(allowed, "tax_id")
}

func postPortalDetails(p *page) error {
	var po *portal
	err := p.portalAct(func(tx *Tx, found *portal) error {
		po = found
		if err := po.needs("customer_update"); err != nil {
			return err
		}
		var asked pages.PortalDetails
		po.ask(&asked)
		if email := p.field("email"); asked.AskEmail && !validEmail(email) {
			return invalidf("email", "This e-mail address is not complete.")
		}
		if _, err := tx.Update("customer", po.customer.ID(), func(c Object) error {
			p.writeDetails(c, asked)
			return nil
		}, "customer.updated"); err != nil {
			return err
		}
		if !asked.AskTax {
			return nil
		}
		return p.writeTaxID(tx, po.customer.ID())
	})
	if refused, ok := refusal(err); ok {
		return p.portalDetails(statusOf(refused), refused)
	}
	if err != nil {
		return p.portalFailed(err)
	}
	return p.completed(po, "details")
}

func (p *page) writeDetails(c Object, asked pages.PortalDetails) {
	if asked.AskName {
		c["name"] = textOrNil(p.field("name"))
	}
	if asked.AskEmail {
		c["email"] = p.field("email")
	}
	if asked.AskPhone {
		c["phone"] = textOrNil(p.field("phone"))
	}
	if !asked.AskAddress {
		return
	}
	address := Object{}
	for _, key := range []string{"line1", "line2", "city", "state", "postal_code", "country"} {
		address[key] = textOrNil(p.field(key))
	}
	c["address"] = address
}

// writeTaxID keeps one tax id: what was typed replaces what was there.
func (p *page) writeTaxID(tx *Tx, customer string) error {
	found, err := tx.Find("tax_id", Query{Customer: customer, Limit: 10})
	if err != nil {
		return err
	}
	kind, value := p.field("tax_type"), p.field("tax_id")
	for _, old := range found {
		if old.Str("type") == kind && old.Str("value") == value {
			return nil
		}
	}
	for _, old := range found {
		if err := tx.Delete("tax_id", old.ID(), "customer.tax_id.deleted"); err != nil {
			return err
		}
	}
	if value == "" {
		return nil
	}
	if !slices.ContainsFunc(pages.TaxKinds(), func(k pages.Country) bool { return k.Code == kind }) || len(value) > 64 {
		return invalidf("tax_id", "This is not a tax ID of a kind that can be kept.")
	}
	_, err = insertTaxID(tx, customer, kind, value)
	return err
}
