package views

import (
	"testing"

	"github.com/a-h/templ"

	"example.com/tollgate/billing/plan"
)

func usd(amount int64) plan.Money { return plan.Money{Amount: amount, Currency: "usd"} }

func orderOf(lookupKey string) Order {
	p, price, _ := plan.Default().OnSale(lookupKey)
	return Order{Plan: p, Price: price, Total: price.Money}
}

func planned() *Planned {
	to := orderOf("starter_v1_month")
	return &Planned{Plan: to.Plan, Interval: plan.Month, LookupKey: to.Price.LookupKey, Amount: to.Total, At: day(30)}
}

func waiting() *Pending {
	return &Pending{Plan: planOf("pro"), URL: "https://invoice.stripe.com/i/1", Until: day(1)}
}

// upgrade is a change that costs something now.
func upgrade(change func(*ChangePage)) templ.Component {
	p := ChangePage{
		Page: signedIn("/app/billing/change/change_1", ChangeTitle, "Starter"), Catalog: plan.Default(), State: ChangeOffered,
		PostURL: "/app/billing/change/change_1", From: orderOf("starter_v1_month"), To: orderOf("pro_v1_month"), Now: true, At: day(10),
		Lines: []BillLine{
			{"Unused time on Starter after 12 Mar 2026", usd(-1933)}, {"Remaining time on Pro after 12 Mar 2026", usd(5267)},
		},
		Due: usd(3334), Next: usd(7900), Tax: usd(0), FromBalance: usd(0), Credit: usd(0), NextAt: day(30), Until: day(10),
		Usage: []Usage{{Limit: plan.Default().Limits[0], Used: 12, Max: plan.Unlimited}},
		Card:  &Card{Brand: "visa", Last4: "4242", ExpMonth: 4, ExpYear: 2030},
	}
	change(&p)
	return Change(p)
}

func changePages() map[string]templ.Component {
	choose := func(change func(*ChoosePlanPage)) templ.Component {
		p := ChoosePlanPage{PricingPage: PricingPage{
			Page: signedIn(PathChange, ChooseTitle, "Pro"), Catalog: plan.Default(), Interval: plan.Month, CurrentPlan: "pro",
			CurrentInterval: plan.Month, Subscribed: true, TrialUsed: true,
		}}
		change(&p)
		return ChoosePlan(p)
	}
	closed := func(code string) templ.Component {
		return choose(func(p *ChoosePlanPage) { p.Closed, p.Problem = true, Problem{code, Message(code, nil)} })
	}
	state := func(s ChangeState, code string) templ.Component {
		return upgrade(func(p *ChangePage) { p.State, p.Code, p.URL = s, code, "https://invoice.stripe.com/i/1" })
	}
	leave := CancelPage{
		Page: signedIn(PathCancel, CancelTitle, "Pro"), Subscription: active(), EndsAt: day(30), Free: planOf("free"),
		Reasons: CancelReasons([]string{"too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex", "low_quality", "other"}),
		Usage:   []Usage{{Limit: plan.Default().Limits[0], Used: 12, Max: 3}},
	}
	refused := leave
	refused.Feedback, refused.Comment, refused.FormError = "unused", "Too quiet.", Message("change_pending", nil)
	refused.Errors = map[string]string{"feedback": Message("reason_unknown", nil), "comment": Message("comment_too_long", nil)}
	refused.Subscription = with(trialing(), func(s *Subscription) { s.Next = planned() })
	return map[string]templ.Component{
		"choose":          choose(func(*ChoosePlanPage) {}),
		"choose-planned":  choose(func(p *ChoosePlanPage) { p.Planned = planned() }),
		"choose-unpaid":   closed("change_unpaid"),
		"choose-ending":   closed("change_ending"),
		"choose-waiting":  closed("change_waiting"),
		"change":          upgrade(func(*ChangePage) {}),
		"change-begun":    state(ChangeBegun, ""),
		"change-bank":     state(ChangeAction, ""),
		"change-lapsed":   state(ChangeLapsed, ""),
		"change-declined": state(ChangeDeclined, "insufficient_funds"),
		"change-refused":  state(ChangeRefused, "change_outdated"),
		"change-given-up": state(ChangeRefused, "change_given_up"),
		"change-expired":  state(ChangeExpired, ""),
		"change-credit": upgrade(func(p *ChangePage) {
			p.From, p.To, p.Tax, p.Card = orderOf("starter_v1_year"), orderOf("pro_v1_month"), usd(100), nil
			p.Due, p.Credit, p.FromBalance, p.Next = usd(0), usd(18000), usd(-500), usd(6320)
		}),
		"change-trial": upgrade(func(p *ChangePage) { p.Trial, p.Lines, p.Due = true, nil, usd(0) }),
		"change-down": upgrade(func(p *ChangePage) {
			p.From, p.To, p.Now, p.At, p.Lines, p.Due = orderOf("pro_v1_month"), orderOf("starter_v1_month"), false, day(30), nil, usd(0)
			p.Usage[0].Used, p.Usage[0].Max = 27, 25
		}),
		"cancel":        Cancel(leave),
		"cancel-errors": Cancel(refused),
	}
}

// TestDeclinesSayWhatToDo holds every word for a decline to naming a next step.
func TestDeclinesSayWhatToDo(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range []string{
		"insufficient_funds", "expired_card", "incorrect_cvc", "card_velocity_exceeded", "card_not_supported",
		"authentication_required", "processing_error", "payment_method_missing", "generic_decline",
	} {
		seen[DeclineWords(code)] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d different words for nine reasons", len(seen))
	}
	for _, secret := range []string{"lost_card", "stolen_card", "fraudulent", "pickup_card", "do_not_honor", ""} {
		if DeclineWords(secret) != DeclineWords("generic_decline") {
			t.Errorf("%q is told to whoever holds the card", secret)
		}
	}
}
