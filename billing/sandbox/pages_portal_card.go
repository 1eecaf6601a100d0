package sandbox

import (
	"net/http"
	"path"

	"example.com/tollgate/billing/sandbox/pages"
)

func showPortalCard(p *page) error { return p.portalCard(http.StatusOK, nil) }

func (p *page) portalCard(status int, refused *Error) error {
	var v pages.PortalCard
	err := p.portalView(func(_ *Tx, po *portal) error {
		if err := po.needs("payment_method_update"); err != nil {
			return err
		}
		v.PortalFrame = p.portalFrame(po, "Add a card")
		v.Base = p.portalBase()
		v.Action, v.Back, v.Groups = v.Base+"/cards", p.back(po), cardGroups()
		if !po.session.Has("flow") {
			v.Home = v.Base
		}
		return nil
	})
	if err != nil {
		return p.portalFailed(err)
	}
	v.Card = p.cardForm(refused)
	if refused != nil && v.Card.Error == "" {
		v.Alert = refused.Message
	}
	return p.show(status, pages.PortalCardPage(v))
}

// needs refuses what the configuration does not allow. It is a page that is not there.
func (po *portal) needs(feature string) error {
	if !po.can(feature) {
		return missing(http.StatusNotFound, "page", "", "")
	}
	return nil
}

func postPortalCard(p *page) error {
	var po *portal
	var challenge string
	err := p.portalAct(func(tx *Tx, found *portal) error {
		po = found
		if err := po.needs("payment_method_update"); err != nil {
			return err
		}
		var err error
		challenge, err = portalAddCard(tx, po.customer.ID(), p.typedCard())
		if err != nil || challenge == "" {
			return err
		}
		return p.challenged(tx, po, path.Base(challenge), "card")
	})
	if refused, ok := refusal(err); ok {
		return p.portalCard(statusOf(refused), refused)
	}
	switch {
	case err != nil:
		return p.portalFailed(err)
	case challenge != "":
		return p.to(challenge)
	default:
		return p.completed(po, "card")
	}
}

// ownCard checks that the card in the address is the customer's.
func (p *page) ownCard(tx *Tx, po *portal) (string, error) {
	if err := po.needs("payment_method_update"); err != nil {
		return "", err
	}
	pm, err := tx.Get("payment_method", p.r.PathValue("card"))
	if err != nil {
		return "", err
	}
	if pm.Str("customer") != po.customer.ID() {
		return "", missing(http.StatusNotFound, "payment_method", pm.ID(), "id")
	}
	return pm.ID(), nil
}

func postPortalDefaultCard(p *page) error {
	return p.changeCard("default", func(tx *Tx, po *portal, card string) error {
		return setDefaultCard(tx, po.customer.ID(), card)
	})
}

// postPortalRemoveCard takes a card away, unless it is the last one that a running plan is charged to.
func postPortalRemoveCard(p *page) error {
	return p.changeCard("removed", func(tx *Tx, po *portal, card string) error {
		cards, err := savedCards(tx, po.customer)
		if err != nil {
			return err
		}
		subs, err := tx.Find("subscription", Query{Customer: po.customer.ID(), Limit: 50})
		if err != nil {
			return err
		}
		for _, sub := range subs {
			if !ended(sub) && len(cards) == 1 {
				return invalidf("", "This is the only card on file, and a plan is charged to it. Add another card first.")
			}
			if !ended(sub) && sub.Str("default_payment_method") == card {
				return invalidf("", "A plan is charged to this card. Make another card the default first.")
			}
		}
		return detachCard(tx, card)
	})
}

func (p *page) changeCard(did string, change func(tx *Tx, po *portal, card string) error) error {
	err := p.portalAct(func(tx *Tx, po *portal) error {
		card, err := p.ownCard(tx, po)
		if err != nil {
			return err
		}
		return change(tx, po, card)
	})
	if refused, ok := refusal(err); ok {
		return p.homeWith(refused)
	}
	if err != nil {
		return p.portalFailed(err)
	}
	return p.to(p.portalBase() + "?home=1&did=" + did)
}

// homeWith shows the front page with what went wrong.
func (p *page) homeWith(refused *Error) error {
	var v pages.Portal
	err := p.portalView(func(tx *Tx, po *portal) error {
		var err error
		v, err = p.portalHome(tx, po)
		return err
	})
	if err != nil {
		return p.portalFailed(err)
	}
	v.Alert, v.Home = refused.Message, ""
	return p.show(statusOf(refused), pages.PortalPage(v))
}
