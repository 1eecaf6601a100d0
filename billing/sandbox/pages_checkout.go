package sandbox

import (
	"net/http"
	"strconv"

	"example.com/tollgate/billing/sandbox/pages"
)

// guestEmail is whose payment a test card's button makes when no address was typed.
const guestEmail = "customer@example.com"

func showCheckout(p *page) error { return p.checkout(http.StatusOK, checkoutState{}) }

// checkoutState is what an attempt left to be said on the page.
type checkoutState struct {
	refused    *Error
	promotion  string // a code that was refused, as typed
	promoError string
	notice     string // what the customer should look at before they pay
}

// postCheckout takes both forms of the page: the promotion code's and the one that pays.
func postCheckout(p *page) error {
	if p.r.PostForm.Has("remove_promotion") {
		return p.promotion(func(tx *Tx) error {
			_, err := removePromotionCode(tx, p.id())
			return err
		})
	}
	if p.r.PostForm.Has("promotion_code") {
		return p.promotion(func(tx *Tx) error {
			_, err := applyPromotionCode(tx, p.id(), p.field("promotion_code"))
			return err
		})
	}
	if p.r.PostForm.Has("seats") {
		return p.seats()
	}
	return p.payCheckout()
}

// seats changes a line's quantity, by a button's value or by what was typed.
func (p *page) seats() error {
	wanted := p.field("seats")
	if wanted == "typed" {
		wanted = p.field("quantity")
	}
	n, err := strconv.ParseInt(wanted, 10, 64)
	if err != nil {
		return p.checkout(http.StatusUnprocessableEntity, checkoutState{
			refused: invalidf("quantity", "The quantity is a whole number."),
		})
	}
	err = p.act(func(tx *Tx) error { return setSeats(tx, p.id(), p.field("item"), n) })
	if refused, ok := refusal(err); ok {
		return p.checkout(http.StatusUnprocessableEntity, checkoutState{refused: refused})
	}
	if err != nil {
		return err
	}
	return p.again()
}

// promotion changes the code and shows the page again with what was typed beside it, so that it is not lost.
func (p *page) promotion(change func(tx *Tx) error) error {
	err := p.act(change)
	if refused, ok := refusal(err); ok {
		return p.checkout(http.StatusUnprocessableEntity, checkoutState{
			promotion: p.field("promotion_code"), promoError: refused.Message,
		})
	}
	if err != nil {
		return err
	}
	return p.again()
}

// again shows the page with what was typed; when there was nothing, a reload of it asks for nothing.
func (p *page) again() error {
	for _, typed := range []string{"email", "name", "postal_code"} {
		if p.field(typed) != "" {
			return p.checkout(http.StatusOK, checkoutState{})
		}
	}
	return p.to(p.r.URL.Path)
}

func (p *page) payCheckout() error {
	card := p.typedCard()
	in := CheckoutConfirm{
		Email: p.field("email"), Name: card.Name, Card: card, Country: card.Country, PostalCode: card.PostalCode,
		Line1: p.field("line1"), City: p.field("city"), State: p.field("state"),
		TaxIDType: p.field("tax_type"), TaxID: p.field("tax_id"),
	}
	var result CheckoutResult
	changed := false
	err := p.act(func(tx *Tx) error {
		s, err := tx.Get("checkout.session", p.id())
		if err != nil {
			return err
		}
		if saved := p.field("payment_method"); saved != "" && p.field("card_number") == "" && p.field("card") == "" {
			if err := payWithSaved(tx, &in, saved, s.Str("customer")); err != nil {
				return err
			}
		}
		if known := s.Str("customer_details.email"); s.Has("customer") && known != "" {
			in.Email = known
		}
		if in.Email == "" && p.r.PostForm.Has("card") {
			in.Email = guestEmail
		}
		if in.Email != "" && !validEmail(in.Email) {
			return invalidf("email", "This e-mail address is not complete.")
		}
		if in.TaxID == "" {
			in.TaxIDType = ""
		}
		if changed, err = quoteTax(tx, p.id(), in, p.field("total")); err != nil || changed {
			return err
		}
		result, err = confirmCheckout(tx, p.id(), in)
		return err
	})
	if refused, ok := refusal(err); ok {
		return p.checkout(statusOf(refused), checkoutState{refused: refused})
	}
	switch {
	case err != nil:
		return err
	case changed:
		return p.checkout(http.StatusConflict, checkoutState{notice: "The tax for your address changes the total. Check it, " +
			"and pay when it is right."})
	case result.Decline != nil:
		return p.checkout(http.StatusPaymentRequired, checkoutState{refused: result.Decline})
	case result.ThreeDSURL != "":
		return p.to(result.ThreeDSURL)
	default:
		return p.leave(result.RedirectURL)
	}
}

