package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"example.com/tollgate/billing/sandbox/pages"
)

// maxPageForm bounds what a page's form may send.
const maxPageForm = 64 << 10

// importPath is the one form that sends a file.
const importPath = "/_stripe/switches/import"

// csrfCookie holds a random value; a form carries that value signed. Only a page of the sandbox can have put the two
// together.
const csrfCookie = "sandbox_csrf"

// page is one request of a browser.
type page struct {
	s     *Sandbox
	w     http.ResponseWriter
	r     *http.Request
	token string
	// returns are the origins beside our own to which a form of this page may lead. Chromium applies form-action to
	// the redirects after a POST too.
	returns []string
}

// servePage does for every page what the pages must not forget: headers, the token, and a page for every error.
func (s *Sandbox) servePage(w http.ResponseWriter, r *http.Request, handler func(*page) error) {
	p := &page{s: s, w: w, r: r}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	cookie := p.cookie()
	p.token = s.csrfToken(cookie)
	err := p.checkForm(cookie)
	if err == nil {
		err = handler(p)
	}
	if err != nil {
		p.fail(err)
	}
}

// cookie returns the browser's random value, and gives it one if it has none.
func (p *page) cookie() string {
	if c, err := p.r.Cookie(csrfCookie); err == nil && len(c.Value) == 32 {
		return c.Value
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // It never fails: the program ends instead.
	value := hex.EncodeToString(raw)
	http.SetCookie(p.w, &http.Cookie{
		Name: csrfCookie, Value: value, Path: "/_stripe/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return value
}

func (s *Sandbox) csrfToken(cookie string) string {
	mac := hmac.New(sha256.New, []byte(s.keys.secret))
	mac.Write([]byte("page form " + cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// errForged refuses a form that none of our pages sent.
var errForged = errors.New("the form did not come from a page of the sandbox")

// checkForm reads a form, and refuses one that comes from another site or without the token.
func (p *page) checkForm(cookie string) error {
	if p.r.Method != http.MethodPost {
		return nil
	}
	read, limit := p.r.ParseForm, int64(maxPageForm)
	if strings.HasPrefix(p.r.Header.Get("Content-Type"), "multipart/form-data") && p.r.URL.Path == importPath {
		limit = maxImport
		read = func() error { return p.r.ParseMultipartForm(maxImportLine) }
	}
	p.r.Body = http.MaxBytesReader(p.w, p.r.Body, limit)
	if err := read(); err != nil {
		return &Error{Status: http.StatusBadRequest, Type: typeInvalid, Message: "The form could not be read."}
	}
	sent, want := p.r.PostForm.Get("_csrf"), s256(p.s.csrfToken(cookie))
	got := s256(sent)
	if !sameOrigin(p.r) || !hmac.Equal(got[:], want[:]) {
		return errForged
	}
	return nil
}

func s256(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// field returns a value of the form, trimmed.
func (p *page) field(name string) string { return strings.TrimSpace(p.r.PostForm.Get(name)) }

func (p *page) id() string { return p.r.PathValue("id") }

// query returns a value of the address.
func (p *page) query(name string) string { return p.r.URL.Query().Get(name) }

func (p *page) ctx() context.Context { return p.r.Context() }

func (p *page) chrome(title string) pages.Chrome {
	return pages.Chrome{
		Title: title, CSRF: p.token, Clock: pages.Minute(p.s.Now().Unix()), Moved: p.s.offset.Load() > 60e9,
	}
}

// show prints a page.
func (p *page) show(status int, body templ.Component) error {
	var b bytes.Buffer
	if err := body.Render(p.ctx(), &b); err != nil {
		return fmt.Errorf("render %s: %w", p.r.URL.Path, err)
	}
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "+
		"form-action "+strings.Join(append([]string{"'self'"}, p.returns...), " ")+
		"; base-uri 'none'; frame-ancestors 'none'")
	p.w.WriteHeader(status)
	_, err := p.w.Write(b.Bytes())
	return err
}

// mayReturn lets the forms of this page lead to the origin of a URL that the API was given.
func (p *page) mayReturn(targets ...string) {
	for _, target := range targets {
		origin := originOf(target)
		if origin != "" && p.s.returnAllowed(target) && !slices.Contains(p.returns, origin) {
			p.returns = append(p.returns, origin)
		}
	}
}

func originOf(target string) string {
	// The braces of {CHECKOUT_SESSION_ID} are no part of a URL.
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(target))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// returnAllowed reports whether the browser may be sent to a URL: to this machine, or to a host allowed by name.
func (s *Sandbox) returnAllowed(target string) bool {
	u, err := url.Parse(originOf(target))
	return err == nil && u.Host != "" && (isLoopback(u.Hostname()) || slices.Contains(s.opts.ReturnHosts, u.Hostname()))
}

// to sends the browser to another page of ours after a form.
func (p *page) to(path string) error {
	http.Redirect(p.w, p.r, path, http.StatusSeeOther)
	return nil
}

// leave sends the browser to a URL that a session was made with. Beyond this machine and the hosts allowed by name it
// is only shown a link, which says where it leads.
func (p *page) leave(target string) error {
	if p.s.returnAllowed(target) {
		return p.to(target)
	}
	return p.show(http.StatusOK, pages.MessagePage(pages.Message{
		Chrome: p.chrome("Done"), Tone: "ok", Icon: "check", Head: "All done",
		Text: "From here it goes on outside of this machine.", Link: target, Label: "Continue", Detail: target,
	}))
}

// act runs fn in a write transaction, and keeps what a declined payment left behind.
func (p *page) act(fn func(tx *Tx) error) error {
	var kept error
	err := p.s.Do(p.ctx(), func(tx *Tx) error {
		err := fn(tx)
		var refused *Error
		if errors.As(err, &refused) && refused.Keep {
			kept = err
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return kept
}

func (p *page) view(fn func(tx *Tx) error) error { return p.s.View(p.ctx(), fn) }

// refusal tells a refusal that the reader can do something about from a failure.
func refusal(err error) (*Error, bool) {
	var refused *Error
	ok := errors.As(err, &refused) && refused.Status != http.StatusNotFound && refused.Status < 500
	return refused, ok
}

// statusOf is a refusal's status for a page: a declined card is 402, and everything else is the form's fault.
func statusOf(e *Error) int {
	if e.Type == typeCard {
		return http.StatusPaymentRequired
	}
	return http.StatusUnprocessableEntity
}

// fail shows an error as a page.
func (p *page) fail(err error) {
	m := pages.Message{Chrome: p.chrome("Error"), Tone: "bad", Icon: "alert", Link: "/_stripe/", Label: "Open the console"}
	status := http.StatusInternalServerError
	var refused *Error
	switch {
	case errors.Is(err, errForged):
		status = http.StatusForbidden
		m.Title, m.Icon, m.Head, m.Link = "Refused", "lock", "This form was refused", ""
		m.Text = "It did not come from a page that this browser opened. Go back, reload the page, and try again."
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
		status = http.StatusNotFound
		m.Title, m.Tone, m.Icon, m.Head = "Not found", "", "search", "Nothing here"
		m.Text, m.Detail = "The sandbox knows nothing of this address. It may have been reset since.", p.id()
	case errors.As(err, &refused):
		status = statusOf(refused)
		m.Head, m.Text = "That did not work", refused.Message
	default:
		p.s.log.Error("sandbox page failed", "method", p.r.Method, "path", p.r.URL.Path, "error", err)
		m.Head, m.Text = "The sandbox failed", "This is a defect of the sandbox, not of your application."
		m.Detail = err.Error()
	}
	if err := p.show(status, pages.MessagePage(m)); err != nil {
		p.s.log.Error("sandbox page not shown", "path", p.r.URL.Path, "error", err)
	}
}
