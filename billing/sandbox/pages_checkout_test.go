package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

const oneClick = "[data-card='4242424242424242']"

func TestCheckoutPageWithTrial(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.proYear, trial(14))
	page := newBrowser(t, s.URL()).open(cs.URL)
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "14 days free", page.text(".figure b"))
	require.Equal(t, "then $200.00 per year starting 7 December 2026", page.text("#trial"))
	require.Equal(t, "$0.00", page.text("#due"))
	require.Equal(t, "http://localhost:8080/pricing", page.Find("#back").AttrOr("href", ""))
	require.Equal(t, "Start trial", page.text("#pay"))

	page = page.press(oneClick, "email", "kim@example.com")
	require.Equal(t, http.StatusSeeOther, page.status)
	require.Equal(t, "http://localhost:8080/done?session="+cs.ID, page.location)
	done := s.session(cs.ID)
	require.Equal(t, stripe.SubscriptionStatusTrialing, done.Subscription.Status)
	require.Equal(t, "kim@example.com", done.CustomerDetails.Email)

	again := newBrowser(t, s.URL()).open(cs.URL)
	require.Equal(t, http.StatusOK, again.status)
	require.Contains(t, again.text("main"), "All done")
	require.Equal(t, "http://localhost:8080/done?session="+cs.ID, again.Find("main a").AttrOr("href", ""))
}

func TestCheckoutPageDeclines(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro)
	page := newBrowser(t, s.URL()).open(cs.URL)
	require.Equal(t, "Subscribe to Pro", page.text("h1"))

	page = page.press("#pay", "email", "kim@example.com", "name", "Kim", "country", "DE", "postal_code", "10115",
		"card_number", "4000 0000 0000 9995", "card_exp", "12 / 30", "card_cvc", "123")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Equal(t, "Your card has insufficient funds.", page.text("[role=alert]"))
	require.Equal(t, "kim@example.com", page.Find("#email").AttrOr("value", ""))
	require.Equal(t, "Kim", page.Find("#name").AttrOr("value", ""))
	require.Equal(t, "10115", page.Find("#postal_code").AttrOr("value", ""))
	require.Equal(t, "DE", page.Find("#country option[selected]").AttrOr("value", ""))
	require.Empty(t, page.Find("#card_number").AttrOr("value", ""), "the number is not shown again")
	require.Empty(t, page.Find("#card_cvc").AttrOr("value", ""))

	page = page.press("#pay", "card_number", "4242 4242 4242 4241", "card_exp", "12 / 30", "card_cvc", "123")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Equal(t, "Your card number is incorrect.", page.text("#card_error"))
	require.Equal(t, "true", page.Find("#card_number").AttrOr("aria-invalid", ""))

	// A real number is never taken.
	page = page.press("#pay", "card_number", "4111 1111 1111 1111", "card_exp", "12 / 30", "card_cvc", "123")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Contains(t, page.text("[role=alert]"), "used a non test card")

	page = page.press("#pay", "card_number", "4242424242424242", "card_exp", "12 / 30", "card_cvc", "123")
	require.Equal(t, http.StatusSeeOther, page.status)
	require.Equal(t, stripe.SubscriptionStatusActive, s.session(cs.ID).Subscription.Status)
}

func TestCheckoutPageThreeDS(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro)
	page := newBrowser(t, s.URL()).open(cs.URL).press("[data-card='4000000000003220']", "email", "kim@example.com")
	bank := page.follow()
	require.Contains(t, bank.text("main"), "$20.00")
	require.Contains(t, bank.header.Get("Content-Security-Policy"), "http://localhost:8080")

	back := bank.press("#fail").follow()
	require.Equal(t, http.StatusOK, back.status)
	require.Contains(t, back.text("[role=alert]"), "unable to authenticate")
	require.Equal(t, stripe.CheckoutSessionStatusOpen, s.session(cs.ID).Status)

	page = back.press("[data-card='4000000000003220']", "email", "kim@example.com").follow().press("#complete")
	require.Equal(t, "http://localhost:8080/done?session="+cs.ID, page.location)
	require.Equal(t, stripe.CheckoutSessionStatusComplete, s.session(cs.ID).Status)
}

