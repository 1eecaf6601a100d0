package sandbox

// getAccount answers with the account that the key belongs to: a company that may charge and pay out.
func getAccount(r *apiRequest) (Object, error) {
	return Object{
		"id": r.Tx.s.accountID, "object": "account", "business_type": "company", "charges_enabled": true,
		"country": "US", "default_currency": "usd", "details_submitted": true, "email": "sandbox@example.com",
		"payouts_enabled": true, "type": "standard",
		"business_profile": Object{
			"annual_revenue": nil, "estimated_worker_count": nil, "mcc": "5734", "name": "Stripe sandbox",
			"support_address": nil, "support_email": nil, "support_phone": nil, "support_url": nil, "url": nil,
		},
		"capabilities": Object{"card_payments": "active", "transfers": "active"},
		"settings": Object{
			"branding": Object{"icon": nil, "logo": nil, "primary_color": nil, "secondary_color": nil},
			"card_payments": Object{
				"statement_descriptor_prefix": nil, "statement_descriptor_prefix_kana": nil,
				"statement_descriptor_prefix_kanji": nil,
			},
			"dashboard": Object{"display_name": "Stripe sandbox", "timezone": "Etc/UTC"},
			"payments": Object{
				"statement_descriptor": "SANDBOX", "statement_descriptor_kana": nil, "statement_descriptor_kanji": nil,
				"statement_descriptor_prefix_kana": nil, "statement_descriptor_prefix_kanji": nil,
			},
		},
	}, nil
}

func getBalance(r *apiRequest) (Object, error) { return balanceOf(r.Tx) }

// balanceOf adds up the balance transactions, by currency: what is available by now, and what is still pending.
func balanceOf(tx *Tx) (Object, error) {
	rows, err := tx.sql.Query(`SELECT json_extract(data, '$.currency'),
			sum(CASE WHEN json_extract(data, '$.available_on') <= ?1 THEN json_extract(data, '$.net') ELSE 0 END),
			sum(CASE WHEN json_extract(data, '$.available_on') > ?1 THEN json_extract(data, '$.net') ELSE 0 END)
		FROM objects WHERE object = 'balance_transaction' GROUP BY 1 ORDER BY 1`, tx.now)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	available, pending := []any{}, []any{}
	add := func(list []any, currency string, amount int64) []any {
		return append(list, Object{"amount": amount, "currency": currency, "source_types": Object{"card": amount}})
	}
	for rows.Next() {
		var currency string
		var now, later int64
		if err := rows.Scan(&currency, &now, &later); err != nil {
			return nil, err
		}
		available, pending = add(available, currency, now), add(pending, currency, later)
	}
	if len(available) == 0 {
		available, pending = add(available, "usd", 0), add(pending, "usd", 0)
	}
	return Object{"object": "balance", "available": available, "livemode": false, "pending": pending}, rows.Err()
}
