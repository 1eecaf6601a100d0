package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"example.com/tollgate/billing/sandbox/pages"
)

// A portal session lasts an hour. Bills are shown a page at a time.
const (
	portalSeconds = hour
	portalBills   = 6
)

// portal is one portal session: who it is for and what they may do.
type portal struct {
	session, config, customer Object
	shop                      string
}

// errPortalOver is how a handler learns that the session has run out.
type errPortalOver struct{ returnURL, shop string }

// Error says it in words.
func (errPortalOver) Error() string { return "the portal session has expired" }

func loadPortal(tx *Tx, id string) (*portal, error) {
	s, err := tx.Get("billing_portal.session", id)
	if err != nil {
		return nil, err
	}
	po := &portal{session: s, shop: shopName(tx)}
	if tx.Now() > s.Int("created")+portalSeconds {
		return nil, errPortalOver{s.Str("return_url"), po.shop}
	}
	if po.config, err = tx.Ref("billing_portal.configuration", s.Str("configuration"), "configuration"); err != nil {
		return nil, err
	}
	po.customer, err = tx.Get("customer", s.Str("customer"))
	return po, err
}

func (po *portal) can(feature string) bool { return po.config.Bool("features." + feature + ".enabled") }

// subscription returns one of the customer's own subscriptions.
func (po *portal) subscription(tx *Tx, id string) (Object, error) {
	sub, err := tx.Get("subscription", id)
	if err != nil {
		return nil, err
	}
	if sub.Str("customer") != po.customer.ID() {
		return nil, missing(http.StatusNotFound, "subscription", id, "id")
	}
	return sub, nil
}

// portalView runs fn on a portal session that is still good.
func (p *page) portalView(fn func(tx *Tx, po *portal) error) error {
	return p.portalRun(p.view, fn)
}

// portalAct is portalView for what changes something.
func (p *page) portalAct(fn func(tx *Tx, po *portal) error) error { return p.portalRun(p.act, fn) }

func (p *page) portalRun(run func(func(*Tx) error) error, fn func(*Tx, *portal) error) error {
	return run(func(tx *Tx) error {
		po, err := loadPortal(tx, p.id())
		if err != nil {
			return err
		}
		p.mayReturn(po.session.Str("return_url"), po.session.Str("flow.after_completion.redirect.return_url"))
		return fn(tx, po)
	})
}

func (p *page) portalBase() string { return "/_stripe/p/" + p.id() }

// portalFrame is what the pages of a session share. A deep link shows one page only: its way back is out.
func (p *page) portalFrame(po *portal, title string) pages.PortalFrame {
	f := pages.PortalFrame{
		Chrome: p.chrome(title), Base: p.portalBase(), Shop: po.shop, ReturnURL: po.session.Str("return_url"),
		Headline: po.config.Str("business_profile.headline"),
	}
	if p.r.URL.Path != f.Base && !po.session.Has("flow") {
		f.Home = f.Base
	}
	if p.query("failed") == "authentication" {
		f.Alert = setupAuthenticationFailed().message
	}
	f.Notice = portalNotice(p.query("did"))
	return f
}

// portalNotice is what the front page says after something was done. The address names it, and this table speaks, so
// that nobody can put words onto the page by a link.
func portalNotice(did string) string {
	return map[string]string{
		"card": "The card was saved.", "default": "This card is the default now.", "removed": "The card was removed.",
		"canceled": "The plan was cancelled.", "resumed": "The plan goes on.", "switched": "The plan was changed.",
		"details": "The billing details were saved.",
	}[did]
}

// back is where a page's "go back" leads: to the front page, or out of a deep link.
func (p *page) back(po *portal) string {
	if po.session.Has("flow") && po.session.Str("return_url") != "" {
		return po.session.Str("return_url")
	}
	return p.portalBase() + "?home=1"
}

