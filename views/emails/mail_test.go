package emails

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"example.com/tollgate/billing/plan"
)

func day(n int) *time.Time {
	t := time.Date(2026, 3, 2+n, 9, 0, 0, 0, time.UTC)
	return &t
}

func allMails() map[string]Mail {
	s := Sender{AppName: "Tollgate", AppURL: "https://app.example.com", Locale: "en-US"}
	link := Link{Sender: s, Name: "Ada Example", URL: "https://app.example.com/verify-email/abc", ValidFor: "one hour"}
	notice := Notice{Sender: s, Name: "Ada Example", URL: "https://app.example.com/login"}
	sub := Subscription{Sender: s, Name: "Ada Example", PlanName: "Pro", Amount: plan.Money{Amount: 7900, Currency: "usd"}, Interval: plan.Month, RenewsAt: day(30), URL: "https://app.example.com/app/billing"}
	trial, ending := sub, sub
	trial.TrialEnd, ending.EndsAt = day(14), day(20)
	due := Dunning{Sender: s, Name: "Ada Example", PlanName: "Pro", Amount: sub.Amount, Until: day(7), URL: sub.URL}
	mails := map[string]Mail{
		"verify": VerifyEmail(link), "reset": ResetPassword(link), "changed": PasswordChanged(notice), "exists": AccountExists(notice),
		"receipt": PaymentReceived(Receipt{
			Sender: s, Name: "Ada Example", PlanName: "Pro", Number: "TG-0009", Amount: sub.Amount, PaidAt: *day(0),
			PeriodStart: day(0), PeriodEnd: day(30), CardBrand: "Visa", CardLast4: "4242", InvoiceURL: "https://invoice.stripe.com/i/1",
		}),
		"started": SubscriptionStarted(sub), "trial": SubscriptionStarted(trial), "trial-ending": TrialEnding(trial),
		"second": SecondSubscription(sub),
		"alert": Alert(AlertRaised{
			Sender: s, Title: "The clock is wrong", Means: "It differs.", Do: "Set the clock by NTP.",
			Subject: "Our clock is 90 s ahead", Detail: "Three deliveries in a row", Count: 3, FirstAt: *day(0), LastAt: *day(1), URL: "https://app.example.com/admin/alerts",
		}),
		"canceled": SubscriptionCanceled(sub, *day(0)), "canceling": SubscriptionCanceled(ending, *day(0)),
	}
	for n := 1; n <= 4; n++ {
		due.Notice = n
		mails["failed-"+string(rune('0'+n))] = PaymentFailed(due)
	}
	return mails
}

// TestMails reads both parts of every mail. TOLLGATE_PAGES names a folder to keep them in.
func TestMails(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TOLLGATE_PAGES")
	for name, mail := range allMails() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if dir != "" {
				if err := os.WriteFile(filepath.Join(dir, "email-"+name+".html"), []byte(mail.HTML), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(mail.HTML))
			if err != nil {
				t.Fatal(err)
			}
			if mail.Subject == "" || strings.ContainsAny(mail.Subject, "\r\n") {
				t.Errorf("subject %q", mail.Subject)
			}
			// The parts may be read by different people of one company: they say the same.
			doc.Find("h1, td.inner p, td.inner table td").Each(func(_ int, el *goquery.Selection) {
				if words := strings.TrimSpace(el.Text()); el.Find("td, a").Length() == 0 && !strings.Contains(mail.Text, words) {
					t.Errorf("the text part lacks %q", words)
				}
			})
			button, _ := doc.Find("a.label").Attr("href")
			if button == "" || !strings.Contains(mail.Text, button) {
				t.Errorf("the text part lacks the link %q", button)
			}
			if doc.Find("img, script, link").Length() > 0 {
				t.Error("a mail loads something from elsewhere")
			}
		})
	}
}

// A name is chosen by whoever signs up and is read by whoever gets the mail.
func TestNamesCannotCarryMarkup(t *testing.T) {
	t.Parallel()
	mail := VerifyEmail(Link{Sender: Sender{AppName: "Tollgate", AppURL: "https://app.example.com"}, Name: `<a href="https://evil.example">`, URL: "https://app.example.com/v", ValidFor: "one hour"})
	if strings.Contains(mail.HTML, `<a href="https://evil.example">`) {
		t.Error("the name is markup in the mail")
	}
}
