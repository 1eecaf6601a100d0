package views

import (
	"github.com/a-h/templ"

	"example.com/tollgate/billing/plan"
)

func signups() []Day {
	var out []Day
	for i := range 30 {
		out = append(out, Day{Date: day(i - 29), N: int64((i*7)%11 + i/4)})
	}
	return out
}

func adminPages() map[string]templ.Component {
	overview := AdminPage{
		Page: admin("/admin", "Overview"), Accounts: 1204, Paying: 318, Trialing: 42, PastDue: 6, MRR: plan.Money{Amount: 1_482_350, Currency: "usd"},
		ByPlan:   []Count{{"free", "Free", 844}, {"starter", "Starter", 231}, {"pro", "Pro", 129}},
		ByStatus: []Count{{"active", "Active", 312}, {"trialing", "Trial", 42}, {"past_due", "Payment overdue", 6}, {"canceled", "Ended", 91}},
		Signups:  signups(), EventsPending: 2, EventsDead: 1, AlertsOpen: 2, LastEventAt: dayp(0), Newest: subscribersOf(6), Recent: eventsOf(3),
	}
	subscribers := AdminSubscribersPage{
		Page: admin("/admin/subscribers", "Subscribers"), Query: SubscriberQuery{Q: "example", Sort: "-created"},
		Plans: []Option{{"free", "Free"}, {"pro", "Pro"}}, Statuses: []Option{{"active", "Active"}, {"past_due", "Payment overdue"}},
		Rows: subscribersOf(12), Pager: Pager{Page: 3, PerPage: 12, Total: 1204, URL: "/admin/subscribers?q=example&sort=-created"},
	}
	none := subscribers
	none.Query, none.Rows, none.Pager.Total = SubscriberQuery{Q: "nobody", Status: "past_due"}, nil, 0
	events := AdminEventsPage{
		Page: admin("/admin/events", "Webhook inbox"), Query: EventQuery{State: "dead"}, Types: []Option{{"invoice.paid", "invoice.paid"}},
		States: []Count{{"pending", "Pending", 2}, {"done", "Done", 10482}, {"ignored", "Ignored", 31}, {"dead", "Given up", 1}},
		Rows:   eventsOf(8), Pager: Pager{Page: 1, PerPage: 8, Total: 10516, URL: "/admin/events?state=dead"},
	}
	quiet := events
	quiet.Rows, quiet.Pager.Total, quiet.Query = nil, 0, EventQuery{}
	row := eventsOf(4)[3]
	event := AdminEventPage{
		Page: admin("/admin/events/whe_3", row.Type), Event: row, APIVersion: "2025-02-24.acacia", OccurredAt: day(-3), SubscriberURL: "/admin/subscribers/acc_1",
		Payload: "{\n  \"id\": \"" + row.EventID + "\",\n  \"object\": \"event\",\n  \"type\": \"" + row.Type + "\",\n  \"data\": {\n    \"object\": {\n      \"id\": \"in_1R4vMzE8f0aQ\",\n      \"object\": \"invoice\",\n      \"amount_due\": 7900,\n      \"currency\": \"usd\"\n    }\n  }\n}", ReplayURL: "/admin/events/whe_3/replay",
	}
	return map[string]templ.Component{
		"admin":             Admin(overview),
		"admin-new":         Admin(AdminPage{Page: admin("/admin", "Overview"), MRR: plan.Money{Currency: "usd"}}),
		"admin-subscribers": AdminSubscribers(subscribers),
		"admin-nobody":      AdminSubscribers(none),
		"admin-subscriber":  AdminSubscriber(subscriberFixture()),
		"admin-paused": AdminSubscriber(func() AdminSubscriberPage {
			p := subscriberFixture()
			p.Actions.Paused, p.Actions.Refused = true, "go-on"
			return p
		}()),
		"admin-disputed": AdminSubscriber(func() AdminSubscriberPage {
			p := subscriberFixture()
			p.Actions.RefundURL = "/admin/subscribers/acc_1/refund"
			p.Actions.Refund = &AdminRefund{Charge: "ch_1", Invoice: "A1B2-0003", Amount: usd(7900), PaidAt: day(-3)}
			p.Disputes = []DisputeRow{
				{"dp_2", "needs_response", "product_not_received", usd(7900), day(-2), dayp(6)},
				{"dp_1", "won", "fraudulent", usd(7900), day(-60), dayp(-50)},
			}
			return p
		}()),
		"admin-unknown":     AdminSubscriber(AdminSubscriberPage{Page: admin("/admin/subscribers/acc_2", "Ben Sample"), ID: "acc_2", Name: "Ben Sample", Subscription: free(), SyncURL: "/admin/subscribers/acc_2/sync"}),
		"admin-events":      AdminEvents(events),
		"admin-events-none": AdminEvents(quiet),
		"admin-event":       AdminEvent(event),
		"admin-event-trimmed": AdminEvent(func() AdminEventPage {
			trimmed := event
			trimmed.Payload, trimmed.TrimmedAt = "", dayp(-1)
			return trimmed
		}()),
		"admin-replay": AdminReplay(AdminReplayPage{
			Page: admin("/admin/events/replay", ReplayTitle), Query: EventQuery{State: "dead", Type: "invoice.paid", Since: "2026-03-01"},
			Events: 12034, Customers: 812, AtOnce: 10000,
		}),
		"admin-replay-none": AdminReplay(AdminReplayPage{Page: admin("/admin/events/replay", ReplayTitle), Query: EventQuery{Q: "cus_nobody"}, AtOnce: 10000}),
		"admin-alerts":      AdminAlerts(alertsPage()),
		"admin-alerts-past": AdminAlerts(AdminAlertsPage{
			Page: admin("/admin/alerts", AlertsTitle), Resolved: true, Recipients: 1, Pager: Pager{Page: 1, PerPage: 20, Total: 1},
			Rows: []AlertRow{{ID: "alert_3", Title: "The clock is wrong", Subject: "Our clock is 90 s ahead", Count: 3, FirstAt: day(-3), LastAt: day(-2), ResolvedAt: dayp(-1), ResolvedBy: "admin@example.com"}},
		}),
		"admin-alerts-none": AdminAlerts(AdminAlertsPage{Page: admin("/admin/alerts", AlertsTitle)}),

		"admin-reconciliation":      AdminReconciliation(reconciliationFixture()),
		"admin-reconciliation-none": AdminReconciliation(AdminReconciliationPage{Page: admin("/admin/reconciliation", "Reconciliation"), RunURL: "/admin/reconciliation"}),
		"admin-reconciliation-stopped": AdminReconciliation(func() AdminReconciliationPage {
			p := reconciliationFixture()
			p.Stopped = &StoppedSweep{Reason: "too_many", Losing: 24, Paying: 318, ApplyURL: "/admin/reconciliation/run_1/apply", Refused: true}
			return p
		}()),
		"admin-reconciliation-key": AdminReconciliation(func() AdminReconciliationPage {
			p := reconciliationFixture()
			p.Stopped, p.Events.LastError = &StoppedSweep{Reason: "wrong_key"}, "list events: status 503, code \"\", request req_8Kx2: Service Unavailable"
			return p
		}()),
	}
}

