package sandbox

import (
	"crypto/sha256"
	"maps"
	"strconv"
	"strings"
)

// How a test card behaves when the issuer may ask its holder to authenticate.
const (
	authNever     = ""
	authUntilSet  = "until_set_up" // Asks until a setup intent has succeeded, and never off session after that.
	authAlways    = "always"       // Asks every time; off session it therefore always fails.
	authOnSession = "on_session"   // Counts as set up from the start: asks only while the customer is there.
)

// The groups under which the checkout page offers the cards.
const (
	groupSuccess  = "Succeeds"
	groupDecline  = "Declines"
	groupThreeDS  = "3-D Secure"
	groupLater    = "Fails later"
	groupDisputes = "Disputes and refunds"
)

// decline is the reason for which a charge fails, in the words that Stripe sends.
type decline struct{ code, declineCode, param, message string }

func (d decline) err() *Error {
	e := cardError(d.code, d.declineCode, d.param, d.message)
	return e
}

// TestCard is one of Stripe's published test cards. The sandbox accepts no other number, keeps no number at all, and
// decides a card's fate by the entry here that the payment method points to.
type TestCard struct {
	Number, Brand, Label, Group, Description string
	// ID is the magic payment method that stands for the card, such as pm_card_visa.
	ID string
	// decline is what every charge answers; nil is success. afterAuth is what it answers once authenticated.
	decline, afterAuth *decline
	// attaches is set for a card that declines charges and yet can be saved.
	attaches bool
	auth     string
}

// Last4 is the end of the card's number, the only part of it that is ever stored.
func (c TestCard) Last4() string { return c.Number[len(c.Number)-4:] }

// Token is the legacy token that stands for the card, such as tok_visa.
func (c TestCard) Token() string { return "tok_" + strings.TrimPrefix(c.ID, "pm_card_") }

// asks reports whether a payment with the card needs its holder's authentication.
func (c TestCard) asks(offSession, isSetUp bool) bool {
	switch c.auth {
	case authAlways:
		return true
	case authUntilSet:
		return !isSetUp
	case authOnSession:
		return !offSession
	default:
		return false
	}
}

func declined(declineCode string) *decline {
	message := "Your card was declined."
	switch declineCode {
	case "insufficient_funds":
		message = "Your card has insufficient funds."
	case "card_velocity_exceeded":
		message = "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."
	}
	return &decline{"card_declined", declineCode, "", message}
}

// cardByMagic finds the card behind a magic payment method (pm_card_visa) or token (tok_visa). The names differ in
// a "visa_" that Stripe writes in some of them, so both spellings work.
func cardByMagic(id string) (TestCard, bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(id, "tok_"), "pm_card_"), "visa_")
	for _, c := range testCards() {
		if strings.TrimPrefix(strings.TrimPrefix(c.ID, "pm_card_"), "visa_") == name {
			return c, true
		}
	}
	return TestCard{}, false
}

// cardOf finds the card that a stored payment method was made from.
func cardOf(pm Object) TestCard {
	c, ok := cardByMagic(pm.Str("_card"))
	if !ok {
		return successCards()[0]
	}
	return c
}

// CardInput is what a person types into a card form.
type CardInput struct{ Number, Exp, CVC, Name, Country, PostalCode string }

// readCard checks a typed card as Stripe's own form does, and finds the test card it is.
func readCard(tx *Tx, in CardInput) (card TestCard, month, year int64, err error) {
	monthText, yearText, _ := strings.Cut(strings.ReplaceAll(in.Exp, " ", ""), "/")
	month, _ = strconv.ParseInt(monthText, 10, 64)
	year, _ = strconv.ParseInt(yearText, 10, 64)
	card, err = checkCard(tx.Now(), in.Number, month, year, in.CVC)
	if year < 100 {
		year += 2000
	}
	return card, month, year, err
}

// checkCard validates the parts of a card number form in the order in which Stripe complains about them.
func checkCard(now int64, number string, month, year int64, cvc string) (TestCard, error) {
	number = strings.NewReplacer(" ", "", "-", "").Replace(number)
	if len(number) < 12 || len(number) > 19 || !luhn(number) {
		return TestCard{}, cardError("incorrect_number", "", "number", "Your card number is incorrect.")
	}
	if month < 1 || month > 12 {
		return TestCard{}, cardError("invalid_expiry_month", "", "exp_month",
			"Your card's expiration month is invalid.")
	}
	if year < 100 {
		year += 2000
	}
	if thisYear, thisMonth := yearMonth(now); year < thisYear || year > thisYear+50 ||
		(year == thisYear && month < thisMonth) {
		return TestCard{}, cardError("invalid_expiry_year", "", "exp_year", "Your card's expiration year is invalid.")
	}
	if cvc != "" && (len(cvc) < 3 || len(cvc) > 4 || strings.Trim(cvc, "0123456789") != "") {
		return TestCard{}, cardError("invalid_cvc", "", "cvc", "Your card's security code is invalid.")
	}
	for _, c := range testCards() {
		if c.Number == number {
			return c, nil
		}
	}
	return TestCard{}, cardError("card_declined", "test_mode_live_card", "", "Your card was declined. Your request "+
		"was in test mode, but used a non test card. For a list of valid test cards, visit: "+
		"https://stripe.com/docs/testing.")
}

func luhn(number string) bool {
	var sum int
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if digit < 0 || digit > 9 {
			return false
		}
		if i%2 == 1 {
			digit *= 2
			if digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// newCard builds a payment method of a test card, ready to be inserted. Zero month and year stand for the expiry that
// Stripe gives its magic cards.
func newCard(tx *Tx, c TestCard, month, year int64, billing Object) Object {
	thisYear, thisMonth := yearMonth(tx.Now())
	if month == 0 || year == 0 {
		month, year = thisMonth, thisYear+1
	}
	pm := tx.Skeleton("payment_method")
	pm["type"] = "card"
	pm["allow_redisplay"] = "unspecified"
	pm["_card"] = c.ID
	pm["billing_details"] = Object{"address": emptyAddress(), "email": nil, "name": nil, "phone": nil}
	for key, value := range billing {
		if key == "address" { // All six parts are there, whichever were sent.
			address := emptyAddress()
			maps.Copy(address, asObject(value))
			value = address
		}
		pm.Set("billing_details."+key, value)
	}
	pm["card"] = cardDetails(c, month, year)
	return pm
}

func emptyAddress() Object {
	return Object{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
}

func cardDetails(c TestCard, month, year int64) Object {
	return Object{
		"brand": c.Brand, "country": "US", "display_brand": displayBrand(c.Brand), "exp_month": month,
		"exp_year": year, "fingerprint": fingerprint(c.Number), "funding": "credit", "generated_from": nil,
		"last4": c.Last4(), "networks": Object{"available": []string{c.Brand}, "preferred": nil},
		"regulated_status":     "unregulated",
		"three_d_secure_usage": Object{"supported": true}, "wallet": nil,
		"checks": Object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
	}
}

func displayBrand(brand string) string {
	if brand == "amex" {
		return "american_express"
	}
	return brand
}

// fingerprint is the same for the same number, as Stripe's is, and gives nothing of it away.
func fingerprint(number string) string {
	sum := sha256.Sum256([]byte("fingerprint " + number))
	out := make([]byte, 16)
	for i := range out {
		out[i] = base62[int(sum[i])%len(base62)]
	}
	return string(out)
}
