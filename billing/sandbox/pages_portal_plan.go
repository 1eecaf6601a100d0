package sandbox

import (
	"net/http"
	"net/url"
	"slices"

	"example.com/tollgate/billing/sandbox/pages"
)

// switches reports whether the configuration lets customers change their plan.
func (po *portal) switches() bool {
	return po.can("subscription_update") && len(po.config.List("features.subscription_update.products")) > 0 &&
		slices.Contains(po.config.Strs("features.subscription_update.default_allowed_updates"), "price")
}

// offered are the prices to which the configuration lets a subscription switch: those in its own currency.
func (po *portal) offered(tx *Tx, sub Object) ([]Object, error) {
	var out []Object
	if !po.switches() {
		return nil, nil
	}
	for _, product := range po.config.List("features.subscription_update.products") {
		for _, id := range product.Strs("prices") {
			price, err := tx.load(id)
			if err != nil {
				return nil, err
			}
			if price.Bool("active") && inCurrency(price, sub.Str("currency")).Str("currency") == sub.Str("currency") {
				out = append(out, price)
			}
		}
	}
	return out, nil
}

// maxSeats bounds a quantity that is typed into the portal.
const maxSeats = 100_000

// seats reports whether the configuration lets customers change how many they pay for.
func (po *portal) seats() bool {
	return po.can("subscription_update") &&
		slices.Contains(po.config.Strs("features.subscription_update.default_allowed_updates"), "quantity")
}

func showPortalPlans(p *page) error {
	var v pages.PortalSwitch
	err := p.portalView(func(tx *Tx, po *portal) error {
		v.PortalFrame = p.portalFrame(po, "Update your plan")
		sub, err := po.subscription(tx, p.query("subscription"))
		if err != nil {
			return err
		}
		prices, err := po.offered(tx, sub)
		if err != nil {
			return err
		}
		current := sub.Obj("items.data.0.price")
		per := p.query("per")
		if per == "" {
			per = perText(current)
		}
		for _, price := range prices {
			v.Tabs = addTab(v.Tabs, p.r.URL.Path, sub.ID(), perText(price), per)
			if perText(price) != per {
				continue
			}
			offer, err := p.offer(tx, sub, price, price.ID() == current.ID())
			if err != nil {
				return err
			}
			offer.Seats = offer.Current && po.seats()
			v.Offers = append(v.Offers, offer)
		}
		return nil
	})
	if err != nil {
		return p.portalFailed(err)
	}
	return p.show(http.StatusOK, pages.PortalSwitchPage(v))
}

func addTab(tabs []pages.Tab, path, sub, per, chosen string) []pages.Tab {
	label := map[string]string{"per month": "Monthly", "per year": "Yearly", "per week": "Weekly", "per day": "Daily"}[per]
	if label == "" {
		label = pages.Words(per)
	}
	for _, tab := range tabs {
		if tab.Label == label {
			return tabs
		}
	}
	link := path + "?" + url.Values{"subscription": {sub}, "per": {per}}.Encode()
	return append(tabs, pages.Tab{Label: label, Link: link, Current: per == chosen})
}

func (p *page) offer(tx *Tx, sub, price Object, current bool) (pages.Offer, error) {
	product, err := tx.load(price.Str("product"))
	if err != nil {
		return pages.Offer{}, err
	}
	offer := pages.Offer{
		Name: product.Str("name"), About: product.Str("description"), Current: current,
		Link: p.portalBase() + "/plans/" + url.PathEscape(price.ID()) + "?subscription=" + url.QueryEscape(sub.ID()),
	}
	offer.Figure, offer.Per, err = priceFigure(tx, price, sub.Int("items.data.0.quantity"), sub.Str("currency"))
	return offer, err
}

// planSwitch is a switch that was asked for and is allowed.
type planSwitch struct {
	sub, price Object
	quantity   int64
}

// wantedSwitch reads the switch out of the address. What the address asks for counts only as far as the configuration
// allows it, or the deep link names it.
func (p *page) wantedSwitch(tx *Tx, po *portal) (planSwitch, error) {
	var w planSwitch
	var err error
	if w.sub, err = po.subscription(tx, p.query("subscription")); err != nil {
		return w, err
	}
	current := w.sub.Str("items.data.0.price.id")
	w.quantity = w.sub.Int("items.data.0.quantity")
	allowed, err := po.offered(tx, w.sub)
	if err != nil {
		return w, err
	}
	id := p.r.PathValue("price")
	deep := po.session.Obj("flow.subscription_update_confirm")
	if deep.Str("subscription") == w.sub.ID() {
		id = orText(deep.Str("items.0.price"), current)
		w.quantity = max(deep.Int("items.0.quantity"), 1)
	}
	if po.seats() {
		w.quantity = wholeNumber(p.query("quantity"), w.quantity, 1, maxSeats)
	}
	for _, price := range allowed {
		if price.ID() == id && (id != current || po.seats()) {
			w.price = price
		}
	}
	if w.price == nil && (deep.Str("subscription") == w.sub.ID() || (id == current && po.seats())) {
		w.price, err = tx.Get("price", id)
		return w, err
	}
	if w.price == nil {
		return w, missing(http.StatusNotFound, "price", id, "id")
	}
	return w, nil
}

func showPortalSwitch(p *page) error { return p.portalSwitch(http.StatusOK, "") }