func TestCheckoutPagePromotion(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{
		PercentOff: stripe.Float64(20), Duration: stripe.String("repeating"), DurationInMonths: stripe.Int64(3),
	})
	require.NoError(t, err)
	_, err = s.Client.PromotionCodes.New(&stripe.PromotionCodeParams{
		Coupon: &coupon.ID, Code: stripe.String("LAUNCH20"),
	})
	require.NoError(t, err)
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })

	page := newBrowser(t, s.URL()).open(cs.URL).press("[name=apply_promotion]", "promotion_code", "NOPE")
	require.Equal(t, http.StatusUnprocessableEntity, page.status)
	require.Equal(t, "NOPE", page.Find("#promotion_code").AttrOr("value", ""))
	require.NotEmpty(t, page.text("#promotion_error"))

	page = page.press("[name=apply_promotion]", "promotion_code", "launch20").follow()
	require.Equal(t, "$16.00", page.text("#due"))
	require.Contains(t, page.text(".totals"), "20% off for 3 months")
	require.Equal(t, "Regular price $20.00 per month", page.text("#trial"))
	require.Zero(t, page.Find("#promotion_code").Length())

	page = page.press("[name=remove_promotion]").follow()
	require.Equal(t, "$20.00", page.text("#due"))
	page = page.press("[name=apply_promotion]", "promotion_code", "LAUNCH20").follow().press(oneClick)
	require.Equal(t, http.StatusSeeOther, page.status)
	require.EqualValues(t, 1600, s.session(cs.ID).AmountTotal)
}

func TestCheckoutPageStates(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	b := newBrowser(t, s.URL())
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/c/cs_test_nothing").status)

	customer := s.buyer("")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.Customer = &customer })
	page := b.open(cs.URL)
	require.Equal(t, "jo@example.com", page.Find("#email[readonly]").AttrOr("value", ""))
	_, err := s.Client.CheckoutSessions.Expire(cs.ID, nil)
	require.NoError(t, err)
	page = page.press(oneClick)
	require.Equal(t, http.StatusGone, page.status)
	require.Contains(t, page.text("main"), "has expired")
	require.Equal(t, "http://localhost:8080/pricing", page.Find("main a").AttrOr("href", ""))
}

func TestPagesRefuseForgedForms(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro)
	b := newBrowser(t, s.URL())
	page := b.open(cs.URL)
	token := page.Find("#checkout [name=_csrf]").AttrOr("value", "")
	require.NotEmpty(t, token)
	policy := page.header.Get("Content-Security-Policy")
	for _, rule := range []string{
		"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:", "base-uri 'none'",
		"form-action 'self' http://localhost:8080", "frame-ancestors 'none'",
	} {
		require.Contains(t, policy, rule)
	}
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "no-store", page.header.Get("Cache-Control"))
	require.Equal(t, "nosniff", page.header.Get("X-Content-Type-Options"))

	post := func(b *browser, token string, headers ...string) int {
		form := url.Values{"_csrf": {token}, "card": {"4242424242424242"}, "email": {"kim@example.com"}}
		req, err := http.NewRequest(http.MethodPost, cs.URL, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		return b.do(req).status
	}
	require.Equal(t, http.StatusForbidden, post(b, ""))
	require.Equal(t, http.StatusForbidden, post(b, token+"x"))
	require.Equal(t, http.StatusForbidden, post(newBrowser(t, s.URL()), token), "the token without its cookie")
	require.Equal(t, http.StatusForbidden, post(b, token, "Sec-Fetch-Site", "cross-site"))
	require.Equal(t, http.StatusForbidden, post(b, token, "Origin", "http://evil.example"))
	require.Equal(t, stripe.CheckoutSessionStatusOpen, s.session(cs.ID).Status)
	require.Equal(t, http.StatusSeeOther, post(b, token, "Sec-Fetch-Site", "same-origin"))
}

