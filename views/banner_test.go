package views

import (
	"strings"
	"testing"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

// TestTheBannerSaysWhatHelps goes through every reason that has one.
func TestTheBannerSaysWhatHelps(t *testing.T) {
	t.Parallel()
	owed := Standing{
		Plan: "Pro", Until: time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC), Amount: plan.Money{Amount: 7900, Currency: "usd"},
		Card: &Card{Brand: "visa", Last4: "0341"}, PayURL: "https://invoice.stripe.com/i/1",
	}
	for _, tc := range []struct {
		reason, attention string
		words, action     string
	}{
		{"past_due", "", "$79.00 from Visa ending in 0341 for Pro failed. Everything keeps working until Mar 9, 2026.", PathPortal},
		{"past_due", "action_required", "Your bank wants you to confirm $79.00", owed.PayURL},
		{"overdue", "", "overdue, so nothing new can be added", PathPortal},
		{"overdue", "action_required", "overdue", owed.PayURL},
		{"unpaid", "", "overdue", owed.PayURL},
		{"incomplete", "", "not finished", owed.PayURL},
		{"paused", "", "Add one to carry on", PathPortal},
		{"payment_processing", "", "still being processed", PathPortal},
		{"active", "finalization_failed", "address is missing", PathPortal},
	} {
		s := owed
		s.Reason, s.Attention = tc.reason, tc.attention
		b := AccessBanner(s, ui.Format{Locale: "en-US", Zone: time.UTC})
		if b == nil || !strings.Contains(b.Text, tc.words) || b.ActionURL != tc.action || b.ActionText == "" {
			t.Errorf("%s %s: %+v", tc.reason, tc.attention, b)
		}
	}
	for _, reason := range []string{"active", "trialing", "free", "canceled", "incomplete_expired", "ending"} {
		if b := AccessBanner(Standing{Reason: reason, Plan: "Pro"}, ui.Format{}); b != nil {
			t.Errorf("%s: %q", reason, b.Text)
		}
	}
}
