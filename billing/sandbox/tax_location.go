package sandbox

import (
	"strconv"
	"strings"
)

// taxPlace is what automatic tax knows of a buyer: where they are, and why they might not be taxed there.
type taxPlace struct {
	country, state string
	source         string // Where the location came from, in the words of customer.tax.location.source.
	known          bool
	exempt         string // tax_exempt: none, exempt or reverse.
	business       bool   // The buyer has the tax id of a business of that country.
}

// locate reads an address as far as tax needs it: the country, and the state or the postal code where these decide.
func locate(address Object) (country, state string, ok bool) {
	country = strings.ToUpper(strings.TrimSpace(address.Str("country")))
	state = strings.ToUpper(strings.TrimSpace(address.Str("state")))
	postal := strings.ToUpper(strings.TrimSpace(address.Str("postal_code")))
	switch {
	case len(country) != 2:
		return "", "", false
	case country == "US":
		return locateUS(state, postal)
	case country == "CA":
		if len(state) == 2 && strings.Contains(provinces, " "+state+" ") {
			return country, state, true
		}
		if postal != "" && postalProvince(postal[0]) != "" {
			return country, postalProvince(postal[0]), true
		}
		return "", "", false
	default:
		return country, "", true
	}
}

func locateUS(state, postal string) (string, string, bool) {
	if len(state) == 2 && strings.Contains(usStates, " "+state+" ") {
		return "US", state, true
	}
	if len(postal) < 5 {
		return "", "", false
	}
	if _, err := strconv.ParseUint(postal[:5], 10, 32); err != nil {
		return "", "", false
	}
	zone, _ := strconv.ParseInt(postal[:3], 10, 64)
	for _, zip := range zipStates() {
		if zip.from <= zone && zone <= zip.to {
			return "US", zip.state, true
		}
	}
	return "US", "", true
}

// placeOf finds out where a customer is taxed: by their shipping address, else their own, else their default card's,
// else their IP address.
func placeOf(tx *Tx, customer Object) (*taxPlace, error) {
	place := &taxPlace{exempt: orText(customer.Str("tax_exempt"), "none")}
	card, err := tx.load(customer.Str("invoice_settings.default_payment_method"))
	if err != nil {
		return nil, err
	}
	for _, candidate := range []struct {
		source  string
		address Object
	}{
		{"shipping_destination", customer.Obj("shipping.address")},
		{"billing_address", customer.Obj("address")},
		{"payment_method", card.Obj("billing_details.address")},
		{"ip_address", demoAddress(customer.Str("_ip"))},
	} {
		if place.country, place.state, place.known = locate(candidate.address); place.known {
			place.source = candidate.source
			break
		}
	}
	ids, err := taxIDsOf(tx, customer)
	if err != nil {
		return nil, err
	}
	place.recognize(ids)
	return place, nil
}

// taxIDsOf are a customer's tax ids, oldest first. A preview may bring its own.
func taxIDsOf(tx *Tx, customer Object) ([]Object, error) {
	if customer.Has("_tax_ids") {
		return customer.List("_tax_ids"), nil
	}
	return tx.Find("tax_id", Query{Customer: customer.ID(), OldestFirst: true})
}

// recognize looks for the tax id of a business among the buyer's.
func (p *taxPlace) recognize(ids []Object) {
	kind := businessTaxID(p.country)
	for _, id := range ids {
		p.business = p.business || (kind != "" && id.Str("type") == kind)
	}
}

// jurisdiction is the table's name of the place.
func (p *taxPlace) jurisdiction() string {
	if p.state != "" {
		return p.country + "-" + p.state
	}
	return p.country
}

// customerTax is what customer.tax shows when it is expanded.
func customerTax(tx *Tx, customer Object) (Object, error) {
	place, err := placeOf(tx, customer)
	if err != nil {
		return nil, err
	}
	out := Object{"automatic_tax": "unrecognized_location", "ip_address": customer["_ip"], "location": nil}
	if !place.known {
		return out, nil
	}
	out["automatic_tax"] = "not_collecting"
	if len(taxTable()[place.jurisdiction()]) > 0 {
		out["automatic_tax"] = "supported"
	}
	out["location"] = Object{"country": place.country, "source": place.source, "state": textOrNil(place.state)}
	return out, nil
}

// unknownPlace is Stripe's refusal to tax a buyer whose whereabouts it does not know.
func unknownPlace(param string) *Error {
	return invalidf(param, "The customer's location isn't recognized. Set a valid customer address in order to "+
		"automatically calculate tax.").withCode("customer_tax_location_invalid")
}

// mustLocate refuses automatic tax for a customer who cannot be located.
func mustLocate(tx *Tx, customer Object, param string) error {
	place, err := placeOf(tx, customer)
	if err != nil || place.known {
		return err
	}
	return unknownPlace(param)
}

// customerTaxParams reads a customer's tax[ip_address] and tax[validate_location].
func customerTaxParams(tx *Tx, p Params, customer Object) error {
	tax := p.Sub("tax")
	if tax == nil {
		return nil
	}
	if tax.Has("ip_address") {
		customer["_ip"] = textOrNil(tax.Str("ip_address"))
	}
	if tax.Str("validate_location") == "immediately" {
		return mustLocate(tx, customer, tax.Path("validate_location"))
	}
	return nil
}
