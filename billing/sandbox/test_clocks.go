package sandbox

import (
	"net/http"
	"sync/atomic"

	"example.com/tollgate/billing/sandbox/money"
)

// A test clock is a time of its own for a few customers and everything below them. What belongs to it notes the clock's
// id; a transaction that meets such an object lives in the clock's frozen time from then on, and what it puts on the
// agenda is due by that clock alone. An advance only writes down where the clock is to go: the engine that also works
// off the account's agenda then does what is due on the way, in order, and survives a restart in the middle, since the
// target is kept on the clock.

// Limits of test clocks, as Stripe has them.
const (
	clockLifetime     = 30 * daySeconds
	maxClockCustomers = 3
	maxClockSubs      = 3
	maxClockIntervals = 2
	emptyClockYears   = 2
)

const (
	kindClock      = "test_helpers.test_clock"
	stepClockReady = "test_clock.ready"
	clockNote      = "_clock" // The key under which an object notes the clock that it belongs to.
)

// clockState spares everybody a look at test clocks while there are none.
type clockState struct {
	any, advancing atomic.Bool
}

// restoreTestClocks takes up what an earlier run left: an advance that it did not finish goes on.
func (s *Sandbox) restoreTestClocks(tx *Tx) error {
	clocks, err := tx.Find(kindClock, Query{Limit: 1})
	s.clocks.any.Store(len(clocks) > 0)
	s.clocks.advancing.Store(len(clocks) > 0)
	return err
}

// accountWide reports whether a kind belongs to the account and never to a clock, whoever creates it.
func accountWide(kind string) bool {
	switch kind {
	case "product", "price", "plan", "coupon", "promotion_code", "tax_rate", "billing.meter", "webhook_endpoint",
		"billing_portal.configuration", kindClock:
		return true
	default:
		return false
	}
}

// enterClockOf makes the transaction live in the time of the object that it meets.
func (tx *Tx) enterClockOf(o Object) error {
	id := o.Str(clockNote)
	if id == "" || tx.clock != "" {
		return nil
	}
	clock, err := tx.load(id)
	if err != nil || clock == nil || clock.Bool("deleted") {
		return err
	}
	tx.clock, tx.now = id, clock.Int("frozen_time")
	tx.frozen = clock.Str("status") != "ready"
	return nil
}

// bindToClock notes on what is written to whose time it belongs. While a clock is being advanced, nobody but the engine
// may write in it.
func (tx *Tx) bindToClock(o Object, fresh bool) error {
	if tx.clock == "" || accountWide(o.Kind()) {
		return nil
	}
	if tx.frozen {
		return clockBusy(tx.clock)
	}
	if fresh || (o.Kind() == "payment_method" && o.Has("customer")) {
		o[clockNote] = tx.clock
	}
	return nil
}

func clockBusy(id string) *Error {
	return &Error{
		Status: http.StatusTooManyRequests, Type: typeInvalid, Code: "lock_timeout",
		Message: "Test clock advancement underway - cannot perform modifications: " + id,
	}
}

// hideClockObjects keeps what lives in test clocks out of lists that name neither a parent nor a clock.
func (s *Sandbox) hideClockObjects(kind string, q *Query) {
	if !s.clocks.any.Load() || q.Customer != "" || q.Subscription != "" || q.Where["test_clock"] != "" {
		return
	}
	switch kind {
	case "customer", "subscription", "invoice", "invoiceitem", "subscription_schedule":
		// A path is absent where there is no clock, and an absent value compares as the empty text.
		q.In = withText(q.In, "test_clock", "")
	}
}

func withText(in map[string][]string, path, text string) map[string][]string {
	out := map[string][]string{path: {text}}
	for key, values := range in {
		out[key] = values
	}
	return out
}

func createTestClock(r *apiRequest) (Object, error) {
	frozen, _, err := r.Params.Int("frozen_time")
	if err != nil {
		return nil, err
	}
	if frozen <= 0 {
		return nil, invalidf("frozen_time", "Invalid timestamp: must be an integer Unix timestamp.")
	}
	clock := r.Tx.Skeleton(kindClock)
	clock["frozen_time"], clock["status"] = frozen, "ready"
	clock["deletes_after"] = r.Tx.Now() + clockLifetime
	clock["name"] = textOrNil(r.Params.Str("name"))
	r.Tx.s.clocks.any.Store(true)
	if err := r.Tx.Insert(clock, "test_helpers.test_clock.created"); err != nil {
		return nil, err
	}
	return clock, r.Tx.Schedule(clock.Int("deletes_after"), "test_clock.expire", clock.ID())
}

func getTestClock(r *apiRequest) (Object, error) { return r.Tx.Get(kindClock, r.ID) }

func listTestClocks(r *apiRequest) (Object, error) { return r.list(kindClock, Query{}) }

// joinClock makes the transaction live in a clock that a new customer is to belong to.
func (tx *Tx) joinClock(id string) error {
	if _, err := tx.Ref(kindClock, id, "test_clock"); err != nil {
		return err
	}
	customers, err := tx.Find("customer", Query{Where: map[string]string{"test_clock": id}, Limit: maxClockCustomers})
	if err != nil {
		return err
	}
	if len(customers) >= maxClockCustomers && !tx.s.opts.RelaxedClocks {
		return invalidf("test_clock", "You have reached the limit of %d customers for test clock %s.",
			maxClockCustomers, id)
	}
	return tx.enterClockOf(Object{clockNote: id})
}