// payWithSaved takes a card on file, with the address that is on file with it.
func payWithSaved(tx *Tx, in *CheckoutConfirm, id, customer string) error {
	if err := ownMethod(tx, id, customer); err != nil {
		return err
	}
	pm, err := tx.load(id)
	if err != nil {
		return err
	}
	in.PaymentMethod, in.Name = id, pm.Str("billing_details.name")
	in.Country, in.PostalCode = pm.Str("billing_details.address.country"), pm.Str("billing_details.address.postal_code")
	return nil
}

// checkout shows the session in whatever state it is.
func (p *page) checkout(status int, state checkoutState) error {
	var s Object
	var v pages.Checkout
	err := p.view(func(tx *Tx) error {
		var err error
		if s, err = tx.Get("checkout.session", p.id()); err != nil {
			return err
		}
		if s.Str("status") == "open" {
			v, err = checkoutView(tx, s)
			return err
		}
		v.Shop = shopName(tx)
		return nil
	})
	if err != nil {
		return err
	}
	p.mayReturn(s.Str("success_url"), s.Str("return_url"))
	if s.Str("status") != "open" {
		return p.closedCheckout(s, v.Shop)
	}
	v.Chrome, v.Action = p.chrome(v.What), p.r.URL.Path
	p.fillCheckout(&v, s, state)
	return p.show(status, pages.CheckoutPage(v))
}

// fillCheckout puts back what was typed, and says what was wrong with it.
func (p *page) fillCheckout(v *pages.Checkout, s Object, state checkoutState) {
	v.Promo.Typed, v.Promo.Error = state.promotion, state.promoError
	if email := p.field("email"); email != "" && !v.EmailLocked {
		v.Email = email
	}
	v.TaxType, v.TaxID = p.field("tax_type"), p.field("tax_id")
	v.Card = p.cardForm(state.refused)
	if p.field("country") == "" {
		if known := s.Str("customer_details.address.country"); known != "" {
			v.Card.Country = known
		}
	}
	switch {
	case state.notice != "":
		v.Alert = state.notice
	case state.refused != nil:
		v.Alert = state.refused.Message
		if v.Card.Error != "" {
			v.Alert = ""
		}
	case p.r.Method == http.MethodGet:
		v.Alert = s.Str("_message")
	}
}

// closedCheckout shows a session that is over.
func (p *page) closedCheckout(s Object, shop string) error {
	m := pages.Message{
		Chrome: p.chrome("Checkout complete"), Tone: "ok", Icon: "check", Head: "All done",
		Text: "This checkout was completed. There is nothing left to pay.",
		Link: successURL(s), Label: "Continue to " + shop,
	}
	status := http.StatusOK
	if s.Str("status") == "expired" {
		status = http.StatusGone
		m.Chrome, m.Tone, m.Icon = p.chrome("Checkout expired"), "warn", "clock"
		m.Head = "This checkout has expired"
		m.Text = "Nothing was charged. Go back to start a new one."
		m.Link, m.Label = s.Str("cancel_url"), "Back to "+shop
	}
	return p.show(status, pages.MessagePage(m))
}

// threeDSReturns are the URLs to which a card challenge may lead.
func threeDSReturns(tx *Tx, intent Object) ([]string, error) {
	targets := []string{intent.Str("_return_url")}
	id := intent.Str("_session")
	if id == "" {
		return targets, nil
	}
	s, err := tx.load(id)
	if err != nil {
		return nil, err
	}
	return append(targets, s.Str("success_url"), s.Str("return_url")), nil
}
