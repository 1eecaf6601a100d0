package sandbox_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// What an owner does in Stripe's dashboard is a button on the object's page, where it makes sense.
func TestConsoleActsOnObjects(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	sub := s.subscribe(s.buyer("pm_card_createDispute"), s.pro)
	b := newBrowser(t, s.URL())
	page := b.open("/_stripe/objects/" + sub.ID)
	page = page.press("[value=leave]").follow()
	require.Equal(t, "Done.", page.text("[role=status]"))
	require.True(t, s.sub(sub.ID).CancelAtPeriodEnd)
	require.Zero(t, page.Find("[value=leave]").Length())
	page.press("[value=stay]").follow()
	require.False(t, s.sub(sub.ID).CancelAtPeriodEnd)

	disputes := s.Client.Disputes.List(&stripe.DisputeListParams{})
	require.True(t, disputes.Next())
	dispute := disputes.Dispute()
	page = b.open("/_stripe/objects/" + dispute.ID)
	page = page.press("[value=win]").follow()
	require.Zero(t, page.Find("[value=win]").Length(), "it is answered")
	s.MustAdvance(5 * 24 * time.Hour)
	dispute, err := s.Client.Disputes.Get(dispute.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.DisputeStatusWon, dispute.Status)

	refused := b.open("/_stripe/objects/"+s.sub(sub.ID).LatestInvoice.ID).send("/_stripe/objects/"+s.sub(sub.ID).LatestInvoice.ID,
		url.Values{"verb": {"pay"}})
	require.Equal(t, http.StatusNotFound, refused.status, "what is paid cannot be paid again")
	portal := b.open("/_stripe/objects/" + sub.Customer.ID).press("[value=portal]").follow()
	require.Equal(t, http.StatusOK, portal.click(".head a.primary").status)
}

// An invoice that the card refuses says so on its page.
func TestConsoleShowsWhatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	sub := s.subscribe(s.buyer("pm_card_chargeCustomerFail"), s.pro, func(p *stripe.SubscriptionParams) {
		p.PaymentBehavior = stripe.String("allow_incomplete")
	})
	page := newBrowser(t, s.URL()).open("/_stripe/objects/" + s.sub(sub.ID).LatestInvoice.ID).press("[value=pay]")
	require.Equal(t, http.StatusPaymentRequired, page.status)
	require.Equal(t, "Your card was declined.", page.text("[role=alert]"))
}

func TestConsoleKeepsEndpoints(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t)
	b := newBrowser(t, s.URL())
	page := b.open("/_stripe/deliveries").press("#add-endpoint", "url", "http://192.0.2.1/x")
	require.Equal(t, http.StatusUnprocessableEntity, page.status)
	require.Equal(t, "http://192.0.2.1/x", page.Find("#url").AttrOr("value", ""))
	page = page.press("#add-endpoint", "url", r.URL, "events", "customer.created, customer.deleted").follow()
	require.Contains(t, b.open("/_stripe/deliveries").text("#endpoints"), "customer.created, customer.deleted")
	secret := func() string { return page.Find(".facts dd").First().Text() }
	old := strings.TrimSpace(secret())
	r.UseSecret(old)
	customer(t, s, "A")
	s.MustIdle()
	// While both secrets are good a receiver may know either.
	page = page.press("[value=roll]").follow()
	fresh := strings.TrimSpace(secret())
	require.NotEqual(t, old, fresh)
	require.Contains(t, page.text(".facts"), old)
	customer(t, s, "B")
	s.MustIdle()
	r.UseSecret(fresh)
	customer(t, s, "C")
	s.MustIdle()
	require.Len(t, r.Events(), 3)
	page = page.press("[value=roll_now]").follow()
	require.NotContains(t, page.text(".facts"), fresh)
	page = page.press("[value=disable]").follow()
	customer(t, s, "D")
	s.MustIdle()
	require.Len(t, r.Events(), 3, "a disabled endpoint hears nothing")
	require.Equal(t, "Enable", page.text("[value=enable]"))
}

func TestConsoleSearches(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made := customer(t, s, "Ada Lovelace")
	b := newBrowser(t, s.URL())
	require.Contains(t, b.open("/_stripe/objects?id=lovelace").text(".log"), made.ID)
	require.Contains(t, b.open("/_stripe/objects?id=nobody").text("main"), "Nothing found")
	require.Equal(t, made.ID, strings.TrimSpace(b.open("/_stripe/objects?id="+made.ID).follow().text("h1")))
}

