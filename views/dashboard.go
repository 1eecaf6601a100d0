package views

import (
	"strconv"
	"strings"

	"example.com/tollgate/views/layout"
)

// greeting uses the first word of the name, which is what most people are called.
func (p DashboardPage) greeting() string {
	if p.User == nil {
		return "Dashboard"
	}
	words := strings.Fields(p.User.Name)
	if len(words) == 0 {
		return "Dashboard"
	}
	return "Hello, " + words[0]
}

func upgradeWords(trialDays int64) string {
	if trialDays > 0 {
		return "Try a plan free for " + strconv.FormatInt(trialDays, 10) + " days"
	}
	return "See plans"
}

func doneWords(steps []Step) string {
	done := 0
	for _, step := range steps {
		if step.Done {
			done++
		}
	}
	return strconv.Itoa(done) + " of " + strconv.Itoa(len(steps)) + " done"
}

// workplace names the account where that says more than the user's own name.
func workplace(p layout.Page) string {
	if p.User != nil && p.User.Name == p.AccountName {
		return ""
	}
	return p.AccountName
}
