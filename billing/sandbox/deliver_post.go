package sandbox

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/stripe/stripe-go/v81/webhook"
)

// post signs and sends an event. The signature carries the wall time of this attempt, whatever the virtual clock
// says, because the receiver compares it with its own clock.
func (s *Sandbox) post(ctx context.Context, event, endpoint Object) (int, string) {
	body := encode(event, "  ")
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.Str("url"), bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Accept", "*/*; q=0.5, application/xml")
	req.Header.Set("Cache-Control", "no-cache")
	req.Header.Set("Stripe-Signature", signature(s.opts.Now(), body, liveSecrets(endpoint, s.opts.Now())))
	res, err := s.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, deliveryExcerpt))
	return res.StatusCode, strings.ToValidUTF8(string(answer), "?")
}

// signature is the header's value: one v1 for each secret that is still good, and the v0 that Stripe adds to events of
// test mode. Its documentation calls that one fake, so it is a signature by no secret that anybody has.
func signature(at time.Time, body []byte, secrets []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "t=%d", at.Unix())
	for _, secret := range secrets {
		b.WriteString(",v1=" + hex.EncodeToString(webhook.ComputeSignature(at, body, secret)))
	}
	b.WriteString(",v0=" + hex.EncodeToString(webhook.ComputeSignature(at, body, "v0 of "+secrets[0])))
	return b.String()
}

// liveSecrets are the endpoint's secret and, for a while after a roll, the one before.
func liveSecrets(endpoint Object, now time.Time) []string {
	secrets := []string{endpoint.Str("_secret")}
	if endpoint.Has("_old_secret") && endpoint.Int("_old_secret_until") > now.Unix() {
		secrets = append(secrets, endpoint.Str("_old_secret"))
	}
	return secrets
}

// webhookClient refuses to connect anywhere but to this machine and to the hosts that were allowed by name, whatever
// a name resolves to; it follows no redirect, which for Stripe is a failed delivery.
func (s *Sandbox) webhookClient() *http.Client {
	local := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil || !isLoopback(host) {
			return fmt.Errorf("the sandbox delivers webhooks to this machine only, not to %s", address)
		}
		return nil
	}}
	allowed := &net.Dialer{Timeout: 5 * time.Second}
	client := &http.Client{
		Timeout:       deliveryTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, _ := net.SplitHostPort(address)
				if containsText(s.opts.WebhookHosts, host) {
					return allowed.DialContext(ctx, network, address)
				}
				return local.DialContext(ctx, network, address)
			},
			MaxIdleConnsPerHost: 2,
			IdleConnTimeout:     30 * time.Second,
		},
	}
	if s.opts.Post != nil {
		client.Transport = s.opts.Post
	}
	return client
}

// checkWebhookURL refuses a target outside this machine when an endpoint is registered.
func (s *Sandbox) checkWebhookURL(raw string) *Error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return invalidf("url", "Invalid URL: An explicit scheme (such as https) must be provided.").
			withCode("url_invalid")
	}
	if !isLoopback(u.Hostname()) && !containsText(s.opts.WebhookHosts, u.Hostname()) {
		return invalidf("url", "Invalid URL: URL must be publicly accessible for Stripe, but the sandbox delivers to "+
			"this machine only, and %s is not on it.", u.Hostname()).withCode("url_invalid")
	}
	return nil
}
