package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/tollgate/billing/sandbox/pages"
)

// showObjects lists the objects of a kind, or those in which a text stands. An id leads straight to its object.
func showObjects(p *page) error {
	v := pages.Objects{ConsoleFrame: p.console("Objects", "objects"), Kind: p.query("kind"), Text: strings.TrimSpace(p.query("id"))}
	found := false
	err := p.view(func(tx *Tx) error {
		if o, err := tx.load(v.Text); err != nil || o != nil {
			found = true
			return err
		}
		if err := kindTabs(tx, &v); err != nil {
			return err
		}
		if v.Text != "" {
			v.Kind = p.query("kind")
		}
		before := wholeNumber(p.query("before"), 1<<62, 1, 1<<62)
		var last int64
		var err error
		v.Rows, last, err = objectRows(tx, `WHERE ?1 IN ('', object) AND seq < ?2 AND (?3 = '' OR instr(lower(data), lower(?3)))
			ORDER BY seq DESC LIMIT ?4`, v.Kind, before, v.Text, consolePage+1)
		if len(v.Rows) > consolePage {
			v.Rows = v.Rows[:consolePage]
			v.Older = "/_stripe/objects?" + url.Values{
				"kind": {v.Kind}, "id": {v.Text}, "before": {strconv.FormatInt(last+1, 10)},
			}.Encode()
		}
		return err
	})
	if err != nil {
		return err
	}
	if found {
		return p.to("/_stripe/objects/" + url.PathEscape(v.Text))
	}
	if p.query("before") != "" {
		v.Newest = "/_stripe/objects?" + url.Values{"kind": {v.Kind}, "id": {v.Text}}.Encode()
	}
	return p.show(http.StatusOK, pages.ObjectsPage(v))
}

// kindTabs are the kinds of which there is an object, the first one being shown unless another was asked for.
func kindTabs(tx *Tx, v *pages.Objects) error {
	rows, err := tx.sql.Query(`SELECT object, count(*) FROM objects GROUP BY object ORDER BY
		CASE object WHEN 'customer' THEN 0 WHEN 'subscription' THEN 1 WHEN 'invoice' THEN 2 ELSE 3 END, object`)
	if err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind string
		var n int64
		if err := rows.Scan(&kind, &n); err != nil {
			return fmt.Errorf("count objects: %w", err)
		}
		if v.Kind == "" && v.Text == "" {
			v.Kind = kind
		}
		v.Kinds = append(v.Kinds, pages.Tab{
			Label: kind + " " + itoa(n), Link: "/_stripe/objects?kind=" + url.QueryEscape(kind), Current: kind == v.Kind,
		})
	}
	return rows.Err()
}

// objectRows reads objects for a list, the deleted ones too.
func objectRows(tx *Tx, clause string, args ...any) ([]pages.ObjectRow, int64, error) {
	rows, err := tx.sql.Query(`SELECT seq, created, data FROM objects `+clause, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read objects: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []pages.ObjectRow
	var seq int64
	for rows.Next() {
		var created int64
		var raw string
		if err := rows.Scan(&seq, &created, &raw); err != nil {
			return nil, 0, fmt.Errorf("read object: %w", err)
		}
		o, err := decodeObject(raw)
		if err != nil {
			return nil, 0, err
		}
		row := pages.ObjectRow{ID: o.ID(), Kind: o.Kind(), Label: objectLabel(o), At: pages.Moment(created)}
		row.State = o.Str("status")
		if o.Bool("deleted") {
			row.State = "deleted"
		}
		row.Tone, row.State = stateTone(row.State), pages.Words(row.State)
		out = append(out, row)
	}
	return out, seq, rows.Err()
}

// objectLabel is what tells an object from its neighbours.
func objectLabel(o Object) string {
	amount := ""
	for _, key := range []string{"unit_amount", "amount_due", "amount", "amount_total"} {
		if o.Has(key) && o.Str("currency") != "" {
			amount = pages.Money(o.Int(key), o.Str("currency"))
			break
		}
	}
	parts := []string{o.Kind()}
	for _, text := range []string{
		o.Str("email"), o.Str("name"), o.Str("number"), o.Str("code"), o.Str("lookup_key"), o.Str("url"),
		o.Str("description"), amount, perText(o), o.Str("card.last4"),
	} {
		if text != "" && len(parts) < 4 && len(text) < 80 {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " · ")
}

func showObject(p *page) error { return p.object(http.StatusOK, "") }

func (p *page) object(status int, alert string) error {
	v := pages.ObjectView{ConsoleFrame: p.console("Object", "objects"), ID: p.id()}
	v.Alert = alert
	err := p.view(func(tx *Tx) error {
		o, err := tx.load(p.id())
		if err != nil {
			return err
		}
		if o == nil {
			return missing(http.StatusNotFound, "object", p.id(), "id")
		}
		v.Kind, v.Title = o.Kind(), o.ID()
		v.State, v.Tone = pages.Words(o.Str("status")), stateTone(o.Str("status"))
		v.Actions, v.Facts = actionsOf(o), endpointFacts(o, p.s.opts.Now())
		body := pretty(tx.Public(o))
		v.Body = string(body)
		v.Page, v.PageText = hostedPage(o)
		v.Related, _, err = objectRows(tx, `WHERE ?1 IN (customer, subscription)
			OR (object = 'price' AND json_extract(data, '$.product') = ?1)
			OR (object IN ('charge', 'dispute', 'refund') AND json_extract(data, '$.payment_intent') = ?1)
			OR (object IN ('dispute', 'refund', 'balance_transaction')
				AND ?1 IN (json_extract(data, '$.charge'), json_extract(data, '$.source')))
			OR (object = 'credit_note' AND json_extract(data, '$.invoice') = ?1)
			OR (object = 'promotion_code' AND json_extract(data, '$.coupon.id') = ?1)
			OR (object = 'customer' AND json_extract(data, '$.test_clock') = ?1)
			ORDER BY seq DESC LIMIT 20`, o.ID())
		if err != nil {
			return err
		}
		v.Events, _, err = eventRows(tx, `WHERE object_id = ? ORDER BY seq DESC LIMIT 20`, o.ID())
		return err
	})
	if err != nil {
		return err
	}
	return p.show(status, pages.ObjectViewPage(v))
}

// hostedPage is where an object can be seen as its customer sees it.
func hostedPage(o Object) (link, text string) {
	switch o.Kind() {
	case "checkout.session":
		return "/_stripe/c/" + o.ID(), "Open its checkout page"
	case "billing_portal.session":
		return "/_stripe/p/" + o.ID(), "Open its portal page"
	case "invoice":
		return "/_stripe/invoice/" + o.ID(), "Open its hosted page"
	case "payment_intent", "setup_intent":
		if o.Str("status") == "requires_action" {
			return "/_stripe/3ds/" + o.ID(), "Answer its card challenge"
		}
	}
	return "", ""
}
