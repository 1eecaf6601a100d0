package pages

// PortalFrame is what every page of one portal session shares.
type PortalFrame struct {
	Chrome
	Base          string // the session's own address, which every form and link begins with
	Shop          string
	Headline      string
	ReturnURL     string
	Home          string // empty on the front page and in a deep link, else the way back to the front page
	Alert, Notice string
}

// Portal is the front page of the portal.
type Portal struct {
	PortalFrame
	Plans      []PortalPlan
	Cards      []SavedCard
	CanCards   bool
	Details    []Detail
	CanDetails bool
	Bills      []Bill
	ShowBills  bool
	Older      string // the address of the next page of bills
	Newer      string
}

// PortalPlan is one subscription.
type PortalPlan struct {
	ID, Name, Figure, Per          string
	Status, Tone                   string
	Renewal, Extra                 string
	Waiting                        string // the invoice of a switch that waits for the bank's approval
	CanSwitch, CanCancel, CanRenew bool
}

// Detail is a line of the billing details.
type Detail struct{ Label, Value string }

// Bill is a row of the invoice list.
type Bill struct{ Number, Day, Amount, Status, Tone, What, Link string }

// PortalSwitch offers other plans.
type PortalSwitch struct {
	PortalFrame
	Tabs   []Tab
	Offers []Offer
}

// Tab is a link of a row of which one is current.
type Tab struct {
	Label, Link string
	Current     bool
}

// Offer is a plan that one can switch to.
type Offer struct {
	Name, About, Figure, Per, Link string
	Current, Seats                 bool
}

// PortalConfirm shows what a switch costs, line by line, before it is made.
type PortalConfirm struct {
	PortalFrame
	Action, Back string
	Path, Sub    string // the page itself, and the subscription, for asking again with other seats
	Quantity     string
	AskSeats     bool
	From, To     string
	Figure, Per  string
	Lines        []Detail
	Sum          Detail
	When, Card   string
	Confirm      string
}

// PortalCancel asks whether, and why, to cancel.
type PortalCancel struct {
	PortalFrame
	Action, Back string
	Name, Ends   string
	Reasons      []Reason
}

// Reason is a choice of the cancellation's survey.
type Reason struct{ Value, Label string }

// PortalCard adds a card.
type PortalCard struct {
	PortalFrame
	Action, Back string
	Card         CardForm
	Groups       []CardGroup
}

// PortalDetails edits the billing details.
type PortalDetails struct {
	PortalFrame
	Action, Back                                                   string
	Name, Email, Phone, Line1, Line2, City, State, Postal, Country string
	TaxType, TaxID                                                 string
	AskName, AskEmail, AskPhone, AskAddress, AskTax                bool
	EmailError, TaxError                                           string
}
