package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

func (s *site) invite(c echo.Context) error {
	email, role := c.Request().PostForm.Get("email"), c.Request().PostForm.Get("role")
	err := s.Auth.Invite(c.Request().Context(), s.identity(c), email, models.Role(role))
	if refused, ok := refusal(err, "verify_to_invite", "invitations_full", "invitations_limited"); err != nil && ok {
		status := http.StatusUnprocessableEntity
		if fault.Is(err, "invitations_limited") {
			sayRetryAfter(c, fault.From(err).RetryAfter)
			status = http.StatusTooManyRequests
		}
		return s.showTeam(c, status, func(p *views.TeamPage) {
			p.Invite.Form, p.Invite.Email, p.Invite.Role = refused, email, role
		})
	}
	return s.teamDone(c, err, "invited")
}

func (s *site) inviteAgain(c echo.Context) error {
	err := s.Auth.InviteAgain(c.Request().Context(), s.identity(c), c.Param("id"))
	if f := fault.From(err); err != nil && f.Fields["email"] != "" {
		err = fault.New(fault.Conflict, f.Fields["email"])
	}
	return s.teamDone(c, err, "invited")
}

func (s *site) revokeInvitation(c echo.Context) error {
	return s.teamDone(c, s.Auth.RevokeInvitation(c.Request().Context(), s.identity(c), c.Param("id")), "invitation_revoked")
}

// invitation shows what a mailed link invites to, and uses nothing up: programs that scan mail open links as well.
func (s *site) invitation(c echo.Context) error {
	invited, err := s.Auth.ReadInvitation(c.Request().Context(), c.Param("token"))
	if err != nil {
		return s.refuseInvitation(c, err)
	}
	page := views.InvitationPage{
		Account: invited.Account, Inviter: invited.Inviter, Role: string(invited.Role), Email: invited.Email,
	}
	switch id := s.identity(c); {
	case id == nil:
		page.State = views.InvitationVisitor
	case id.User.Email != invited.Email:
		page.State = views.InvitationOther
	}
	return s.showInvitation(c, http.StatusOK, page)
}

func (s *site) acceptInvitation(c echo.Context) error {
	invited, err := s.Auth.AcceptInvitation(c.Request().Context(), s.identity(c), c.Param("token"))
	if err != nil {
		return s.refuseInvitation(c, err)
	}
	concerns(c, invited.AccountID)
	return s.backWith(c, views.PathTeam, "joined")
}

func (s *site) refuseInvitation(c echo.Context, err error) error {
	if !fault.Is(err, "token_invalid") {
		return err
	}
	return s.showInvitation(c, http.StatusGone, views.InvitationPage{State: views.InvitationInvalid})
}

func (s *site) showInvitation(c echo.Context, status int, page views.InvitationPage) error {
	p, err := s.formPage(c, views.InvitationTitle)
	if err != nil {
		return err
	}
	page.Page, page.Action = p, c.Request().URL.Path
	return render(c, status, views.Invitation(page))
}
