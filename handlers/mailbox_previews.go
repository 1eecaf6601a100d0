package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
	"example.com/tollgate/views/emails"
)

// samples is every mail that there is, as the reader of this page would get it.
func (s *site) samples(c echo.Context) ([]emails.Sample, error) {
	p, err := s.page(c, views.PreviewsTitle)
	if err != nil {
		return nil, err
	}
	return emails.Samples(emails.Sender{
		AppName: s.Config.AppName, AppURL: s.Config.AppURL, Locale: p.Locale, Zone: p.Zone,
	}, s.Now()), nil
}

// mailPreviews lists every mail with made-up values, for whoever changes one.
func (s *site) mailPreviews(c echo.Context) error {
	p, err := s.page(c, views.PreviewsTitle)
	if err != nil {
		return err
	}
	samples, err := s.samples(c)
	if err != nil {
		return err
	}
	page := views.MailPreviewsPage{Page: p}
	for _, sample := range samples {
		page.Mails = append(page.Mails, s.sampleRow(sample))
	}
	return render(c, http.StatusOK, views.MailPreviews(page))
}

func (s *site) sampleRow(sample emails.Sample) views.MailRow {
	return views.MailRow{
		Kind: sample.Name(), Subject: sample.Mail.Subject, CreatedAt: s.Now(), URL: "/mails/" + sample.Name(),
	}
}

func (s *site) mailPreview(c echo.Context) error {
	sample, err := s.findSample(c)
	if err != nil {
		return err
	}
	p, err := s.page(c, sample.Mail.Subject)
	if err != nil {
		return err
	}
	row := s.sampleRow(sample)
	return render(c, http.StatusOK, views.Mail(views.MailPage{
		Page: p, Mail: row, HTMLURL: row.URL + "/html", TextURL: row.URL + "?part=text",
		Text: sample.Mail.Text, ShowText: c.QueryParam("part") == "text", Preview: true,
	}))
}

func (s *site) mailPreviewHTML(c echo.Context) error {
	sample, err := s.findSample(c)
	if err != nil {
		return err
	}
	middleware.Framed(c)
	return c.HTML(http.StatusOK, sample.Mail.HTML)
}

func (s *site) findSample(c echo.Context) (emails.Sample, error) {
	samples, err := s.samples(c)
	if err != nil {
		return emails.Sample{}, err
	}
	for _, sample := range samples {
		if sample.Name() == c.Param("name") {
			return sample, nil
		}
	}
	return emails.Sample{}, fault.New(fault.NotFound, "not_found")
}
