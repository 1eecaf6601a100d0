package apptest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// stripeURL is where the client believes Stripe to be. Nothing listens there.
const stripeURL = "http://127.0.0.1:12111"

// wire carries the calls of one process to Stripe without a network.
type wire struct{ p *Process }

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.p.at(CallBefore, r); err != nil {
		return nil, err
	}
	answer, err := Call(w.p.opts.Stripe, r)
	if late := w.p.at(CallAfter, r); late != nil {
		return nil, late
	}
	if err != nil {
		return nil, err
	}
	if w.p.opts.Heard != nil && answer.StatusCode == http.StatusOK {
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("apptest: %w", err)
		}
		w.p.opts.Heard(r, body)
		answer.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return answer, nil
}

// Call hands a client's request to a server's handler, as if there were a network between them. The error is that of a
// connection which the handler broke off.
func Call(handler http.Handler, r *http.Request) (answer *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "127.0.0.1:40000", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	defer func() {
		if broken := recover(); broken == http.ErrAbortHandler { //nolint:errorlint // It is compared, as net/http does.
			answer, err = nil, io.ErrUnexpectedEOF
		} else if broken != nil {
			panic(broken)
		}
	}()
	handler.ServeHTTP(recorder, in)
	return recorder.Result(), nil
}
