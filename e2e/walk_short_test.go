package e2e

import "time"

// short is the path of the money, for the other database: a trial, its conversion, a switch, a renewal,
// an end.
func (w *walk) short() {
	const email = "dora@example.com"
	b := w.joins("Dora Quist", email)
	w.secretKey(b)
	b.open("/app/billing/checkout?price=starter_v1_month")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.pay("4242424242424242")
	b.at("/app/billing")
	b.see("Your trial has begun.", "Starter", "Trial", "Visa ending in 4242")
	console := w.person()
	clicked := w.forward(console, "trial")
	b.within(follows, clicked, "/app/billing", "Active", "Renews on")
	w.forward(console, "hour")
	clicked = w.forward(console, "hour")
	b.within(follows, clicked, "/app/billing", "$29.00", "Paid")
	w.mail(b, email, "Your receipt from")
	w.upgrades(b)
	before := w.periodEnd(email)
	clicked = w.forward(console, "month")
	w.moved(b, email, before)
	b.within(follows, clicked, "/app/billing", "Renews on "+w.periodEnd(email).Format("Jan 2, 2006"), "Paid $79.00")
	w.cancels(b, email)
	w.portal(b)
	b.follow(`a[data-do="cancel"]`)
	b.follow("#cancel")
	clicked = w.forward(console, "month")
	b.within(follows, clicked, "/app/billing", "Your subscription ended on")
	b.open("/app/projects/export.csv", 402)
	if took := time.Since(w.began); took > time.Minute {
		w.t.Logf("the short walk took %s", took.Round(time.Second))
	}
}

// pictures keeps the pages that no step passes.
func (w *walk) pictures() {
	b := w.person()
	b.open("/ui")
	b.shot("ui")
	for name, path := range map[string]string{
		"console-events": "events", "console-objects": "objects?kind=subscription", "console-deliveries": "deliveries",
		"console-requests": "requests",
	} {
		b.open(w.app.stripe + "/_stripe/" + path)
		b.shot(name)
	}
}