func TestPagesNeverLeaveByThemselves(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.SuccessURL = stripe.String("https://shop.example/done")
	})
	page := newBrowser(t, s.URL()).open(cs.URL)
	require.NotContains(t, page.header.Get("Content-Security-Policy"), "shop.example")
	page = page.press(oneClick)
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "https://shop.example/done", page.Find("main a").AttrOr("href", ""))
}

// The quantity may be changed within the session's bounds, and what it costs follows.
func TestCheckoutPageSeats(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.LineItems[0].Quantity = stripe.Int64(2)
		p.LineItems[0].AdjustableQuantity = &stripe.CheckoutSessionLineItemAdjustableQuantityParams{
			Enabled: stripe.Bool(true), Minimum: stripe.Int64(2), Maximum: stripe.Int64(5),
		}
	})
	page := newBrowser(t, s.URL()).open(cs.URL)
	fewer, more, typed := ".seats [aria-label^='One fewer']", ".seats [aria-label^='One more']", ".seats [value=typed]"
	require.Equal(t, 1, page.Find(fewer+"[disabled]").Length())
	page = page.press(more).follow()
	require.Equal(t, "$60.00", page.text("#due"))
	page = page.press(typed, "quantity", "5").follow()
	require.Equal(t, 1, page.Find(more+"[disabled]").Length())
	for _, wrong := range []string{"6", "1", "0", "-3", "two", ""} {
		refused := page.press(typed, "quantity", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, refused.status, wrong)
		require.Equal(t, "$100.00", refused.text("#due"))
	}
	page = page.press(fewer, "email", "kim@example.com") // What was typed beside it stays.
	require.Equal(t, "kim@example.com", page.Find("#email").AttrOr("value", ""))
	page.press(oneClick)
	paid := s.session(cs.ID)
	require.EqualValues(t, 8000, paid.AmountTotal)
	require.EqualValues(t, 4, s.sub(paid.Subscription.ID).Items.Data[0].Quantity)

	fixed := newBrowser(t, s.URL()).open(s.checkout(s.pro).URL)
	require.Zero(t, fixed.Find(".seats").Length())
	item := s.session(s.checkout(s.pro).ID).ID
	refused := fixed.send(fixed.url.Path, url.Values{"seats": {"3"}, "item": {item}})
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
}

// A known customer pays with a card on file, and with nobody else's.
func TestCheckoutPageOffersSavedCards(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	customer, other := s.buyer("pm_card_visa"), s.buyer("pm_card_mastercard")
	as := func(p *stripe.CheckoutSessionParams) { p.Customer, p.CustomerEmail = &customer, nil }
	cs := s.checkout(s.pro, as)
	page := newBrowser(t, s.URL()).open(cs.URL)
	require.Contains(t, page.text(".choice"), "4242")
	foreign := newBrowser(t, s.URL()).open(s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.Customer, p.CustomerEmail = &other, nil
	}).URL).Find("[name=payment_method]").AttrOr("value", "")
	require.Equal(t, http.StatusNotFound, page.press("#pay", "payment_method", foreign).status)
	require.Equal(t, http.StatusSeeOther, page.press("#pay").status)
	require.Equal(t, stripe.CheckoutSessionStatusComplete, s.session(cs.ID).Status)

	// A card that is typed beside them wins.
	cs = s.checkout(s.pro, as)
	page = newBrowser(t, s.URL()).open(cs.URL).
		press("#pay", "card_number", "4000 0000 0000 0002", "card_exp", "12 / 30", "card_cvc", "123")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Contains(t, page.text("[role=alert]"), "declined")
}
