package sandbox

import (
	"net/http"
	"slices"

	"example.com/tollgate/billing/sandbox/pages"
)

// cancelReasons are the answers of the survey, in Stripe's words and in ours.
func cancelReasons() []pages.Reason {
	return []pages.Reason{
		{Value: "too_expensive", Label: "It is too expensive"},
		{Value: "missing_features", Label: "It lacks features that I need"},
		{Value: "switched_service", Label: "I found something else"},
		{Value: "unused", Label: "I do not use it enough"},
		{Value: "customer_service", Label: "The support was not good enough"},
		{Value: "too_complex", Label: "It is too complicated"},
		{Value: "low_quality", Label: "It is not good enough"},
		{Value: "other", Label: "Something else"},
	}
}

func showPortalCancel(p *page) error {
	var v pages.PortalCancel
	err := p.portalView(func(tx *Tx, po *portal) error {
		sub, err := p.cancellable(tx, po)
		if err != nil {
			return err
		}
		v.PortalFrame = p.portalFrame(po, "Cancel your plan")
		v.Action, v.Back = p.r.URL.RequestURI(), p.back(po)
		v.Name = productName(tx, sub.Obj("items.data.0.price"))
		v.Ends = v.Name + " stays yours until " + pages.Day(sub.Int("current_period_end")) +
			". After that it ends, and nothing more is charged. Until then you can change your mind."
		if po.config.Str("features.subscription_cancel.mode") == "immediately" {
			v.Ends = v.Name + " ends at once, and nothing more is charged."
		}
		survey := po.config.Obj("features.subscription_cancel.cancellation_reason")
		for _, reason := range cancelReasons() {
			if survey.Bool("enabled") && slices.Contains(survey.Strs("options"), reason.Value) {
				v.Reasons = append(v.Reasons, reason)
			}
		}
		return nil
	})
	if err != nil {
		return p.portalFailed(err)
	}
	return p.show(http.StatusOK, pages.PortalCancelPage(v))
}

// cancellable returns the subscription that the address names, if it may be cancelled here.
func (p *page) cancellable(tx *Tx, po *portal) (Object, error) {
	sub, err := po.subscription(tx, p.query("subscription"))
	if err != nil {
		return nil, err
	}
	if !po.can("subscription_cancel") || ended(sub) {
		return nil, missing(http.StatusNotFound, "subscription", sub.ID(), "id")
	}
	return sub, nil
}

func postPortalCancel(p *page) error {
	feedback, comment := p.field("feedback"), p.field("comment")
	if !slices.ContainsFunc(cancelReasons(), func(r pages.Reason) bool { return r.Value == feedback }) {
		feedback = ""
	}
	if len(comment) > 1000 {
		comment = comment[:1000]
	}
	var po *portal
	err := p.portalAct(func(tx *Tx, found *portal) error {
		po = found
		sub, err := p.cancellable(tx, po)
		if err != nil {
			return err
		}
		if po.config.Str("features.subscription_cancel.mode") != "immediately" {
			_, err = cancelAtPeriodEnd(tx, sub.ID(), feedback, comment)
			return err
		}
		if _, err := updateSubscription(tx, sub.ID(), func(s Object) error {
			s.Set("cancellation_details.feedback", textOrNil(feedback))
			s.Set("cancellation_details.comment", textOrNil(comment))
			return nil
		}); err != nil {
			return err
		}
		_, err = endSubscription(tx, sub.ID(), "cancellation_requested")
		return err
	})
	if err != nil {
		return p.portalFailed(err)
	}
	return p.completed(po, "canceled")
}

func postPortalResume(p *page) error {
	err := p.portalAct(func(tx *Tx, po *portal) error {
		sub, err := po.subscription(tx, p.field("subscription"))
		if err != nil {
			return err
		}
		if !po.can("subscription_cancel") {
			return missing(http.StatusNotFound, "subscription", sub.ID(), "id")
		}
		_, err = resumeCancellation(tx, sub.ID())
		return err
	})
	if err != nil {
		return p.portalFailed(err)
	}
	return p.to(p.portalBase() + "?home=1&did=resumed")
}