func TestConsoleArmsEveryFault(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	page := newBrowser(t, s.URL()).open("/_stripe/switches")
	for _, test := range []struct {
		typed []string
		want  sandbox.Fault
	}{
		{[]string{"status", "500"}, sandbox.Fault{Status: 500, Times: 1}},
		{[]string{"status", "502", "when", "after"}, sandbox.Fault{Status: 502, Times: 1, AfterCommit: true}},
		{[]string{"status", "429", "times", "3"}, sandbox.Fault{Status: 429, Times: 3}},
		{[]string{"status", "lock", "all", "1"}, sandbox.Fault{Status: 429, Code: "lock_timeout", Times: -1}},
		{[]string{"status", "truncate", "match", "POST /v1/*"}, sandbox.Fault{Truncate: true, Times: 1, Match: "POST /v1/*"}},
		{[]string{"status", "cut"}, sandbox.Fault{Cut: true, Times: 1}},
		{[]string{"status", "0", "latency", "250"}, sandbox.Fault{LatencyMS: 250, Times: 1}},
	} {
		s.ClearFaults()
		done := page.press("#arm", test.typed...).follow()
		require.Equal(t, []sandbox.Fault{test.want}, s.Faults(), "%v", test.typed)
		require.Equal(t, 1, done.Find("#armed li").Length())
	}
	require.Equal(t, http.StatusUnprocessableEntity, page.press("#arm", "status", "0").status)
}

func TestConsoleHoldsInvoices(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	page := newBrowser(t, s.URL()).open("/_stripe/switches").press("#set-mode", "mode", "field", "hold", "1").follow()
	require.True(t, s.HoldOnWebhookFailure())
	require.Equal(t, sandbox.Field, s.Mode())
	require.Equal(t, 1, page.Find("[name=hold][checked]").Length())
	page.send("/_stripe/switches/mode", url.Values{"mode": {"causal"}})
	require.False(t, s.HoldOnWebhookFailure())
}

func TestConsoleSetsDunning(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	page := newBrowser(t, s.URL()).open("/_stripe/switches")
	require.Equal(t, "1, 3, 5, 7", page.Find("#days").AttrOr("value", ""))
	page = page.press("#save-dunning", "days", "2,4", "end", "unpaid", "upcoming", "3").follow()
	require.Equal(t, "2, 4", page.Find("#days").AttrOr("value", ""))
	require.Equal(t, "unpaid", page.Find("#end [selected]").AttrOr("value", ""))
	require.Equal(t, "3", page.Find("#upcoming").AttrOr("value", ""))
	for _, days := range []string{"two", "4, 2", "0", "61", "1,1"} {
		require.Equal(t, http.StatusUnprocessableEntity, page.press("#save-dunning", "days", days).status, days)
	}
}

func TestConsoleExportsAndImports(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made := customer(t, s, "A")
	b := newBrowser(t, s.URL())
	page := b.open("/_stripe/switches")
	file := page.click("#export")
	require.Contains(t, file.header.Get("Content-Disposition"), "attachment")
	kept := exported(t, s)
	page.press("#reset", "sure", "1").follow()
	require.Zero(t, count(t, s, "/v1/customers"))

	send := func(sure, content string) *view {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		require.NoError(t, form.WriteField("_csrf", page.Find("[name=_csrf]").First().AttrOr("value", "")))
		require.NoError(t, form.WriteField("sure", sure))
		part, err := form.CreateFormFile("file", "all.jsonl")
		require.NoError(t, err)
		_, err = part.Write([]byte(content))
		require.NoError(t, err)
		require.NoError(t, form.Close())
		req, err := http.NewRequest(http.MethodPost, s.URL()+"/_stripe/switches/import", &body)
		require.NoError(t, err)
		req.Header.Set("Content-Type", form.FormDataContentType())
		return b.do(req)
	}
	require.Equal(t, http.StatusUnprocessableEntity, send("", kept).status)
	require.Equal(t, http.StatusUnprocessableEntity, send("1", "{}").status)
	require.Contains(t, send("1", kept).follow().text("[role=status]"), "took the place")
	require.Equal(t, 1, count(t, s, "/v1/customers"), made.ID)
}