// portalSwitch shows what a switch costs, from the very bill that making it would write.
func (p *page) portalSwitch(status int, alert string) error {
	var v pages.PortalConfirm
	err := p.portalView(func(tx *Tx, po *portal) error {
		v.PortalFrame = p.portalFrame(po, "Confirm your updates")
		v.Path, v.Action, v.Back = p.r.URL.Path, p.r.URL.RequestURI(), p.back(po)
		if !po.session.Has("flow") {
			v.Back = p.portalBase() + "/plans?subscription=" + url.QueryEscape(p.query("subscription"))
		}
		w, err := p.wantedSwitch(tx, po)
		if err != nil {
			return err
		}
		v.Quantity, v.AskSeats, v.Sub = itoa(w.quantity), po.seats(), w.sub.ID()
		v.From = productName(tx, w.sub.Obj("items.data.0.price"))
		v.To, v.Confirm = productName(tx, w.price), "Confirm"
		if v.Figure, v.Per, err = priceFigure(tx, w.price, w.quantity, w.sub.Str("currency")); err != nil {
			return err
		}
		if v.Card, err = payingCard(tx, w.sub, po.customer); err != nil {
			return err
		}
		later, err := switchesLater(tx, po.config, w.sub, w.price, w.quantity)
		if err != nil {
			return err
		}
		preview := previewSwitch
		if later {
			preview = func(tx *Tx, _, _ string, quantity int64) (Object, error) {
				return previewLaterSwitch(tx, w.sub, w.price, quantity)
			}
		}
		invoice, err := preview(tx, w.sub.ID(), w.price.ID(), w.quantity)
		if err != nil {
			return err
		}
		quote(tx, &v, invoice)
		if later {
			v.When = "Your plan stays as it is until " + pages.Day(w.sub.Int("current_period_end")) + ", and changes then."
		}
		return nil
	})
	if err != nil {
		return p.portalFailed(err)
	}
	if alert != "" {
		v.Alert = alert
	}
	return p.show(status, pages.PortalConfirmPage(v))
}

// quote prints a preview line by line, down to what is due.
func quote(tx *Tx, v *pages.PortalConfirm, invoice Object) {
	currency := invoice.Str("currency")
	money := func(amount int64) string { return pages.Money(amount, currency) }
	for _, line := range invoice.List("lines") {
		v.Lines = append(v.Lines, pages.Detail{Label: line.Str("description"), Value: money(line.Int("amount"))})
	}
	var discount int64
	for _, d := range invoice.List("total_discount_amounts") {
		discount += d.Int("amount")
	}
	if discount > 0 {
		v.Lines = append(v.Lines, pages.Detail{Label: "Discount", Value: money(-discount)})
	}
	if tax := invoice.Int("tax"); tax > 0 {
		v.Lines = append(v.Lines, pages.Detail{Label: "Tax", Value: money(tax)})
	}
	if credit := invoice.Int("amount_due") - invoice.Int("total"); credit != 0 && invoice.Int("total") > 0 {
		v.Lines = append(v.Lines, pages.Detail{Label: "Credit on your account", Value: money(credit)})
	}
	due := invoice.Int("amount_due")
	v.Sum = pages.Detail{Label: "Due now", Value: money(due)}
	v.When = "What is left of your current period is credited; the new price applies from now on."
	if at := invoice.Int("next_payment_attempt"); at > tx.Now() {
		v.Sum.Label = "Due on " + pages.Day(at)
		v.When = "Nothing is charged today. Your next invoice will have these lines."
	}
	if invoice.Int("total") < 0 {
		v.When = "The credit of " + money(-invoice.Int("total")) + " stays on your account and pays the next invoices."
	}
	if due > 0 && v.Sum.Label == "Due now" {
		v.Confirm = "Pay " + money(due) + " and switch"
	}
}

// payingCard says which card a subscription is charged to.
func payingCard(tx *Tx, sub, customer Object) (string, error) {
	id := sub.Str("default_payment_method")
	if id == "" {
		id = customer.Str("invoice_settings.default_payment_method")
	}
	pm, err := tx.load(id)
	if err != nil || pm == nil {
		return "", err
	}
	return "Charged to the " + pages.Words(pm.Str("card.brand")) + " card ending in " + pm.Str("card.last4") + ".", nil
}

// postPortalSwitch switches the plan. Where the bank wants to be asked first, the switch waits for its answer.
func postPortalSwitch(p *page) error {
	var po *portal
	var challenge string
	err := p.portalAct(func(tx *Tx, found *portal) error {
		po = found
		if err := po.needs("subscription_update"); err != nil {
			return err
		}
		w, err := p.wantedSwitch(tx, po)
		if err != nil {
			return err
		}
		if later, err := switchesLater(tx, po.config, w.sub, w.price, w.quantity); err != nil || later {
			if err == nil {
				err = scheduleSwitch(tx, w.sub, w.price, w.quantity)
			}
			return err
		}
		_, err = switchPlan(tx, w.sub.ID(), w.price.ID(), w.quantity)
		if refused, ok := refusal(err); ok && refused.PaymentIntent.Str("status") == "requires_action" {
			challenge = refused.PaymentIntent.ID()
			return p.challenged(tx, po, challenge, "switched")
		}
		return err
	})
	if refused, ok := refusal(err); ok {
		return p.portalSwitch(statusOf(refused), refused.Message)
	}
	switch {
	case err != nil:
		return p.portalFailed(err)
	case challenge != "":
		return p.to("/_stripe/3ds/" + challenge)
	default:
		return p.completed(po, "switched")
	}
}
