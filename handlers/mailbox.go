package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

const (
	mailsPerPage = 25
	maxQuery     = 100
)

// mailbox shows the mails of a machine that sends none.
func (s *site) mailbox(c echo.Context) error {
	p, err := s.page(c, views.MailboxTitle)
	if err != nil {
		return err
	}
	query, number := auth.Clip(c.QueryParam("q"), maxQuery), pageNumber(c)
	mails, total, err := s.DB.ListMails(c.Request().Context(), query, number, mailsPerPage)
	if err != nil {
		return err
	}
	page := views.MailboxPage{Page: p, Query: query}
	filters := url.Values{}
	if query != "" {
		filters.Set("q", query)
	}
	page.Pager = views.NewPager("/mailbox", filters, number, mailsPerPage, total)
	for _, m := range mails {
		page.Mails = append(page.Mails, mailboxRow(m))
	}
	return render(c, http.StatusOK, views.Mailbox(page))
}

func mailboxRow(m models.Mail) views.MailRow {
	return views.MailRow{
		ID: m.PublicID, To: m.ToAddress, Kind: m.Kind, Subject: m.Subject, State: m.State,
		CreatedAt: m.CreatedAt, URL: "/mailbox/" + m.PublicID,
	}
}

func (s *site) mailboxMail(c echo.Context) error {
	m, err := s.findMail(c)
	if err != nil {
		return err
	}
	p, err := s.page(c, m.Subject)
	if err != nil {
		return err
	}
	address := "/mailbox/" + m.PublicID
	return render(c, http.StatusOK, views.Mail(views.MailPage{
		Page: p, Mail: mailboxRow(m), HTMLURL: address + "/html", TextURL: address + "?part=text",
		Text: m.Text, ShowText: c.QueryParam("part") == "text",
	}))
}

// mailboxHTML is a mail as its reader sees it, for a frame that may run nothing.
func (s *site) mailboxHTML(c echo.Context) error {
	m, err := s.findMail(c)
	if err != nil {
		return err
	}
	middleware.Framed(c)
	return c.HTML(http.StatusOK, m.HTML)
}

func (s *site) findMail(c echo.Context) (models.Mail, error) {
	id := c.Param("id")
	if !auth.PlausibleID(id) {
		return models.Mail{}, fault.New(fault.NotFound, "not_found")
	}
	return s.DB.FindMail(c.Request().Context(), id)
}
