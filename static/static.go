// Package static holds what browsers load besides pages: one style sheet, one font, one small
// script, htmx and the icon, built by build.mjs from src and embedded in the program.
//
// Every file has a name with a hash of its content in it, so that browsers keep it for a year and a
// new build is a new name. Text comes compressed beforehand: an answer is a lookup and a copy.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// Prefix is where Handler is mounted.
const Prefix = "/static/"

// asset is one file and its compressed forms, which are nil where there are none.
type asset struct {
	name, hashed      string
	contentType, etag string
	plain, gzip, br   []byte
}

// assets are found by their plain and by their hashed name.
type assets struct{ byName, byHash map[string]*asset }

// files reads the embedded folder once. It panics on a folder that does not hold what build.mjs
// makes, which is a mistake of the build and shows in the first test.
var files = sync.OnceValue(func() assets {
	all := assets{byName: map[string]*asset{}, byHash: map[string]*asset{}}
	entries, err := dist.ReadDir("dist")
	if err != nil {
		panic(fmt.Sprintf("static: reading the embedded files: %v", err))
	}
	for _, entry := range entries {
		name := entry.Name()
		if ext := path.Ext(name); ext == ".gz" || ext == ".br" {
			continue
		}
		a := load(name)
		all.byName[a.name], all.byHash[a.hashed] = a, a
	}
	return all
})

func load(name string) *asset {
	read := func(name string) []byte {
		content, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil
		}
		return content
	}
	plain := read(name)
	sum := sha256.Sum256(plain)
	hash := hex.EncodeToString(sum[:])[:12]
	ext := path.Ext(name)
	return &asset{
		name:        name,
		hashed:      strings.TrimSuffix(name, ext) + "." + hash + ext,
		contentType: contentType(ext),
		etag:        `"` + hash,
		plain:       plain,
		gzip:        read(name + ".gz"),
		br:          read(name + ".br"),
	}
}

// contentType is our own table because the system's differs from machine to machine.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// Path gives the address of a file by the name it has in dist, such as
// /static/app.0123456789ab.css for app.css. It panics on a name that is not there: the page that
// asks for it would be broken for everybody.
func Path(name string) string {
	a, ok := files().byName[name]
	if !ok {
		panic(fmt.Sprintf("static: no file %q", name))
	}
	return Prefix + a.hashed
}

// Handler serves the files under Prefix. A plain name is answered too, but must be asked about
// again each time, because what it names changes from build to build.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		if a, ok := files().byHash[name]; ok {
			a.serve(w, r, "public, max-age=31536000, immutable")
			return
		}
		if a, ok := files().byName[name]; ok {
			a.serve(w, r, "no-cache")
			return
		}
		http.Error(w, "not found", http.StatusNotFound)
	})
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	body, encoding := a.choose(r.Header.Get("Accept-Encoding"))
	// Each form of the file is a different sequence of bytes and so has a tag of its own.
	etag := a.etag + `"`
	if encoding != "" {
		etag = a.etag + "-" + encoding + `"`
	}
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", etag)
	h.Set("X-Content-Type-Options", "nosniff")
	if a.gzip != nil {
		h.Add("Vary", "Accept-Encoding")
	}
	if match := r.Header.Get("If-None-Match"); match == "*" || strings.Contains(match, etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser left: there is nobody to tell
	}
}

// choose takes the smallest form that the browser accepts.
func (a *asset) choose(accept string) (body []byte, encoding string) {
	if a.br != nil && Accepts(accept, "br") {
		return a.br, "br"
	}
	if a.gzip != nil && Accepts(accept, "gzip") {
		return a.gzip, "gzip"
	}
	return a.plain, ""
}

// Accepts reads an Accept-Encoding header as far as browsers use it: a list of names, each of which
// may be refused with a quality of zero.
func Accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		return strings.Trim(q, "0.") != "" || q == ""
	}
	return false
}
