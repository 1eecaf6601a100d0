package handlers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/tollgate/config"
	"example.com/tollgate/static"
)

// keeper keeps pages that are the same for every visitor as the bytes they were rendered to. There
// is one per name that a handler gives, never one per address, so that visitors cannot fill it.
type keeper struct {
	mu    sync.RWMutex
	pages map[string]keptPage
}

type keptPage struct{ plain, gzip []byte }

func (k *keeper) get(name string) (keptPage, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	page, found := k.pages[name]
	return page, found
}

func (k *keeper) put(name string, page keptPage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pages == nil {
		k.pages = map[string]keptPage{}
	}
	k.pages[name] = page
}

// mayKeep reports whether a page for this request is the one that every visitor gets. Nothing of a
// signed-in user is ever kept, nor anything in development, where templates change under the running
// program, nor while the sandbox's ribbon tells a date of its own.
func (s *site) mayKeep(c echo.Context) bool {
	if s.identity(c) != nil || s.Config.Env == config.Development {
		return false
	}
	return s.Ribbon == nil || !s.Ribbon().Moved
}

// renderKept answers with the page of that name. A visitor's page is rendered once in the life of
// the program; it has no form, and so no token, and nothing in it tells one visitor from another.
func (s *site) renderKept(c echo.Context, name string, build func() (templ.Component, error)) error {
	if !s.mayKeep(c) {
		page, err := build()
		if err != nil {
			return err
		}
		return render(c, http.StatusOK, page)
	}
	kept, found := s.kept.get(name)
	if !found {
		page, err := build()
		if err != nil {
			return err
		}
		if kept, err = keep(c, page); err != nil {
			return err
		}
		s.kept.put(name, kept)
	}
	return kept.write(c)
}

func keep(c echo.Context, page templ.Component) (keptPage, error) {
	var plain, zipped bytes.Buffer
	if err := page.Render(c.Request().Context(), &plain); err != nil {
		return keptPage{}, err
	}
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return keptPage{}, fmt.Errorf("compress a page: %w", err)
	}
	if _, err := w.Write(plain.Bytes()); err != nil {
		return keptPage{}, fmt.Errorf("compress a page: %w", err)
	}
	if err := w.Close(); err != nil {
		return keptPage{}, fmt.Errorf("compress a page: %w", err)
	}
	return keptPage{plain.Bytes(), zipped.Bytes()}, nil
}

// write sends the page, compressed where the browser takes it. There is no secret in it that its
// compressed size could tell. A cache must not give it to somebody who is signed in.
func (p keptPage) write(c echo.Context) error {
	h, body := c.Response().Header(), p.plain
	if static.Accepts(c.Request().Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		h.Set(echo.HeaderContentEncoding, "gzip")
		body = p.gzip
	}
	h.Set(echo.HeaderVary, "Accept-Encoding, Cookie")
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.HTMLBlob(http.StatusOK, body)
}
