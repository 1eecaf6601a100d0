package e2e

import (
	"strings"
	"time"
)

// starts is points 3 and 4: Ada's order, Stripe's page, a promotion code, one click, and the way back. The
// tab is at the order.
func (w *walk) starts(b *tab) {
	const code = "WELCOME20"
	w.promotion(code)
	b.see("Your order", "Due today", "$0.00", "First payment on", "$790.00")
	b.shot("order")
	b.follow(`form[action="/app/billing/checkout"] button`)
	begins := []string{ // the day may change while this runs
		time.Now().UTC().AddDate(0, 0, 14).Format("2 January 2006"),
		time.Now().UTC().AddDate(0, 0, 14).Add(time.Minute).Format("2 January 2006"),
	}
	if line := b.text(".lines"); !strings.Contains(line, "Pro") || !strings.Contains(line, "$790.00") {
		b.fail("the line items are %q", line)
	}
	trial := b.text("#trial")
	if !strings.Contains(trial, "starting "+begins[0]) && !strings.Contains(trial, "starting "+begins[1]) ||
		!strings.Contains(trial, "$790.00 per year") {
		b.fail("the trial is announced as %q; want $790.00 per year starting %s", trial, begins)
	}
	b.see("14 days free", "Total due today")
	if due := b.text("#due"); due != "$0.00" {
		b.fail("due today is %s", due)
	}
	for _, group := range []string{"Test cards", "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 3220"} {
		b.see(group)
	}
	b.shot("stripe-checkout-trial")
	b.fill("#promotion_code", "NOSUCHCODE")
	b.follow(`#promo button`, 422)
	b.see("This code is invalid.")
	b.await("a word about the code", visible("#promotion_error"))
	b.shot("stripe-checkout-wrong-code")
	b.fill("#promotion_code", code)
	b.follow(`#promo button`)
	b.await("the code", visible("#promotion"))
	if trial := b.text("#trial"); !strings.Contains(trial, "then $632.00") {
		b.fail("with a fifth off the trial is announced as %q", trial)
	}
	b.shot("stripe-checkout-promotion")
	b.pay("4242424242424242")
	b.at("/app/billing")
	b.see("Your trial has begun.", "Pro", "Trial", "14 days left in your trial", "Visa ending in 4242")
	b.shot("billing-trial")
	w.marked(b)
}

// marked is what a subscriber sees among the prices: their own plan, and the others to switch to.
func (w *walk) marked(b *tab) {
	b.open("/pricing")
	if badge := b.text(`article[aria-labelledby="plan-pro"]`); !strings.Contains(badge, "Your plan") {
		b.fail("the subscriber's own plan is not marked: %q", badge)
	}
	b.see("$790 a year", "Switch to Starter", "Manage billing")
	b.lack("Buy ", "Try Starter", "Try Pro")
	b.shot("pricing-subscriber")
	b.open("/app/billing/checkout?price=starter_v1_month")
	b.at("/pricing")
}

// hesitates is a second account: a card that is declined, another price, and a card whose bank asks. The
// tab is at Stripe's page.
func (w *walk) hesitates(b *tab) {
	first := b.where()
	b.open("/pricing")
	b.follow(`article[aria-labelledby="plan-starter"] [data-for="month"] button`)
	if again := b.where(); again != first {
		b.fail("a second click for the same price opened another checkout: %s, then %s", first, again)
	}
	b.open("/pricing")
	b.follow(`article[aria-labelledby="plan-pro"] [data-for="month"] button`)
	b.see("Pro", "$79.00")
	b.open(first, 410)
	b.see("expired")
	b.shot("stripe-checkout-expired")
	b.open("/pricing")
	b.follow(`article[aria-labelledby="plan-starter"] [data-for="month"] button`)
	b.pay("4000000000000002", 402)
	b.see("Your card was declined.")
	b.shot("stripe-checkout-declined")
	b.pay("4000000000003220")
	b.see("Confirm it is you", "Nothing is charged now")
	b.shot("stripe-3d-secure")
	b.follow("#fail")
	b.see("authenticate")
	b.pay("4000000000003220")
	b.follow("#complete")
	b.at("/app/billing")
	b.see("Your trial has begun.", "Starter", "Trial", "Visa ending in 3220")
}

// waits is the rest of point 4: Stripe does not answer while somebody comes back from paying. The page
// says so, asks again by itself, and knows once Stripe does.
func (w *walk) waits() {
	const email = "cleo@example.com"
	b := w.joins("Cleo Marsh", email)
	b.open("/app/billing/checkout?price=starter_v1_year")
	b.follow(`form[action="/app/billing/checkout"] button`)
	console := w.person()
	console.open(w.app.stripe + "/_stripe/switches")
	console.fill("#match", "GET *")
	eval[any](console, `document.querySelector('#status').value = '503'`)
	console.fill("#times", "1000")
	console.follow("#arm")
	console.see("next 1000 requests", "answers 503")
	console.shot("console-switches")
	b.pay("5555555555554444") // the other card has had its trial
	b.see("Processing your payment")
	b.shot("return-processing")
	console.follow("#disarm")
	b.at("/app/billing")
	b.see("Starter", "Trial")
}
