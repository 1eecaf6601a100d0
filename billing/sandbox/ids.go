package sandbox

import (
	"io"
	"strings"
)

// base62 is in ASCII order, so that ids sort by the time they carry.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// idPrefixes maps a kind of object to its id's prefix.
func idPrefixes() map[string]string {
	return map[string]string{
		"account": "acct_", "balance_transaction": "txn_", "billing.meter": "mtr_test_", "billing.meter_event": "mev_",
		"billing_portal.configuration": "bpc_", "billing_portal.session": "bps_", "charge": "ch_",
		"checkout.session": "cs_test_", "coupon": "", "credit_note": "cn_", "credit_note_line_item": "cnli_",
		"customer":                     "cus_",
		"customer_balance_transaction": "cbtxn_", "discount": "di_", "dispute": "du_", "event": "evt_",
		"invoice": "in_", "invoiceitem": "ii_", "line_item": "il_", "item": "li_", "payment_intent": "pi_",
		"payment_method": "pm_", "plan": "price_", "price": "price_", "product": "prod_",
		"promotion_code": "promo_", "radar.early_fraud_warning": "issfr_", "refund": "re_", "setup_intent": "seti_",
		"subscription":      "sub_",
		"subscription_item": "si_", "subscription_schedule": "sub_sched_", "tax_id": "txi_", "tax_rate": "txr_",
		"test_helpers.test_clock": "clock_", "webhook_endpoint": "we_",
	}
}

// random returns n unpredictable base-62 characters.
func (s *Sandbox) random(n int) string {
	raw := make([]byte, n)
	// crypto/rand never returns an error: it ends the program instead.
	_, _ = io.ReadFull(s.opts.Random, raw)
	var b strings.Builder
	for _, c := range raw {
		b.WriteByte(base62[int(c)%len(base62)])
	}
	return b.String()
}

func (tx *Tx) random(n int) string { return tx.s.random(n) }

// encode62 writes n in exactly width base-62 digits, dropping higher ones.
func encode62(n int64, width int) string {
	out := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out)
}

// newID makes an id of Stripe's shape: short for customers, products and subscription items, long with a sortable
// time and the account's fragment for the rest.
func (s *Sandbox) newID(prefix string, now int64) string {
	const epoch = 1_500_000_000 // Five base-62 digits of seconds from here last until 2046.
	switch prefix {
	case "cus_", "prod_", "si_", "req_":
		return prefix + encode62(now-epoch, 5) + s.random(9)
	case "cs_test_":
		return prefix + "a1" + s.random(56)
	case "":
		return s.random(8)
	case "pi_", "ch_", "re_", "txn_":
		return prefix + "3" + encode62(now-epoch, 5) + fragment(s.accountID) + s.random(8)
	default:
		return prefix + "1" + encode62(now-epoch, 5) + fragment(s.accountID) + s.random(8)
	}
}

// fragment is the part of the account's id that Stripe puts into the ids of what it owns.
func fragment(account string) string {
	if len(account) < 10 {
		return "0000000000"
	}
	return account[len(account)-10:]
}
