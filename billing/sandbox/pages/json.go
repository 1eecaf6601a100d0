package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// maxJSON bounds what is coloured: what is longer is printed plainly.
const maxJSON = 512 << 10

// jsonBlock prints JSON with its keys, texts and numbers told apart, and turns
// every id in it into a link. What is not JSON, or was cut short in the log, is
// printed as far as it goes.
func jsonBlock(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var indented bytes.Buffer
		if json.Indent(&indented, []byte(text), "", "  ") == nil {
			text = indented.String()
		}
		var b strings.Builder
		b.WriteString(`<pre class="json" tabindex="0"><code>`)
		if len(text) > maxJSON {
			b.WriteString(templ.EscapeString(text))
		} else {
			colour(&b, text)
		}
		b.WriteString(`</code></pre>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

func colour(b *strings.Builder, text string) {
	for i := 0; i < len(text); {
		start := i
		switch c := text[i]; {
		case c == '"':
			i = endOfString(text, i)
			writeString(b, text[start:i], text[i:])
		case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			for i < len(text) && !strings.ContainsRune(" ,\n]}\"", rune(text[i])) {
				i++
			}
			class := "n"
			if text[start:i] == "null" {
				class = "z"
			}
			span(b, class, text[start:i])
		default:
			for i < len(text) && strings.IndexByte("{}[]:, \n\t\r", text[i]) >= 0 {
				i++
			}
			if i == start {
				i++
			}
			b.WriteString(templ.EscapeString(text[start:i]))
		}
	}
}

// endOfString returns the index after the closing quote.
func endOfString(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func writeString(b *strings.Builder, quoted, rest string) {
	if strings.HasPrefix(rest, ":") {
		span(b, "k", quoted)
		return
	}
	value := strings.Trim(quoted, `"`)
	link := linkOf(value)
	if link == "" {
		span(b, "s", quoted)
		return
	}
	b.WriteString(`"<a href="` + templ.EscapeString(link) + `">` + templ.EscapeString(value) + `</a>"`)
}

func span(b *strings.Builder, class, text string) {
	b.WriteString(`<span class="` + class + `">` + templ.EscapeString(text) + `</span>`)
}

// linkOf returns where an id leads inside the console, and "" for other text.
func linkOf(value string) string {
	prefix, rest, ok := strings.Cut(value, "_")
	if !ok || len(rest) < 8 || len(value) > 100 || strings.Contains(rest, "_secret_") {
		return ""
	}
	for _, r := range rest {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' {
			return ""
		}
	}
	switch prefix {
	case "evt":
		return "/_stripe/events/" + value
	case "req":
		return "/_stripe/requests/" + value
	case "cus", "prod", "price", "sub", "si", "in", "ii", "pi", "ch", "re", "pm", "seti", "txn", "cs", "bps", "bpc",
		"promo", "di", "we", "txr", "txi", "dp", "du", "cbtxn", "cn", "clock",
		"mtr", "issfr", "il", "cnli":
		return "/_stripe/objects/" + value
	}
	return ""
}
