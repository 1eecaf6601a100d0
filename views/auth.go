package views

import (
	"net/url"
	"strconv"
)

// withNext keeps the place that the visitor was on the way to when they change between the forms.
func withNext(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

func (p SignupPage) intro() string {
	if p.PlanName != "" {
		return "One step before the " + p.PlanName + " plan. Nothing is charged here."
	}
	return "Free to start. No card needed."
}

func (p VerifyEmailPage) ask() string {
	if p.Email == "" {
		return "One click, and the address that this link was sent to is yours."
	}
	return "One click, and " + p.Email + " is confirmed as yours."
}

// passwordHint says what is asked for before it is refused.
func passwordHint(least int) string {
	const advice = "A few unrelated words do well."
	if least <= 0 {
		return advice
	}
	return "At least " + strconv.Itoa(least) + " characters. " + advice
}
