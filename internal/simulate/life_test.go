package simulate_test

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// operation is one thing that somebody may do. do returns a word about what came of it, for the trace. needs says
// whether it can be done to somebody at all; nil means to anybody.
type operation struct {
	name   string
	weight int
	needs  func(w *world, p *person) bool
	do     func(w *world, p *person) string
}

// life is the table of all that happens, beside the faults.
func life() []operation {
	return []operation{
		{"sign-up", 10, never, (*world).signUp}, // done to nobody yet: see choose
		{"checkout", 14, free, (*world).checkout},
		{"checkout, declined", 4, free, (*world).checkoutDeclined},
		{"checkout, 3-D Secure", 4, free, (*world).checkoutChallenged},
		{"checkout, left open", 4, free, (*world).checkoutLeft},
		{"two tabs", 4, free, (*world).twoTabs},
		{"change plan", 8, subscribed, (*world).changePlan},
		{"change plan, double click", 4, subscribed, (*world).changeTwice},
		{"change plan, declined", 4, subscribed, (*world).changeDeclined},
		{"change plan, 3-D Secure", 4, subscribed, (*world).changeChallenged},
		{"cancel", 4, subscribed, (*world).cancel},
		{"resume", 6, mostly(leaving), (*world).resume},
		{"pause", 4, subscribed, (*world).pause},
		{"unpause", 6, mostly(paused), (*world).unpause},
		{"end now", 4, subscribed, (*world).endNow},
		{"card breaks", 4, subscribed, (*world).breakCard},
		{"card mended", 6, subscribed, (*world).mendCard},
		{"portal: card", 4, subscribed, (*world).portalCard},
		{"portal: cancel", 4, subscribed, (*world).portalCancel},
		{"dashboard: price", 4, subscribed, (*world).dashboardPrice},
		{"dashboard: quantity", 4, subscribed, (*world).dashboardQuantity},
		{"dashboard: coupon", 4, subscribed, (*world).dashboardCoupon},
		{"dashboard: cancel", 4, subscribed, (*world).dashboardCancel},
		{"dashboard: cancel at", 4, subscribed, (*world).dashboardCancelAt},
		{"dashboard: pause", 4, subscribed, (*world).dashboardPause},
		{"dashboard: trial", 4, subscribed, (*world).dashboardTrial},
		{"dashboard: second plan", 4, subscribed, (*world).dashboardSecond},
		{"dashboard: void", 6, mostly(owing), (*world).dashboardVoid},
		{"refund", 4, customer, (*world).refund},
		{"dispute", 6, customer, (*world).dispute},
		{"dispute decided", 9, mostly(disputed), (*world).decideDispute},
		{"customer deleted", 4, customer, (*world).deleteCustomer},
		{"time: hours", 12, nil, func(w *world, _ *person) string { return w.time(time.Hour, 12*time.Hour) }},
		{"time: days", 12, nil, func(w *world, _ *person) string { return w.time(day, 7*day) }},
		{"time: weeks", 4, nil, func(w *world, _ *person) string { return w.time(7*day, 45*day) }},
	}
}

// person is an account, and whoever acts for it.
type person struct {
	models.Account
	name string
}

func never(*world, *person) bool { return false }

func customer(w *world, p *person) bool { return w.customerOf(p) != "" }

// subscribed and free go by what our own rows say, like the pages that offer the buttons.
func subscribed(w *world, p *person) bool { return w.planOf(p) != nil }

func free(w *world, p *person) bool { return w.planOf(p) == nil }

// mostly lets an operation be done to few of those for whom it changes nothing.
func mostly(fits func(w *world, p *person) bool) func(w *world, p *person) bool {
	return func(w *world, p *person) bool { return customer(w, p) && (fits(w, p) || w.chance(60)) }
}

func leaving(w *world, p *person) bool {
	plan := w.planOf(p)
	return plan != nil && (plan.CancelAtPeriodEnd || plan.CancelAt != nil)
}

func paused(w *world, p *person) bool {
	plan := w.planOf(p)
	return plan != nil && plan.PauseBehavior != ""
}

func owing(w *world, p *person) bool {
	return w.count("invoices", "status = 'open' AND customer_id = ?", w.customerRow(p).ID) > 0
}

func disputed(w *world, p *person) bool {
	return w.count("disputes", "status LIKE '%needs_response' AND customer_id = ?", w.customerRow(p).ID) > 0
}

// choose takes an operation and somebody to whom it can be done.
func (w *world) choose() (operation, *person) {
	table := life()
	total := 0
	for _, op := range table {
		total += op.weight
	}
	for {
		at := w.dice.IntN(total)
		for _, op := range table {
			if at -= op.weight; at >= 0 {
				continue
			}
			if op.name == "sign-up" {
				if len(w.people) < accounts {
					return op, nil
				}
				break
			}
			if len(w.people) == 0 {
				break
			}
			if p := w.whom(op); p != nil {
				return op, p
			}
			break
		}
	}
}

// whom is somebody to whom an operation can be done, or nil: the first from a place that the dice choose.
func (w *world) whom(op operation) *person {
	first := w.dice.IntN(len(w.people))
	for i := range w.people {
		p := w.people[(first+i)%len(w.people)]
		if op.needs == nil || op.needs(w, p) {
			return p
		}
	}
	return nil
}

// step is one thing that happens, and what follows from it at once.
func (w *world) step() {
	op, p := w.choose()
	w.op, w.touched = op.name, []*person{p}
	w.revive()
	w.arm()
	w.wait(w.between(time.Second, 10*time.Minute))
	who := "-"
	if p != nil {
		who = p.name
	}
	outcome := op.do(w, p)
	w.trace.line("%s %s: %s", who, op.name, outcome)
	w.settle()
	w.traps = nil
	for _, p := range w.touched {
		w.checkPerson(p)
	}
}

// page is how long somebody waits for a page.
func page() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 8*time.Second)
}

// asks does something that a page does, and tells what came of it.
func (w *world) asks(do func(ctx context.Context, s *billing.Service) error) string {
	ctx, cancel := page()
	defer cancel()
	p := w.anyProcess()
	err := do(ctx, p.Billing)
	if err == nil {
		return "done"
	}
	w.surprise(err)
	return brief(err)
}

// signUp makes a user with an account, as the form does.
func (w *world) signUp(*person) string {
	p := &person{name: fmt.Sprintf("user%02d", len(w.people)+1)}
	now := time.Now().UTC()
	email := p.name + "@example.com"
	user := models.User{
		PublicID: "usr_" + p.name, Email: email, Name: p.name, PasswordHash: "-", Locale: "en-US", TimeZone: "UTC",
		CreatedAt: now, UpdatedAt: now,
	}
	proc := w.anyProcess()
	ctx, cancel := page()
	defer cancel()
	err := proc.DB.Tx(ctx, func(tx *gorm.DB) error {
		user.ID = 0
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		p.Account = models.Account{
			PublicID: "acct_" + p.name, Name: p.name, BillingEmail: email, CreatedBy: user.ID, CreatedAt: now, UpdatedAt: now,
		}
		if err := tx.Create(&p.Account).Error; err != nil {
			return err
		}
		return proc.Billing.QueueCustomer(tx, user, p.Account)
	})
	if err != nil && !w.signedUp(p) {
		return brief(err)
	}
	w.people = append(w.people, p)
	return p.name
}

func (w *world) time(from, to time.Duration) string {
	d := w.between(from, to)
	w.pass(d)
	return d.Round(time.Minute).String()
}