// checkClockSubscriptions refuses one subscription too many for a customer of a test clock.
func checkClockSubscriptions(tx *Tx, customer string) error {
	if tx.clock == "" || tx.s.opts.RelaxedClocks {
		return nil
	}
	subs, err := tx.Find("subscription", Query{Customer: customer, Limit: maxClockSubs})
	if err != nil || len(subs) < maxClockSubs {
		return err
	}
	return invalidf("customer", "You have reached the limit of %d subscriptions for a customer with a test clock.",
		maxClockSubs)
}

// advanceTestClock writes down where the clock is to go. The engine takes it there once this has committed.
func advanceTestClock(r *apiRequest) (Object, error) {
	clock, err := r.Tx.Get(kindClock, r.ID)
	if err != nil {
		return nil, err
	}
	to, _, err := r.Params.Int("frozen_time")
	if err != nil {
		return nil, err
	}
	if clock.Str("status") != "ready" {
		return nil, clockBusy(r.ID)
	}
	if to <= clock.Int("frozen_time") {
		return nil, invalidf("frozen_time", "Invalid frozen_time: it must be after the test clock's current frozen time, "+
			"which is %d.", clock.Int("frozen_time"))
	}
	if err := checkReach(r.Tx, clock, to); err != nil {
		return nil, err
	}
	r.Tx.advances, r.Tx.emitted = true, true
	return r.Tx.Update(kindClock, r.ID, func(clock Object) error {
		clock["status"] = "advancing"
		clock["status_details"] = Object{"advancing": Object{"target_frozen_time": to}}
		return nil
	}, "test_helpers.test_clock.advancing")
}

// checkReach refuses a jump of more than two of the clock's shortest billing intervals.
func checkReach(tx *Tx, clock Object, to int64) error {
	if tx.s.opts.RelaxedClocks {
		return nil
	}
	subs, err := tx.Find("subscription", Query{Where: map[string]string{"test_clock": clock.ID()}})
	if err != nil {
		return err
	}
	from, furthest, live := clock.Int("frozen_time"), int64(0), false
	for _, sub := range subs {
		if ended(sub) {
			continue
		}
		reach := interval(sub.Obj("items.data.0.price")).Boundary(from, maxClockIntervals)
		if !live || reach < furthest {
			furthest, live = reach, true
		}
	}
	if !live {
		furthest = money.Interval{Unit: "year", Count: 1}.Boundary(from, emptyClockYears)
	}
	switch {
	case to <= furthest:
		return nil
	case live:
		return invalidf("frozen_time", "Invalid frozen_time: it cannot be more than two intervals in the future from the "+
			"shortest subscription in this test clock. The furthest you can advance to is %d.", furthest)
	default:
		return invalidf("frozen_time", "Invalid frozen_time: it cannot be more than two years in the future if there are "+
			"no subscriptions in this test clock. The furthest you can advance to is %d.", furthest)
	}
}

// dueInClocks is the next step of a clock that is being advanced: what is due first on its way, and when nothing is
// left, its arrival.
func (tx *Tx) dueInClocks() (agendaItem, bool, error) {
	if !tx.s.clocks.advancing.Load() {
		return agendaItem{}, false, nil
	}
	tx.s.clocks.advancing.Store(false) // First, so that an advance that begins meanwhile is not overlooked.
	clocks, err := tx.Find(kindClock, Query{
		Where: map[string]string{"status": "advancing"}, OldestFirst: true, Limit: 1,
	})
	if err != nil || len(clocks) == 0 {
		tx.s.clocks.advancing.Store(err != nil || tx.s.clocks.advancing.Load())
		return agendaItem{}, false, err
	}
	tx.s.clocks.advancing.Store(true)
	id, target := clocks[0].ID(), clocks[0].Int("status_details.advancing.target_frozen_time")
	item, due, err := tx.earliest(id, target)
	if err != nil || due {
		return item, due, err
	}
	return agendaItem{kind: stepClockReady, id: id, at: target, clock: id}, true, nil
}

// testClockReady is the last step of an advance.
func testClockReady(tx *Tx, id string) error {
	target := tx.Now()
	tx.now = tx.s.Now().Unix() // The clock itself belongs to the account, and so does the time of its events.
	_, err := tx.Update(kindClock, id, func(clock Object) error {
		clock["status"], clock["frozen_time"] = "ready", target
		clock["status_details"] = Object{}
		return nil
	}, "test_helpers.test_clock.ready")
	return err
}

// expireTestClock is the agenda's step at deletes_after.
func expireTestClock(tx *Tx, id string) error {
	clock, err := tx.load(id)
	if err != nil || clock == nil || clock.Bool("deleted") {
		return err
	}
	return removeTestClock(tx, clock)
}

func deleteTestClock(r *apiRequest) (Object, error) {
	clock, err := r.Tx.Get(kindClock, r.ID)
	if err != nil {
		return nil, err
	}
	return stub(clock), removeTestClock(r.Tx, clock)
}

// removeTestClock deletes a clock with its customers, whose subscriptions end, and forgets what was due in it.
func removeTestClock(tx *Tx, clock Object) error {
	customers, err := tx.Find("customer", Query{Where: map[string]string{"test_clock": clock.ID()}, OldestFirst: true})
	if err != nil {
		return err
	}
	outside := tx.now
	tx.clock, tx.now = clock.ID(), clock.Int("frozen_time")
	for _, c := range customers {
		if err := removeCustomer(tx, c.ID()); err != nil {
			return err
		}
	}
	tx.clock, tx.now = "", outside
	if err := tx.forgetAgenda(clock.ID()); err != nil {
		return err
	}
	if err := tx.Unschedule("test_clock.expire", clock.ID()); err != nil {
		return err
	}
	return tx.Delete(kindClock, clock.ID(), "test_helpers.test_clock.deleted")
}
