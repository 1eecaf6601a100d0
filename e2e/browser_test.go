package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chrome is one Chromium. Each person in it has cookies of their own.
type chrome struct{ ctx context.Context }

// openChrome starts Chromium with a fresh profile. Where there is none the test skips and says so; in CI
// that would be a hole in what was proven, so there it fails.
func openChrome(t *testing.T) *chrome {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI must run the browser tests, and there is no chromium")
		}
		t.Skip("no chromium to test with: apt install chromium")
	}
	profile, err := os.MkdirTemp("", "tollgate-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // closes the browser and waits for it
		cancel()
		stop()
		_ = os.RemoveAll(profile)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return &chrome{ctx: ctx}
}

// tab is somebody at a browser. Whatever the browser complains about fails the test: an exception, an
// error on the console, a breach of the Content-Security-Policy, a request to a third party.
type tab struct {
	t    *testing.T
	ctx  context.Context
	app  *program
	took bool // screenshots are wanted

	mu       sync.Mutex
	problems []string
	refused  map[int]int // failed loads by status, less those that the test expected
}

// person opens a tab with no cookies.
func (c *chrome) person(t *testing.T, app *program) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, app: app, refused: map[int]int{}}
	t.Cleanup(func() {
		b.complain()
		cancel()
	})
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.size(wide)
	return b
}

// hear runs inside the loop that reads the browser's messages, so it only writes down.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		b.problems = append(b.problems, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text := "console:"
			for _, arg := range e.Args {
				text += " " + string(arg.Value) + arg.Description
			}
			b.problems = append(b.problems, text)
		}
	case *log.EventEntryAdded:
		b.hearEntry(e.Entry)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && !b.ours(u) {
			b.problems = append(b.problems, "a request to a third party: "+e.Request.URL)
		}
	}
}

func (b *tab) hearEntry(e *log.Entry) {
	var status int
	if _, after, found := strings.Cut(e.Text, "responded with a status of "); found {
		_, _ = fmt.Sscanf(after, "%d", &status) // zero where there is none
	}
	switch {
	case status != 0:
		b.refused[status]++
	case e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning:
		b.problems = append(b.problems, fmt.Sprintf("%s %s: %s %s", e.Source, e.Level, e.Text, e.URL))
	}
}

func (b *tab) ours(u *url.URL) bool {
	origin := u.Scheme + "://" + u.Host
	return origin == b.app.url || origin == b.app.stripe || u.Scheme == "about" || u.Scheme == "chrome-error"
}

// complain fails the test for what the browser did not like.
func (b *tab) complain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("the browser complains: %s", problem)
	}
	for status, n := range b.refused {
		if n > 0 {
			b.t.Errorf("%d answers of status %d that the test did not expect", n, status)
		}
	}
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail("%s: %v", what, err)
	}
}

// fail ends the test with what the browser shows.
func (b *tab) fail(format string, args ...any) {
	b.t.Helper()
	b.snap("failed")
	b.t.Fatalf("%s\nat %s\n%s", fmt.Sprintf(format, args...), b.where(), b.glimpse())
}

func (b *tab) where() string { where, _ := try[string](b, `location.href`); return where }

func (b *tab) glimpse() string {
	text, _ := try[string](b, `document.body.innerText.slice(0, 1500)`)
	return text
}

// open goes to an address, relative to the application's, and wants a status; without one, 200.
func (b *tab) open(address string, status ...int) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.app.url + address
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.NavigateResponse(address))
	b.landed("open "+address, answer, err, status)
}

// follow clicks something that leads to another page, waits for that page to load, and wants a status.
func (b *tab) follow(selector string, status ...int) {
	b.t.Helper()
	b.await("something to click at "+selector, visible(selector))
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	b.landed("follow "+selector, answer, err, status)
}

func (b *tab) landed(what string, answer *network.Response, err error, status []int) {
	b.t.Helper()
	want := 200
	if len(status) > 0 {
		want = status[0]
	}
	switch {
	case err != nil:
		b.fail("%s: %v", what, err)
	case answer == nil:
		b.fail("%s: no answer", what)
	case int(answer.Status) != want:
		b.fail("%s: status %d, want %d", what, answer.Status, want)
	}
	if want >= 400 {
		b.mu.Lock()
		b.refused[want]--
		b.mu.Unlock()
	}
}

// click presses something that stays on the page.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.await("something to click at "+selector, visible(selector))
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// fill replaces what a field holds, as typing would.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	b.await("a field "+selector, visible(selector))
	b.do("fill "+selector, chromedp.Focus(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](query(selector)+`.select?.()`),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: value})
			return err
		}))
}

func query(selector string) string {
	quoted, _ := json.Marshal(selector) // a string always can be
	return "document.querySelector(" + string(quoted) + ")"
}

func visible(selector string) string {
	return query(selector) + `?.checkVisibility({visibilityProperty: true, opacityProperty: true})`
}

// try evaluates an expression once.
func try[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// eval evaluates an expression that has to work.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := try[T](b, expression)
	if err != nil {
		b.fail("evaluate %s: %v", expression, err)
	}
	return v
}

// text is what a reader sees of an element, with its white space folded.
func (b *tab) text(selector string) string {
	b.t.Helper()
	b.await("an element "+selector, query(selector))
	return strings.Join(strings.Fields(eval[string](b, query(selector)+".innerText")), " ")
}

// await waits until an expression is true. It asks again and again, because what it asks may be about to
// be replaced by another page.
func (b *tab) await(what, expression string) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if ok, err := try[bool](b, "!!("+expression+")"); err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			b.fail("waited in vain for %s", what)
		}
	}
}

// see waits until all the words are on the page.
func (b *tab) see(words ...string) {
	b.t.Helper()
	for _, word := range words {
		b.await(fmt.Sprintf("the words %q", word), saying(word))
	}
}

// lack waits until the words are not on the page, which may still be fading out.
func (b *tab) lack(words ...string) {
	b.t.Helper()
	for _, word := range words {
		b.await(fmt.Sprintf("the words %q to go", word), "!("+saying(word)+")")
	}
}

func saying(word string) string {
	quoted, _ := json.Marshal(strings.Join(strings.Fields(word), " ")) // a string always can be
	return `document.body.innerText.replace(/\s+/g, ' ').includes(` + string(quoted) + `)`
}

// scripts turns JavaScript on or off for the pages to come.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	b.do("switch scripts", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}
