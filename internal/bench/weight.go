package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"

	"github.com/PuerkitoBio/goquery"
)

// weight is what a browser fetches for one page.
type weight struct {
	bytes, plain int // as sent, and without compression
	requests     int
	foreign      []string // addresses that are not ours
}

// weigh loads a page as a browser does that takes gzip and nothing better: the page, what its
// elements load, and what its style sheets load in turn.
func (w *world) weigh(ctx context.Context, path string) (weight, error) {
	var total weight
	queue, seen := []string{path}, map[string]bool{path: true}
	for len(queue) > 0 && total.requests < 100 {
		address := queue[0]
		queue = queue[1:]
		body, err := w.load(ctx, address, &total)
		if err != nil {
			return total, err
		}
		for _, next := range append(embedded(body), imported(body)...) {
			u, err := url.Parse(next)
			switch {
			case err != nil || u.Host != "":
				total.foreign = append(total.foreign, next)
			case u.Scheme != "data" && !seen[next]:
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return total, nil
}

// load fetches one address twice: as a browser gets it, and in plain text to read it.
func (w *world) load(ctx context.Context, address string, total *weight) ([]byte, error) {
	var sizes [2]int
	var body []byte
	for i, accept := range []string{"gzip", "identity"} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		r.Header.Set("Accept-Encoding", accept)
		recorder := httptest.NewRecorder()
		w.site.ServeHTTP(recorder, r)
		if recorder.Code != http.StatusOK {
			return nil, fmt.Errorf("GET %s: %d", address, recorder.Code)
		}
		sizes[i], body = recorder.Body.Len(), recorder.Body.Bytes()
	}
	if len(body) == 0 {
		return nil, errors.New("GET " + address + ": nothing came")
	}
	total.requests++
	total.bytes += sizes[0]
	total.plain += sizes[1]
	return body, nil
}

// embedded lists what the elements of a page load. What is no page has none.
func embedded(body []byte) []string {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	var found []string
	doc.Find("head link[href], script[src], img[src], iframe[src], source[src]").Each(
		func(_ int, element *goquery.Selection) {
			found = append(found, element.AttrOr("href", element.AttrOr("src", "")))
		})
	return found
}

// imported lists what a style sheet loads.
func imported(body []byte) []string {
	var found []string
	for _, match := range regexp.MustCompile(`url\(["']?([^"')]+)["']?\)`).FindAllSubmatch(body, -1) {
		found = append(found, string(match[1]))
	}
	return found
}
