package sandbox

import (
	"net/http"
	"regexp"
	"strings"
)

// verifySeconds is how long the sandbox takes to look a tax id up that has a known outcome.
const verifySeconds = 5

// insertTaxID gives a customer a tax id. Only Stripe's magic numbers are looked up: the sandbox asks no authority, so
// any other id stays unverified for want of one.
func insertTaxID(tx *Tx, customer, typ, value string) (Object, error) {
	if err := checkTaxID(Params{"type": typ, "value": value}); err != nil {
		return nil, err
	}
	id := tx.Skeleton("tax_id")
	id["customer"], id["type"], id["value"] = customer, typ, value
	id["country"] = taxIDCountry(typ, value)
	id["owner"] = Object{"customer": customer, "type": "customer"}
	id["verification"] = Object{"status": "unavailable", "verified_address": nil, "verified_name": nil}
	if verdict := magicVerdict(typ, value); verdict != "" {
		id.Set("verification.status", "pending")
		if verdict != "pending" {
			if err := tx.Schedule(tx.Now()+verifySeconds, "tax_id.verify", id.ID()); err != nil {
				return nil, err
			}
		}
	}
	return id, tx.Insert(id, "customer.tax_id.created")
}

// magicVerdict is how the verification of Stripe's test numbers ends, and "" for any other id.
func magicVerdict(typ, value string) string {
	if typ != "eu_vat" && typ != "au_abn" && typ != "gb_vat" {
		return ""
	}
	return map[string]string{"000000000": "verified", "111111111": "unverified", "222222222": "pending"}[value]
}

// verifyTaxID is the agenda's step at which the verification of a magic number ends.
func verifyTaxID(tx *Tx, id string) error {
	known, err := tx.load(id)
	if err != nil || known == nil || known.Bool("deleted") {
		return err
	}
	_, err = tx.Update("tax_id", id, func(o Object) error {
		o.Set("verification.status", magicVerdict(o.Str("type"), o.Str("value")))
		if o.Str("verification.status") == "verified" {
			o.Set("verification.verified_name", "Test Company")
			o.Set("verification.verified_address", "123 Test Street")
		}
		return nil
	}, "customer.tax_id.updated")
	return err
}

func taxIDCountry(typ, value string) any {
	switch {
	case typ == "eu_vat" && len(value) > 2 && value[0] >= 'A':
		if value[:2] == "EL" {
			return "GR"
		}
		return value[:2]
	case len(typ) > 3 && typ[2] == '_' && typ[:3] != "eu_":
		return strings.ToUpper(typ[:2])
	default:
		return nil
	}
}

// taxIDForms are the shapes of the kinds of tax id that matter to a small shop. Any other kind takes any text.
func taxIDForms() map[string]string {
	return map[string]string{
		"eu_vat": `(ATU\d{8}|BE[01]\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DE\d{9}|DK\d{8}|EE\d{9}|EL\d{9}|ES[A-Z0-9]\d{7}[A-Z0-9]|` +
			`FI\d{8}|FR[A-Z0-9]{2}\d{9}|HR\d{11}|HU\d{8}|IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}|IT\d{11}|LT(\d{9}|\d{12})|LU\d{8}|LV\d{11}|` +
			`MT\d{8}|NL\d{9}B\d{2}|PL\d{10}|PT\d{9}|RO\d{2,10}|SE\d{12}|SI\d{8}|SK\d{10}|XI\d{9}(\d{3})?)`,
		"gb_vat": `GB\d{9}(\d{3})?`, "us_ein": `\d{2}-?\d{7}`, "au_abn": `\d{11}`, "ca_bn": `\d{9}`,
		"ca_gst_hst": `\d{9}RT\d{4}`, "ca_qst": `\d{10}TQ\d{4}`, "ch_vat": `CHE-?\d{3}\.?\d{3}\.?\d{3} (MWST|TVA|IVA)`,
		"no_vat": `\d{9}MVA`, "nz_gst": `\d{8,9}`, "in_gst": `\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]`,
		"sg_gst": `(M\d{8}[A-Z0-9]|[A-Z0-9]{9,10})`,
	}
}

// checkTaxID refuses a tax id that does not have the shape of its kind.
func checkTaxID(p Params) error {
	typ, value := p.Str("type"), p.Str("value")
	form := taxIDForms()[typ]
	if magicVerdict(typ, value) != "" || (form == "" && value != "") {
		return nil
	}
	if ok, err := regexp.MatchString(`^`+form+`$`, value); err != nil || !ok || value == "" {
		return invalidf(p.Path("value"), "Invalid value for %s.", typ).withCode("tax_id_invalid")
	}
	return nil
}

// adoptTaxIDs stores the tax ids that came with a new customer.
func adoptTaxIDs(tx *Tx, customer string, p Params) error {
	for _, data := range p.Subs("tax_id_data") {
		if err := checkTaxID(data); err != nil {
			return err
		}
		if _, err := insertTaxID(tx, customer, data.Str("type"), data.Str("value")); err != nil {
			return err
		}
	}
	return nil
}

func createTaxID(r *apiRequest) (Object, error) {
	if _, err := r.Tx.Get("customer", r.ID); err != nil {
		return nil, err
	}
	return insertTaxID(r.Tx, r.ID, r.Params.Str("type"), r.Params.Str("value"))
}

func listTaxIDs(r *apiRequest) (Object, error) {
	if _, err := r.Tx.Get("customer", r.ID); err != nil {
		return nil, err
	}
	return r.list("tax_id", Query{Customer: r.ID})
}

// getTaxID finds a tax id only under the customer that it belongs to.
func getTaxID(r *apiRequest) (Object, error) {
	id, err := r.Tx.Get("tax_id", r.Sub)
	if err != nil {
		return nil, err
	}
	if id.Str("customer") != r.ID {
		return nil, missing(http.StatusNotFound, "tax_id", r.Sub, "id")
	}
	return id, nil
}

func deleteTaxID(r *apiRequest) (Object, error) {
	if _, err := getTaxID(r); err != nil {
		return nil, err
	}
	if err := r.Tx.Unschedule("tax_id.verify", r.Sub); err != nil {
		return nil, err
	}
	if err := r.Tx.Delete("tax_id", r.Sub, "customer.tax_id.deleted"); err != nil {
		return nil, err
	}
	return r.Tx.load(r.Sub)
}
