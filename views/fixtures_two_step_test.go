package views

import "github.com/a-h/templ"

func twoStepPages() map[string]templ.Component {
	page := func(change func(*TwoStepPage)) templ.Component {
		p := TwoStepPage{Page: signedIn(PathTwoStep, TwoStepTitle, "Pro"), Verified: true}
		change(&p)
		return TwoStep(p)
	}
	pending := func(p *TwoStepPage) {
		p.Secret = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"
		p.QR = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
	}
	wrong := Form{Errors: map[string]string{"code": Message("code_wrong", nil), "_confirm": Message("proof_wrong", nil)}}
	code := LoginCodePage{Page: frame("/login/code", LoginCodeTitle)}
	again, recovery := code, code
	again.Form, recovery.Recovery = wrong, true
	recovery.Form = Form{FormError: Message("codes_limited", map[string]string{"minutes": "42"})}
	ask := ConfirmPage{
		Page: signedIn(PathAPIKeys, ConfirmTitle, "Pro"), Action: PathAPIKeys, Carried: []Option{{"Nightly", "name"}},
		Password: true, App: true, Email: "ada@example.com",
	}
	refused, mail := ask, ask
	refused.Form, refused.App = wrong, false
	mail.Password, mail.App = false, false
	return map[string]templ.Component{
		"two-step-off":         page(func(*TwoStepPage) {}),
		"two-step-unconfirmed": page(func(p *TwoStepPage) { p.Verified = false }),
		"two-step-pending":     page(pending),
		"two-step-wrong":       page(func(p *TwoStepPage) { pending(p); p.Form = wrong }),
		"two-step-on":          page(func(p *TwoStepPage) { p.On, p.Since, p.CodesLeft = true, day(-3), 3 }),
		"two-step-codes": page(func(p *TwoStepPage) {
			p.On, p.JustOn = true, true
			for range 10 {
				p.NewCodes = append(p.NewCodes, "abcd-efgh-ijkl-mnop-qrst-uvwx")
			}
		}),
		"login-code":          LoginCode(code),
		"login-code-wrong":    LoginCode(again),
		"login-code-recovery": LoginCode(recovery),
		"confirm":             Confirm(ask),
		"confirm-refused":     Confirm(refused),
		"confirm-by-mail":     Confirm(mail),
	}
}
