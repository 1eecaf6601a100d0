package ui

import "strings"

// Input is one field of a form. ID is Name unless the page has two fields of that name.
type Input struct {
	ID, Name, Label, Type string
	Value, Hint, Error    string
	Autocomplete          string
	MaxLength             string
	InputMode             string // which keys a phone shows, where Type does not say
	Required, Autofocus   bool
	LabelHidden           bool
}

func (in Input) id() string {
	if in.ID != "" {
		return in.ID
	}
	return in.Name
}

func (in Input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

// describedBy names the hint and the error that are really there.
func (in Input) describedBy() string {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.id()+"-hint")
	}
	if in.Error != "" {
		ids = append(ids, in.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// Choice is one option of a Select.
type Choice struct{ Value, Text string }

// Choose is a selector with its label.
type Choose struct {
	ID, Name, Label, Value string
	Choices                []Choice
	LabelHidden            bool
}

func (c Choose) id() string {
	if c.ID != "" {
		return c.ID
	}
	return c.Name
}
