package views

import "github.com/a-h/templ"

func teamPages() map[string]templ.Component {
	options := []Option{{"admin", "Admin"}, {"billing", "Billing"}, {"member", "Member"}}
	page := func(change func(*TeamPage)) templ.Component {
		p := TeamPage{
			Page: signedIn(PathTeam, TeamTitle, "Pro"), Name: NameForm{Name: "Example Works"},
			Invite: InviteForm{Roles: options, Role: "member"}, Manages: true, Owns: true,
			Members: []MemberRow{
				{ID: "user_1", Name: "Ada Example", Email: "ada@example.com", Role: "owner", JoinedAt: day(-60), You: true},
				{ID: "user_2", Name: "Grace Example", Email: "grace@example.com", Role: "admin", JoinedAt: day(-30)},
				{ID: "user_3", Name: "A Name That Goes On For Quite A While", Email: "somebody.with.a.very.long.address@subdomain.example.com", Role: "member", JoinedAt: day(-1)},
			},
			Invitations: []InvitationRow{
				{ID: "inv_1", Email: "linus@example.com", Role: "member", ExpiresAt: day(5)},
				{ID: "inv_2", Email: "margaret@example.com", Role: "billing", ExpiresAt: day(-5), RanOut: true},
			},
		}
		p.Pager = NewPager(PathTeam, nil, 1, 25, int64(len(p.Members)))
		change(&p)
		return Team(p)
	}
	ask := InvitationPage{
		Page: frame("/invitations/token", InvitationTitle), Action: "/invitations/token", Account: "Example Works",
		Inviter: "Grace Example", Role: "billing", Email: "ada@example.com",
	}
	visitor, other, gone := ask, ask, ask
	visitor.State, other.State, gone.State = InvitationVisitor, InvitationOther, InvitationInvalid
	accounts := AccountsPage{
		Page: signedIn(PathAccounts, AccountsTitle, "Pro"),
		Accounts: []AccountRow{
			{ID: "acct_1", Name: "Ada Example", Role: "owner", Members: 1, Current: true},
			{ID: "acct_2", Name: "Example Works", Role: "billing", Members: 12},
		},
	}
	refused := accounts
	refused.Name, refused.Form = "Third", Form{FormError: Message("accounts_full", nil)}
	return map[string]templ.Component{
		"team-owner": page(func(*TeamPage) {}),
		"team-alone": page(func(p *TeamPage) { p.Members, p.Invitations = p.Members[:1], nil }),
		"team-member": page(func(p *TeamPage) {
			p.Manages, p.Owns, p.Invitations = false, false, nil
			p.Members[0].You, p.Members[2].You, p.NoBilling = false, true, true
		}),
		"team-refused": page(func(p *TeamPage) {
			p.Invite.Email = "ada"
			p.Invite.Errors = map[string]string{"email": Message("email_invalid", nil), "role": Message("role_unknown", nil)}
		}),
		"accounts":           Accounts(accounts),
		"accounts-full":      Accounts(refused),
		"invitation":         Invitation(ask),
		"invitation-visitor": Invitation(visitor),
		"invitation-other":   Invitation(other),
		"invitation-invalid": Invitation(gone),
	}
}
