package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
)

func policy() billing.Policy {
	return billing.Policy{Catalog: plan.Default(), Grace: 7 * day, Leeway: 48 * time.Hour}
}

// subscribed is an active Pro subscription, half-way through its month and freshly synced.
func subscribed(now time.Time, change func(*billing.SubscriptionFacts)) billing.AccountFacts {
	sub := billing.SubscriptionFacts{
		ID: "sub_1", Status: "active", Plan: "pro", LookupKey: "pro_v1_month", PeriodEnd: now.Add(15 * day),
		FirstInvoiceStatus: "paid", SyncedAt: now.Add(-time.Hour), KnownStatus: "active", KnownPlan: "pro",
	}
	change(&sub)
	return billing.AccountFacts{Subscriptions: []billing.SubscriptionFacts{sub}}
}

// TestAccessRule has a case for every row of the rule's table, and for each edge of a row.
func TestAccessRule(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 15, 12, 0, 0, 0, time.UTC)
	type sub = billing.SubscriptionFacts
	status := func(s string) func(*sub) { return func(x *sub) { x.Status = s } }
	cases := []struct {
		name   string
		facts  billing.AccountFacts
		level  billing.Level
		reason billing.Reason
		until  time.Time
		resync bool
	}{
		{name: "nothing", level: billing.LevelNone, reason: billing.ReasonFree},
		{
			name:  "trialing",
			facts: subscribed(now, func(x *sub) { x.Status, x.TrialEnd = "trialing", now.Add(5*day) }),
			level: billing.LevelFull, reason: billing.ReasonTrialing, until: now.Add(5 * day),
		},
		{
			name: "trial over, not synced since",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.TrialEnd, x.SyncedAt = "trialing", now.Add(-6*time.Hour), now.Add(-day)
			}),
			level: billing.LevelFull, reason: billing.ReasonLeeway, until: now.Add(42 * time.Hour), resync: true,
		},
		{
			name: "trial over, leeway over",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.TrialEnd, x.SyncedAt = "trialing", now.Add(-48*time.Hour), now.Add(-3*day)
			}),
			level: billing.LevelNone, reason: billing.ReasonExpired, resync: true,
		},
		{
			name: "trial over, synced since",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.TrialEnd, x.SyncedAt = "trialing", now.Add(-6*time.Hour), now.Add(-time.Hour)
			}),
			level: billing.LevelNone, reason: billing.ReasonExpired, resync: true,
		},
		{
			name: "trial that was cancelled ends exactly",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.TrialEnd, x.CancelAt = "trialing", now.Add(5*day), now.Add(5*day)
			}),
			level: billing.LevelFull, reason: billing.ReasonEnding, until: now.Add(5 * day),
		},
		{
			name: "active", facts: subscribed(now, func(*sub) {}),
			level: billing.LevelFull, reason: billing.ReasonActive, until: now.Add(15 * day),
		},
		{
			name:  "active, period over, not synced since",
			facts: subscribed(now, func(x *sub) { x.PeriodEnd, x.SyncedAt = now.Add(-time.Hour), now.Add(-2*time.Hour) }),
			level: billing.LevelFull, reason: billing.ReasonLeeway, until: now.Add(47 * time.Hour), resync: true,
		},
		{
			name:  "active, period over, synced since",
			facts: subscribed(now, func(x *sub) { x.PeriodEnd, x.SyncedAt = now.Add(-time.Hour), now.Add(-30*time.Minute) }),
			level: billing.LevelNone, reason: billing.ReasonExpired, resync: true,
		},
		{
			name:  "active, first invoice open",
			facts: subscribed(now, func(x *sub) { x.FirstInvoiceStatus = "open" }),
			level: billing.LevelNone, reason: billing.ReasonProcessing,
		},
		{
			name:  "active, first invoice uncollectible",
			facts: subscribed(now, func(x *sub) { x.FirstInvoiceStatus = "uncollectible" }),
			level: billing.LevelNone, reason: billing.ReasonProcessing,
		},
		{
			name:  "active, first invoice not even finalised",
			facts: subscribed(now, func(x *sub) { x.FirstInvoiceStatus = "draft" }),
			level: billing.LevelNone, reason: billing.ReasonProcessing,
		},
		{
			name:  "active, first invoice never seen",
			facts: subscribed(now, func(x *sub) { x.FirstInvoiceStatus = "" }),
			level: billing.LevelFull, reason: billing.ReasonActive, until: now.Add(15 * day),
		},
		{
			name:  "cancelled at period end",
			facts: subscribed(now, func(x *sub) { x.CancelAtPeriodEnd = true }),
			level: billing.LevelFull, reason: billing.ReasonEnding, until: now.Add(15 * day),
		},
		{
			name:  "cancelled before period end",
			facts: subscribed(now, func(x *sub) { x.CancelAtPeriodEnd, x.CancelAt = true, now.Add(2*day) }),
			level: billing.LevelFull, reason: billing.ReasonEnding, until: now.Add(2 * day),
		},
		{
			name:  "cancelled at period end, with a later date beside it",
			facts: subscribed(now, func(x *sub) { x.CancelAtPeriodEnd, x.CancelAt = true, now.Add(40*day) }),
			level: billing.LevelFull, reason: billing.ReasonEnding, until: now.Add(15 * day),
		},
		{
			name: "cancelled, end reached, no leeway",
			facts: subscribed(now, func(x *sub) {
				x.CancelAtPeriodEnd, x.PeriodEnd, x.SyncedAt = true, now, now.Add(-day)
			}),
			level: billing.LevelNone, reason: billing.ReasonExpired, resync: true,
		},
		{
			name:  "active, synced so soon after the end that Stripe may not have renewed it yet",
			facts: subscribed(now, func(x *sub) { x.PeriodEnd, x.SyncedAt = now.Add(-time.Hour), now.Add(-55*time.Minute) }),
			level: billing.LevelFull, reason: billing.ReasonLeeway, until: now.Add(47 * time.Hour), resync: true,
		},
		{
			name:  "collection paused, drafts kept",
			facts: subscribed(now, func(x *sub) { x.PauseBehavior, x.PeriodEnd = "keep_as_draft", now.Add(-day) }),
			level: billing.LevelFull, reason: billing.ReasonPausedBilling, until: now.Add(-day),
		},
		{
			name:  "collection paused, uncollectible",
			facts: subscribed(now, func(x *sub) { x.PauseBehavior = "mark_uncollectible" }),
			level: billing.LevelFull, reason: billing.ReasonPausedBilling, until: now.Add(15 * day),
		},
		{
			name:  "collection paused, void, within the period",
			facts: subscribed(now, func(x *sub) { x.PauseBehavior = "void" }),
			level: billing.LevelFull, reason: billing.ReasonPausedBilling, until: now.Add(15 * day),
		},
		{
			name:  "collection paused, void, period over",
			facts: subscribed(now, func(x *sub) { x.PauseBehavior, x.PeriodEnd = "void", now.Add(-time.Hour) }),
			level: billing.LevelNone, reason: billing.ReasonExpired, resync: true,
		},
		{
			name:  "past due, within grace",
			facts: subscribed(now, func(x *sub) { x.Status, x.PastDueSince = "past_due", now.Add(-6*day) }),
			level: billing.LevelGrace, reason: billing.ReasonPastDue, until: now.Add(day),
		},
		{
			name:  "past due, grace over to the second",
			facts: subscribed(now, func(x *sub) { x.Status, x.PastDueSince = "past_due", now.Add(-7*day) }),
			level: billing.LevelLimited, reason: billing.ReasonOverdue, until: now,
		},
		{
			name:  "past due for ever",
			facts: subscribed(now, func(x *sub) { x.Status, x.PastDueSince = "past_due", now.Add(-300*day) }),
			level: billing.LevelLimited, reason: billing.ReasonOverdue, until: now.Add(-293 * day),
		},
		{
			name:  "past due, and nothing says since when",
			facts: subscribed(now, func(x *sub) { x.Status, x.SyncedAt = "past_due", now.Add(-day) }),
			level: billing.LevelGrace, reason: billing.ReasonPastDue, until: now.Add(6 * day),
		},
		{name: "unpaid", facts: subscribed(now, status("unpaid")), level: billing.LevelLimited, reason: billing.ReasonUnpaid},
		{name: "paused", facts: subscribed(now, status("paused")), level: billing.LevelLimited, reason: billing.ReasonPaused},
		{
			name: "incomplete", facts: subscribed(now, status("incomplete")),
			level: billing.LevelNone, reason: billing.ReasonIncomplete,
		},
		{
			name: "incomplete expired", facts: subscribed(now, status("incomplete_expired")),
			level: billing.LevelNone, reason: billing.ReasonIncompleteOver,
		},
		{
			name: "canceled, though its period and trial go on",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.TrialEnd, x.PeriodEnd = "canceled", now.Add(9*day), now.Add(20*day)
			}),
			level: billing.LevelNone, reason: billing.ReasonCanceled,
		},
		{
			name:  "unknown status, understood a day ago",
			facts: subscribed(now, func(x *sub) { x.Status, x.UnknownSince = "hibernating", now.Add(-23*time.Hour) }),
			level: billing.LevelFull, reason: billing.ReasonActive, until: now.Add(15 * day), resync: true,
		},
		{
			name:  "unknown status for too long",
			facts: subscribed(now, func(x *sub) { x.Status, x.UnknownSince = "hibernating", now.Add(-24*time.Hour) }),
			level: billing.LevelNone, reason: billing.ReasonUnknownStatus, resync: true,
		},
		{
			name: "unknown status from the start",
			facts: subscribed(now, func(x *sub) {
				x.Status, x.KnownStatus, x.KnownPlan, x.UnknownSince = "hibernating", "", "", now
			}),
			level: billing.LevelNone, reason: billing.ReasonCanceled, resync: true,
		},
		{
			name:  "unknown price, known a moment ago",
			facts: subscribed(now, func(x *sub) { x.Plan, x.UnknownSince = "", now.Add(-time.Hour) }),
			level: billing.LevelFull, reason: billing.ReasonActive, until: now.Add(15 * day), resync: true,
		},
		{
			name:  "unknown price, and nothing says since when",
			facts: subscribed(now, func(x *sub) { x.Plan = "" }),
			level: billing.LevelNone, reason: billing.ReasonUnknownPrice, resync: true,
		},
		{
			name:  "unknown price",
			facts: subscribed(now, func(x *sub) { x.Plan, x.KnownPlan, x.UnknownSince = "", "", now.Add(-time.Hour) }),
			level: billing.LevelNone, reason: billing.ReasonUnknownPrice,
		},
		{
			name:  "customer deleted",
			facts: with(subscribed(now, func(*sub) {}), func(f *billing.AccountFacts) { f.CustomerDeleted = true }),
			level: billing.LevelNone, reason: billing.ReasonCustomerGone,
		},
		{
			name:  "dispute lost",
			facts: with(subscribed(now, func(*sub) {}), func(f *billing.AccountFacts) { f.Dispute = "lost" }),
			level: billing.LevelNone, reason: billing.ReasonDisputeLost,
		},
		{
			name:  "dispute won",
			facts: with(subscribed(now, func(*sub) {}), func(f *billing.AccountFacts) { f.Dispute = "won" }),
			level: billing.LevelFull, reason: billing.ReasonActive, until: now.Add(15 * day),
		},
		{
			name:  "suspended",
			facts: with(subscribed(now, func(*sub) {}), func(f *billing.AccountFacts) { f.Suspended = true }),
			level: billing.LevelNone, reason: billing.ReasonSuspended,
		},
		{
			name:  "granted for good",
			facts: billing.AccountFacts{Grants: []billing.GrantFacts{{Plan: "pro", Start: now}}},
			level: billing.LevelFull, reason: billing.ReasonGrant,
		},
		{
			name:  "grant to come",
			facts: billing.AccountFacts{Grants: []billing.GrantFacts{{Plan: "pro", Start: now.Add(time.Second)}}},
			level: billing.LevelNone, reason: billing.ReasonFree,
		},
		{
			name:  "grant over",
			facts: billing.AccountFacts{Grants: []billing.GrantFacts{{Plan: "pro", Start: now.Add(-day), End: now}}},
			level: billing.LevelNone, reason: billing.ReasonFree,
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := billing.Decide(tc.facts, now, policy())
			require.Equal(t, tc.level.String(), got.Level.String())
			require.Equal(t, tc.reason, got.Reason)
			require.Equal(t, tc.resync, got.Resync)
			if tc.level > billing.LevelNone {
				require.Equal(t, tc.until, got.Until)
				require.Equal(t, "pro", got.Plan)
			} else {
				require.Equal(t, "free", got.Plan)
			}
		})
	}
}

