package auth

import (
	"gorm.io/gorm"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// oweInvitation mails the link that lets its reader join. The reader may be nobody we know, so that the mail follows
// the conventions of whoever invites.
func (s *Service) oweInvitation(tx *gorm.DB, id *Identity, row models.Invitation, secret string) error {
	written := emails.Invitation(emails.InvitationData{
		Sender: s.sender(id.User), Inviter: id.User.Name, Account: id.Account.Name, Role: string(row.Role),
		URL: s.appURL + "/invitations/" + secret, ValidFor: "seven days",
	})
	return s.outbox.Enqueue(tx, mail.Message{
		DedupeKey: "invitation:" + row.PublicID, Kind: "invitation", AccountID: &row.AccountID, To: row.Email,
		Subject: written.Subject, HTML: written.HTML, Text: written.Text, Secret: true,
	})
}

// oweRemoved tells somebody who was taken out of an account.
func (s *Service) oweRemoved(tx *gorm.DB, user models.User, account models.Account) error {
	notice := emails.TeamNotice{Sender: s.sender(user), Name: user.Name, Account: account.Name, URL: s.appURL + "/app"}
	return s.owe(tx, user, message{kind: "member_removed", occasion: models.NewToken(), mail: emails.MemberRemoved(notice)})
}

// oweHandedOver tells the new owner.
func (s *Service) oweHandedOver(tx *gorm.DB, user models.User, id *Identity) error {
	notice := emails.TeamNotice{
		Sender: s.sender(user), Name: user.Name, Account: id.Account.Name, By: id.User.Name, URL: s.appURL + "/app/team",
	}
	return s.owe(tx, user, message{kind: "account_handed_over", occasion: models.NewToken(), mail: emails.HandedOver(notice)})
}
