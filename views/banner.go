package views

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
	"example.com/tollgate/views/ui"
)

// Standing is what the banner goes by. Reason is the access rule's, Attention what an invoice needs its owner for. Amount,
// Card and PayURL are of what is owed, and empty where nothing is.
type Standing struct {
	Reason, Attention, Plan string
	Until                   time.Time
	Amount                  plan.Money
	Card                    *Card
	PayURL                  string
}

// AccessBanner is what stands above every page while access is in danger, with the one thing that helps. It is nil where
// there is nothing to say.
func AccessBanner(s Standing, f ui.Format) *layout.Banner {
	if s.Attention == "finalization_failed" {
		b := portalBanner(layout.Warning, "We cannot make your next invoice for "+s.Plan+": your address is missing or not complete.", "")
		b.ActionText = "Complete your address"
		return b
	}
	confirm := s.Attention == "action_required" && s.PayURL != ""
	switch s.Reason {
	case "past_due":
		if confirm {
			return payBanner(layout.Warning, "Your bank wants you to confirm "+s.payment(f)+" for "+s.Plan+
				". Everything keeps working until "+f.Date(s.Until)+".", "Confirm the payment", s.PayURL)
		}
		return portalBanner(layout.Warning, "The payment of "+s.payment(f)+" for "+s.Plan+
			" failed. Everything keeps working until "+f.Date(s.Until)+".", FlowPaymentMethod)
	case "overdue", "unpaid":
		text := "The payment of " + s.payment(f) + " for " + s.Plan + " is overdue, so nothing new can be added. What you have stays readable."
		switch {
		case confirm:
			return payBanner(layout.Error, text, "Confirm the payment", s.PayURL)
		case s.Reason == "unpaid" && s.PayURL != "":
			return payBanner(layout.Error, text, "Pay the invoice", s.PayURL)
		}
		return portalBanner(layout.Error, text, FlowPaymentMethod)
	case "incomplete":
		if s.PayURL != "" {
			return payBanner(layout.Warning, "Your first payment for "+s.Plan+" is not finished.", "Finish the payment", s.PayURL)
		}
	case "paused":
		b := portalBanner(layout.Error, "Your trial of "+s.Plan+" ended without a card. Add one to carry on.", FlowPaymentMethod)
		b.ActionText = "Add a card"
		return b
	case "payment_processing":
		return portalBanner(layout.Warning, "Your first payment for "+s.Plan+" is still being processed.", FlowPaymentMethod)
	}
	return nil
}

// payment names what is owed, and the card that it was to be taken from.
func (s Standing) payment(f ui.Format) string {
	if s.Amount.Currency == "" {
		return "your last invoice"
	}
	if s.Card == nil {
		return f.Money(s.Amount)
	}
	return f.Money(s.Amount) + " from " + ui.CardBrand(s.Card.Brand) + " ending in " + s.Card.Last4
}

// portalBanner leads to a page of Stripe's portal. It is a form because it opens a session there.
func portalBanner(kind layout.Kind, text, flow string) *layout.Banner {
	return &layout.Banner{
		Kind: kind, Text: text, ActionText: "Update your card", ActionURL: PathPortal, Post: true,
		Fields: map[string]string{"flow": flow},
	}
}

func payBanner(kind layout.Kind, text, action, to string) *layout.Banner {
	return &layout.Banner{Kind: kind, Text: text, ActionText: action, ActionURL: to}
}
