package pages

// ConsoleFrame is what every page of the console shares.
type ConsoleFrame struct {
	Chrome
	Section       string // which entry of the menu is current
	Alert, Notice string
}

// Stat is one figure of the overview.
type Stat struct{ Label, Value, Link, Note string }

// Overview is the console's front page.
type Overview struct {
	ConsoleFrame
	Stats    []Stat
	Keys     []Detail
	Events   []EventRow
	Requests []RequestRow
	Steps    []Step
}

// Step is a jump of the clock.
type Step struct{ Value, Label string }

// EventRow is one event in a list.
type EventRow struct {
	ID, Type, About, AboutLink, At string
	State, Tone                    string // how its deliveries stand
}

// RequestRow is one request in a list.
type RequestRow struct{ ID, Method, Path, Status, Tone, At, Took string }

// ObjectRow is one object in a list.
type ObjectRow struct{ ID, Kind, Label, State, Tone, At string }

// Pager leads through a long list.
type Pager struct{ Newest, Older string }

// Objects is the browser of what the sandbox holds.
type Objects struct {
	ConsoleFrame
	Kinds []Tab
	Kind  string
	Text  string // what was searched for
	Rows  []ObjectRow
	Pager
}

// ObjectView is one object.
type ObjectView struct {
	ConsoleFrame
	ID, Kind, Body string
	State, Tone    string
	Page, PageText string // its hosted page, when it has one
	Actions        []Action
	Facts          []Detail // what only its owner may see
	Related        []ObjectRow
	Events         []EventRow
}

// Action is a button on an object's page.
type Action struct{ Verb, Label, Tone string }

// Events is the list of events.
type Events struct {
	ConsoleFrame
	Type  string
	Types []string
	Rows  []EventRow
	Pager
}

// EventView is one event with its deliveries.
type EventView struct {
	ConsoleFrame
	ID, Type, Body string
	Facts          []Detail
	RequestID      string
	Deliveries     []DeliveryRow
}

// DeliveryRow is one event on its way to one endpoint.
type DeliveryRow struct {
	Event, Type, Endpoint, EndpointURL string
	State, Tone, Attempts              string
	Status, At, Next, Answer           string
}

// Deliveries is the list of deliveries.
type Deliveries struct {
	ConsoleFrame
	Tabs        []Tab
	Rows        []DeliveryRow
	Endpoints   []ObjectRow // whose kind is the URL
	URL, Filter string      // what was typed for a new one
	Pager
}

// Requests is the request log.
type Requests struct {
	ConsoleFrame
	Tabs []Tab
	Rows []RequestRow
	Pager
}

// RequestView is one request with what was sent and answered.
type RequestView struct {
	ConsoleFrame
	RequestRow
	Facts          []Detail
	Params, Answer string
	Events         []EventRow
}

// Clock is the page that moves the clock.
type Clock struct {
	ConsoleFrame
	Now, Day string // Day is the earliest date that the date field accepts
	Ahead    string // how far the clock is ahead of the wall clock
	Steps    []Step
	TrialEnd string // the date of the first trial's end, when there is one
	Since    string // set after a jump: from when the events below are
	Happened []EventRow
	More     int
	Agenda   []AgendaRow
	Clocks   []ObjectRow // the API's own test clocks
}

// AgendaRow is something that will fall due.
type AgendaRow struct{ At, What, ID, Link string }

// Switches is the page of faults and of the order of delivery.
type Switches struct {
	ConsoleFrame
	Mode    string
	Hold    bool // an invoice waits for its webhook
	Faults  []FaultRow
	Dunning DunningForm
}

// DunningForm is the account's settings for failed payments.
type DunningForm struct{ Days, End, Upcoming string }

// FaultRow is a fault that is armed.
type FaultRow struct{ Match, What, Times string }