func with(facts billing.AccountFacts, change func(*billing.AccountFacts)) billing.AccountFacts {
	change(&facts)
	return facts
}

func TestOpenDisputeKeepsAccessWithoutGrowth(t *testing.T) {
	t.Parallel()
	now := time.Now()
	facts := subscribed(now, func(*billing.SubscriptionFacts) {})
	for _, status := range []string{"needs_response", "under_review"} {
		facts.Dispute = status
		got := billing.Decide(facts, now, policy())
		require.Equal(t, billing.LevelFull, got.Level)
		require.True(t, got.NoGrowth, status)
	}
}

// TestTheReasonIsTheOneThatConcernsThePresent has an account with two subscriptions that grant nothing.
func TestTheReasonIsTheOneThatConcernsThePresent(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ended := func(change func(*billing.SubscriptionFacts)) billing.SubscriptionFacts {
		return subscribed(now, change).Subscriptions[0]
	}
	waiting := ended(func(x *billing.SubscriptionFacts) { x.Status = "incomplete" })
	for name, over := range map[string]billing.SubscriptionFacts{
		"canceled":   ended(func(x *billing.SubscriptionFacts) { x.Status = "canceled" }),
		"never paid": ended(func(x *billing.SubscriptionFacts) { x.Status = "incomplete_expired" }),
		"expired":    ended(func(x *billing.SubscriptionFacts) { x.PeriodEnd = now.Add(-day) }),
	} {
		for _, order := range [][]billing.SubscriptionFacts{{over, waiting}, {waiting, over}} {
			got := billing.Decide(billing.AccountFacts{Subscriptions: order}, now, policy())
			require.Equal(t, billing.ReasonIncomplete, got.Reason, name)
		}
	}
}

