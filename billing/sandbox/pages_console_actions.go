package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

// consoleAction is a button on an object's page: what its owner does in Stripe's dashboard, by a call of the API that
// the sandbox makes to itself, or by something that only the dashboard can do.
type consoleAction struct {
	Kind, Verb, Label, Tone string
	When                    func(o Object) bool
	Call                    string // A method and a path of the API, in which {id} stands for the object.
	Form                    func(o Object) url.Values
	Run                     func(tx *Tx, id string) error // In the place of Call.
}

// consoleActions is the one table of them.
func consoleActions() []consoleAction {
	form := func(pairs ...string) func(Object) url.Values {
		values := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return func(Object) url.Values { return values }
	}
	about := func(param string) func(Object) url.Values {
		return func(o Object) url.Values { return url.Values{param: {o.ID()}} }
	}
	answerable := in("status", "needs_response", "warning_needs_response")
	running := func(o Object) bool { return !ended(o) }
	return []consoleAction{
		{
			Kind: "customer", Verb: "portal", Label: "Open a portal session", Call: "POST /v1/billing_portal/sessions",
			Form: about("customer"),
		},
		{
			Kind: "subscription", Verb: "stay", Label: "Undo the cancellation", When: is("cancel_at_period_end"),
			Call: "POST /v1/subscriptions/{id}", Form: form("cancel_at_period_end", "false"),
		},
		{
			Kind: "subscription", Verb: "leave", Label: "Cancel at the period's end",
			When: func(o Object) bool { return !ended(o) && !o.Bool("cancel_at_period_end") },
			Call: "POST /v1/subscriptions/{id}", Form: form("cancel_at_period_end", "true"),
		},
		{
			Kind: "subscription", Verb: "cancel", Label: "Cancel now", Tone: "danger", When: running,
			Call: "DELETE /v1/subscriptions/{id}",
		},
		{
			Kind: "invoice", Verb: "finalize", Label: "Finalise", When: in("status", "draft"),
			Call: "POST /v1/invoices/{id}/finalize",
		},
		{Kind: "invoice", Verb: "pay", Label: "Collect now", When: in("status", "open"), Call: "POST /v1/invoices/{id}/pay"},
		{
			Kind: "invoice", Verb: "uncollectible", Label: "Mark uncollectible", When: in("status", "open"),
			Call: "POST /v1/invoices/{id}/mark_uncollectible",
		},
		{
			Kind: "invoice", Verb: "void", Label: "Void", Tone: "danger", When: in("status", "open", "uncollectible"),
			Call: "POST /v1/invoices/{id}/void",
		},
		{
			Kind: "charge", Verb: "refund", Label: "Refund in full", Tone: "danger",
			When: func(o Object) bool {
				return o.Str("status") == "succeeded" && o.Bool("captured") && !o.Bool("refunded")
			},
			Call: "POST /v1/refunds", Form: about("charge"),
		},
		{
			Kind: "payment_intent", Verb: "capture", Label: "Capture", When: in("status", "requires_capture"),
			Call: "POST /v1/payment_intents/{id}/capture",
		},
		{
			Kind: "checkout.session", Verb: "expire", Label: "Let it expire", When: in("status", "open"),
			Call: "POST /v1/checkout/sessions/{id}/expire",
		},
		{
			Kind: "dispute", Verb: "win", Label: "Submit winning evidence", When: answerable, Call: "POST /v1/disputes/{id}",
			Form: form("evidence[uncategorized_text]", "winning_evidence"),
		},
		{
			Kind: "dispute", Verb: "lose", Label: "Submit losing evidence", When: answerable, Call: "POST /v1/disputes/{id}",
			Form: form("evidence[uncategorized_text]", "losing_evidence"),
		},
		{
			Kind: "dispute", Verb: "accept", Label: "Accept the dispute", Tone: "danger", When: answerable,
			Call: "POST /v1/disputes/{id}/close",
		},
		{
			Kind: kindClock, Verb: "day", Label: "Advance 1 day", When: in("status", "ready"), Form: clockAfter(0, 0, 1),
			Call: "POST /v1/test_helpers/test_clocks/{id}/advance",
		},
		{
			Kind: kindClock, Verb: "month", Label: "Advance 1 month", When: in("status", "ready"), Form: clockAfter(0, 1, 0),
			Call: "POST /v1/test_helpers/test_clocks/{id}/advance",
		},
		{
			Kind: kindClock, Verb: "delete", Label: "Delete with its customers", Tone: "danger", When: in("status", "ready"),
			Call: "DELETE /v1/test_helpers/test_clocks/{id}",
		},
		{
			Kind: "webhook_endpoint", Verb: "roll", Label: "Roll the secret, the old one good for 24 hours",
			Run: func(tx *Tx, id string) error { return roll(tx, id, 24*time.Hour) },
		},
		{
			Kind: "webhook_endpoint", Verb: "roll_now", Label: "Roll the secret at once",
			Run: func(tx *Tx, id string) error { return roll(tx, id, 0) },
		},
		{
			Kind: "webhook_endpoint", Verb: "disable", Label: "Disable", Tone: "danger", When: in("status", "enabled"),
			Call: "POST /v1/webhook_endpoints/{id}", Form: form("disabled", "true"),
		},
		{
			Kind: "webhook_endpoint", Verb: "enable", Label: "Enable", When: in("status", "disabled"),
			Call: "POST /v1/webhook_endpoints/{id}", Form: form("disabled", "false"),
		},
	}
}

