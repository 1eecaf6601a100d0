package pages

// Checkout is everything the checkout page prints.
type Checkout struct {
	Chrome
	Action    string // where the forms post
	Shop      string
	CancelURL string

	What   string // "Subscribe to Pro"
	Figure string // the amount in large type
	Per    string // "per year", beside the amount
	Then   string // "then $790.00 per year starting 7 December 2026"
	Total  string // the amount due as the form sends it back, where an address can still change it
	Lines  []CheckoutLine
	Totals []Total
	Promo  Promo

	Email       string
	EmailLocked bool
	NeedsCard   bool
	NeedsBill   bool // the session asks for a whole billing address
	AskTax      bool
	TaxType     string
	TaxID       string
	Card        CardForm
	Saved       []SavedCard
	Alert       string
	Pay         string // the label of the button
	Legal       string
	Groups      []CardGroup
}

// CheckoutLine is one thing that is bought.
type CheckoutLine struct {
	Name, Detail, Amount, Per string
	Seats                     Seats
}

// Seats lets the customer change how many of a line they buy. Empty bounds take the button away.
type Seats struct {
	Item, Quantity, Min, Max string
	Fewer, More              string // the quantities beside this one, where they are allowed
}

// Total is one line under the things bought. Sum is the last: due today.
type Total struct {
	Label, Amount, Code string // Code is set on a discount that can be taken off
	Sum                 bool
}

// Promo is the promotion-code form.
type Promo struct {
	Allowed      bool
	Typed, Error string
}

// CardForm is what was typed into a card form and may be shown again; the
// number and the security code never are.
type CardForm struct {
	Name, Country, PostalCode, Line1, City, State string
	Error, ErrorField                             string
}

// SavedCard is a card on file.
type SavedCard struct {
	ID, Brand, Last4, Exp string
	Default, Expired      bool
}

// CardGroup is a row of test cards which do the same sort of thing.
type CardGroup struct {
	Title, Tone string
	Cards       []TestCard
}

// TestCard is a button that pays with one card.
type TestCard struct{ Number, Label string }

// Country is a row of the country menu.
type Country struct{ Code, Name string }

// Countries are those the card form offers: the demonstration needs a country,
// not an atlas.
func Countries() []Country {
	return []Country{
		{"AU", "Australia"},
		{"AT", "Austria"},
		{"BE", "Belgium"},
		{"BR", "Brazil"},
		{"CA", "Canada"},
		{"CZ", "Czechia"},
		{"DK", "Denmark"},
		{"FI", "Finland"},
		{"FR", "France"},
		{"DE", "Germany"},
		{"GR", "Greece"},
		{"HK", "Hong Kong"},
		{"IN", "India"},
		{"IE", "Ireland"},
		{"IT", "Italy"},
		{"JP", "Japan"},
		{"MX", "Mexico"},
		{"NL", "Netherlands"},
		{"NZ", "New Zealand"},
		{"NO", "Norway"},
		{"PL", "Poland"},
		{"PT", "Portugal"},
		{"RO", "Romania"},
		{"SG", "Singapore"},
		{"ES", "Spain"},
		{"SE", "Sweden"},
		{"CH", "Switzerland"},
		{"AE", "United Arab Emirates"},
		{"GB", "United Kingdom"},
		{"US", "United States"},
	}
}

// TaxKinds are the kinds of tax id that the pages offer.
func TaxKinds() []Country {
	return []Country{
		{"eu_vat", "EU VAT"},
		{"gb_vat", "United Kingdom VAT"},
		{"us_ein", "United States EIN"},
		{"ch_vat", "Switzerland VAT"},
		{"no_vat", "Norway VAT"},
		{"au_abn", "Australia ABN"},
		{"ca_bn", "Canada BN"},
		{"in_gst", "India GST"},
		{"sg_gst", "Singapore GST"},
		{"nz_gst", "New Zealand GST"},
	}
}

// ThreeDS is the page a bank would show before it lets a card pay.
type ThreeDS struct {
	Chrome
	Action, Shop, Amount, Card string
}
