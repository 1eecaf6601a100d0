package e2e

import (
	"strings"
	"testing"
)

// TestTheBrowserComplains shows that the walks would notice: a breach of the policy, an exception, a
// request to somebody else, and a page that fails.
func TestTheBrowserComplains(t *testing.T) {
	t.Parallel()
	b := openChrome(t).person(t, start(t))
	for script, word := range map[string]string{
		`document.head.append(Object.assign(document.createElement('script'), {textContent: '1'}))`: "Content Security Policy",
		`document.body.setAttribute('onclick', '1'); document.body.click()`:                         "Content Security Policy",
		`document.body.append(Object.assign(new Image, {src: 'https://stripe.example/x.png'}))`:     "third party",
		`setTimeout(() => { throw new Error('on purpose') })`:                                       "on purpose",
		`console.error('said on purpose')`:                                                          "console:",
		`fetch('/nothing-here')`:                                                                    "status 404",
	} {
		b.open("/")
		_, _ = try[any](b, `{ `+script+` }`)
		awaitComplaint(t, b, word)
	}
}

// awaitComplaint waits until the browser has complained, and forgives it.
func awaitComplaint(t *testing.T, b *tab, word string) {
	t.Helper()
	for range int(patience.Milliseconds()) {
		b.mu.Lock()
		heard := strings.Join(b.problems, "\n")
		if b.refused[404] > 0 {
			heard += "\nstatus 404"
		}
		if strings.Contains(heard, word) {
			b.problems, b.refused = nil, map[int]int{}
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		eval[any](b, `new Promise(done => setTimeout(done, 1))`)
	}
	t.Errorf("the browser did not complain about %s", word)
}
