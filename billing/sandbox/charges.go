package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// newCharge builds a succeeded charge for an intent; a failed one changes what differs.
func newCharge(tx *Tx, pi, pm Object, card TestCard) Object {
	c := tx.Skeleton("charge")
	for _, key := range []string{
		"amount", "currency", "customer", "description", "invoice", "metadata", "receipt_email", "shipping",
		"statement_descriptor", "statement_descriptor_suffix", "transfer_group",
	} {
		c[key] = pi[key]
	}
	c["amount_captured"], c["amount_refunded"] = pi["amount"], int64(0)
	c["billing_details"] = pm["billing_details"]
	c["calculated_statement_descriptor"] = "TOLLGATE"
	c["captured"], c["paid"], c["status"] = true, true, "succeeded"
	c["disputed"], c["refunded"] = false, false
	c["fraud_details"] = Object{}
	c["payment_intent"], c["payment_method"] = pi.ID(), pm.ID()
	c["payment_method_details"] = Object{"type": "card", "card": chargeCard(pm, card)}
	c["radar_options"] = Object{}
	c["receipt_url"] = tx.BaseURL() + "/_stripe/receipt/" + c.ID()
	c["source"] = nil
	delete(c, "refunds") // It is part of a charge only when it is expanded.
	return c
}

func chargeCard(pm Object, card TestCard) Object {
	d := Object{
		"amount_authorized": nil, "authorization_code": nil, "installments": nil, "mandate": nil,
		"network": card.Brand, "network_token": Object{"used": false}, "network_transaction_id": nil,
		"three_d_secure": nil, "wallet": nil,
		"checks": Object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
	}
	for _, key := range []string{
		"brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "regulated_status",
	} {
		d[key] = pm.at("card." + key)
	}
	return d
}

// networkTransaction is how a card network names a payment that it approved: fifteen digits, here of the charge's id.
func networkTransaction(charge string) string {
	sum := sha256.Sum256([]byte("network transaction " + charge))
	return strconv.FormatUint(1e14+binary.BigEndian.Uint64(sum[:])%9e14, 10)
}

func approvedOutcome() Object {
	return Object{
		"advice_code": nil, "network_advice_code": nil, "network_decline_code": nil, "network_status": "approved_by_network",
		"reason": nil, "risk_level": "normal", "risk_score": int64(11), "seller_message": "Payment complete.",
		"type": "authorized",
	}
}

func failedOutcome(card TestCard, why decline) Object {
	out := Object{
		"advice_code": nil, "network_advice_code": nil, "network_decline_code": nil, "network_status": "declined_by_network",
		"reason": why.declineCode, "risk_level": "normal", "risk_score": int64(22), "type": "issuer_declined",
		"seller_message": "The bank returned the decline code `" + why.declineCode + "`.",
	}
	if card.ID == "pm_card_radarBlock" {
		out["network_status"], out["type"] = "not_sent_to_network", "blocked"
		out["reason"], out["risk_level"], out["risk_score"] = "highest_risk_level", "highest", int64(92)
		out["seller_message"] = "Stripe blocked this payment as too risky."
	}
	return out
}
