package simulate_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	letters := []letter{{body: body, due: time.Now()}}
	for _, trap := range m.w.traps {
		if trap.letter == nil || trap.times == 0 || m.w.nested {
			continue
		}
		if trap.skip > 0 {
			trap.skip--
			continue
		}
		trap.times--
		m.w.met(trap.name)
		m.w.trace.line("  %s", trap.name)
		letters = trap.letter(m.w, letters[0])
		break
	}
	m.bag = append(m.bag, letters...)
}

// deliver hands over what is due, to whichever process answers.
func (m *post) deliver() { m.deliverTo(nil) }

func (m *post) deliverTo(only *process) {
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
		if err := m.hand(l, only); err == nil {
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
func (m *post) hand(l letter, to *process) error {
	if to == nil {
		to = m.w.anyProcess()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := to.Billing.Receive(ctx, l.body, sign(l.body, time.Now(), m.w.signing()...))
	if err == nil {
		m.acknowledged(l)
	}
	return err
}

// acknowledged holds the app to its word: what it said 200 to is stored, once, whatever happens to it afterwards.
func (m *post) acknowledged(l letter) {
	var event struct{ ID, Type string }
	m.w.must(json.Unmarshal(l.body, &event))
	if n := m.w.count("webhook_events", "event_id = ?", event.ID); n != 1 {
		m.w.violate("%s %s was acknowledged, and is stored %d times", event.Type, event.ID, n)
	}
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
func (w *world) signing() []string {
	if len(w.signs) > 0 {
		return w.signs
	}
	return w.secrets[:1]
}

// mailServer takes what the outbox sends, and remembers it.
type mailServer struct {
	w    *world
	sent map[string]int // by the occasion, how often a process had died by then
}

// Send implements mail.Sender.
func (m *mailServer) Send(_ context.Context, mail models.Mail) error {
	if m.sent == nil {
		m.sent = map[string]int{}
	}
	if harm, again := m.sent[mail.DedupeKey]; again && harm == m.w.harm {
		m.w.violate("the mail %s was sent twice, and nothing had gone wrong between", mail.Kind)
	}
	m.sent[mail.DedupeKey] = m.w.harm
	return nil
}

// Keeps implements mail.Sender.
func (m *mailServer) Keeps() bool { return true }
