package views

import "example.com/tollgate/views/ui"

// choices turns a page's options into those of a selector.
func choices(options []Option) []ui.Choice {
	out := make([]ui.Choice, 0, len(options))
	for _, option := range options {
		out = append(out, ui.Choice(option))
	}
	return out
}

// anyOr puts a choice that filters nothing before the others.
func anyOr(text string, options []Option) []ui.Choice {
	return append([]ui.Choice{{Value: "", Text: text}}, choices(options)...)
}
