package billing_test

import (
	"mime"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/internal/mail/mailtest"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// mailCase brings a mail about. About is what its text part must say, besides what every mail does.
type mailCase struct {
	about []string
	to    string // ada@example.com where it is empty
	bring func(w *world)
}

// dunningCase is a notice some days after the first failure.
func dunningCase(days int, about ...string) mailCase {
	return mailCase{about: append(about, "$79.00", "Visa ending in 0341"), bring: func(w *world) {
		require.NoError(w.t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{1, 9}, End: "unpaid"}))
		w.failing("ada", "pro_v1_month")
		for range days {
			w.stripe.MustAdvance(day)
			w.settle()
		}
	}}
}

// mailCases has a case for each kind of mail about money.
func mailCases() map[string]mailCase {
	return map[string]mailCase{
		"trial_started": {about: []string{"Pro", "$79.00 a month"}, bring: func(w *world) { w.subscriber("ada") }},
		"subscription_started": {about: []string{"Pro", "$79.00 a month"}, bring: func(w *world) {
			w.paid("ada", "pro_v1_month", "pm_card_visa")
		}},
		"trial_ending": {about: []string{"Pro", "$79.00 a month", "Visa ending in 4242"}, bring: func(w *world) {
			w.subscriber("ada")
			w.stripe.MustAdvance(12 * day)
			w.settle()
		}},
		"trial_refused": {about: []string{"Pro"}, bring: func(w *world) {
			w.subscriber("grace")
			w.buy(w.account("ada"), "pro_v1_month", "pm_card_visa")
			w.settle()
		}},
		"renewal_coming": {about: []string{"$790.00 a year", "renews on"}, bring: func(w *world) {
			w.paid("ada", "pro_v1_year", "pm_card_visa")
			w.stripe.MustAdvance(352 * day)
			w.settle()
		}},
		"receipt": {about: []string{"$79.00", "Visa ending in 4242", "_stripe/i"}, bring: func(w *world) {
			w.paid("ada", "pro_v1_month", "pm_card_visa")
		}},
		"action_required": {about: []string{"Your bank", "$79.00", "_stripe/i"}, bring: func(w *world) { w.confirming("ada") }},

		"payment_failed":       dunningCase(0, "we try again", "/app/billing/card"),
		"payment_failed_again": dunningCase(3, "still unable", "/app/billing/card"),
		"payment_failed_last":  dunningCase(5, "read and export", "/app/billing/card"),
		"access_limited":       dunningCase(7, "limited", "/app/billing/card"),
		"payment_given_up":     dunningCase(9, "do not try again", "_stripe/i"),

		"cancel_scheduled": {about: []string{"Pro", "cancelled"}, bring: func(w *world) {
			account, _ := w.subscriber("ada")
			require.NoError(w.t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{}))
		}},
		"resumed": {about: []string{"Pro", "nothing will end"}, bring: func(w *world) {
			account, _ := w.subscriber("ada")
			require.NoError(w.t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{}))
			require.NoError(w.t, w.Resume(w.ctx(), account.ID))
		}},
		"subscription_ended": {about: []string{"Pro", "has ended"}, bring: func(w *world) {
			account, _ := w.subscriber("ada")
			require.NoError(w.t, w.EndNow(w.ctx(), account.ID, "asked on the phone"))
		}},
		"refunded": {about: []string{"$19.00"}, bring: func(w *world) {
			charge := w.lastInvoice(w.paid("ada", "pro_v1_month", "pm_card_visa")).ChargeID
			_, err := w.stripe.Client.Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(1900)})
			require.NoError(w.t, err)
			w.settle()
		}},
		"second_subscription": {about: []string{"twice", "refund"}, bring: func(w *world) {
			account := w.account("ada")
			w.subscribeAtStripe(account, "starter_v1_month")
			w.settle()
			w.stripe.MustAdvance(time.Hour)
			w.subscribeAtStripe(account, "pro_v1_month")
			w.settle()
		}},
		"dispute_opened": {to: "admin@example.com", about: []string{"$79.00", "answer", "/admin/subscribers/"}, bring: func(w *world) {
			w.paid("ada", "pro_v1_month", "pm_card_createDispute")
			w.settle()
		}},
		"finalization_failed": {to: "admin@example.com", about: []string{"$10.00", "address"}, bring: func(w *world) {
			w.unbillable(w.account("ada"))
			w.settle()
		}},
	}
}

