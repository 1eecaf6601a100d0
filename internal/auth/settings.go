package auth

import (
	"context"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // so that users' zones exist on machines that have none

	"golang.org/x/text/language"
	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

const (
	defaultLocale = "en-US"
	defaultZone   = "UTC"
)

// Locales are the conventions for numbers, money and dates that a user may choose, and zones the
// usual places. The words stay English.
func Locales() []string {
	return []string{
		defaultLocale, "en-GB", "en-CA", "en-AU", "en-IN", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-CA", "fr-CH",
		"es-ES", "es-MX", "it-IT", "nl-NL", "pt-BR", "pt-PT", "sv-SE", "nb-NO", "da-DK", "fi-FI", "pl-PL",
		"cs-CZ", "tr-TR", "ja-JP", "ko-KR", "zh-CN",
	}
}

// Zones are the time zones offered. Any other that the time zone database knows is accepted too.
func Zones() []string {
	return []string{
		defaultZone, "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Phoenix",
		"America/Denver", "America/Mexico_City", "America/Chicago", "America/New_York", "America/Toronto",
		"America/Bogota", "America/Halifax", "America/Santiago", "America/St_Johns", "America/Sao_Paulo",
		"America/Argentina/Buenos_Aires", "Atlantic/Azores", "Europe/London", "Europe/Dublin", "Europe/Lisbon",
		"Africa/Lagos", "Europe/Amsterdam", "Europe/Berlin", "Europe/Madrid", "Europe/Oslo", "Europe/Paris",
		"Europe/Prague", "Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich",
		"Africa/Cairo", "Africa/Johannesburg", "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv",
		"Asia/Jerusalem", "Africa/Nairobi", "Asia/Riyadh", "Europe/Istanbul", "Asia/Tehran", "Asia/Dubai",
		"Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Bangkok", "Asia/Jakarta",
		"Asia/Hong_Kong", "Asia/Manila", "Asia/Shanghai", "Asia/Singapore", "Australia/Perth", "Asia/Seoul",
		"Asia/Tokyo", "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
	}
}

// MatchLocale picks the locale that suits an Accept-Language header best.
func MatchLocale(acceptLanguage string) string {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return defaultLocale
	}
	locales := Locales()
	tags := make([]language.Tag, len(locales))
	for i, name := range locales {
		tags[i] = language.MustParse(name)
	}
	_, index, confidence := language.NewMatcher(tags).Match(wanted...)
	if confidence == language.No {
		return defaultLocale
	}
	return locales[index]
}

func knownLocale(name string) string {
	if slices.Contains(Locales(), name) {
		return name
	}
	return defaultLocale
}

func knownZone(name string) string {
	if validZone(name) {
		return name
	}
	return defaultZone
}

func validZone(name string) bool {
	if name == "" || name == "Local" || len(name) > 64 {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// UpdateProfile changes the user's name. Whoever repeats it elsewhere does so in inTx, which may be
// nil.
func (s *Service) UpdateProfile(
	ctx context.Context, id *Identity, name string, inTx func(tx *gorm.DB, accountID int64) error,
) error {
	name, code := cleanName(name, "name", maxName)
	if code != "" {
		return fault.Form(map[string]string{"name": code})
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.updateUser(tx, id.User.ID, map[string]any{"name": name}); err != nil || inTx == nil {
			return err
		}
		return inTx(tx, id.Account.ID)
	})
}

// UpdatePreferences changes how numbers and times are written for the user.
func (s *Service) UpdatePreferences(ctx context.Context, id *Identity, locale, zone string) error {
	problems := map[string]string{}
	if !slices.Contains(Locales(), locale) {
		problems["locale"] = "locale_unknown"
	}
	if !validZone(zone) {
		problems["zone"] = "zone_unknown"
	}
	if len(problems) > 0 {
		return fault.Form(problems)
	}
	return s.updateUser(s.db.Write(ctx), id.User.ID, map[string]any{"locale": locale, "time_zone": zone})
}

func (s *Service) updateUser(tx *gorm.DB, userID int64, set map[string]any) error {
	set["updated_at"] = s.clock()
	err := tx.Model(&models.User{}).Where("id = ?", userID).Updates(set).Error
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	return nil
}
