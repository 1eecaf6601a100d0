package sandbox

import (
	"net/http"
	"strings"

	"example.com/tollgate/billing/sandbox/pages"
)

// challengeOf finds the intent of a card challenge by its id.
func challengeOf(tx *Tx, id string) (Object, error) {
	if strings.HasPrefix(id, "seti_") {
		return tx.Get("setup_intent", id)
	}
	return tx.Get("payment_intent", id)
}

// showThreeDS plays the bank.
func showThreeDS(p *page) error {
	v := pages.ThreeDS{Chrome: p.chrome("Confirm it is you"), Action: p.r.URL.Path}
	var state string
	err := p.view(func(tx *Tx) error {
		intent, err := challengeOf(tx, p.id())
		if err != nil {
			return err
		}
		state, v.Shop = intent.Str("status"), shopName(tx)
		if intent.Int("amount") > 0 {
			v.Amount = pages.Money(intent.Int("amount"), intent.Str("currency"))
		}
		pm, err := tx.load(intent.Str("payment_method"))
		if err != nil {
			return err
		}
		if pm != nil {
			v.Card = pages.Words(pm.Str("card.brand")) + " card ending in " + pm.Str("card.last4")
		}
		targets, err := threeDSReturns(tx, intent)
		p.mayReturn(targets...)
		return err
	})
	if err != nil {
		return err
	}
	if state != "requires_action" {
		return p.answerChallenge(true)
	}
	return p.show(http.StatusOK, pages.ThreeDSPage(v))
}

func postThreeDS(p *page) error { return p.answerChallenge(p.field("outcome") == "complete") }

// answerChallenge ends the challenge and goes where it leads. A challenge that is over already only leads on.
func (p *page) answerChallenge(ok bool) error {
	var target string
	err := p.act(func(tx *Tx) error {
		intent, err := challengeOf(tx, p.id())
		if err != nil {
			return err
		}
		if target, err = completeThreeDS(tx, p.id(), ok); err == nil && !ok && intent.Has("_failed_url") {
			target = intent.Str("_failed_url")
		}
		return err
	})
	if err != nil {
		return err
	}
	if target == "" {
		target = p.s.URL() + "/_stripe/"
	}
	return p.leave(target)
}
