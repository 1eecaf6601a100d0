package auth

import (
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxEmail = 254 // RFC 5321
	maxName  = 100
)

// NormalizeEmail gives the form of an address under which its owner is known, and whether it is an
// address at all. Case is ignored in both halves, as every large provider does. Only ASCII is
// accepted: an address that looks like somebody else's must not become a second user, and few
// servers could deliver to it anyway. A domain in another script has an ASCII form, which works.
func NormalizeEmail(raw string) (string, bool) {
	email := strings.ToLower(strings.TrimSpace(raw))
	if email == "" || len(email) > maxEmail {
		return "", false
	}
	for _, r := range email {
		if r <= ' ' || r >= unicode.MaxASCII {
			return "", false
		}
	}
	parsed, err := netmail.ParseAddress(email)
	if err != nil || parsed.Name != "" || parsed.Address != email {
		return "", false
	}
	local, domain, _ := strings.Cut(email, "@")
	dotted := strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
	if len(local) > 64 || strings.HasPrefix(domain, "[") || (!dotted && domain != "localhost") {
		return "", false
	}
	return email, true
}

// cleanName trims a name that people chose and gives the code of what is wrong with it, or nothing.
// noun is what the codes begin with, longest is in characters.
func cleanName(raw, noun string, longest int) (name, code string) {
	if !utf8.ValidString(raw) {
		return "", noun + "_invalid"
	}
	name = strings.Join(strings.FieldsFunc(raw, func(r rune) bool { return r == ' ' || r == '\u00a0' }), " ")
	switch {
	case name == "":
		return "", noun + "_required"
	case utf8.RuneCountInString(name) > longest:
		return "", noun + "_too_long"
	case strings.ContainsFunc(name, unprintable):
		return "", noun + "_invalid"
	}
	return name, ""
}

// unprintable finds what would break a line of a log or a header, or turn the text around it back
// to front.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' ||
		r == utf8.RuneError || unicode.Is(unicode.Co, r) || r == '\ufeff'
}

// Clip keeps what a client says short and printable.
func Clip(text string, length int) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > length {
		text = string(runes[:length])
	}
	return text
}