func in(path string, values ...string) func(Object) bool {
	return func(o Object) bool { return slices.Contains(values, o.Str(path)) }
}

func is(path string) func(Object) bool {
	return func(o Object) bool { return !ended(o) && o.Bool(path) }
}

// clockAfter advances a test clock from where it stands.
func clockAfter(years, months, days int) func(Object) url.Values {
	return func(o Object) url.Values {
		at := time.Unix(o.Int("frozen_time"), 0).UTC().AddDate(years, months, days)
		return url.Values{"frozen_time": {strconv.FormatInt(at.Unix(), 10)}}
	}
}

func roll(tx *Tx, id string, grace time.Duration) error {
	_, err := tx.rollSecret(id, grace)
	return err
}

// actionsOf are the buttons that make sense for an object as it is.
func actionsOf(o Object) (out []pages.Action) {
	for _, a := range consoleActions() {
		if a.fits(o) {
			out = append(out, pages.Action{Verb: a.Verb, Label: a.Label, Tone: a.Tone})
		}
	}
	return out
}

func (a consoleAction) fits(o Object) bool {
	return a.Kind == o.Kind() && !o.Bool("deleted") && (a.When == nil || a.When(o))
}

// postObject presses a button of an object's page, and shows what came of it.
func postObject(p *page) error {
	next := p.id()
	err := p.act(func(tx *Tx) error {
		o, err := tx.load(p.id())
		if err != nil {
			return err
		}
		for _, a := range consoleActions() {
			if o != nil && a.Verb == p.field("verb") && a.fits(o) {
				made, err := p.press(tx, a, o)
				if made.ID() != "" {
					next = made.ID()
				}
				return err
			}
		}
		return missing(http.StatusNotFound, "action", p.field("verb"), "id")
	})
	if refused, ok := refusal(err); ok {
		return p.object(statusOf(refused), refused.Message)
	}
	if err != nil {
		return err
	}
	return p.to("/_stripe/objects/" + url.PathEscape(next) + "?did=done")
}

func (p *page) press(tx *Tx, a consoleAction, o Object) (Object, error) {
	if a.Run != nil {
		return nil, a.Run(tx, o.ID())
	}
	form := url.Values{}
	if a.Form != nil {
		form = a.Form(o)
	}
	method, path, _ := strings.Cut(strings.ReplaceAll(a.Call, "{id}", o.ID()), " ")
	return tx.callAPI(method, path, form)
}

// callAPI does what a request of the API would do, inside this transaction.
func (tx *Tx) callAPI(method, path string, form url.Values) (Object, error) {
	row, ids := tx.s.routes.match(method, path)
	if row == nil {
		return nil, unrecognized(method, path)
	}
	raw, err := decodeForm(form.Encode())
	if err != nil {
		return nil, err
	}
	params, err := validate(row.params, row.Extra, raw)
	if err != nil {
		return nil, err
	}
	req := &apiRequest{Tx: tx, Params: params, Path: path}
	if len(ids) > 0 {
		req.ID = ids[0]
	}
	return row.Handler(req)
}

// endpointFacts are what a webhook endpoint's owner may see: its secret, and the one before while it still signs.
func endpointFacts(o Object, now time.Time) []pages.Detail {
	if o.Kind() != "webhook_endpoint" || o.Bool("deleted") {
		return nil
	}
	out := []pages.Detail{{Label: "Signing secret", Value: o.Str("_secret")}}
	if len(liveSecrets(o, now)) > 1 {
		until := time.Unix(o.Int("_old_secret_until"), 0).UTC().Format("2 Jan, 15:04")
		out = append(out, pages.Detail{Label: "The one before, until " + until, Value: o.Str("_old_secret")})
	}
	return out
}

// postEndpoint registers a webhook endpoint.
func postEndpoint(p *page) error {
	events := strings.FieldsFunc(p.field("events"), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\r' })
	if len(events) == 0 {
		events = []string{"*"}
	}
	var made Object
	err := p.act(func(tx *Tx) error {
		var err error
		made, err = tx.callAPI(http.MethodPost, "/v1/webhook_endpoints",
			url.Values{"url": {p.field("url")}, "enabled_events[]": events})
		return err
	})
	if refused, ok := refusal(err); ok {
		return p.deliveries(http.StatusUnprocessableEntity, refused.Message)
	}
	if err != nil {
		return err
	}
	return p.to("/_stripe/objects/" + made.ID() + "?did=done")
}
