package views

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"example.com/tollgate/views/ui"
)

func dayBars(days []Day) []ui.Bar {
	out := make([]ui.Bar, 0, len(days))
	for _, day := range days {
		out = append(out, ui.Bar{At: day.Date, Value: day.N})
	}
	return out
}

func countBars(counts []Count) []ui.Bar {
	out := make([]ui.Bar, 0, len(counts))
	for _, count := range counts {
		out = append(out, ui.Bar{Label: count.Name, Value: count.N})
	}
	return out
}

func statusPair(status string) words {
	label, tone := StatusWords(status)
	return words{label, tone}
}

// address is the list under this query with another order. Choosing an order starts at page one.
func (q SubscriberQuery) address(sort string) string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Q, "plan": q.Plan, "status": q.Status, "sort": sort} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return PathAdminSubscribers + "?" + values.Encode()
}

// sorted is the address that a heading leads to: its own order, or the reverse where it has it.
func (q SubscriberQuery) sorted(key string) string {
	if q.Sort == key {
		return q.address("-" + key)
	}
	return q.address(key)
}

// order is the value of aria-sort for a heading.
func (q SubscriberQuery) order(key string) string {
	switch {
	case q.Sort == key:
		return "ascending"
	case strings.TrimPrefix(q.Sort, "-") == key:
		return "descending"
	}
	return ""
}

// stateAddress is the inbox with another state and the rest of its filter.
func (q EventQuery) stateAddress(state string) string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Q, "type": q.Type, "state": state} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return PathAdminEvents
	}
	return PathAdminEvents + "?" + values.Encode()
}

// here marks a link as the one that is being looked at.
func here(is bool) templ.Attributes {
	if is {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}
