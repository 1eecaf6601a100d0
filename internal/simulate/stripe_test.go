package simulate_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"example.com/tollgate/internal/apptest"
	"example.com/tollgate/internal/truth"
)

type object = truth.Object

// refused is an answer of Stripe's API other than 200.
type refused struct {
	status  int
	code    string
	message string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.message) }

// dashboard does what somebody does in Stripe's dashboard: it calls the API, past the app and past all faults. pairs
// are alternating names and values.
func (w *world) dashboard(method, path string, pairs ...string) (object, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	target, body := "http://127.0.0.1:12111"+path, ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		target += "?" + form.Encode()
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(w.stripe.SecretKey(), "")
	answer, err := apptest.Call(w.handler, r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode != http.StatusOK {
		e := out.Obj("error")
		return nil, &refused{answer.StatusCode, e.Str("code"), e.Str("message")}
	}
	return out, nil
}

// all reads every object of a list.
func (w *world) all(path string, pairs ...string) []object {
	var out []object
	for range 50 {
		page, err := w.dashboard(http.MethodGet, path, append(pairs, "limit", "100")...)
		w.must(err)
		out = append(out, page.List("data")...)
		if !page.Is("has_more") {
			return out
		}
		pairs = append(pairs[:len(pairs):len(pairs)], "starting_after", out[len(out)-1].Str("id"))
	}
	w.t.Fatalf("%s has no end", path)
	return nil
}

var csrf = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

// press fills in a form of one of Stripe's pages and sends it, as a browser would. It returns where that leads.
func (w *world) press(page, action string, pairs ...string) (string, error) {
	get := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:12111"+page, http.NoBody)
	shown, err := apptest.Call(w.handler, get)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(shown.Body)
	if err != nil {
		return "", err
	}
	token := csrf.FindSubmatch(text)
	if shown.StatusCode != http.StatusOK || token == nil {
		return "", &refused{shown.StatusCode, "page", page}
	}
	form := url.Values{"_csrf": {string(token[1])}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	post := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:12111"+action, strings.NewReader(form.Encode()))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range shown.Cookies() {
		post.AddCookie(cookie)
	}
	answer, err := apptest.Call(w.handler, post)
	if err != nil {
		return "", err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return "", &refused{answer.StatusCode, "page", action}
	}
	return answer.Header.Get("Location"), nil
}