// completed goes where a finished action leads.
func (p *page) completed(po *portal, did string) error {
	target := p.completion(po, did)
	if strings.HasPrefix(target, "/") {
		return p.to(target)
	}
	return p.leave(target)
}

// completion is where a finished action leads. Only a deep link has a say in it.
func (p *page) completion(po *portal, did string) string {
	after := po.session.Obj("flow.after_completion")
	switch after.Str("type") {
	case "redirect":
		return after.Str("redirect.return_url")
	case "hosted_confirmation":
		return p.portalBase() + "/done"
	default:
		return p.portalBase() + "?home=1&did=" + did
	}
}

// challenged notes on an intent that waits for the bank where its customer goes afterwards.
func (p *page) challenged(tx *Tx, po *portal, intent, did string) error {
	target := p.completion(po, did)
	if strings.HasPrefix(target, "/") {
		target = tx.BaseURL() + target
	}
	kind := "payment_intent"
	if strings.HasPrefix(intent, "seti_") {
		kind = "setup_intent"
	}
	_, err := tx.Update(kind, intent, func(o Object) error {
		o["_portal"], o["_return_url"] = true, target
		o["_failed_url"] = tx.BaseURL() + p.portalBase() + "?home=1&failed=authentication"
		return nil
	})
	return err
}

// portalFailed shows the page of a session that has run out, and passes other errors on.
func (p *page) portalFailed(err error) error {
	var over errPortalOver
	if !errors.As(err, &over) {
		return err
	}
	return p.show(http.StatusGone, pages.MessagePage(pages.Message{
		Chrome: p.chrome("Session expired"), Tone: "warn", Icon: "clock", Head: "This session has expired",
		Text: "For your safety the billing pages close after an hour. Open them again from " + over.shop + ".",
		Link: over.returnURL, Label: "Return to " + over.shop,
	}))
}

// showPortal shows the front page, or the page that a deep link points to.
func showPortal(p *page) error {
	var v pages.Portal
	var deep string
	err := p.portalView(func(tx *Tx, po *portal) error {
		if p.query("home") == "" {
			if deep = p.deepLink(po.session); deep != "" {
				return nil
			}
		}
		var err error
		v, err = p.portalHome(tx, po)
		return err
	})
	if err != nil {
		return p.portalFailed(err)
	}
	if deep != "" {
		return p.to(deep)
	}
	return p.show(http.StatusOK, pages.PortalPage(v))
}

// deepLink is the page that a session's flow begins with.
func (p *page) deepLink(s Object) string {
	base, flow := p.portalBase(), s.Obj("flow")
	switch flow.Str("type") {
	case "payment_method_update":
		return base + "/cards/new"
	case "subscription_cancel":
		return base + "/cancel?subscription=" + url.QueryEscape(flow.Str("subscription_cancel.subscription"))
	case "subscription_update":
		return base + "/plans?subscription=" + url.QueryEscape(flow.Str("subscription_update.subscription"))
	case "subscription_update_confirm":
		sub := flow.Str("subscription_update_confirm.subscription")
		price := orText(flow.Str("subscription_update_confirm.items.0.price"), "same")
		return base + "/plans/" + url.PathEscape(price) + "?subscription=" + url.QueryEscape(sub)
	default:
		return ""
	}
}

// showPortalDone is the confirmation that a deep link may ask for.
func showPortalDone(p *page) error {
	var m pages.Message
	err := p.portalView(func(_ *Tx, po *portal) error {
		text := po.session.Str("flow.after_completion.hosted_confirmation.custom_message")
		if text == "" {
			text = "Your billing was updated. You can close this page."
		}
		m = pages.Message{
			Chrome: p.chrome("Done"), Tone: "ok", Icon: "check", Head: "All done", Text: text,
			Link: po.session.Str("return_url"), Label: "Return to " + po.shop,
		}
		return nil
	})
	if err != nil {
		return p.portalFailed(err)
	}
	return p.show(http.StatusOK, pages.MessagePage(m))
}
