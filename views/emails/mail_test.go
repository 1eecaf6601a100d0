package emails

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

func allMails() map[string]Mail {
	s := Sender{AppName: "Tollgate", AppURL: "https://app.example.com", Locale: "en-US"}
	mails := map[string]Mail{}
	for _, sample := range Samples(s, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) {
		mails[sample.Name()] = sample.Mail
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
