package auth

import (
	"net/url"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// oweVerification mails the link that proves the user's address.
func (s *Service) oweVerification(tx *gorm.DB, user models.User) error {
	token, err := s.createToken(tx, user, kindVerify, verifyFor)
	if err != nil {
		return err
	}
	return s.owe(tx, user, message{kind: kindVerify, occasion: digest(token), secret: true, mail: emails.VerifyEmail(
		emails.Link{
			Sender: s.sender(user), Name: user.Name, URL: s.appURL + "/verify-email/" + token, ValidFor: "three days",
		},
	)})
}

// oweReset mails the link that lets the user choose a new password.
func (s *Service) oweReset(tx *gorm.DB, user models.User) error {
	token, err := s.createToken(tx, user, kindReset, resetFor)
	if err != nil {
		return err
	}
	return s.owe(tx, user, message{kind: kindReset, occasion: digest(token), secret: true, mail: emails.ResetPassword(
		emails.Link{
			Sender: s.sender(user), Name: user.Name, URL: s.appURL + "/reset-password/" + token, ValidFor: "one hour",
		},
	)})
}

// oweLink mails the link that signs the user in.
func (s *Service) oweLink(tx *gorm.DB, user models.User, next string) error {
	token, err := s.createToken(tx, user, kindLink, linkFor)
	if err != nil {
		return err
	}
	to := s.appURL + "/login/link/" + token
	if next != "" {
		to += "?next=" + url.QueryEscape(next)
	}
	link := emails.Link{Sender: s.sender(user), Name: user.Name, URL: to, ValidFor: "15 minutes"}
	return s.owe(tx, user, message{kind: kindLink, occasion: digest(token), secret: true, mail: emails.SignInLink(link)})
}

// owePasswordChanged tells the user, who may not have been the one who changed it.
func (s *Service) owePasswordChanged(tx *gorm.DB, user models.User) error {
	notice := emails.Notice{Sender: s.sender(user), Name: user.Name, URL: s.appURL + "/forgot-password"}
	return s.owe(tx, user, message{
		kind: "password_changed", occasion: models.NewToken(), mail: emails.PasswordChanged(notice),
	})
}

// oweAccountExists tells the owner of an address that somebody tried to sign up with it, at most
// once a day.
func (s *Service) oweAccountExists(tx *gorm.DB, user models.User) error {
	notice := emails.Notice{Sender: s.sender(user), Name: user.Name, URL: s.appURL + "/login"}
	return s.owe(tx, user, message{
		kind: "account_exists", occasion: user.PublicID + ":" + s.clock().Format(time.DateOnly),
		mail: emails.AccountExists(notice),
	})
}

// oweFactorOn, oweFactorOff, oweCodesRenewed and oweRecoveryUsed tell the user, who may not have been the
// one who did it.
func (s *Service) oweFactorOn(tx *gorm.DB, user models.User) error {
	return s.oweNotice(tx, user, "second_factor_on", models.NewToken(), emails.SecondFactorOn)
}

func (s *Service) oweFactorOff(tx *gorm.DB, user models.User) error {
	return s.oweNotice(tx, user, "second_factor_off", models.NewToken(), emails.SecondFactorOff)
}

func (s *Service) oweCodesRenewed(tx *gorm.DB, user models.User) error {
	return s.oweNotice(tx, user, "recovery_codes_renewed", models.NewToken(), emails.RecoveryCodesRenewed)
}

func (s *Service) oweRecoveryUsed(tx *gorm.DB, user models.User) error {
	return s.oweNotice(tx, user, "recovery_code_used", models.NewToken(), emails.RecoveryCodeUsed)
}

// oweWrongCodes warns the user that somebody gets as far as the code, at most once a day.
func (s *Service) oweWrongCodes(tx *gorm.DB, user models.User) error {
	return s.oweNotice(tx, user, "codes_wrong", user.PublicID+":"+s.clock().Format(time.DateOnly), emails.CodesWrong)
}

func (s *Service) oweNotice(
	tx *gorm.DB, user models.User, kind, occasion string, write func(emails.Notice) emails.Mail,
) error {
	notice := emails.Notice{Sender: s.sender(user), Name: user.Name, URL: s.appURL + "/forgot-password"}
	return s.owe(tx, user, message{kind: kind, occasion: occasion, mail: write(notice)})
}

// message is a mail and what occasioned it.
type message struct {
	kind, occasion string
	secret         bool
	mail           emails.Mail
}

func (s *Service) owe(tx *gorm.DB, user models.User, m message) error {
	return s.outbox.Enqueue(tx, mail.Message{
		DedupeKey: m.kind + ":" + m.occasion, Kind: m.kind, UserID: &user.ID, To: user.Email,
		Subject: m.mail.Subject, HTML: m.mail.HTML, Text: m.mail.Text, Secret: m.secret,
	})
}

// sender writes as the product does, in the conventions that the user chose.
func (s *Service) sender(user models.User) emails.Sender {
	zone, err := time.LoadLocation(user.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return emails.Sender{AppName: s.appName, AppURL: s.appURL, Locale: user.Locale, Zone: zone}
}
