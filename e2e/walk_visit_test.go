package e2e

import (
	"net/url"
)

// looksAround is point 1: a visitor, the prices, and the toggle with and without JavaScript.
func (w *walk) looksAround() {
	b := w.person()
	b.open("/")
	b.see("Start free")
	b.shot("landing")
	b.follow(`header a[href="/pricing"]`)
	b.see("$29 a month", "$79 a month", "Free", "Starter", "Pro", "Save up to 16%")
	b.shot("pricing-month")
	w.toggles(b)
	for _, path := range []string{"/terms", "/privacy"} {
		b.open(path)
		b.shot(path[1:])
	}
	b.open("/nothing-here", 404)
	b.see("Nothing here")
	b.shot("not-found")

	plain := w.person()
	plain.scripts(false)
	plain.open("/pricing?interval=year")
	plain.see("$290 a year", "$790 a year")
	plain.lack("$79 a month")
	plain.follow(`a[data-interval="month"]`)
	plain.see("$29 a month", "$79 a month")
	plain.lack("Saves $158 over twelve months")
}

// layout is where everything on the page is.
const layout = `JSON.stringify([...document.querySelectorAll('main, main *')].map(e => {
	const r = e.getBoundingClientRect();
	return [e.tagName, r.x + scrollX, r.y + scrollY, r.width, r.height];
}))`

// toggles changes the interval: no request, no reload, and nothing moves.
func (w *walk) toggles(b *tab) {
	eval[any](b, `window.stayed = true`)
	before := eval[string](b, layout)
	b.click(`a[data-interval="year"]`)
	b.see("$290 a year", "$790 a year", "Saves $58 over twelve months", "Saves $158 over twelve months")
	b.lack("$79 a month")
	if after := eval[string](b, layout); after != before {
		b.fail("the toggle moved something:\n%s\n%s", before, after)
	}
	if !eval[bool](b, `window.stayed === true && location.search === '?interval=year'`) {
		b.fail("the toggle loaded the page again")
	}
	b.shot("pricing-year")
	b.click(`a[data-interval="month"]`)
	b.see("$79 a month")
	b.lack("Saves $158 over twelve months")
}

// signsUp is point 2: from a price to the form, to a user with a customer at Stripe and a mail. It ends at
// the order that Ada had in mind.
func (w *walk) signsUp() *tab {
	const email = "ada@example.com"
	b := w.person()
	w.secretKey(b)
	b.open("/pricing?interval=year")
	b.follow(`article[aria-labelledby="plan-pro"] [data-for="year"] a`)
	b.at("/signup")
	b.shot("signup")
	b.fill("#name", "Ada Osei")
	b.fill("#email", email)
	b.fill("#password", "short")
	b.follow(`form[action="/signup"] button`, 422)
	b.see("Use at least")
	if typed := eval[string](b, `document.querySelector('#email').value`); typed != email {
		b.fail("the form forgot the address: %q", typed)
	}
	b.shot("signup-refused")
	b.fill("#password", password)
	b.follow(`form[action="/signup"] button`)
	b.at("/app/billing/checkout")

	customer := w.one("/v1/customers", url.Values{"email": {email}})
	metadata, _ := customer["metadata"].(map[string]any)
	for _, key := range []string{"user_id", "account_id", "source"} {
		if metadata[key] == "" || metadata[key] == nil {
			b.fail("the customer's metadata has no %s: %v", key, metadata)
		}
	}
	w.confirms(b, email)
	b.open("/app")
	b.shot("dashboard-free")
	b.open("/app/billing/checkout?price=pro_v1_year")
	return b
}

// confirms follows the link of the verification mail. Opening it is not enough, and it works once.
func (w *walk) confirms(b *tab, email string) {
	b.open("/app")
	b.see("Confirm your address")
	w.mail(b, email, "Confirm your address")
	b.shot("mail")
	b.open("/mailbox")
	b.shot("mailbox")
	link := w.linkIn(b, email, "Confirm your address")
	for range 2 {
		b.open(link)
		b.see("Confirm your address")
	}
	b.shot("verify-email")
	b.follow(`form[action^="/verify-email/"] button`)
	b.see("Address confirmed")
	b.shot("verified")
	b.open(link, 410)
	b.see("This link no longer works")
	b.open("/app/settings")
	b.lack("Not confirmed")
	b.shot("settings-free")
}
