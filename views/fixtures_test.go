package views

import (
	"time"

	"github.com/a-h/templ"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/static"
	"example.com/tollgate/views/layout"
)

// day is a moment in the fixtures' world: n days after a Monday in March, at nine.
func day(n int) time.Time { return time.Date(2026, 3, 2+n, 9, 0, 0, 0, time.UTC) }

func dayp(n int) *time.Time {
	t := day(n)
	return &t
}

func frame(path, title string) layout.Page {
	return layout.Page{
		Title: title, AppName: "Tollgate", Path: path, CSRF: "token-of-the-session",
		CSSPath: static.Path("app.css"), JSPath: static.Path("app.js"), HTMXPath: static.Path("htmx.js"),
		FontPath: static.Path("overpass.woff2"), IconPath: static.Path("favicon.svg"),
		RequestID: "req_5f1c20b9", Locale: "en-US", Zone: time.UTC,
		Sandbox: &layout.Ribbon{ConsoleURL: "/sandbox", MailboxURL: "/mailbox", Now: day(31)},
	}
}

func signedIn(path, title, planName string) layout.Page {
	p := frame(path, title)
	p.User = &layout.User{Name: "Ada Example", Email: "ada@example.com", EmailVerified: true}
	p.AccountName, p.PlanName = "Ada Example", planName
	return p
}

func admin(path, title string) layout.Page {
	p := signedIn(path, title, "Pro")
	p.User.Admin = true
	return p
}

func planOf(key string) plan.Plan {
	p, _ := plan.Default().ByKey(key)
	return p
}

func offerOf(lookupKey string, subscribed bool) *Offer {
	p, price, _ := plan.Default().OnSale(lookupKey)
	o := &Offer{Plan: p, Price: price, Subscribed: subscribed}
	if !subscribed {
		o.TrialDays = plan.Default().TrialDays
	}
	return o
}

func usageOf(key string, projects, calls int64) []Usage {
	c, p := plan.Default(), planOf(key)
	return []Usage{
		{Limit: c.Limits[0], Used: projects, Max: p.Limit(plan.Projects)},
		// A second limit, so that the pages are seen with more than the catalog has today.
		{Limit: plan.LimitInfo{Key: "calls", Name: "Calls", One: "call", Many: "calls"}, Used: calls, Max: 100_000},
	}
}

func projectsOf(n int) []Project {
	names := []string{"Website", "Spring catalogue", "Warehouse move", "Newsletter", "Accounts 2026", "Trade fair", "New office", "Price list"}
	var out []Project
	for i := range n {
		out = append(out, Project{ID: "prj_" + itoa(i), Name: names[i%len(names)], CreatedAt: day(-i)})
	}
	return out
}

func active() Subscription {
	_, price, _ := plan.Default().OnSale("pro_v1_month")
	return Subscription{Status: "active", Level: "full", Plan: planOf("pro"), Interval: plan.Month, Amount: price.Money, NextAmount: price.Money, RenewsAt: dayp(30)}
}

func with(s Subscription, change func(*Subscription)) Subscription {
	change(&s)
	return s
}

func trialing() Subscription {
	return with(active(), func(s *Subscription) { s.Status, s.TrialEnd, s.DaysLeft = "trialing", dayp(14), 9 })
}

func free() Subscription {
	return Subscription{Level: "full", Plan: planOf("free")}
}

func invoicesOf(n int) []Invoice {
	var out []Invoice
	for i := range n {
		status := "paid"
		if i == 0 {
			status = "open"
		}
		out = append(out, Invoice{
			Number: "TG-000" + itoa(9-i), StripeID: "in_1", Status: status, Total: plan.Money{Amount: 7900, Currency: "usd"},
			IssuedAt: day(-30 * i), HostedURL: "https://invoice.stripe.com/i/1", PDFURL: "https://pay.stripe.com/invoice/1/pdf",
		})
	}
	return out
}

func eventsOf(n int) []EventRow {
	types := []string{"invoice.paid", "customer.subscription.updated", "checkout.session.completed", "invoice.payment_failed"}
	states := []string{"done", "done", "pending", "dead", "ignored"}
	var out []EventRow
	for i := range n {
		row := EventRow{
			ID: "whe_" + itoa(i), EventID: "evt_1R4vMzE8f0aQ" + itoa(i), Type: types[i%len(types)], State: states[i%len(states)],
			Customer: "cus_RtEq8oY2", Attempts: int64(1 + i%3), Deliveries: 1, ReceivedAt: day(-i),
		}
		if row.State == "dead" {
			row.LastError = "syncing cus_RtEq8oY2: stripe: 503 after 3 tries"
		}
		out = append(out, row)
	}
	return out
}

func subscribersOf(n int) []SubscriberRow {
	names := []string{"Ada Example", "Ben Sample", "Cleo Placeholder", "Dan Specimen", "Eve Fixture"}
	plans := []string{"Pro", "Starter", "Free", "Pro", "Starter"}
	statuses := []string{"active", "trialing", "", "past_due", "canceled"}
	amounts := []int64{7900, 2900, 0, 6583, 0}
	var out []SubscriberRow
	for i := range n {
		k := i % len(names)
		out = append(out, SubscriberRow{
			ID: "acc_" + itoa(i), Name: names[k], Email: "user" + itoa(i) + "@example.com", Customer: "cus_" + itoa(i), PlanName: plans[k],
			Status: statuses[k], MRR: plan.Money{Amount: amounts[k], Currency: "usd"}, CreatedAt: day(-i * 3),
		})
	}
	return out
}

func mailsOf(n int) []MailRow {
	subjects := []string{"Confirm your address", "Your receipt from Tollgate", "A payment did not go through", "Your trial ends on March 16"}
	var out []MailRow
	for i := range n {
		out = append(out, MailRow{ID: "mail_" + itoa(i), To: "ada@example.com", Subject: subjects[i%len(subjects)], State: "sent", CreatedAt: day(-i), URL: "/mailbox/mail_" + itoa(i)})
	}
	return out
}

// merge puts groups of pages together. Every page of the program is here in every state that looks
// different, under the name of the file that it is written to.
func merge(groups ...map[string]templ.Component) map[string]templ.Component {
	out := map[string]templ.Component{}
	for _, group := range groups {
		for name, page := range group {
			out[name] = page
		}
	}
	return out
}

func allPages() map[string]templ.Component {
	return merge(publicPages(), authPages(), appPages(), billingPages(), changePages(), settingsPages(), twoStepPages(), teamPages(), activityPages(), adminPages(), mailPages())
}