// confirming makes a subscriber whose first renewal waits for their bank.
func (w *world) confirming(name string) models.Account {
	w.t.Helper()
	account, _ := w.subscriber(name)
	w.useCard(account, "pm_card_authenticationRequired")
	w.stripe.MustAdvance(14*day + 2*time.Hour)
	w.settle()
	return account
}

// unbillable has Stripe try to finalise an invoice for somebody whose taxes cannot be worked out.
func (w *world) unbillable(account models.Account) {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	invoice, err := w.stripe.Client.Invoices.New(&stripe.InvoiceParams{
		Customer: &customer, AutomaticTax: &stripe.InvoiceAutomaticTaxParams{Enabled: stripe.Bool(true)},
	})
	require.NoError(w.t, err)
	_, err = w.stripe.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Invoice: &invoice.ID, Amount: stripe.Int64(1000), Currency: stripe.String("usd"),
	})
	require.NoError(w.t, err)
	_, err = w.stripe.Client.Invoices.FinalizeInvoice(invoice.ID, nil)
	require.ErrorContains(w.t, err, "customer_tax_location_invalid")
}

// mailed is a world whose mails go out over SMTP.
func mailed(t *testing.T, db *models.DB, off ...string) (*world, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, "127.0.0.1:0")
	sender, err := mail.NewSMTP("smtp://"+server.Addr(), "Tollgate <hello@tollgate.test>")
	require.NoError(t, err)
	return newWorld(t, db, func(o *billing.Options) {
		o.Outbox, o.MailsOff = mail.New(mail.Options{DB: db, Sender: sender, Now: time.Now}), off
	}), server
}

// TestEveryMailArrives brings about each kind of mail by what Stripe does, and reads it where a mail server took it:
// once, in both parts, addressed to whom it concerns. A kind of the table without a case fails.
func TestEveryMailArrives(t *testing.T) {
	t.Parallel()
	cases := mailCases()
	for _, kind := range billing.MailKinds() {
		one, ok := cases[kind]
		delete(cases, kind)
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			require.True(t, ok, "no case brings this mail about")
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w, server := mailed(t, db)
				one.bring(w)
				w.settle()
				require.NoError(t, w.Outbox.Drain(w.ctx()))
				var rows []models.Mail
				require.NoError(t, db.Read(w.ctx()).Find(&rows, "kind = ?", kind).Error)
				require.Len(t, rows, 1)
				require.Equal(t, models.MailSent, rows[0].State)
				requireArrived(t, server.Received(t), rows[0], one)
			})
		})
	}
	require.Empty(t, cases, "cases of mails that there are not")
}

func requireArrived(t *testing.T, received []*netmail.Message, row models.Mail, want mailCase) {
	t.Helper()
	to := want.to
	if to == "" {
		to = "ada@example.com"
	}
	arrived := 0
	for _, m := range received {
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		require.NoError(t, err)
		if subject != row.Subject || !strings.Contains(m.Header.Get("Message-ID"), row.PublicID) {
			continue
		}
		arrived++
		require.Equal(t, "<"+to+">", m.Header.Get("To"))
		text, html := mailtest.Parts(t, m)
		for _, words := range want.about {
			require.Contains(t, text, words)
		}
		require.Contains(t, text, "Tollgate, http://localhost:8080")
		require.Contains(t, html, "<h1")
	}
	require.Equal(t, 1, arrived)
}

// TestMailsOffAreNotSentButRecorded switches one kind off.
func TestMailsOffAreNotSentButRecorded(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w, _ := mailed(t, db, "payment_failed", "receipt")
		account := w.failing("ada", "pro_v1_month")
		w.payOpen(account)
		w.settle()
		require.Empty(t, w.dunned(account))
		require.Zero(t, w.mails(account, "receipt"))
		require.EqualValues(t, 1, w.mails(account, "trial_started"), "the others are sent")
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactDunnedFirst))
		require.NotEmpty(t, w.facts(account, billing.FactInvoicePaid))
	})
	require.NoError(t, billing.CheckMailsOff([]string{"receipt"}))
	require.ErrorContains(t, billing.CheckMailsOff([]string{"reciept"}), "reciept")
}
