package views

import (
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

// has is whether a plan and interval are those that the reader pays for now.
func (p ChoosePlanPage) has(each plan.Plan, interval plan.Interval) bool {
	return p.CurrentPlan == each.Key && p.CurrentInterval == interval
}

// refresh lets the page look again by itself while Stripe has not answered.
func (p ChangePage) refresh() string {
	if p.State == ChangeBegun {
		return p.PostURL
	}
	return ""
}

func (p ChangePage) title() string {
	switch p.State {
	case ChangeOffered:
		return ChangeTitle
	case ChangeBegun:
		return "Your change is on its way"
	case ChangeAction:
		return "Your bank wants to know it is you"
	case ChangeLapsed:
		return "The confirmation did not come"
	case ChangeDeclined:
		return "The card was declined"
	case ChangeExpired:
		return "This offer is too old"
	}
	return "The change did not happen"
}

func (p ChangePage) lead() string {
	switch p.State {
	case ChangeOffered:
		return "This is exactly what happens when you confirm."
	case ChangeBegun:
		return Message("change_pending", nil)
	case ChangeAction:
		return "Nothing has been charged yet. You stay on " + p.From.Plan.Name + " until you confirm the payment of " +
			p.Format().Money(p.Due) + " with your bank; then " + p.To.Plan.Name + " starts at once."
	case ChangeLapsed:
		return "Your bank did not get an answer in time, so the switch is off. Nothing was charged, and you are still on " +
			p.From.Plan.Name + "."
	case ChangeDeclined:
		return DeclineWords(p.Code) + " Nothing was charged, and you are still on " + p.From.Plan.Name + "."
	case ChangeExpired:
		return Message("change_expired", nil)
	}
	return Message(p.Code, nil)
}

// mayRetry is whether asking again can help. What we gave up on may still have happened.
func (p ChangePage) mayRetry() bool { return p.Code != "change_given_up" }

func (p ChangePage) fromLabel() string {
	if p.Now || p.State != ChangeOffered {
		return "Now"
	}
	return "Until " + p.Format().Date(p.At)
}

func (p ChangePage) toLabel() string {
	switch {
	case p.State == ChangeAction:
		return "Once you have confirmed"
	case p.State != ChangeOffered:
		return "What you chose"
	case p.Now:
		return "As soon as you confirm"
	}
	return "From " + p.Format().Date(p.At)
}

func (p ChangePage) confirmWords() string {
	switch {
	case p.Due.Amount > 0:
		return "Pay " + p.Format().Money(p.Due) + " and switch"
	case !p.Now:
		return "Switch on " + p.Format().Date(p.At)
	}
	return "Switch to " + p.To.Plan.Name
}

func (p ChangePage) standsUntil() string {
	words := "This offer stands until " + p.Format().DateTime(p.Until) + ". "
	if p.Now {
		return words + "You can change again whenever you like."
	}
	return words + "You can take the switch back at any time before it."
}

func (p ChangePage) nextLabel() string {
	if p.Trial {
		return "First payment on "
	}
	return "Next payment on "
}

func (p ChangePage) nextNote() string {
	words := "Then " + intervalWord(p.To.Price.Interval) + " until you cancel."
	switch {
	case p.Trial:
		words = "Your trial goes on as before. " + words
	case !p.Now:
		words = "Nothing is charged before. " + words
	}
	switch {
	case p.Credit.Amount > 0:
		words += " Your credit is taken off first."
	case p.Next.Amount < p.To.Total.Amount:
		words += " Your discount is taken off."
	}
	if p.Tax.Amount != 0 {
		words += " Tax is added."
	}
	return words
}

func (p ChangePage) cardWords() string {
	switch {
	case p.Card == nil:
		return "No card on file"
	case p.Due.Amount > 0:
		return p.Card.words() + " is charged"
	}
	return p.Card.words()
}

func (p ChangePage) cardAction() string {
	if p.Card == nil {
		return "Add a card"
	}
	return "Change card"
}

// words name a card as people do.
func (c Card) words() string { return ui.CardBrand(c.Brand) + " ending in " + c.Last4 }

func (p ChangePage) changesTitle() string {
	if p.Now {
		return "What changes"
	}
	return "What changes on " + p.Format().Date(p.At)
}

// gains and losses are the differences between the plans, in the catalog's words.
func (p ChangePage) gains() []string { return beyond(p.Catalog, p.From.Plan, p.To.Plan, p.Format()) }

func (p ChangePage) losses() []string {
	var out []string
	for _, l := range p.Catalog.Limits {
		if less(p.To.Plan.Limit(l.Key), p.From.Plan.Limit(l.Key)) {
			now, then := allows(p.From.Plan, l, p.Format()), allows(p.To.Plan, l, p.Format())
			if then == "" {
				then = "none"
			}
			out = append(out, then+" instead of "+lowerFirst(now))
		}
	}
	for _, info := range p.Catalog.Features {
		if p.From.Plan.Can(info.Key) && !p.To.Plan.Can(info.Key) {
			out = append(out, "No "+lowerFirst(info.Name)+" any more")
		}
	}
	return out
}

// beyond lists what a plan has that another has not.
func beyond(c *plan.Catalog, from, to plan.Plan, f ui.Format) []string {
	var out []string
	for _, l := range c.Limits {
		if less(from.Limit(l.Key), to.Limit(l.Key)) {
			words := allows(to, l, f)
			if before := allows(from, l, f); before != "" {
				words += " instead of " + lowerFirst(before)
			}
			out = append(out, words)
		}
	}
	for _, info := range c.Features {
		if to.Can(info.Key) && !from.Can(info.Key) {
			out = append(out, info.Name+": "+info.Description)
		}
	}
	return out
}

// less compares limits, of which none at all is the highest.
func less(a, b int64) bool {
	return a != b && a != plan.Unlimited && (b == plan.Unlimited || a < b)
}

// lowerFirst puts words into the middle of a sentence. An abbreviation stays as it is.
func lowerFirst(text string) string {
	capital := func(i int) bool { return i < len(text) && text[i] >= 'A' && text[i] <= 'Z' }
	if capital(0) && !capital(1) {
		return string(text[0]+'a'-'A') + text[1:]
	}
	return text
}

func overTitle(u Usage, name string, f ui.Format) string {
	return "You have " + f.Count(u.Used, u.Limit.One, u.Limit.Many) + ", and " + name + " holds " + f.Number(u.Max)
}

// overWords say what becomes of what is too much: nothing is deleted.
func overWords(u Usage, f ui.Format) string {
	over := u.Used - u.Max
	verb := "become"
	if over == 1 {
		verb = "becomes"
	}
	return "Nothing is deleted. The newest " + f.Count(over, u.Limit.One, u.Limit.Many) + " " + verb +
		" read-only: there to read and to delete, not to change. Nothing can be added until there is room again."
}
