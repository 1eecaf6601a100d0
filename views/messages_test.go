package views

import (
	"strings"
	"testing"

	"example.com/tollgate/views/ui"
)

func TestMessageFillsAndFallsBack(t *testing.T) {
	t.Parallel()
	got := Message("plan_required", map[string]string{"feature": "CSV export", "plan": "Starter"})
	if got != "CSV export is part of the Starter plan." {
		t.Errorf("%q", got)
	}
	if Message("no_such_code", nil) != Message("internal", nil) {
		t.Error("an unknown code has words of its own")
	}
}

// Every state that Stripe can report must read as a sentence, and say when access is at stake.
func TestEveryStatusHasWords(t *testing.T) {
	t.Parallel()
	for _, status := range []string{
		"", "trialing", "active", "past_due", "unpaid", "incomplete", "incomplete_expired", "paused", "canceled",
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			label, _ := StatusWords(status)
			if label == "" || label == status && status != "" {
				t.Errorf("the badge of %q reads %q", status, label)
			}
			s := with(active(), func(s *Subscription) { s.Status, s.TrialEnd, s.GraceUntil = status, dayp(14), dayp(5) })
			for _, words := range []string{s.sentence(ui.Format{}), with(s, func(s *Subscription) {
				s.EndsAt, s.TrialEnd, s.GraceUntil = dayp(20), nil, nil
			}).sentence(ui.Format{})} {
				if !strings.HasSuffix(words, ".") || strings.Contains(words, status) && strings.Contains(status, "_") {
					t.Errorf("%q reads %q", status, words)
				}
			}
		})
	}
}

func TestPricingWordsFollowTheReader(t *testing.T) {
	t.Parallel()
	visitor := offerOf("pro_v1_year", false)
	used := *visitor
	used.TrialDays = 0
	for want, o := range map[string]Offer{
		"Try Pro free for 14 days": *visitor, "Buy Pro": used, "Switch to Pro": *offerOf("pro_v1_year", true),
	} {
		if o.verb() != want {
			t.Errorf("%q, want %q", o.verb(), want)
		}
	}
	if got := signupFor("pro_v1_year"); got != "/signup?next=%2Fapp%2Fbilling%2Fcheckout%3Fprice%3Dpro_v1_year" {
		t.Errorf("a visitor's choice leads to %q", got)
	}
}
