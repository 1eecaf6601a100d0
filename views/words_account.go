package views

import "strings"

// The titles of the pages around signing in, and of the user's own.
const (
	SignupTitle         = "Create your account"
	LoginTitle          = "Sign in"
	LoginLinkTitle      = "Sign in by mail"
	LoginCodeTitle      = "Second step"
	TwoStepTitle        = "Two-step sign-in"
	ConfirmTitle        = "Confirm it is you"
	ForgotPasswordTitle = "Forgot your password?"
	ResetPasswordTitle  = "Choose a new password"
	VerifyEmailTitle    = "Confirm your address"
	SettingsTitle       = "Settings"
	MailboxTitle        = "Mailbox"
	PreviewsTitle       = "Mails"
)

// DeviceWords says in words what a browser calls itself. What it calls itself may be untrue; the
// words are a memory aid for whoever used it, and nothing is decided by them.
func DeviceWords(userAgent string) string {
	browser := firstFound(userAgent, [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"HeadlessChrome", "Chrome"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
		{"curl/", "curl"},
	})
	system := firstFound(userAgent, [][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Mac OS", "macOS"},
		{"Linux", "Linux"},
	})
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case system == "":
		return browser
	case browser == "":
		return "A browser on " + system
	}
	return browser + " on " + system
}

// firstFound gives the name of the first mark that text has. The order matters: most browsers also
// carry the marks of those they imitate.
func firstFound(text string, marks [][2]string) string {
	for _, mark := range marks {
		if strings.Contains(text, mark[0]) {
			return mark[1]
		}
	}
	return ""
}

// PathSettings is where the forms of the user's own affairs are, and lead back to.
const PathSettings = "/app/settings"

// LocaleWords names a locale by what it changes: the region whose numbers and dates it writes.
func LocaleWords(locale string) string {
	words, ok := map[string]string{
		"en-US": "United States", "en-GB": "United Kingdom", "en-CA": "Canada (English)", "en-AU": "Australia",
		"en-IN": "India (English)", "de-DE": "Germany", "de-AT": "Austria", "de-CH": "Switzerland (German)",
		"fr-FR": "France", "fr-CA": "Canada (French)", "fr-CH": "Switzerland (French)", "es-ES": "Spain",
		"es-MX": "Mexico", "it-IT": "Italy", "nl-NL": "Netherlands", "pt-BR": "Brazil", "pt-PT": "Portugal",
		"sv-SE": "Sweden", "nb-NO": "Norway", "da-DK": "Denmark", "fi-FI": "Finland", "pl-PL": "Poland",
		"cs-CZ": "Czechia", "tr-TR": "Türkiye", "ja-JP": "Japan", "ko-KR": "South Korea", "zh-CN": "China",
	}[locale]
	if !ok {
		return locale
	}
	return words
}