func TestOfEqualsTheLongerCounts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	short := billing.GrantFacts{Plan: "pro", Start: now, End: now.Add(day)}
	long := billing.GrantFacts{Plan: "pro", Start: now, End: now.Add(2 * day)}
	for _, order := range [][]billing.GrantFacts{{short, long}, {long, short}} {
		require.Equal(t, long.End, billing.Decide(billing.AccountFacts{Grants: order}, now, policy()).Until)
	}
}

func TestBestOfSeveralSubscriptionsWins(t *testing.T) {
	t.Parallel()
	now := time.Now()
	live := subscribed(now, func(*billing.SubscriptionFacts) {}).Subscriptions[0]
	for _, status := range []string{"canceled", "incomplete", "unpaid", "past_due", "paused", "incomplete_expired"} {
		other := live
		other.ID, other.Status, other.PastDueSince = "sub_2", status, now.Add(-30*day)
		for _, order := range [][]billing.SubscriptionFacts{{live, other}, {other, live}} {
			got := billing.Decide(billing.AccountFacts{Subscriptions: order}, now, policy())
			require.Equal(t, "sub_1", got.Subscription, "beside one that is %s", status)
			require.Equal(t, billing.LevelFull, got.Level)
		}
	}
	starter := live
	starter.ID, starter.Plan, starter.LookupKey = "sub_2", "starter", "starter_v1_month"
	got := billing.Decide(billing.AccountFacts{Subscriptions: []billing.SubscriptionFacts{starter, live}}, now, policy())
	require.Equal(t, "pro", got.Plan, "the higher plan wins")
}