func subscriberFixture() AdminSubscriberPage {
	return AdminSubscriberPage{
		Page: admin("/admin/subscribers/acc_1", "Ada Example"), ID: "acc_51e0b7c2a94d4f3e", Name: "Ada Example", CreatedAt: day(-60),
		Members:  []Member{{Name: "Ada Example", Email: "ada@example.com", Role: "owner", CreatedAt: day(-60)}},
		Customer: "cus_RtEq8oY2", CustomerURL: "https://dashboard.stripe.com/customers/cus_RtEq8oY2", StripeSub: "sub_1R4vMzE8f0aQ",
		Subscription: with(active(), func(s *Subscription) { s.Status, s.Level, s.GraceUntil = "past_due", "grace", dayp(5) }),
		Access: []AccessStep{
			{Text: "The subscription sub_1R4vMzE8f0aQ has been past due since Feb 28, 2026."},
			{Text: "Grace lasts 7 days from the first failed payment, until Mar 7, 2026: full access to Pro.", Decides: true},
			{Text: "There are no grants."},
		},
		Invoices: invoicesOf(3), Mails: mailsOf(4), Events: eventsOf(4),
		Facts: []FactRow{
			{"payment failed", plan.Money{Amount: 7900, Currency: "usd"}, day(-2)},
			{"payment made", plan.Money{Amount: 7900, Currency: "usd"}, day(-32)},
			{"trial started", plan.Money{Currency: "usd"}, day(-46)},
		},
		Sync: SyncState{LastOKAt: dayp(0)}, SyncURL: "/admin/subscribers/acc_1/sync",
		Actions: AdminActions{
			Live: true, PeriodEnd: day(30), Refused: "end", EndURL: "/admin/subscribers/acc_1/end",
			PauseURL: "/admin/subscribers/acc_1/pause", GoOnURL: "/admin/subscribers/acc_1/unpause",
		},
	}
}

