package sandbox

import "net/http"

// insertTaxID gives a customer a tax id. Its check by the authorities stays unavailable: the sandbox asks nobody.
func insertTaxID(tx *Tx, customer, typ, value string) (Object, error) {
	id := tx.Skeleton("tax_id")
	id["customer"], id["type"], id["value"] = customer, typ, value
	if len(typ) > 3 && typ[2] == '_' && typ[:3] != "eu_" {
		id["country"] = string([]byte{typ[0] - 'a' + 'A', typ[1] - 'a' + 'A'})
	}
	if typ == "eu_vat" && len(value) > 2 {
		id["country"] = value[:2]
	}
	id["owner"] = Object{"customer": customer, "type": "customer"}
	id["verification"] = Object{"status": "unavailable", "verified_address": nil, "verified_name": nil}
	return id, tx.Insert(id, "customer.tax_id.created")
}

// adoptTaxIDs stores the tax ids that came with a new customer.
func adoptTaxIDs(tx *Tx, customer string, p Params) error {
	for _, data := range p.Subs("tax_id_data") {
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
	if err := r.Tx.Delete("tax_id", r.Sub, "customer.tax_id.deleted"); err != nil {
		return nil, err
	}
	return r.Tx.load(r.Sub)
}
