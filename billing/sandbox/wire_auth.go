package sandbox

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v81"
)

// authenticate accepts the sandbox's secret key as a bearer token or as the user name of basic authentication.
func (s *Sandbox) authenticate(r *http.Request) *Error {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if user, _, ok := r.BasicAuth(); ok {
		key = user
	}
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return unauthorized("You did not provide an API key. You need to provide your API key in the Authorization " +
			"header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See " +
			"https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.")
	case subtle.ConstantTimeCompare([]byte(key), []byte(s.keys.secret)) == 1:
		return nil
	case strings.Contains(key, "_live_"):
		return unauthorized("This is the Stripe sandbox, and it was sent a live API key (" + redacted(key) + "). " +
			"Nothing was done. Roll this key: it has left its place.")
	case strings.HasPrefix(key, "pk_"):
		e := unauthorized("This API call cannot be made with a publishable API key. Please use a secret API key. You " +
			"can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.")
		e.Status, e.Code = http.StatusForbidden, "secret_key_required"
		return e
	default:
		return unauthorized("Invalid API Key provided: " + redacted(key))
	}
}

func unauthorized(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Type: typeInvalid, Message: message}
}

// redacted keeps a key's prefix and its last four characters.
func redacted(key string) string {
	const shown = 4
	prefix := ""
	for _, p := range []string{"sk_test_", "sk_live_", "rk_test_", "rk_live_", "pk_test_", "pk_live_"} {
		if strings.HasPrefix(key, p) {
			prefix = p
		}
	}
	if len(key) < len(prefix)+2*shown {
		return prefix + "****"
	}
	return prefix + strings.Repeat("*", min(len(key)-len(prefix)-shown, 16)) + key[len(key)-shown:]
}

// checkVersion accepts the pinned API version and those of its release train, whose objects have the same shape.
func checkVersion(r *http.Request) *Error {
	version := r.Header.Get("Stripe-Version")
	_, train, _ := strings.Cut(version, ".")
	_, ours, _ := strings.Cut(stripe.APIVersion, ".")
	if version == "" || train == ours {
		return nil
	}
	return invalidf("", "Invalid Stripe API version: %s. This sandbox speaks %s, and would answer in the wrong shape.",
		shortened(version), stripe.APIVersion)
}

// checkAccount refuses to act for another account: acting for the platform instead would hide a mistake.
func (s *Sandbox) checkAccount(r *http.Request) *Error {
	account := r.Header.Get("Stripe-Account")
	if account == "" || account == s.accountID {
		return nil
	}
	e := invalidf("", "The provided key '%s' does not have access to account '%s' (or that account does not exist). "+
		"Application access may have been revoked.", redacted(s.keys.secret), account).withCode("account_invalid")
	e.Status = http.StatusForbidden
	return e
}

// isLoopback reports whether a host is this machine: localhost or a loopback address.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.Trim(strings.TrimSuffix(host, "."), "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// hostAllowed checks the Host header, so that a web page elsewhere cannot reach the sandbox through a name of its own
// that resolves to this machine.
func (s *Sandbox) hostAllowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return isLoopback(host) || containsText(s.opts.AllowedHosts, host)
}
