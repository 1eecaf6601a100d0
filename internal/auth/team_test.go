package auth_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// person is somebody signed in, with a proven address.
func (b bundle) person(t *testing.T, email string) *auth.Identity {
	t.Helper()
	user := b.signUp(t, email).User
	require.NoError(t, b.db.Write(t.Context()).Model(&user).Update("email_verified_at", b.clock.Now()).Error)
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/login", nil)
	require.NoError(t, b.auth.Begin(w, r, user, "192.0.2.1"))
	r = httptest.NewRequest("GET", "/app", nil)
	for _, cookie := range w.Result().Cookies() {
		r.AddCookie(cookie)
	}
	id, err := b.auth.Identify(r)
	require.NoError(t, err)
	require.NotNil(t, id)
	return id
}

// invitation invites and gives the token of the mail.
func (b bundle) invitation(t *testing.T, id *auth.Identity, email string, role models.Role) string {
	t.Helper()
	require.NoError(t, b.auth.Invite(t.Context(), id, email, role))
	return b.invitationToken(t)
}

func (b bundle) invitationToken(t *testing.T) string {
	t.Helper()
	mails := b.mails(t, "invitation")
	text := mails[len(mails)-1].Text
	_, rest, found := strings.Cut(text, "/invitations/")
	require.True(t, found, text)
	return strings.Fields(rest)[0]
}

// join makes somebody a member, and gives them as they are there.
func (b bundle) join(t *testing.T, id *auth.Identity, email string, role models.Role) *auth.Identity {
	t.Helper()
	guest := b.person(t, email)
	_, err := b.auth.AcceptInvitation(t.Context(), guest, b.invitation(t, id, email, role))
	require.NoError(t, err)
	guest.Account, guest.Role = id.Account, role
	return guest
}

func (b bundle) roles(t *testing.T, id *auth.Identity) map[string]models.Role {
	t.Helper()
	members, total, err := b.auth.Members(t.Context(), id, 1)
	require.NoError(t, err)
	require.EqualValues(t, len(members), total)
	roles := map[string]models.Role{}
	for _, m := range members {
		roles[m.Email] = m.Role
	}
	return roles
}

func faultCode(err error) string {
	if err == nil {
		return ""
	}
	f := fault.From(err)
	for _, code := range f.Fields {
		return code
	}
	return f.Code
}

// TestA16_AnInvitationIsForOneAddressAndWorksOnce tries every way to use one that is not meant.
func TestA16_AnInvitationIsForOneAddressAndWorksOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		owner := b.person(t, "owner@example.com")
		accept := func(id *auth.Identity, token string) string {
			_, err := b.auth.AcceptInvitation(t.Context(), id, token)
			return faultCode(err)
		}
		grace, mallory := b.person(t, "grace@example.com"), b.person(t, "mallory@example.com")
		token := b.invitation(t, owner, " Grace@Example.com ", models.RoleBilling)
		assert.Equal(t, "invitation_other", accept(mallory, token), "somebody else's")
		assert.Equal(t, "token_invalid", accept(grace, strings.Repeat("0", 32)), "guessed")
		assert.Equal(t, "token_invalid", accept(grace, "\x00%"), "nonsense")

		newer := b.invitation(t, owner, "grace@example.com", models.RoleMember)
		assert.Equal(t, "token_invalid", accept(grace, token), "replaced by a newer one")
		assert.Empty(t, accept(grace, newer))
		assert.Equal(t, "token_invalid", accept(grace, newer), "twice")
		assert.Equal(t, map[string]models.Role{"owner@example.com": "owner", "grace@example.com": "member"}, b.roles(t, owner))
		assert.Equal(t, "already_member", faultCode(b.auth.Invite(t.Context(), owner, "grace@example.com", models.RoleAdmin)))

		revoked := b.invitation(t, owner, "mallory@example.com", models.RoleAdmin)
		open, err := b.auth.Invitations(t.Context(), owner)
		require.NoError(t, err)
		require.Len(t, open, 1)
		assert.Equal(t, "not_found", faultCode(b.auth.RevokeInvitation(t.Context(), mallory, open[0].PublicID)), "another account's")
		require.NoError(t, b.auth.RevokeInvitation(t.Context(), owner, open[0].PublicID))
		assert.Equal(t, "token_invalid", accept(mallory, revoked), "revoked")

		late := b.invitation(t, owner, "mallory@example.com", models.RoleAdmin)
		b.clock.Advance(7*24*time.Hour + time.Second)
		assert.Equal(t, "token_invalid", accept(mallory, late), "too old")
		open, err = b.auth.Invitations(t.Context(), owner)
		require.NoError(t, err)
		require.NoError(t, b.auth.InviteAgain(t.Context(), owner, open[0].PublicID))
		assert.Empty(t, accept(mallory, b.invitationToken(t)), "sent again")
		assert.Equal(t, models.RoleAdmin, b.roles(t, owner)["mallory@example.com"])
		for _, mail := range b.mails(t, "invitation") {
			assert.True(t, mail.Secret)
		}
	})
}

