package e2e

import (
	"fmt"
	"net/http"
	"time"
)

// leaves is point 10: out, refused, in again, and in again without the password.
func (w *walk) leaves(b *tab) {
	const email, other = "ada@example.com", "a new battery for the old horse"
	elsewhere := w.person()
	elsewhere.signIn(email, password)
	elsewhere.at("/app")

	b.open("/app")
	b.click(`summary[aria-label="Your account"]`)
	b.follow(`form[action="/logout"] button`)
	b.at("/")
	b.open("/app/projects")
	b.at("/login")
	b.shot("login")
	b.fill("#email", email)
	b.fill("#password", "not the password")
	b.follow(`form[action="/login"] button`, 422)
	b.see("Address and password do not match.")
	b.shot("login-refused")
	b.fill("#password", password)
	b.follow(`form[action="/login"] button`)
	b.at("/app/projects")
	b.click(`summary[aria-label="Your account"]`)
	b.follow(`form[action="/logout"] button`)

	b.open("/login")
	b.follow(`a[href="/forgot-password"]`)
	b.shot("forgot-password")
	b.fill("#email", email)
	b.follow(`form[action="/forgot-password"] button`)
	b.see("Look in your mailbox")
	b.shot("forgot-password-sent")
	link := w.linkIn(b, email, "Choose a new password")
	b.open(link)
	b.shot("reset-password")
	b.fill("#password", other)
	b.follow(`form[action^="/reset-password/"] button`)
	b.see("Your new password is saved.")
	b.open(link, 410)
	b.see("This link no longer works")
	b.shot("reset-password-used")
	elsewhere.open("/app")
	elsewhere.at("/login")
	b.signIn(email, password, http.StatusUnprocessableEntity)
	b.signIn(email, other)
	b.at("/app")
}

// signIn fills in the form for signing in.
func (b *tab) signIn(email, password string, status ...int) {
	b.t.Helper()
	b.open("/login")
	b.fill("#email", email)
	b.fill("#password", password)
	b.follow(`form[action="/login"] button`, status...)
}

// administers is point 9: for everybody else the pages do not exist; for an admin with a confirmed address
// they find anybody and say why they have the access they have.
func (w *walk) administers(ada *tab) {
	for _, path := range []string{"/admin", "/admin/subscribers", "/admin/events"} {
		ada.open(path, 404)
	}
	b := w.person()
	b.open("/signup")
	b.signUp("Root Admin", adminEmail)
	b.open("/admin", 404)
	b.open(w.linkIn(b, adminEmail, "Confirm your address"))
	b.follow(`form[action^="/verify-email/"] button`)
	b.open("/admin")
	b.see("Overview", "Monthly recurring revenue", "Newest accounts", "Queues")
	b.shot("admin")
	w.finds(b)
	w.inspects(b)
	w.replays(b)
}

// finds searches, filters, sorts and pages, in a population that the program's own command wrote.
func (w *walk) finds(b *tab) {
	w.app.run("seed", "--accounts", "200")
	b.open("/admin/subscribers")
	b.see("of 20")
	b.shot("admin-subscribers")
	b.follow(`a[rel="next"]`)
	b.await("the second page", `location.search.includes('page=2')`)
	b.open("/admin/subscribers")
	b.fill("#q", "ada@exam")
	b.await("the list to follow the typing", `document.querySelectorAll('#results tbody tr').length === 1`)
	b.see("Ada Osei")
	b.open("/admin/subscribers?q=" + w.customer("bea@example.com"))
	b.see("Bea Lindqvist")
	b.lack("Ada Osei")
	b.open("/admin/subscribers?status=canceled")
	b.await("only ended ones", `[...document.querySelectorAll('#results tbody tr')].length > 0 &&
		[...document.querySelectorAll('#results tbody tr')].every(r => r.innerText.includes('Ended'))`)
	b.open("/admin/subscribers?plan=pro&sort=name")
	b.await("only Pro, by name", `(names => names.length > 1 && names.every((n, i) => i === 0 || names[i-1] <= n))(
		[...document.querySelectorAll('#results tbody tr')].filter(r => r.children[1].innerText === 'Pro').
		map(r => r.querySelector('a').innerText.toLowerCase()))`)
	b.open("/admin/subscribers?q=nobody-has-this-name")
	b.see("No subscriber matches")
	b.shot("admin-subscribers-none")
}

// inspects looks at one account.
func (w *walk) inspects(b *tab) {
	b.open("/admin/subscribers?q=bea@example.com")
	b.follow(`#results tbody a`)
	b.see("Bea Lindqvist", "bea@example.com", w.customer("bea@example.com"), "Why this access", "Invoices", "Mails",
		"Your receipt from", "customer.subscription.updated", "$79.00")
	b.shot("admin-subscriber")
	b.follow(`form[action$="/sync"] button`)
	b.see("Bea Lindqvist", "Current")
}

// replays reads the inbox, and has one event looked at again.
func (w *walk) replays(b *tab) {
	b.open("/admin/events")
	b.see("Webhook inbox", "Done", "customer.subscription.created")
	b.shot("admin-events")
	b.open("/admin/events?type=invoice.paid")
	b.await("only paid invoices", `[...document.querySelectorAll('tbody tr')].length > 0 &&
		[...document.querySelectorAll('tbody tr')].every(r => r.innerText.includes('invoice.paid'))`)
	b.follow(`tbody a`)
	b.see("Payload", "Deliveries", `"invoice.paid"`)
	b.shot("admin-event")
	page := b.where()
	clicked := time.Now()
	b.follow(`form[action$="/replay"] button`)
	b.within(follows, clicked, page, "State Done")
	for _, state := range []string{"pending", "dead"} {
		b.open(fmt.Sprintf("/admin/events?state=%s", state))
		b.see("No events here")
	}
}
