package sandbox

// movement is what changes the account's balance.
type movement struct {
	source      Object // The charge, refund or dispute that brings it about.
	amount      int64  // Minor units; negative is money that leaves.
	fee         int64
	feeText     string
	typ         string
	category    string // What reports file it under; "" is the type.
	description any
	availableOn int64 // Unix seconds; 0 is two days from now, as for a card payment.
}

// Fees of the account, in minor units of the charge's currency: the list price for cards, and what a dispute costs.
const (
	cardFeePerMille = 29
	cardFeeFixed    = 30
	disputeFee      = 1500
)

// chargeFee is Stripe's list price for cards: 2.9 % and 30 cents.
func chargeFee(amount int64) int64 { return (amount*cardFeePerMille+500)/1000 + cardFeeFixed }

// move books a movement. Its fee is no part of the amount, but of the net.
func move(tx *Tx, m movement) (Object, error) {
	t := tx.Skeleton("balance_transaction")
	t["amount"], t["fee"], t["net"] = m.amount, m.fee, m.amount-m.fee
	t["currency"], t["source"], t["description"] = m.source["currency"], m.source.ID(), m.description
	t["type"], t["reporting_category"] = m.typ, orText(m.category, m.typ)
	t["available_on"], t["status"] = m.availableOn, "pending"
	if m.availableOn == 0 {
		t["available_on"] = tx.Now() + 2*daySeconds
	}
	t["fee_details"] = []any{}
	if m.fee != 0 {
		t["fee_details"] = []any{Object{
			"amount": m.fee, "application": nil, "currency": m.source["currency"], "description": m.feeText,
			"type": "stripe_fee",
		}}
	}
	cleared(tx, t)
	return t, tx.Insert(t)
}

// cleared shows a balance transaction as it stands now: nothing happens when funds become available, so the status is
// read off the time and never stored.
func cleared(tx *Tx, t Object) {
	if t.Int("available_on") <= tx.Now() {
		t["status"] = "available"
	}
}

// bookCharge books the money of a charge that was captured.
func bookCharge(tx *Tx, charge Object, amount int64, card TestCard) (Object, error) {
	m := movement{
		source: charge, amount: amount, fee: chargeFee(amount), feeText: "Stripe processing fees", typ: "charge",
		description: charge["description"],
	}
	if card.ID != "pm_card_bypassPending" {
		return move(tx, m)
	}
	m.availableOn = tx.Now()
	booked, err := move(tx, m)
	if err != nil {
		return nil, err
	}
	balance, err := balanceOf(tx)
	if err != nil {
		return nil, err
	}
	return booked, tx.Emit("balance.available", balance, nil)
}

func getBalanceTransaction(r *apiRequest) (Object, error) {
	t, err := r.Tx.Get("balance_transaction", r.ID)
	if err != nil {
		return nil, err
	}
	t = t.Clone()
	cleared(r.Tx, t)
	return t, nil
}

// listBalanceTransactions filters by type, source and currency. There are no payouts, so that asking for one's
// transactions finds none.
func listBalanceTransactions(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "type", "source", "currency")
	if r.Params.Given("payout") {
		return nil, missing(400, "payout", r.Params.Str("payout"), "payout")
	}
	out, err := r.list("balance_transaction", q)
	if err != nil {
		return nil, err
	}
	for _, t := range out.List("data") {
		cleared(r.Tx, t)
	}
	return out, nil
}
