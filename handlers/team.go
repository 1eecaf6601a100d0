package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
)

func (s *site) team(c echo.Context) error {
	return s.showTeam(c, http.StatusOK, func(*views.TeamPage) {})
}

// showTeam fills the page. refuse puts back into one of its forms what was typed and what was wrong with it.
func (s *site) showTeam(c echo.Context, status int, refuse func(*views.TeamPage)) error {
	p, err := s.page(c, views.TeamTitle)
	if err != nil {
		return err
	}
	id, number := s.identity(c), pageNumber(c)
	members, total, err := s.Auth.Members(c.Request().Context(), id, number)
	if err != nil {
		return err
	}
	page := views.TeamPage{
		Page: p, Name: views.NameForm{Name: id.Account.Name}, Invite: views.InviteForm{Role: string(models.RoleMember)},
		Manages: id.May(auth.ManageTeam), Owns: id.Role == models.RoleOwner,
		Pager: views.NewPager(views.PathTeam, nil, number, auth.MembersPerPage, total),
	}
	for _, m := range members {
		page.Members = append(page.Members, views.MemberRow{
			ID: m.ID, Name: m.Name, Email: m.Email, Role: string(m.Role), JoinedAt: m.JoinedAt, You: m.ID == id.User.PublicID,
		})
	}
	for _, role := range auth.GrantableRoles() {
		name, _ := views.RoleWords(string(role))
		page.Invite.Roles = append(page.Invite.Roles, views.Option{Value: string(role), Text: name})
	}
	if page.Manages {
		if page.Invitations, err = s.invitationRows(c, id); err != nil {
			return err
		}
	}
	refuse(&page)
	return render(c, status, views.Team(page))
}

func (s *site) invitationRows(c echo.Context, id *auth.Identity) ([]views.InvitationRow, error) {
	invitations, err := s.Auth.Invitations(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	rows, now := make([]views.InvitationRow, len(invitations)), s.Wall()
	for i, invitation := range invitations {
		rows[i] = views.InvitationRow{
			ID: invitation.PublicID, Email: invitation.Email, Role: string(invitation.Role),
			ExpiresAt: invitation.ExpiresAt, RanOut: !invitation.ExpiresAt.After(now),
		}
	}
	return rows, nil
}

func (s *site) renameAccount(c echo.Context) error {
	name := c.Request().PostForm.Get("name")
	err := s.Auth.RenameAccount(c.Request().Context(), s.identity(c), name)
	if refused, ok := refusal(err); err != nil && ok {
		return s.showTeam(c, http.StatusUnprocessableEntity, func(p *views.TeamPage) {
			p.Name = views.NameForm{Form: refused, Name: name}
		})
	}
	return s.teamDone(c, err, "account_renamed")
}

func (s *site) setMemberRole(c echo.Context) error {
	role := models.Role(c.Request().PostForm.Get("role"))
	return s.teamDone(c, s.Auth.SetRole(c.Request().Context(), s.identity(c), c.Param("id"), role), "role_saved")
}

func (s *site) removeMember(c echo.Context) error {
	err := s.Auth.RemoveMember(c.Request().Context(), s.identity(c), c.Param("id"), s.Billing.QueueCustomer)
	if err == nil {
		s.Billing.CustomerQueued()
	}
	return s.teamDone(c, err, "member_removed")
}

func (s *site) handOver(c echo.Context) error {
	return s.teamDone(c, s.Auth.HandOverTo(c.Request().Context(), s.identity(c), c.Param("id")), "handed_over")
}

func (s *site) leaveTeam(c echo.Context) error {
	err := s.Auth.Leave(c.Request().Context(), s.identity(c), s.Billing.QueueCustomer)
	if err != nil {
		return s.teamDone(c, err, "")
	}
	s.Billing.CustomerQueued()
	return s.backWith(c, views.PathAccounts, "left")
}

// teamDone answers a form of the team's page: with a notice of success, or of what stands in the way.
func (s *site) teamDone(c echo.Context, err error, done string) error {
	if err == nil {
		return s.backWith(c, views.PathTeam, done)
	}
	f := fault.From(err)
	if f.Kind != fault.Conflict && f.Kind != fault.RateLimited && !fault.Is(err, "role_unknown") {
		return err
	}
	if f.RetryAfter > 0 {
		sayRetryAfter(c, f.RetryAfter)
	}
	return s.showTeam(c, statusFor(f), func(p *views.TeamPage) {
		p.Flash = &layout.Flash{Kind: layout.Error, Text: views.Message(f.Code, f.Params)}
	})
}
