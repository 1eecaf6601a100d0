package stories

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// plainer takes out of values what differs from one telling to the next.
type plainer struct {
	rules []rule
	// secret are the keys whose values are made up by each account.
	secret map[string]bool
	// coined are the keys under which a short code of Stripe's making may stand.
	coined map[string]bool
	code   *regexp.Regexp
	id     *regexp.Regexp
}

type rule struct {
	text *regexp.Regexp
	put  string
}

func newPlainer() plainer {
	return plainer{
		rules: []rule{
			{regexp.MustCompile(`story-[0-9a-z-]+`), "<token>"},
			{regexp.MustCompile(`https?://[^\s"]+`), "<address>"},
			{regexp.MustCompile(`\b[0-9A-Z]{8}-(\d{4})`), "<prefix>-$1"},
			{regexp.MustCompile(`\b\d{1,2} [A-Z][a-z]{2} \d{4}\b`), "<date>"},
		},
		secret: map[string]bool{
			"client_secret": true, "secret": true, "fingerprint": true, "invoice_prefix": true, "receipt_number": true,
			"request_log_url": true, "identifier": true, "network_transaction_id": true, "reference": true,
		},
		coined: map[string]bool{"id": true, "coupon": true, "code": true, "discounts[0][coupon]": true},
		code:   regexp.MustCompile(`^[0-9A-Za-z]{8}$`),
		id:     regexp.MustCompile(`\b([a-z][a-z_]*)_[0-9A-Za-z]{10,}\b`),
	}
}

func (p plainer) text(s string) string {
	for _, r := range p.rules {
		s = r.text.ReplaceAllString(s, r.put)
	}
	// Where all letters are small it is no id, but a word such as requires_confirmation.
	return p.id.ReplaceAllStringFunc(s, func(id string) string {
		if strings.ToLower(id) == id && !strings.ContainsAny(id, "0123456789") {
			return id
		}
		return "<" + id[:strings.LastIndex(id, "_")] + ">"
	})
}

// clockSpan is how far, in seconds, the stories' own clocks move. Other times are the moment of the telling.
const clockSpan = 400 * day

// value shows what stands at a place.
func (p plainer) value(where string, value any) string {
	key := where[strings.LastIndexAny(where, ". ")+1:]
	if key == "idempotency_key" {
		return "<" + key + ">" // Whether a client sends one is up to it.
	}
	switch v := value.(type) {
	case string:
		if v != "" && (p.secret[key] || p.coined[key] && p.code.MatchString(v)) {
			return "<" + key + ">"
		}
		return strconv.Quote(p.text(v))
	case json.Number:
		n, err := v.Int64()
		if err == nil && n > 1_000_000_000 && n < 5_000_000_000 && (n < newYear || n > newYear+clockSpan) {
			return "<time>"
		}
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
