package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// TestTheSecondStepInABrowser sets an authenticator app up, signs in with it, with a recovery code and by
// mail, and turns it off again.
func TestTheSecondStepInABrowser(t *testing.T) {
	t.Parallel()
	w := newWalk(t, openChrome(t), true)
	const email = "ada@example.com"
	b := w.joins("Ada Osei", email)
	b.open("/app/settings")
	b.shot("settings-two-step")
	b.follow(`a[href="/app/settings/two-step"]`)
	b.shot("two-step-off")
	b.follow(`form[action="/app/settings/two-step"] button`)
	b.await("the picture to scan", `document.querySelector('main img').naturalWidth === 440`)
	b.shot("two-step-setup")
	secret := strings.ReplaceAll(b.text("#secret"), " ", "")
	b.fill("#code", "12345")
	b.follow(`form[action$="/confirm"] button`, 422)
	b.see("That code is not right")
	b.shot("two-step-wrong")
	b.fill("#code", appCode(t, secret, 0))
	b.follow(`form[action$="/confirm"] button`)
	b.see("Two-step sign-in is on.", "They are not shown again.")
	b.shot("two-step-codes")
	codes := strings.Fields(b.text("#recovery-codes"))
	b.follow(`main a[href="/app/settings/two-step"]`)
	b.see("You have 10 recovery codes left.")
	b.shot("two-step-on")

	elsewhere := w.person()
	elsewhere.signIn(email, password)
	elsewhere.at("/login/code")
	elsewhere.shot("login-code")
	elsewhere.open("/app")
	elsewhere.at("/login")
	elsewhere.open("/login/code")
	elsewhere.fill("#code", "not a code")
	elsewhere.follow(`form[action="/login/code"] button`, 422)
	elsewhere.shot("login-code-wrong")
	elsewhere.fill("#code", appCode(t, secret, 30*time.Second)) // this step's has been used
	elsewhere.follow(`form[action="/login/code"] button`)
	elsewhere.at("/app")

	w.comesByMail(email, codes[0])
	b.open("/app/settings/two-step")
	b.see("You have 9 recovery codes left.")
	b.click("summary.btn-row")
	b.shot("two-step-end")
	b.follow(`form[action$="/end"] button`)
	b.see("Two-step sign-in is off.")
}

// comesByMail signs in with a link instead of the password, without scripts, and with a recovery code.
func (w *walk) comesByMail(email, recovery string) {
	w.t.Helper()
	b := w.person()
	b.scripts(false)
	b.open("/login?next=%2Fapp%2Fprojects")
	b.scripts(true)
	b.fill("#email", email)
	b.follow(`button[formaction="/login/link"]`)
	b.see("Look in your mailbox")
	b.shot("login-link-sent")
	link := w.linkIn(b, email, "Your link to sign in")
	b.open(link)
	b.see("One click, and this browser is signed in as " + email)
	b.shot("login-link")
	b.follow(`form[action^="/login/link/"] button`)
	b.follow(`a[href*="recovery=1"]`)
	b.shot("login-code-recovery")
	b.fill("#code", recovery)
	b.follow(`form[action="/login/code"] button`)
	b.at("/app/projects")
	b.open(link, 410)
	b.see("This link no longer works")
}

// appCode is what an authenticator app shows at some distance from now.
func appCode(t *testing.T, secret string, off time.Duration) string {
	t.Helper()
	shown, err := totp.GenerateCode(secret, time.Now().Add(off))
	if err != nil {
		t.Fatal(err)
	}
	return shown
}
