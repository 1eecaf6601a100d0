package views

// consequence is a line about what a cancellation brings.
type consequence struct{ icon, text string }

func (p CancelPage) consequences() []consequence {
	s, f := p.Subscription, p.Format()
	var out []consequence
	switch {
	case s.Status == "trialing":
		out = append(out, consequence{"calendar-clock", "Your trial lasts until " + f.Date(p.EndsAt) + ", and nothing is charged."})
	case p.owes():
		out = append(out, consequence{"calendar-clock", s.Plan.Name + " ends on " + f.Date(p.EndsAt) + ", and no further period is charged."})
	default:
		out = append(out, consequence{"calendar-clock", "You keep " + s.Plan.Name + " until " + f.Date(p.EndsAt) + ", and no further payment is taken for it."})
	}
	if s.Next != nil {
		out = append(out, consequence{"x", "The switch to " + s.Next.Plan.Name + " that is planned is off."})
	}
	out = append(out, consequence{"folder", "After that you are on the " + p.Free.Name + " plan. All of your work stays, and you can read it and delete it."})
	if p.owes() {
		out = append(out, consequence{"circle-alert", "What is due already stays due."})
	}
	return out
}

func (p CancelPage) owes() bool { return BillingPage{Subscription: p.Subscription}.owes() }

// CancelReasons puts Stripe's words for why somebody leaves into ours, in the order they are given.
func CancelReasons(feedback []string) []Option {
	words := map[string]string{
		"too_expensive":    "It costs too much",
		"missing_features": "It lacks something I need",
		"switched_service": "I use something else now",
		"unused":           "I do not use it enough",
		"customer_service": "I was not helped well",
		"too_complex":      "It is too complicated",
		"low_quality":      "It is not good enough",
		"other":            "Another reason",
	}
	var out []Option
	for _, code := range feedback {
		text := words[code]
		if text == "" {
			text = code
		}
		out = append(out, Option{code, text})
	}
	return out
}
