package pages

// Invoice is the hosted invoice, or another paper of the same form: a receipt or a credit note.
type Invoice struct {
	Chrome
	Kind          string // what the paper is called
	ToLabel       string // what its receiver is to it
	Remark        string // a few words below the lines
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
