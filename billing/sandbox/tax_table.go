package sandbox

import "strings"

// taxRule is one tax of a jurisdiction.
type taxRule struct {
	name    string // What buyers call it.
	kind    string // tax_rate.tax_type.
	level   string // tax_rate.jurisdiction_level.
	percent string
}

// taxTable is a demonstration of automatic tax: round figures for a few places, by country or by country and state. It
// knows nothing of cities, product categories or thresholds, and nobody should file a return with it.
func taxTable() map[string][]taxRule {
	sales := func(percent string) []taxRule { return []taxRule{{"Sales Tax", "sales_tax", "state", percent}} }
	vat := func(percent string) []taxRule { return []taxRule{{"VAT", "vat", "country", percent}} }
	gst := taxRule{"GST", "gst", "country", "5"}
	return map[string][]taxRule{
		"US-CA": sales("7.25"), "US-FL": sales("6"), "US-IL": sales("6.25"), "US-MA": sales("6.25"),
		"US-NJ": sales("6.625"), "US-NY": sales("8.875"), "US-PA": sales("6"), "US-TX": sales("6.25"),
		"US-WA": sales("6.5"),

		"CA-AB": {gst},
		"CA-BC": {gst, {"PST", "pst", "state", "7"}},
		"CA-ON": {{"HST", "hst", "state", "13"}},
		"CA-QC": {gst, {"QST", "qst", "state", "9.975"}},

		"AT": vat("20"), "BE": vat("21"), "DE": vat("19"), "ES": vat("21"), "FR": vat("20"), "IE": vat("23"),
		"IT": vat("22"), "NL": vat("21"), "PL": vat("23"), "SE": vat("25"),
		"GB": vat("20"),
		"AU": {{"GST", "gst", "country", "10"}},
	}
}

// businessTaxID is the kind of tax id by which a business in a country accounts for the tax itself, and "" where the
// seller charges businesses like everybody else.
func businessTaxID(country string) string {
	switch country {
	case "GB":
		return "gb_vat"
	case "AU":
		return "au_abn"
	}
	if inEU(country) {
		return "eu_vat"
	}
	return ""
}

func inEU(country string) bool {
	return country != "" && strings.Contains(" AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK ",
		" "+country+" ")
}

// usStates are the codes that an address in the United States may have as its state.
const usStates = " AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY " +
	"NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY "

// zipStates are the ranges of the first three digits of the ZIP codes of the states in the table.
func zipStates() []struct {
	from, to int64
	state    string
} {
	return []struct {
		from, to int64
		state    string
	}{
		{10, 27, "MA"},
		{70, 89, "NJ"},
		{100, 149, "NY"},
		{150, 196, "PA"},
		{320, 349, "FL"},
		{600, 629, "IL"},
		{750, 799, "TX"},
		{885, 885, "TX"},
		{900, 961, "CA"},
		{980, 994, "WA"},
	}
}

// provinces are the codes of Canada's provinces, and what the first letter of a postal code says of them.
const provinces = " AB BC MB NB NL NS NT NU ON PE QC SK YT "

func postalProvince(letter byte) string {
	return map[byte]string{
		'A': "NL", 'B': "NS", 'C': "PE", 'E': "NB", 'G': "QC", 'H': "QC", 'J': "QC", 'K': "ON", 'L': "ON", 'M': "ON",
		'N': "ON", 'P': "ON", 'R': "MB", 'S': "SK", 'T': "AB", 'V': "BC", 'X': "NT", 'Y': "YT",
	}[letter]
}

// demoAddress is where the documentation's three address ranges stand for, since nothing offline knows where a real
// one is. Any other address is not recognized.
func demoAddress(ip string) Object {
	for prefix, place := range map[string]Object{
		"192.0.2.": {"country": "US", "state": "CA"}, "198.51.100.": {"country": "DE"}, "203.0.113.": {"country": "GB"},
	} {
		if strings.HasPrefix(ip, prefix) {
			return place
		}
	}
	return nil
}
