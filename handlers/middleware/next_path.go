package middleware

import (
	"net/url"
	"strings"
	"unicode"
)

// HomePath is where people go who were going nowhere in particular.
const HomePath = "/app"

const maxNext = 2000

// NextPath gives a path on this site to go to after signing in: the one asked for, if a browser
// could not possibly read it as leading elsewhere, and else the product.
func NextPath(asked string) string {
	if asked == "" || len(asked) > maxNext || asked[0] != '/' || strings.HasPrefix(asked, "//") ||
		strings.ContainsRune(asked, '\\') ||
		strings.ContainsFunc(asked, func(r rune) bool { return unicode.IsControl(r) || r > unicode.MaxASCII }) {
		return HomePath
	}
	u, err := url.ParseRequestURI(asked)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.Contains(u.Path, "\\") ||
		strings.HasPrefix(u.Path, "//") {
		return HomePath
	}
	return asked
}

// LoginPath is the sign-in page that leads to a path afterwards.
func LoginPath(next string) string {
	if next = NextPath(next); next == HomePath {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(next)
}
