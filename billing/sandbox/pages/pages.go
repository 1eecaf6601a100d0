// Package pages draws the web pages of the sandbox: the checkout, the card
// challenge, the customer portal, the invoice, and the console that shows the
// sandbox from the inside.
//
// The package only draws. Its view structs hold text that is ready to print,
// the templates print it, and nothing in here asks a question of anybody: the
// handlers of the sandbox fill the structs and own every decision. Every page
// works without JavaScript; the one script only polishes (it groups the digits
// of a card number, and says that a payment is on its way).
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// assetFiles are the style sheets, the script and the icon, as they stand in
// the tree: nothing builds them, so what is read here is what a browser gets.
//
//go:embed assets
var assetFiles embed.FS

// AssetPath is where the pages expect to find their style sheets and script.
const AssetPath = "/_stripe/assets/"

// Chrome is what every page shares: its title, the token its forms carry, and
// the sandbox's clock for the ribbon.
type Chrome struct {
	Title string
	CSRF  string
	Clock string // the sandbox's time, ready to print
	Moved bool   // the clock was moved ahead of the wall clock
}

// Assets serves the style sheets, the script and the icon. An entity tag stands
// in for hashed names: a browser asks each time and is told that nothing changed.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		sum := sha256.Sum256(body)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasSuffix(name, ".svg") {
			w.Header().Set("Content-Type", "image/svg+xml")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

func asset(name string) string { return AssetPath + name }
