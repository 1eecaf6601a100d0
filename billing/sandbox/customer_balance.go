package sandbox

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
	id, err := changeBalance(r.Tx, r.ID, amount, "adjustment", "", p.Str("currency"))
	if err != nil {
		return nil, err
	}
	return r.Tx.Update("customer_balance_transaction", id, func(t Object) error {
		p.Copy(t, "description")
		metadata, err := p.Metadata(nil)
		t["metadata"] = metadata
		return err
	})
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
