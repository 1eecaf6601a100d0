package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/views"
)

func (s *site) accounts(c echo.Context) error {
	return s.showAccounts(c, http.StatusOK, views.AccountsPage{})
}

// showAccounts lists the user's accounts; page carries what a refused form must show again.
func (s *site) showAccounts(c echo.Context, status int, page views.AccountsPage) error {
	p, err := s.page(c, views.AccountsTitle)
	if err != nil {
		return err
	}
	id := s.identity(c)
	accounts, err := s.Auth.Accounts(c.Request().Context(), id)
	if err != nil {
		return err
	}
	page.Page = p
	for _, account := range accounts {
		page.Accounts = append(page.Accounts, views.AccountRow{
			ID: account.PublicID, Name: account.Name, Role: string(account.Role), Members: account.Members,
			Current: account.ID == id.Account.ID,
		})
	}
	return render(c, status, views.Accounts(page))
}

func (s *site) createAccount(c echo.Context) error {
	name := c.Request().PostForm.Get("name")
	_, err := s.Auth.CreateAccount(c.Request().Context(), s.identity(c), name, s.Billing.QueueCustomer)
	if refused, ok := refusal(err, "verify_for_account", "accounts_full"); err != nil && ok {
		return s.showAccounts(c, http.StatusUnprocessableEntity, views.AccountsPage{Form: refused, Name: name})
	}
	if err != nil {
		return err
	}
	s.Billing.CustomerQueued()
	return s.backWith(c, "/app", "account_created")
}

func (s *site) switchAccount(c echo.Context) error {
	if err := s.Auth.SwitchAccount(c.Request().Context(), s.identity(c), c.Param("id")); err != nil {
		return err
	}
	return s.backWith(c, "/app", "account_switched")
}
