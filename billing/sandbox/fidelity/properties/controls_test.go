package properties

import (
	"encoding/json"
	"strconv"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// plain is a setting in which nothing is odd.
func plain() setting {
	monthly := priceSpec{Kind: "flat", Unit: 2000, Interval: "month", Count: 1}
	return setting{
		Start: starts()[2], Currency: "usd", Percent: 50, Off: 500, Months: 2, Card: "pm_card_visa",
		Prices: []priceSpec{monthly, monthly, monthly, monthly},
	}
}

// aCentMore falsifies an amount.
func aCentMore(o lab.Object) {
	if o.Has("amount") {
		o["amount"] = json.Number(strconv.FormatInt(o.Int("amount")+1, 10))
	}
}

// TestTheJudgeSees is the control of each property: a sandbox that is a cent off in one place.
func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	order := op{Kind: "subscribe", A: 0, B: 1, C: 2}
	begin := func(l *lab.Lab) (*world, error) {
		w, err := found(l, plain())
		if err == nil {
			err = w.do(order)
		}
		return w, err
	}
	for _, broken := range []struct {
		what  string
		spoil func(method, path string, answer lab.Object)
		judge func(l, other *lab.Lab) error
	}{
		{"the first line of every preview", func(_, path string, answer lab.Object) {
			if path == "/v1/invoices/create_preview" {
				aCentMore(answer.List("lines")[0])
			}
		}, func(l, _ *lab.Lab) error {
			w, err := found(l, plain())
			if err == nil {
				_, err = w.previewOrder(order)
			}
			return err
		}},
		{"the amount of an event's charge", func(_, path string, answer lab.Object) {
			if path == "events" {
				aCentMore(answer.Obj("data.object"))
			}
		}, func(l, other *lab.Lab) error {
			var told [2][]lab.Object
			for i, l := range []*lab.Lab{l, other} {
				w, err := begin(l)
				if err == nil {
					told[i], err = w.history()
				}
				if err != nil {
					return err
				}
			}
			return sameHistory(told[0], told[1])
		}},
		{"a balance transaction", func(_, path string, answer lab.Object) {
			if path == "/v1/balance_transactions" {
				aCentMore(answer.List("data")[0])
			}
		}, func(l, _ *lab.Lab) error {
			w, err := begin(l)
			if err == nil {
				err = w.audit()
			}
			return err
		}},
		{"the state of an invoice", func(_, path string, answer lab.Object) {
			if o := answer.Obj("data.object"); path == "events" && o.Str("status") == "open" {
				o["status"] = "void"
			}
		}, func(l, _ *lab.Lab) error {
			w, err := begin(l)
			if err == nil {
				err = w.audit()
			}
			return err
		}},
	} {
		l, other := newLab(t), newLab(t)
		if err := broken.judge(l, other); err != nil {
			t.Errorf("what is not broken: %v", err)
		}
		l.Spoil = broken.spoil
		table.Control(t, "properties", broken.what, func() error { return broken.judge(l, other) })
	}
}