// TestA16_TwoBrowsersAcceptAtOnce: one of twenty wins, and there is one membership.
func TestA16_TwoBrowsersAcceptAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		owner, grace := b.person(t, "owner@example.com"), b.person(t, "grace@example.com")
		token := b.invitation(t, owner, "grace@example.com", models.RoleMember)
		won := make(chan struct{}, 20)
		var group errgroup.Group
		for range 20 {
			group.Go(func() error {
				_, err := b.auth.AcceptInvitation(t.Context(), grace, token)
				if err == nil {
					won <- struct{}{}
				} else if faultCode(err) != "token_invalid" {
					return err
				}
				return nil
			})
		}
		require.NoError(t, group.Wait())
		assert.Len(t, won, 1)
		assert.Len(t, b.roles(t, owner), 2)
	})
}

// TestA18_WhoHasNotConfirmedInvitesNobody: mail is sent to strangers only by people who can be reached themselves. To
// accept needs no more than the link, which came by mail.
func TestA18_WhoHasNotConfirmedInvitesNobody(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		owner, grace := b.person(t, "owner@example.com"), b.person(t, "grace@example.com")
		grace.User.EmailVerifiedAt = nil
		require.NoError(t, db.Write(t.Context()).Model(&models.User{}).Where("id = ?", grace.User.ID).Update("email_verified_at", nil).Error)
		assert.Equal(t, "verify_to_invite", faultCode(b.auth.Invite(t.Context(), grace, "linus@example.com", models.RoleMember)))
		_, err := b.auth.CreateAccount(t.Context(), grace, "Second", nil)
		assert.Equal(t, "verify_for_account", faultCode(err))
		token := b.invitation(t, owner, "grace@example.com", models.RoleMember)
		_, err = b.auth.AcceptInvitation(t.Context(), grace, token)
		require.NoError(t, err)
		var user models.User
		require.NoError(t, db.Read(t.Context()).Take(&user, grace.User.ID).Error)
		assert.NotNil(t, user.EmailVerifiedAt)
		grace.Account = owner.Account
		assert.Equal(t, "heir_unverified", faultCode(func() error {
			require.NoError(t, db.Write(t.Context()).Model(&user).Update("email_verified_at", nil).Error)
			return b.auth.HandOverTo(t.Context(), owner, grace.User.PublicID)
		}()))
	})
}

