package plan

// The features and limits that plans are made of. Adding one is a row here, its words below, and
// the guard on the route's line.
const (
	Export     Feature = "export"      // download projects as CSV
	API        Feature = "api"         // read projects with an API key
	Prioritize Feature = "prioritized" // support answers these accounts first

	Projects Limit = "projects" // projects an account may hold
)

// Default is the catalog of this product: the one place to edit. After a change, `tollgate plans
// sync` tells Stripe. Never edit a price that has been sold: add the next version and mark the old
// one retired.
func Default() *Catalog {
	return &Catalog{
		Currency:  "usd",
		TrialDays: 14,
		TrialEnd:  TrialCancels,
		Plans: []Plan{
			{
				Key: "free", Name: "Free", Level: 0,
				Tagline: "To try things out and for small personal work.",
				Limits:  map[Limit]int64{Projects: 3},
			},
			{
				Key: "starter", Name: "Starter", Level: 10,
				Tagline:  "For one person who has work to hand over.",
				Features: []Feature{Export},
				Limits:   map[Limit]int64{Projects: 25},
				Prices: []Price{
					{LookupKey: "starter_v1_month", Interval: Month, Money: Money{2900, "usd"}},
					{LookupKey: "starter_v1_year", Interval: Year, Money: Money{29000, "usd"}},
				},
			},
			{
				Key: "pro", Name: "Pro", Level: 20, Highlight: true,
				Tagline:  "For work that other programs and people rely on.",
				Features: []Feature{Export, API, Prioritize},
				Limits:   map[Limit]int64{Projects: Unlimited},
				Prices: []Price{
					{LookupKey: "pro_v1_month", Interval: Month, Money: Money{7900, "usd"}},
					{LookupKey: "pro_v1_year", Interval: Year, Money: Money{79000, "usd"}},
				},
			},
		},
		Features: []FeatureInfo{
			{
				Key: Export, Name: "CSV export", KeptWhenLimited: true,
				Description: "Take every project with you as a spreadsheet, whenever you like.",
			},
			{
				Key: API, Name: "API access",
				Description: "Read your projects from your own programs with API keys.",
			},
			{
				Key: Prioritize, Name: "Priority support",
				Description: "Your questions are answered first.",
			},
		},
		Limits: []LimitInfo{
			{Projects, "Projects", "project", "projects"},
		},
	}
}
