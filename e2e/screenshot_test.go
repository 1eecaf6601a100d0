package e2e

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// screens is where screenshots go. Git ignores it.
const screens = "screenshots"

type viewport struct {
	name          string
	width, height int64
}

var (
	wide   = viewport{"1280", 1280, 900}
	narrow = viewport{"390", 390, 844}
)

func (b *tab) size(v viewport) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(v.width, v.height))
}

func (b *tab) scheme(name string) {
	b.t.Helper()
	b.do("choose a scheme", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	}))
}

// painted resolves once the page has been drawn anew, its transitions included. A tab that the browser
// takes for hidden draws no frames, so there is a limit, after which what still moves is put to its end.
const painted = `Promise.race([
	new Promise(done => setTimeout(done, 400)),
	new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))).
		then(() => Promise.allSettled(document.getAnimations().map(a => a.finished))),
]).then(() => document.getAnimations().forEach(a => a.effect.getComputedTiming().endTime < Infinity && a.finish()))`

// shot keeps the page at both widths, in light and in dark, and holds it to what can be measured: nothing
// sticks out at the side.
func (b *tab) shot(name string) {
	b.t.Helper()
	if !b.took {
		return
	}
	for _, v := range []viewport{wide, narrow} {
		b.size(v)
		if v == narrow {
			// The bar at the foot of a narrow window belongs at the foot of the picture.
			v.height = max(v.height, eval[int64](b, `document.documentElement.scrollHeight`))
			b.size(v)
		}
		eval[any](b, painted)
		if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
			b.t.Errorf("%s is %d pixels too wide at %s", name, over, v.name)
		}
		for _, scheme := range []string{"light", "dark"} {
			b.scheme(scheme)
			eval[any](b, painted)
			b.snap(name + "-" + v.name + "-" + scheme)
		}
	}
	b.size(wide)
	b.scheme("light")
	eval[any](b, painted) // so that whoever measures next measures this
}

// snap keeps the page as it is.
func (b *tab) snap(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(82))
	if err == nil {
		err = os.MkdirAll(screens, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(screens, name+".jpg"), image, 0o644)
	}
	if err != nil {
		b.t.Errorf("screenshot %s: %v", name, err)
	}
}