func mailPages() map[string]templ.Component {
	mail := MailPage{Page: frame("/mailbox/mail_0", "Confirm your address"), Mail: mailsOf(1)[0], HTMLURL: "/mailbox/mail_0/html", TextURL: "/mailbox/mail_0?view=text", Text: "Hello Ada,\n\nplease confirm your address."}
	asText := mail
	asText.ShowText = true
	return map[string]templ.Component{
		"mailbox":       Mailbox(MailboxPage{Page: frame("/mailbox", "Mailbox"), Mails: mailsOf(7), Pager: Pager{Page: 1, PerPage: 7, Total: 9, URL: "/mailbox"}}),
		"mail-previews": MailPreviews(MailPreviewsPage{Page: frame("/mails", "Mails"), Mails: mailsOf(7)}),
		"mailbox-empty": Mailbox(MailboxPage{Page: frame("/mailbox", "Mailbox")}),
		"mail":          Mail(mail),
		"mail-text":     Mail(asText),
	}
}

func alertsPage() AdminAlertsPage {
	return AdminAlertsPage{
		Page: admin("/admin/alerts", AlertsTitle), Open: 42, Recipients: 2,
		Pager: Pager{Page: 2, PerPage: 20, Total: 42, URL: "/admin/alerts"},
		Rows: []AlertRow{
			{
				ID: "alert_1", Title: "A payment is disputed", Subject: "$79.00 of Ada Example, answer by 9 March 2026", Detail: "dp_1R4vMzE8f0aQ, fraudulent",
				Means: "A customer's bank takes a payment back. Without an answer by the due date the dispute is lost.",
				Do:    "Answer it at Stripe with evidence, or accept it, before the due date.",
				Count: 1, FirstAt: day(-1), LastAt: day(-1), ObjectURL: "/admin/subscribers/acc_1", ObjectText: "Subscriber Ada Example",
			},
			{
				ID: "alert_2", Title: "Webhook events were given up on", Subject: "3 events of 2 customers",
				Detail: "fetch customer cus_RtEq8oY2: status 404, code \"resource_missing\", param \"customer\", request req_1234567890abcdef: No such customer",
				Means:  "A customer could not be read from Stripe for about three days, and the program has stopped trying.",
				Do:     "Look at the error of the events that were given up on, mend its cause, and replay them.",
				Count:  1204, FirstAt: day(-4), LastAt: day(0), ObjectURL: "/admin/events?state=dead", ObjectText: "Events that were given up on",
			},
		},
	}
}

func reconciliationFixture() AdminReconciliationPage {
	state := ReconcileState{LastOKAt: dayp(0), NextAt: dayp(1), Count: 2}
	return AdminReconciliationPage{
		Page: admin("/admin/reconciliation", "Reconciliation"), RunURL: "/admin/reconciliation", Events: state, Sweep: state, ListedTo: dayp(0), Days: signups(),
		Drifts: []DriftRow{
			{Object: "sub_1R4vMzE8f0aQ", Kind: "differs", Detail: "status: active → canceled, canceled: none → 2026-03-01T10:00:00Z", Customer: "cus_1", SubscriberURL: "/admin/subscribers/acc_1", Loses: true, FoundAt: day(0)},
			{Object: "sub_1R4vMzE8f0aR", Kind: "missing", Detail: "status: none → active", Customer: "cus_2", SubscriberURL: "/admin/subscribers/acc_2", FoundAt: day(-1), HealedAt: dayp(-1)},
			{Object: "cus_RtEq8oY2", Kind: "gone", Detail: "deleted: false → true", Customer: "cus_RtEq8oY2", FoundAt: day(-2), HealedAt: dayp(-2)},
			{Object: "sub_1R4vMzE8f0aS", Kind: "stranger", Detail: "status: none → active, customer: cus_9", Customer: "cus_9", FoundAt: day(-2)},
		},
		Sweeps: []RunRow{
			{ID: "run_1", Origin: "schedule", State: "stopped", Reason: "too_many", Seen: 1522, Found: 25, Losing: 24, StartedAt: day(0)},
			{ID: "run_2", Origin: "admin", State: "done", Seen: 1520, StartedAt: day(-1)},
			{ID: "run_3", Origin: "command", State: "done", Seen: 1519, Found: 24, Unknown: 1, ApprovedBy: "grace@example.com", StartedAt: day(-2)},
		},
		Listings: []RunRow{
			{ID: "run_4", Origin: "schedule", State: "done", Seen: 12, Found: 2, StartedAt: day(0)},
			{ID: "run_5", Origin: "schedule", State: "failed", Reason: "stripe", Error: "503", Seen: 100, StartedAt: day(0)},
			{ID: "run_6", Origin: "schedule", State: "running", StartedAt: day(0)},
		},
	}
}
