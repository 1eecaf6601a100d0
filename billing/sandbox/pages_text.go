package sandbox

import (
	"context"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

// shopKey is where the shop's name is kept.
const shopKey = "shop_name"

// SetShopName names the business that the hosted pages speak for, and keeps the name across restarts. Without it they
// speak for the account's own name.
func (s *Sandbox) SetShopName(ctx context.Context, name string) error {
	return s.Do(ctx, func(tx *Tx) error { return tx.setMeta(shopKey, name) })
}

func shopName(tx *Tx) string {
	name, ok, err := tx.meta(shopKey)
	if err == nil && ok && name != "" {
		return name
	}
	account, err := getAccount(&apiRequest{Tx: tx})
	if err != nil {
		return "Sandbox"
	}
	return account.Str("settings.dashboard.display_name")
}

// perText says how often a price bills: "per year", "every 3 months", or nothing.
func perText(price Object) string {
	unit := price.Str("recurring.interval")
	if unit == "" {
		return ""
	}
	if n := price.Int("recurring.interval_count"); n > 1 {
		return fmt.Sprintf("every %d %ss", n, unit)
	}
	return "per " + unit
}

// priceFigure is what a quantity of a price costs for one period, and how often.
func priceFigure(tx *Tx, price Object, quantity int64, currency string) (figure, per string, err error) {
	amount, err := amountIn(tx, price, max(quantity, 1), currency)
	if err != nil {
		return "", "", err
	}
	if metered(price) {
		return "By usage", "billed " + perText(price), nil
	}
	return pages.Money(amount, currency), perText(price), nil
}

// couponText says what a coupon takes off, and for how long.
func couponText(c Object, currency string) string {
	var off string
	if c.Has("percent_off") {
		off = strings.TrimSuffix(strings.TrimRight(c.Rat("percent_off").FloatString(2), "0"), ".") + "% off"
	} else {
		amount := c.Int("amount_off")
		if c.Str("currency") != currency {
			amount = c.Int("currency_options." + currency + ".amount_off")
		}
		off = pages.Money(amount, currency) + " off"
	}
	switch c.Str("duration") {
	case "once":
		return off + " the first invoice"
	case "repeating":
		return off + " for " + pages.Plural(c.Int("duration_in_months"), "month")
	default:
		return off
	}
}

// cardGroups are the test cards as rows of buttons.
func cardGroups() []pages.CardGroup {
	tones := map[string]string{
		groupSuccess: "ok", groupDecline: "bad", groupThreeDS: "accent", groupLater: "warn", groupDisputes: "warn",
	}
	var out []pages.CardGroup
	for _, card := range testCards() {
		if len(out) == 0 || out[len(out)-1].Title != card.Group {
			out = append(out, pages.CardGroup{Title: card.Group, Tone: tones[card.Group]})
		}
		last := &out[len(out)-1]
		last.Cards = append(last.Cards, pages.TestCard{Number: card.Number, Label: card.Label})
	}
	return out
}

// typedCard reads a card form. A test card's button stands for the number, a date in the future and a code.
func (p *page) typedCard() CardInput {
	in := CardInput{
		Number: p.field("card_number"), Exp: p.field("card_exp"), CVC: p.field("card_cvc"),
		Name: p.field("name"), Country: p.field("country"), PostalCode: p.field("postal_code"),
	}
	if number := p.field("card"); number != "" {
		in.Number, in.CVC = number, "123"
		in.Exp = p.s.Now().AddDate(3, 0, 0).Format("01 / 06")
	}
	return in
}

// cardForm is what may be shown again of a card form.
func (p *page) cardForm(refused *Error) pages.CardForm {
	form := pages.CardForm{
		Name: p.field("name"), Country: p.field("country"), PostalCode: p.field("postal_code"),
		Line1: p.field("line1"), City: p.field("city"), State: p.field("state"),
	}
	if form.Country == "" {
		form.Country = "US"
	}
	if refused != nil && refused.Type == typeCard && refused.Param != "" {
		form.Error, form.ErrorField = refused.Message, refused.Param
	}
	return form
}

// savedCards are a customer's cards, the default one first.
func savedCards(tx *Tx, customer Object) ([]pages.SavedCard, error) {
	found, err := tx.Find("payment_method", Query{Customer: customer.ID(), Limit: 50})
	if err != nil {
		return nil, err
	}
	chosen := customer.Str("invoice_settings.default_payment_method")
	if chosen == "" && len(found) == 1 {
		chosen = found[0].ID()
	}
	now := time.Unix(tx.Now(), 0).UTC()
	var out []pages.SavedCard
	for _, pm := range found {
		month, year := pm.Int("card.exp_month"), pm.Int("card.exp_year")
		card := pages.SavedCard{
			ID: pm.ID(), Brand: pm.Str("card.brand"), Last4: pm.Str("card.last4"), Default: pm.ID() == chosen,
			Exp:     fmt.Sprintf("Expires %02d/%d", month, year),
			Expired: year*12+month < int64(now.Year())*12+int64(now.Month()),
		}
		if card.Expired {
			card.Exp = fmt.Sprintf("Expired %02d/%d", month, year)
		}
		if card.Default {
			out = append([]pages.SavedCard{card}, out...)
			continue
		}
		out = append(out, card)
	}
	return out, nil
}

// stateTone colours the states of subscriptions, invoices, intents and sessions.
func stateTone(state string) string {
	switch state {
	case "active", "paid", "succeeded", "complete", "trialing", "delivered", "enabled", "won":
		return "ok"
	case "past_due", "open", "incomplete", "requires_action", "requires_payment_method", "pending", "paused",
		"needs_response", "warning_needs_response", "under_review", "warning_under_review", "advancing":
		return "warn"
	case "unpaid", "canceled", "incomplete_expired", "uncollectible", "failed", "lost":
		return "bad"
	default:
		return ""
	}
}

// validEmail accepts a bare address.
func validEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

func wholeNumber(text string, fallback, low, high int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fallback
	}
	return min(max(n, low), high)
}
