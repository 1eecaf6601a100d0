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
	q.State = state
	return q.address()
}

// address is the inbox under this filter, and replayAddress asks about a replay of what it finds.
func (q EventQuery) address() string { return q.at(PathAdminEvents) }

func (q EventQuery) replayAddress() string { return q.at(PathAdminReplay) }

func (q EventQuery) at(path string) string {
	values := url.Values{}
	for _, field := range q.fields() {
		values.Set(field.Key, field.Name)
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// fields are the parameters that are set, and their values as the names.
func (q EventQuery) fields() []Count {
	var set []Count
	for _, field := range []Count{
		{Key: "q", Name: q.Q},
		{Key: "type", Name: q.Type},
		{Key: "state", Name: q.State},
		{Key: "since", Name: q.Since},
		{Key: "until", Name: q.Until},
	} {
		if field.Name != "" {
			set = append(set, field)
		}
	}
	return set
}

// Narrows reports whether the filter leaves anything out.
func (q EventQuery) Narrows() bool { return len(q.fields()) > 0 }

// lines say in words what the filter asks for.
func (q EventQuery) lines() []Count {
	names := map[string]string{
		"q": "Event, customer or object", "type": "Type", "state": "State", "since": "From", "until": "To",
	}
	var lines []Count
	for _, field := range q.fields() {
		value := field.Name
		if field.Key == "state" {
			value = eventWords(value).label
		}
		lines = append(lines, Count{Key: names[field.Key], Name: value})
	}
	return lines
}

// here marks a link as the one that is being looked at.
func here(is bool) templ.Attributes {
	if is {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}
