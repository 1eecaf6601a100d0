package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/fidelity/cli"
	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/table"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// TestTheProgramNotices is the judge's negative control. One field of every answer, or of every delivery, is wrong in
// what passes through a proxy; the same script passes when nothing is.
func TestTheProgramNotices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		broken         string
		answer, posted [2]string
	}{
		{broken: "nothing"},
		{broken: "an answer's id is misspelt", answer: [2]string{`"id": "cus_`, `"id": "cu_`}},
		{broken: "an event's object is not what was signed", posted: [2]string{`"object": "customer"`, `"object": "client"`}},
		{broken: "an event's type is another", posted: [2]string{`customer.updated`, `customer.changed`}},
	} {
		box := &cli.Inbox{Secret: sandboxtest.Secret}
		receiver := httptest.NewServer(rewriting(box, c.posted))
		t.Cleanup(receiver.Close)
		s := sandboxtest.New(t, func(o *sandbox.Options) {
			o.WebhookURL, o.WebhookSecret = receiver.URL, sandboxtest.Secret
		})
		api := httptest.NewServer(between(t, s.URL(), c.answer))
		t.Cleanup(api.Close)
		program := cli.CLI{Bin: node.CLI(t), Home: t.TempDir(), Base: api.URL, Key: s.SecretKey()}
		judge := func() error { return program.Trigger(t.Context(), "customer.updated", box, s.Idle) }
		if c.broken == "nothing" {
			if err := judge(); err != nil {
				t.Fatalf("nothing is spoiled, and still: %v", err)
			}
			continue
		}
		table.Control(t, "cli", c.broken, judge)
	}
}

// between is a proxy that replaces one text in every answer.
func between(t *testing.T, address string, swap [2]string) http.Handler {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			body = swapped(body, swap)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
	}
}

// rewriting replaces one text in every delivery before it arrives.
func rewriting(next http.Handler, swap [2]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(swapped(body, swap)))
		next.ServeHTTP(w, r)
	})
}

func swapped(body []byte, swap [2]string) []byte {
	if swap[0] == "" {
		return body
	}
	return bytes.ReplaceAll(body, []byte(swap[0]), []byte(swap[1]))
}
