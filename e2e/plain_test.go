package e2e

import (
	"strings"

	"golang.org/x/net/html"
)

// plain is the text of a page, with its white space folded and a space between elements, so that words
// which stand apart for a reader do so for a test.
func plain(page string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(page))
	hidden := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " ")
		case html.TextToken:
			if hidden == 0 {
				out.Write(tokens.Text())
			}
		case html.StartTagToken:
			if name, _ := tokens.TagName(); string(name) == "script" || string(name) == "style" {
				hidden++
			}
			out.WriteByte(' ')
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == "script" || string(name) == "style" {
				hidden--
			}
			out.WriteByte(' ')
		}
	}
}
