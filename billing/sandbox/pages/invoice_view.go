package pages

// Invoice is the hosted invoice.
type Invoice struct {
	Chrome
	Action        string
	Shop, Number  string
	Status, Tone  string
	Due           string // the amount in large type
	DueNote       string
	CanPay        bool
	Cards         []SavedCard
	Card          CardForm
	Groups        []CardGroup
	Alert, Notice string
	Facts         []Detail
	To            []string
	Lines         []InvoiceLine
	Totals        []Total
}

// InvoiceLine is one line of the sheet.
type InvoiceLine struct{ Label, Period, Quantity, Unit, Amount string }