// TestZ04_NobodyRaisesThemselvesAndTheOwnerStays tries to get more than the role includes, and to be rid of the owner.
func TestZ04_NobodyRaisesThemselvesAndTheOwnerStays(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		ctx := t.Context()
		owner := b.person(t, "owner@example.com")
		boss := b.join(t, owner, "boss@example.com", models.RoleAdmin)
		payer := b.join(t, owner, "payer@example.com", models.RoleBilling)
		member := b.join(t, owner, "member@example.com", models.RoleMember)
		for _, id := range []*auth.Identity{payer, member} {
			id.Role = models.RoleOwner // what a session once knew decides nothing
			assert.Equal(t, "role_forbidden", faultCode(b.auth.SetRole(ctx, id, id.User.PublicID, models.RoleAdmin)))
			assert.Equal(t, "role_forbidden", faultCode(b.auth.RemoveMember(ctx, id, boss.User.PublicID, nil)))
			assert.Equal(t, "role_forbidden", faultCode(b.auth.Invite(ctx, id, "x@example.com", models.RoleAdmin)))
			assert.Equal(t, "role_forbidden", faultCode(b.auth.HandOverTo(ctx, id, id.User.PublicID)))
			assert.Equal(t, "role_forbidden", faultCode(b.auth.RenameAccount(ctx, id, "Mine")))
		}
		assert.Equal(t, "role_unknown", faultCode(b.auth.SetRole(ctx, boss, boss.User.PublicID, models.RoleOwner)))
		assert.Equal(t, "role_unknown", faultCode(b.auth.SetRole(ctx, boss, boss.User.PublicID, "root")))
		assert.Equal(t, "role_unknown", faultCode(b.auth.Invite(ctx, boss, "x@example.com", models.RoleOwner)))
		assert.Equal(t, "owner_stays", faultCode(b.auth.SetRole(ctx, boss, owner.User.PublicID, models.RoleMember)))
		assert.Equal(t, "owner_stays", faultCode(b.auth.RemoveMember(ctx, boss, owner.User.PublicID, nil)))
		assert.Equal(t, "role_forbidden", faultCode(b.auth.HandOverTo(ctx, boss, boss.User.PublicID)))
		assert.Equal(t, "owner_cannot_leave", faultCode(b.auth.Leave(ctx, owner, nil)))
		assert.Equal(t, "not_found", faultCode(b.auth.SetRole(ctx, owner, b.person(t, "other@example.com").User.PublicID, models.RoleAdmin)))

		require.NoError(t, b.auth.SetRole(ctx, boss, member.User.PublicID, models.RoleBilling))
		// Two hand-overs at once, to two people: there is one owner, whoever it is.
		var group errgroup.Group
		for _, heir := range []*auth.Identity{boss, payer} {
			group.Go(func() error { _ = b.auth.HandOverTo(ctx, owner, heir.User.PublicID); return nil })
		}
		require.NoError(t, group.Wait())
		var owners int64
		require.NoError(t, db.Read(ctx).Model(&models.Membership{}).
			Where("account_id = ? AND role = ?", owner.Account.ID, models.RoleOwner).Count(&owners).Error)
		assert.EqualValues(t, 1, owners)
		roles := b.roles(t, owner)
		assert.Equal(t, models.RoleAdmin, roles["owner@example.com"])
		assert.Len(t, b.mails(t, "account_handed_over"), 1)
	})
}

