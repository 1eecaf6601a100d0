package sandbox

// balanceChange is what moves a customer's balance, and why.
type balanceChange struct {
	amount                       int64 // Minor units; negative is credit for the customer.
	typ, invoice, note, currency string
}

// changeBalance moves a customer's balance and leaves the transaction that explains it, whose id it returns.
func changeBalance(tx *Tx, customer string, change balanceChange) (string, error) {
	c, err := tx.Update("customer", customer, func(c Object) error {
		c["balance"] = c.Int("balance") + change.amount
		if c.Str("currency") == "" && change.typ == "adjustment" {
			c["currency"] = change.currency
		}
		return nil
	}, "customer.updated")
	if err != nil {
		return "", err
	}
	return insertBalanceChange(tx, c, change)
}

func insertBalanceChange(tx *Tx, customer Object, change balanceChange) (string, error) {
	t := tx.Skeleton("customer_balance_transaction")
	t["amount"], t["currency"], t["customer"] = change.amount, change.currency, customer.ID()
	t["ending_balance"], t["type"] = customer["balance"], change.typ
	t["invoice"], t["credit_note"] = textOrNil(change.invoice), textOrNil(change.note)
	return t.ID(), tx.Insert(t)
}

// explainBalance leaves the transaction for a balance that was set on the customer itself.
func explainBalance(tx *Tx, customer Object, before int64, typ string) error {
	change := customer.Int("balance") - before
	if change == 0 {
		return nil
	}
	_, err := insertBalanceChange(tx, customer, balanceChange{
		amount: change, typ: typ, currency: orText(customer.Str("currency"), "usd"),
	})
	return err
}

// moveBalance books what finalising an invoice takes from, or leaves in, the customer's balance.
func moveBalance(tx *Tx, inv Object, change, due int64) error {
	if change == 0 {
		return nil
	}
	typ := "applied_to_invoice"
	if due == 0 && inv.Int("total") > 0 && change > 0 && inv.Int("total") == change {
		typ = "invoice_too_small"
	}
	_, err := changeBalance(tx, inv.Str("customer"), balanceChange{
		amount: change, typ: typ, invoice: inv.ID(), currency: inv.Str("currency"),
	})
	return err
}

// returnBalance gives back what an invoice had taken from the balance, once it is void.
func returnBalance(tx *Tx, inv Object) error {
	change := inv.Int("starting_balance") - inv.Int("ending_balance")
	if change == 0 || !inv.Has("ending_balance") {
		return nil
	}
	_, err := changeBalance(tx, inv.Str("customer"), balanceChange{
		amount: change, typ: "unapplied_from_invoice", invoice: inv.ID(), currency: inv.Str("currency"),
	})
	return err
}

// createBalanceTransaction credits (negative) or debits a customer's balance by hand.
func createBalanceTransaction(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("amount", "currency"); err != nil {
		return nil, err
	}
	amount, _, err := p.Int("amount")
	if err != nil {
		return nil, err
	}
	c, err := r.Tx.Get("customer", r.ID)
	if err != nil {
		return nil, err
	}
	if known := c.Str("currency"); known != "" && known != p.Str("currency") {
		return nil, invalidf("currency", "The customer's currency is `%s`, which does not match `%s`.", known,
			p.Str("currency"))
	}
	id, err := changeBalance(r.Tx, r.ID, balanceChange{amount: amount, typ: "adjustment", currency: p.Str("currency")})
	if err != nil {
		return nil, err
	}
	return describeBalance(r, id)
}

// describeBalance sets what may be changed of a transaction: the words and notes on it.
func describeBalance(r *apiRequest, id string) (Object, error) {
	return r.Tx.Update("customer_balance_transaction", id, func(t Object) error {
		r.Params.Copy(t, "description")
		metadata, err := r.Params.Metadata(t.Obj("metadata"))
		t["metadata"] = metadata
		return err
	})
}

func updateCustomerBalance(r *apiRequest) (Object, error) {
	if _, err := getCustomerBalance(r); err != nil {
		return nil, err
	}
	return describeBalance(r, r.Sub)
}

func listCustomerBalance(r *apiRequest) (Object, error) {
	if _, err := r.Tx.Get("customer", r.ID); err != nil {
		return nil, err
	}
	return r.list("customer_balance_transaction", Query{Customer: r.ID})
}

func getCustomerBalance(r *apiRequest) (Object, error) {
	t, err := r.Tx.Get("customer_balance_transaction", r.Sub)
	if err != nil {
		return nil, err
	}
	if t.Str("customer") != r.ID {
		return nil, missing(404, "customer_balance_transaction", r.Sub, "id")
	}
	return t, nil
}