// TestAccessNeverRisesWithTime holds whatever the rows say: without news from Stripe or a grant that
// begins, waiting gives nobody more.
func TestAccessNeverRisesWithTime(t *testing.T) {
	t.Parallel()
	statuses := []string{
		"trialing", "active", "past_due", "unpaid", "incomplete", "incomplete_expired", "paused", "canceled", "odd",
	}
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		at := func(name string) time.Time {
			return start.Add(time.Duration(rapid.IntRange(-2000, 2000).Draw(t, name)) * time.Hour)
		}
		facts := subscribed(start, func(x *billing.SubscriptionFacts) {
			x.Status = rapid.SampledFrom(statuses).Draw(t, "status")
			x.KnownStatus = rapid.SampledFrom(statuses[:8]).Draw(t, "known")
			x.PeriodEnd, x.TrialEnd, x.SyncedAt = at("period"), at("trial"), at("synced")
			x.PastDueSince, x.UnknownSince = at("past due"), at("unknown")
			x.CancelAtPeriodEnd = rapid.Bool().Draw(t, "cancel")
			x.PauseBehavior = rapid.SampledFrom([]string{"", "void", "keep_as_draft"}).Draw(t, "pause")
			x.FirstInvoiceStatus = rapid.SampledFrom([]string{"", "paid", "open"}).Draw(t, "first")
		})
		now := at("now")
		later := now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "wait")) * time.Hour)
		before, after := billing.Decide(facts, now, policy()), billing.Decide(facts, later, policy())
		if after.Level > before.Level {
			t.Fatalf("waiting raised %s (%s) to %s (%s)", before.Level, before.Reason, after.Level, after.Reason)
		}
	})
}
