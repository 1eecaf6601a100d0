package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// measureServers compares the program under load with the reference.
func (b *bench) measureServers(ctx context.Context) error {
	ours, stopOurs, err := b.spawn(ctx, "app", filepath.Join(b.dir, "app"))
	if err != nil {
		return err
	}
	defer stopOurs()
	page, err := b.visit(ctx, "http://"+ours.Address)
	if err != nil {
		return err
	}
	reference, stopReference, err := b.spawn(ctx, "reference", b.dir, page.pricingPath)
	if err != nil {
		return err
	}
	defer stopReference()
	if err := b.measurePages(ctx, ours, reference, page); err != nil {
		return err
	}
	receiver, stopReceiver, err := b.spawn(ctx, "receiver", filepath.Join(b.dir, "receiver"))
	if err != nil {
		return err
	}
	defer stopReceiver()
	return b.measureWebhooks(ctx, receiver, reference)
}

func (b *bench) measurePages(ctx context.Context, ours, reference place, page visit) error {
	mine, bare, err := compare(ctx, 16, side{ours.Address, get(ours.Address, "/pricing", "")},
		side{reference.Address, get(reference.Address, "/bytes", "")})
	if err != nil {
		return err
	}
	b.add(rate("anonymous pricing page, 16 connections", mine, bare, "a bare Echo handler that writes the same bytes", 0.6))
	mine, bare, err = compare(ctx, 16, side{ours.Address, get(ours.Address, "/app", "Cookie: "+page.cookie+"\r\n")},
		side{reference.Address, get(reference.Address, "/dashboard", "")})
	if err != nil {
		return err
	}
	b.add(rate("signed-in dashboard on SQLite, 16 connections", mine, bare, "the same page rendered without any query", 0.35))
	kilobytes := float64(page.weight) / 1024
	b.add(figure{
		what: "pricing page, everything it loads, compressed", measured: fmt.Sprintf("%.1f KB, %d third-party requests", kilobytes, page.foreign),
		reference: "none", promise: "under 60 KB, none of a third party", ok: kilobytes < 60 && page.foreign == 0,
	})
	return nil
}

func rate(what string, mine, reference load, of string, promise float64) figure {
	ratio := mine.perSecond / reference.perSecond
	return figure{
		what: what, measured: fmt.Sprintf("%.0f/s, p99 %s: %.2f ×", mine.perSecond, mine.p99.Round(100*time.Microsecond), ratio),
		reference: fmt.Sprintf("%s: %.0f/s, p99 %s", of, reference.perSecond, reference.p99.Round(100*time.Microsecond)),
		promise:   fmt.Sprintf("%.2f ×", promise), ok: ratio >= promise,
	}
}

// measureWebhooks sends signed events, each of its own id, for five hundred customers.
func (b *bench) measureWebhooks(ctx context.Context, ours, reference place) error {
	mine, alone, err := compare(ctx, 64, side{ours.Address, deliveries(ours)}, side{reference.Address, deliveries(reference)})
	if err != nil {
		return err
	}
	f := rate("webhook received, verified, durable and acknowledged, 64 connections", mine, alone, "one transaction per request", 3)
	f.promise += ", p99 under 40 ms"
	f.ok = f.ok && mine.p99 < 40*time.Millisecond
	b.add(f)
	return nil
}

var delivery atomic.Int64

func deliveries(to place) request {
	return func() []byte {
		n, now := delivery.Add(1), time.Now().Unix()
		body := fmt.Sprintf(eventJSON, n, now, n%500, n%500, strings.Repeat("x", 2800))
		mac := hmac.New(sha256.New, []byte(to.WebhookSecret))
		fmt.Fprintf(mac, "%d.%s", now, body)
		return fmt.Appendf(nil, "POST /webhooks/stripe HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\nStripe-Signature: t=%d,v1=%s\r\n\r\n%s",
			to.Address, len(body), now, hex.EncodeToString(mac.Sum(nil)), body)
	}
}

// eventJSON is as large as an event about a subscription usually is.
const eventJSON = `{"id":"evt_bench%d","object":"event","api_version":"2025-02-24.acacia","created":%d,` +
	`"type":"customer.subscription.updated","livemode":false,"pending_webhooks":1,` +
	`"data":{"object":{"id":"sub_bench%d","object":"subscription","customer":"cus_bench%d","metadata":{"padding":%q}}}}`

// visit is what a browser would know after it signed up.
type visit struct {
	pricingPath     string // the pricing page, kept in a file
	cookie          string
	weight, foreign int
}

func (b *bench) visit(ctx context.Context, origin string) (visit, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return visit{}, err
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	plain, err := fetch(ctx, client, origin+"/pricing", "identity")
	if err != nil {
		return visit{}, err
	}
	v := visit{pricingPath: filepath.Join(b.dir, "pricing.html")}
	if err := os.WriteFile(v.pricingPath, plain, 0o600); err != nil {
		return visit{}, err
	}
	if err := v.weigh(ctx, client, origin, string(plain)); err != nil {
		return visit{}, err
	}
	form, err := fetch(ctx, client, origin+"/signup", "identity")
	if err != nil {
		return visit{}, err
	}
	token := regexp.MustCompile(`name="_csrf"[^>]*value="([^"]+)"`).FindSubmatch(form)
	if token == nil {
		return visit{}, fmt.Errorf("the sign-up page has no token")
	}
	response, err := client.PostForm(origin+"/signup", url.Values{
		"_csrf": {string(token[1])}, "name": {"Ada Osei"}, "email": {"ada@example.com"}, "password": {"correct horse battery"},
	})
	if err != nil {
		return visit{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Request.URL.Path != "/app" {
		return visit{}, fmt.Errorf("signing up led to %s (%s)", response.Request.URL, response.Status)
	}
	for _, cookie := range jar.Cookies(response.Request.URL) {
		v.cookie += cookie.Name + "=" + cookie.Value + "; "
	}
	v.cookie = strings.TrimSuffix(v.cookie, "; ")
	return v, nil
}

// weigh adds up the page and everything of ours that it names, as they travel, and counts what it
// names elsewhere.
func (v *visit) weigh(ctx context.Context, client *http.Client, origin, page string) error {
	paths := map[string]bool{origin + "/pricing": true}
	for _, match := range regexp.MustCompile(`<(?:link|script|img)[^>]*\s(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		switch {
		case strings.HasPrefix(match[1], "/static/"):
			paths[origin+match[1]] = true
		case strings.Contains(match[1], "//") && !strings.HasPrefix(match[1], origin):
			v.foreign++
		}
	}
	for path := range paths {
		body, err := fetch(ctx, client, path, "br, gzip")
		if err != nil {
			return err
		}
		v.weight += len(body)
	}
	return nil
}

func fetch(ctx context.Context, client *http.Client, address, encoding string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", encoding)
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	return io.ReadAll(response.Body)
}