// TestWhoIsRemovedHasNothingLeftThere: keys, invitations and the account itself go at once, and the browser goes on in
// an account of their own, which is made where there is none.
func TestWhoIsRemovedHasNothingLeftThere(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		ctx := t.Context()
		owner := b.person(t, "owner@example.com")
		boss := b.join(t, owner, "boss@example.com", models.RoleAdmin)
		_, secret, err := b.auth.CreateAPIKey(ctx, boss, "nightly")
		require.NoError(t, err)
		theirs := b.invitation(t, boss, "friend@example.com", models.RoleAdmin)
		// Their own account is gone, so that this one is their last.
		require.NoError(t, db.Write(ctx).Where("user_id = ? AND account_id <> ?", boss.User.ID, owner.Account.ID).
			Delete(&models.Membership{}).Error)
		made := 0
		require.NoError(t, b.auth.RemoveMember(ctx, owner, boss.User.PublicID, func(_ *gorm.DB, user models.User, account models.Account) error {
			made++
			assert.Equal(t, boss.User.ID, user.ID)
			assert.Equal(t, boss.User.ID, account.CreatedBy)
			return nil
		}))
		assert.Equal(t, 1, made)
		_, err = b.auth.IdentifyKey(ctx, secret)
		assert.Equal(t, "unauthorized", faultCode(err))
		_, err = b.auth.ReadInvitation(ctx, theirs)
		assert.Equal(t, "token_invalid", faultCode(err))
		assert.Len(t, b.mails(t, "member_removed"), 1)
		assert.NotContains(t, b.roles(t, owner), "boss@example.com")
		list, err := b.auth.Accounts(ctx, boss)
		require.NoError(t, err)
		require.Len(t, list, 1)
		assert.Equal(t, models.RoleOwner, list[0].Role)
		var session models.Session
		require.NoError(t, db.Read(ctx).Where("user_id = ?", boss.User.ID).Take(&session).Error)
		assert.Equal(t, list[0].ID, *session.AccountID)
		assert.Equal(t, "role_forbidden", faultCode(b.auth.Leave(ctx, boss, nil)), "once is enough")

		// Who joins again gets no old key back.
		_, err = b.auth.AcceptInvitation(ctx, boss, b.invitation(t, owner, "boss@example.com", models.RoleAdmin))
		require.NoError(t, err)
		_, err = b.auth.IdentifyKey(ctx, secret)
		assert.Equal(t, "unauthorized", faultCode(err))
	})
}

// TestInvitationsAreLimited: an account sends no more of them than people could mean.
func TestInvitationsAreLimited(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		owner := b.person(t, "owner@example.com")
		invite := func(email string) string {
			return faultCode(b.auth.Invite(t.Context(), owner, email, models.RoleMember))
		}
		for range 3 {
			require.Empty(t, invite("one@example.com"))
		}
		assert.Equal(t, "invitations_limited", invite("one@example.com"))
		for n := range 49 {
			require.Empty(t, invite(fmt.Sprintf("n%d@example.com", n)))
		}
		assert.Equal(t, "invitations_full", invite("last@example.com"))
		b.clock.Advance(8 * 24 * time.Hour)
		assert.Empty(t, invite("last@example.com"), "those that ran out make room")
		b.clock.Advance(60 * 24 * time.Hour)
		require.NoError(t, b.auth.Sweep(t.Context()))
		left, err := b.auth.Invitations(t.Context(), owner)
		require.NoError(t, err)
		assert.Empty(t, left)
	})
}

// TestAccountsAreSwitchedAndBounded: a browser works in one account at a time, and only in those of its user.
func TestAccountsAreSwitchedAndBounded(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		ctx := t.Context()
		ada, grace := b.person(t, "ada@example.com"), b.person(t, "grace@example.com")
		at := func() int64 {
			var session models.Session
			require.NoError(t, db.Read(ctx).Where("user_id = ?", ada.User.ID).Take(&session).Error)
			return *session.AccountID
		}
		second, err := b.auth.CreateAccount(ctx, ada, "  Second   account ", nil)
		require.NoError(t, err)
		assert.Equal(t, "Second account", second.Name)
		assert.Equal(t, second.ID, at())
		require.NoError(t, b.auth.SwitchAccount(ctx, ada, ada.Account.PublicID))
		assert.Equal(t, ada.Account.ID, at())
		assert.Equal(t, "not_found", faultCode(b.auth.SwitchAccount(ctx, ada, grace.Account.PublicID)))
		assert.Equal(t, ada.Account.ID, at())
		for n := range 8 {
			_, err := b.auth.CreateAccount(ctx, ada, fmt.Sprint("Account ", n), nil)
			require.NoError(t, err)
		}
		_, err = b.auth.CreateAccount(ctx, ada, "One too many", nil)
		assert.Equal(t, "accounts_full", faultCode(err))
		_, err = b.auth.CreateAccount(ctx, ada, "a\nb", nil)
		assert.Equal(t, "account_name_invalid", faultCode(err))
	})
}
