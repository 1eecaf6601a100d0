package simulate_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"example.com/tollgate/models"
)

// post is the way of the webhooks from Stripe to the app. Stripe hands everything to it at once; the post loses,
// doubles, holds back and shuffles as the dice say, and comes again like Stripe where it is turned away.
type post struct {
	w    *world
	bag  []letter
	sent int // events that Stripe sent
}

// letter is one delivery on its way.
type letter struct {
	body  []byte
	due   time.Time
	tries int
}

// retries is when Stripe comes again with a webhook that was not acknowledged: for three days, ever later.
// https://docs.stripe.com/webhooks#automatic-retries
func retries() []time.Duration {
	return []time.Duration{
		5 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 12 * time.Hour,
		12 * time.Hour, 12 * time.Hour, 12 * time.Hour,
	}
}

// RoundTrip takes what Stripe posts.
func (m *post) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m.sent++
	m.accept(body)
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(nil)), Request: r, Header: http.Header{},
	}, nil
}

// accept decides what becomes of an event on its way.
func (m *post) accept(body []byte) {
	m.bag = append(m.bag, letter{body: body, due: time.Now()})
}

// deliver hands over what is due, to whichever process answers.
func (m *post) deliver() {
	now := time.Now()
	var due []letter
	m.bag = slices.DeleteFunc(m.bag, func(l letter) bool {
		if l.due.After(now) {
			return false
		}
		due = append(due, l)
		return true
	})
	for _, l := range due {
		if err := m.hand(l); err == nil {
			continue
		}
		if l.tries < len(retries()) {
			l.due = time.Now().Add(retries()[l.tries])
			l.tries++
			m.bag = append(m.bag, l)
		}
	}
}

// hand delivers one letter, freshly signed.
func (m *post) hand(l letter) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return m.w.anyProcess().Billing.Receive(ctx, l.body, sign(l.body, time.Now(), m.w.signing()...))
}

// sign is Stripe's signature: https://docs.stripe.com/webhooks#verify-manually
func sign(body []byte, at time.Time, secrets ...string) string {
	header := fmt.Sprintf("t=%d", at.Unix())
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}

// signing are the secrets that Stripe signs with now.
func (w *world) signing() []string { return []string{w.stripe.WebhookSecret()} }

// mailServer takes what the outbox sends, and remembers it.
type mailServer struct{ sent map[string]int }

// Send implements mail.Sender.
func (m *mailServer) Send(_ context.Context, mail models.Mail) error {
	if m.sent == nil {
		m.sent = map[string]int{}
	}
	m.sent[mail.DedupeKey]++
	return nil
}

// Keeps implements mail.Sender.
func (m *mailServer) Keeps() bool { return true }
