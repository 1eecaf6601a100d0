package stories

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
)

// Exchange is one request of a story and its answer.
type Exchange struct {
	Method, Path string
	// Form is what was sent in the query and in the body.
	Form   url.Values
	Status int
	// Answer is the decoded JSON, whose numbers are json.Number.
	Answer any
}

// Tape is a proxy in front of a Stripe that keeps what every story said and heard.
type Tape struct {
	// Spoil may falsify an answer before the client sees it: the controls break one field with it.
	Spoil func(e *Exchange)

	proxy *httputil.ReverseProxy
	mu    sync.Mutex
	told  map[string][]Exchange
}

// NewTape makes a tape in front of the Stripe at an address such as https://api.stripe.com.
func NewTape(address string) (*Tape, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	t := &Tape{told: map[string][]Exchange{}}
	t.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del(StoryHeader)
			r.Out.Header.Del("Accept-Encoding") // The answer is to be read here.
		},
		ModifyResponse: t.keep,
	}
	return t, nil
}

// taping is what the tape knows of a request when its answer comes.
type taping struct {
	story    string
	exchange Exchange
}

type tapingKey struct{}

// ServeHTTP passes one request on.
func (t *Tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body)) // What is no form is Stripe's to refuse.
	for key, values := range r.URL.Query() {
		form[key] = values
	}
	ctx := context.WithValue(r.Context(), tapingKey{}, taping{
		r.Header.Get(StoryHeader), Exchange{Method: r.Method, Path: r.URL.Path, Form: form},
	})
	t.proxy.ServeHTTP(w, r.WithContext(ctx))
}

// keep writes an answer down, and lets Spoil at it first.
func (t *Tape) keep(r *http.Response) error {
	of := r.Request.Context().Value(tapingKey{}).(taping)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("tape: %w", err)
	}
	_ = r.Body.Close()
	e := of.exchange
	e.Status = r.StatusCode
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&e.Answer); err != nil {
		e.Answer = string(body)
	} else if t.Spoil != nil {
		t.Spoil(&e)
		if body, err = json.Marshal(e.Answer); err != nil {
			return fmt.Errorf("tape: %w", err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told[of.story] = append(t.told[of.story], e)
	return nil
}

// Told returns what a story said and heard, in its order.
func (t *Tape) Told(story string) []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Exchange(nil), t.told[story]...)
}
