package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"example.com/tollgate/models"
)

// What a Sender's error may wrap.
var (
	// ErrUnreachable means that no server could be spoken to, which concerns every mail alike.
	ErrUnreachable = errors.New("mail server unreachable")
	// ErrRefused means that the server said never to this mail (a 5xx answer).
	ErrRefused = errors.New("mail refused")
)

// Sender hands one mail over. Keeps says that the bodies in the table are all there is of a mail,
// so that they must not be erased after it was sent.
type Sender interface {
	Send(ctx context.Context, m models.Mail) error
	Keeps() bool
}

// Mailbox is the Sender of development: it sends nothing, and the rows stay to be looked at.
type Mailbox struct{}

// Send accepts everything.
func (Mailbox) Send(context.Context, models.Mail) error { return nil }

// Keeps is true: there is no other copy.
func (Mailbox) Keeps() bool { return true }

// dialFor bounds the wait for each step of the conversation with the server.
const dialFor = 15 * time.Second

// SMTP is the Sender of production.
type SMTP struct {
	server  string
	options []gomail.Option
	plain   bool // the connection begins without TLS
	from    *netmail.Address
	host    string // the right-hand side of message ids
}

// NewSMTP reads smtp://user:password@host:587 or smtps://host:465. Over smtp:// the connection must
// turn to TLS before anything is said, except to this very machine; ?starttls=required, optional or
// off overrules that.
func NewSMTP(rawURL, from string) (*SMTP, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("MAIL_FROM: %w", err)
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("SMTP_URL must look like smtp://user:password@host:587") // err would print the password
	}
	options, err := smtpOptions(u)
	if err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(u.Hostname(), options...); err != nil {
		return nil, fmt.Errorf("SMTP_URL: %w", err)
	}
	_, host, _ := strings.Cut(sender.Address, "@")
	return &SMTP{
		server: u.Hostname(), options: options, plain: u.Scheme == "smtp", from: sender, host: host,
	}, nil
}

func smtpOptions(u *url.URL) ([]gomail.Option, error) {
	options := []gomail.Option{
		gomail.WithTimeout(dialFor),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}),
	}
	port := 587
	switch u.Scheme {
	case "smtps":
		port = 465
		options = append(options, gomail.WithSSL())
	case "smtp":
		policy, err := startTLS(u)
		if err != nil {
			return nil, err
		}
		options = append(options, gomail.WithTLSPolicy(policy))
	default:
		return nil, errors.New("SMTP_URL must begin with smtp:// or smtps://")
	}
	if u.Port() != "" {
		var err error
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("SMTP_URL: the port is no number")
		}
	}
	options = append(options, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return options, nil
}

func startTLS(u *url.URL) (gomail.TLSPolicy, error) {
	switch u.Query().Get("starttls") {
	case "required":
		return gomail.TLSMandatory, nil
	case "optional":
		return gomail.TLSOpportunistic, nil
	case "off":
		return gomail.NoTLS, nil
	case "":
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback()) {
			return gomail.TLSOpportunistic, nil
		}
		return gomail.TLSMandatory, nil
	}
	return 0, errors.New("SMTP_URL: starttls is required, optional or off")
}

// Keeps is false: the reader has the mail.
func (s *SMTP) Keeps() bool { return false }

// Send has one conversation with the server. What counts is its answer to the message itself: a
// connection that breaks afterwards, while saying goodbye, must not send the mail again.
func (s *SMTP) Send(ctx context.Context, m models.Mail) error {
	message, err := s.message(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	client, conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer func() {
		if err := client.CloseWithSMTPClient(conn); err != nil {
			_ = conn.Close() // it no longer listens to a polite goodbye
		}
	}()
	err = client.SendWithSMTPClient(conn, message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	var refusal *gomail.SendError
	if errors.As(err, &refusal) && refusal.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("send mail: %w", err)
}

// dial connects, turns to TLS and signs in. The library leaves the connection open when one of the
// later steps fails, so it is kept here to be closed.
func (s *SMTP) dial(ctx context.Context) (*gomail.Client, *smtp.Client, error) {
	client, err := gomail.NewClient(s.server, s.options...)
	if err != nil {
		return nil, nil, err
	}
	var raw net.Conn
	if s.plain {
		dialer := &net.Dialer{Timeout: dialFor}
		err := gomail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			var err error
			raw, err = dialer.DialContext(ctx, network, addr)
			return raw, err
		})(client)
		if err != nil {
			return nil, nil, err
		}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if raw != nil {
			_ = raw.Close()
		}
		return nil, nil, err
	}
	return client, conn, nil
}

// message renders a mail for the wire. Its id derives from the row, so that it is the same however
// often the row is sent.
func (s *SMTP) message(m models.Mail) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	if err := message.To(m.ToAddress); err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.PublicID + "@" + s.host)
	message.SetDateWithValue(m.CreatedAt)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // keeps out-of-office answers away
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return message, nil
}
