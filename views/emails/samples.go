package emails

import (
	"time"

	"example.com/tollgate/billing/plan"
)

// Sample is a mail with made-up values, to be looked at. Kind is what the outbox calls it; Variant tells apart the
// forms that one kind has.
type Sample struct {
	Kind, Variant string
	Mail          Mail
}

// Name is the sample's own.
func (s Sample) Name() string {
	if s.Variant == "" {
		return s.Kind
	}
	return s.Kind + "-" + s.Variant
}

// Samples is every mail there is, as if it were sent now.
func Samples(s Sender, now time.Time) []Sample {
	return append(accountSamples(s), append(planSamples(s, now), append(dunningSamples(s, now), adminSamples(s, now)...)...)...)
}

func accountSamples(s Sender) []Sample {
	link := Link{Sender: s, Name: "Ada Example", ValidFor: "one hour"}
	verify, reset, signIn := link, link, link
	verify.URL, reset.URL = s.AppURL+"/verify-email/sample", s.AppURL+"/reset-password/sample"
	signIn.URL, signIn.ValidFor = s.AppURL+"/login/link/sample", "15 minutes"
	team := TeamNotice{Sender: s, Name: "Ada Example", Account: "Example Works", By: "Grace Example", URL: s.AppURL + "/app/team"}
	invitation := InvitationData{
		Sender: s, Inviter: "Grace Example", Account: "Example Works", Role: "member",
		URL: s.AppURL + "/invitations/sample", ValidFor: "seven days",
	}
	notice := Notice{Sender: s, Name: "Ada Example", URL: s.AppURL + "/login"}
	return []Sample{
		{"verify_email", "", VerifyEmail(verify)},
		{"reset_password", "", ResetPassword(reset)},
		{"sign_in_link", "", SignInLink(signIn)},
		{"password_changed", "", PasswordChanged(notice)},
		{"account_exists", "", AccountExists(notice)},
		{"second_factor_on", "", SecondFactorOn(notice)},
		{"second_factor_off", "", SecondFactorOff(notice)},
		{"recovery_codes_renewed", "", RecoveryCodesRenewed(notice)},
		{"recovery_code_used", "", RecoveryCodeUsed(notice)},
		{"codes_wrong", "", CodesWrong(notice)},
		{"invitation", "", Invitation(invitation)},
		{"member_removed", "", MemberRemoved(team)},
		{"account_handed_over", "", HandedOver(team)},
	}
}

// in is a moment some days from another.
func in(now time.Time, days int) *time.Time {
	at := now.Add(time.Duration(days) * 24 * time.Hour)
	return &at
}

func planSamples(s Sender, now time.Time) []Sample {
	sub := Subscription{
		Sender: s, Name: "Ada Example", PlanName: "Pro", Amount: plan.Money{Amount: 7900, Currency: "usd"}, Interval: plan.Month,
		RenewsAt: in(now, 30), Card: sampleCard(), URL: s.AppURL + "/app/billing",
	}
	trial, ending, yearly := sub, sub, sub
	trial.TrialEnd, ending.EndsAt = in(now, 14), in(now, 20)
	soon := trial
	soon.TrialEnd = in(now, 3)
	yearly.Interval, yearly.Amount.Amount, yearly.RenewsAt = plan.Year, 79000, in(now, 14)
	receipt := Receipt{
		Sender: s, Name: "Ada Example", PlanName: "Pro", Number: "TG-0009", Amount: sub.Amount, PaidAt: now,
		PeriodStart: in(now, 0), PeriodEnd: in(now, 30), Card: sampleCard(), InvoiceURL: sampleInvoice,
	}
	recovered := receipt
	recovered.Recovered = true
	return []Sample{
		{"trial_started", "", SubscriptionStarted(trial)},
		{"subscription_started", "", SubscriptionStarted(sub)},
		{"trial_ending", "", TrialEnding(soon)},
		{"trial_refused", "", TrialRefused(sub)},
		{"renewal_coming", "", RenewalComing(yearly)},
		{"receipt", "", PaymentReceived(receipt)},
		{"receipt", "recovered", PaymentReceived(recovered)},
		{"cancel_scheduled", "", SubscriptionCanceled(ending, now)},
		{"resumed", "", Resumed(sub)},
		{"subscription_ended", "", SubscriptionCanceled(sub, now)},
		{"refunded", "", Refunded(Refund{
			Sender: s, Name: "Ada Example", Amount: sub.Amount, RefundedAt: now, Number: "TG-0009", URL: sub.URL,
		})},
		{"second_subscription", "", SecondSubscription(sub)},
	}
}

const sampleInvoice = "https://invoice.stripe.com/i/sample"

func sampleCard() Card { return Card{Brand: "visa", Last4: "4242"} }

func dunningSamples(s Sender, now time.Time) []Sample {
	due := Dunning{
		Sender: s, Name: "Ada Example", PlanName: "Pro", Amount: plan.Money{Amount: 7900, Currency: "usd"}, Card: sampleCard(),
		Until: in(now, 7), Retries: true, URL: s.AppURL + "/app/billing/card",
	}
	notice := func(n, left int) Mail {
		d := due
		d.Notice, d.Until = n, in(now, left)
		return PaymentFailed(d)
	}
	confirm, over := due, due
	confirm.ConfirmURL, over.Retries = sampleInvoice, false
	return []Sample{
		{"action_required", "", ActionRequired(confirm)},
		{"payment_failed", "", notice(1, 7)},
		{"payment_failed_again", "", notice(2, 4)},
		{"payment_failed_last", "", notice(3, 2)},
		{"access_limited", "", notice(4, 0)},
		{"payment_given_up", "", PaymentGivenUp(GivenUp{Dunning: over, InvoiceURL: sampleInvoice})},
		{"payment_given_up", "ended", PaymentGivenUp(GivenUp{Dunning: over, Ended: true, InvoiceURL: sampleInvoice})},
	}
}

func adminSamples(s Sender, now time.Time) []Sample {
	amount := plan.Money{Amount: 7900, Currency: "usd"}
	subscriber := s.AppURL + "/admin/subscribers/acct_sample"
	return []Sample{
		{"alert", "", Alert(AlertRaised{
			Sender: s, Title: "The clock is wrong", Means: "It differs from Stripe’s.", Do: "Set the clock by NTP.",
			Subject: "Our clock is 90 s ahead", Detail: "Three deliveries in a row", Count: 3, FirstAt: now, LastAt: *in(now, 1),
			URL: s.AppURL + "/admin/alerts",
		})},
		{"dispute_opened", "", DisputeOpened(Dispute{
			Sender: s, Account: "Example Ltd", Customer: "cus_sample", Dispute: "dp_sample", Reason: "product_not_received",
			Amount: amount, DueBy: in(now, 14), URL: subscriber,
		})},
		{"finalization_failed", "", FinalizationFailed(Unbilled{
			Sender: s, Account: "Example Ltd", Customer: "cus_sample", Invoice: "in_sample", Amount: amount, URL: subscriber,
		})},
	}
}
