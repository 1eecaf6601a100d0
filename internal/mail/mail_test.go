package mail_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/internal/mail/mailtest"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// clock is a wall clock that tests move.
type clock struct{ t atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.t.Store(&start)
	return c
}

func (c *clock) Now() time.Time { return *c.t.Load() }
func (c *clock) Advance(d time.Duration) {
	next := c.Now().Add(d)
	c.t.Store(&next)
}

type bundle struct {
	db     *models.DB
	clock  *clock
	outbox *mail.Outbox
}

func setup(db *models.DB, sender mail.Sender) bundle {
	c := newClock()
	return bundle{db: db, clock: c, outbox: mail.New(mail.Options{DB: db, Sender: sender, Now: c.Now})}
}

func smtpTo(t *testing.T, addr string) *mail.SMTP {
	t.Helper()
	sender, err := mail.NewSMTP("smtp://"+addr, "Tollgate <hello@tollgate.test>")
	require.NoError(t, err)
	return sender
}

func message(key, to string) mail.Message {
	return mail.Message{
		DedupeKey: key, Kind: "test", To: to, Subject: "Grüße " + key,
		HTML: "<p>Hello " + key + "</p>", Text: "Hello " + key,
	}
}

func (b bundle) enqueue(t *testing.T, m mail.Message) {
	t.Helper()
	require.NoError(t, b.db.Tx(t.Context(), func(tx *gorm.DB) error { return b.outbox.Enqueue(tx, m) }))
}

func (b bundle) rows(t *testing.T) []models.Mail {
	t.Helper()
	var rows []models.Mail
	require.NoError(t, b.db.Read(t.Context()).Order("id").Find(&rows).Error)
	return rows
}

func TestDrainSendsOnceAndErasesSecrets(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server := mailtest.Start(t, "127.0.0.1:0")
		b := setup(db, smtpTo(t, server.Addr()))
		secret := message("reset", "ada@example.com")
		secret.Secret = true
		b.enqueue(t, secret)
		b.enqueue(t, secret)
		b.enqueue(t, message("receipt", "ada@example.com"))
		require.NoError(t, b.outbox.Drain(t.Context()))
		require.NoError(t, b.outbox.Drain(t.Context()))

		received := server.Received(t)
		require.Len(t, received, 2, "the second mail for one occasion must be dropped")
		rows := b.rows(t)
		require.Len(t, rows, 2)
		assert.Equal(t, "<"+rows[0].PublicID+"@tollgate.test>", received[0].Header.Get("Message-ID"))
		assert.Equal(t, "<ada@example.com>", received[0].Header.Get("To"))
		for _, row := range rows {
			assert.Equal(t, models.MailSent, row.State)
			assert.NotNil(t, row.SentAt)
		}
		assert.Empty(t, rows[0].HTML+rows[0].Text, "a sent secret must not stay in the table")
		assert.NotEmpty(t, rows[1].HTML)
		body, err := io.ReadAll(received[0].Body)
		require.NoError(t, err)
		assert.Contains(t, string(body), "Hello reset")
		assert.Contains(t, string(body), "text/html")
	})
}

func TestE01_MailWaitsForServerThatIsDown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server := mailtest.Start(t, "127.0.0.1:0")
		addr := server.Addr()
		server.Stop()
		b := setup(db, smtpTo(t, addr))
		b.enqueue(t, message("first", "ada@example.com"))
		b.enqueue(t, message("second", "bob@example.com"))
		require.NoError(t, b.outbox.Drain(t.Context()))
		rows := b.rows(t)
		assert.Equal(t, int64(1), rows[0].Attempts)
		assert.True(t, rows[0].NextAt.After(b.clock.Now()))
		assert.Zero(t, rows[1].Attempts, "one unreachable server must not be tried once per mail")

		server = mailtest.Start(t, addr)
		b.clock.Advance(time.Minute)
		require.NoError(t, b.outbox.Drain(t.Context()))
		assert.Len(t, server.Received(t), 2)
	})
}

func TestE02_CrashAfterAcceptanceRepeatsUnderSameMessageID(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server := mailtest.Start(t, "127.0.0.1:0")
		b := setup(db, smtpTo(t, server.Addr()))
		b.enqueue(t, message("once", "ada@example.com"))
		require.NoError(t, b.outbox.SendAndCrash(t.Context()))
		require.NoError(t, b.outbox.Drain(t.Context()))
		require.Len(t, server.Received(t), 1, "the lease of the dead process still holds")

		b.clock.Advance(mail.LeaseFor + time.Second)
		require.NoError(t, b.outbox.Drain(t.Context()))
		received := server.Received(t)
		require.Len(t, received, 2)
		assert.Equal(t, received[0].Header.Get("Message-ID"), received[1].Header.Get("Message-ID"))
		require.NoError(t, b.outbox.Drain(t.Context()))
		assert.Len(t, server.Received(t), 2)
	})
}

func TestAcceptedMailIsSentEvenIfGoodbyeFails(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, "127.0.0.1:0")
	server.DropAtQuit = true
	b := setup(modelstest.SQLite(t), smtpTo(t, server.Addr()))
	b.enqueue(t, message("once", "ada@example.com"))
	require.NoError(t, b.outbox.Drain(t.Context()))
	assert.Equal(t, models.MailSent, b.rows(t)[0].State)
}

func TestE01_RefusedMailDiesAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, "127.0.0.1:0")
	server.Refuse["gone@example.com"] = "550 5.1.1 no such user"
	b := setup(modelstest.SQLite(t), smtpTo(t, server.Addr()))
	b.enqueue(t, message("refused", "gone@example.com"))
	b.enqueue(t, message("fine", "ada@example.com"))
	for range mail.MaxRefusals {
		require.NoError(t, b.outbox.Drain(t.Context()))
		b.clock.Advance(time.Hour)
	}
	rows := b.rows(t)
	assert.Equal(t, models.MailDead, rows[0].State)
	assert.Contains(t, rows[0].LastError, "no such user")
	assert.Equal(t, models.MailSent, rows[1].State)
	assert.Len(t, server.Received(t), 1)
}

func TestParallelDrainsSendEachMailOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server := mailtest.Start(t, "127.0.0.1:0")
		b := setup(db, smtpTo(t, server.Addr()))
		for i := range 12 {
			b.enqueue(t, message(strings.Repeat("x", i+1), "ada@example.com"))
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { assert.NoError(t, b.outbox.Drain(t.Context())) })
		}
		wg.Wait()
		assert.Len(t, server.Received(t), 12)
	})
}

func TestEnqueueRollsBackWithItsTransaction(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(db, mail.Mailbox{})
		failed := errors.New("the reason for the mail did not happen")
		err := db.Tx(t.Context(), func(tx *gorm.DB) error {
			require.NoError(t, b.outbox.Enqueue(tx, message("never", "ada@example.com")))
			return failed
		})
		require.ErrorIs(t, err, failed)
		assert.Empty(t, b.rows(t))
	})
}

func TestEnqueueLetsNothingIntoHeaders(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, "127.0.0.1:0")
	b := setup(modelstest.SQLite(t), smtpTo(t, server.Addr()))
	for _, to := range []string{
		"", "ada", "ada@example.com\r\nBcc: x@example.com", "a@example.com, b@example.com", "Ada <ada@example.com>",
	} {
		err := b.db.Tx(t.Context(), func(tx *gorm.DB) error { return b.outbox.Enqueue(tx, message("k"+to, to)) })
		assert.Error(t, err, to)
	}
	m := message("crlf", "ada@example.com")
	m.Subject = "Hi\r\nBcc: victim@example.com\x00 \u202eevil"
	b.enqueue(t, m)
	require.NoError(t, b.outbox.Drain(t.Context()))
	received := server.Received(t)
	require.Len(t, received, 1)
	assert.Empty(t, received[0].Header.Get("Bcc"))
}

func TestMailboxKeepsSecrets(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(db, mail.Mailbox{})
		m := message("reset", "ada@example.com")
		m.Secret = true
		b.enqueue(t, m)
		require.NoError(t, b.outbox.Drain(t.Context()))
		row := b.rows(t)[0]
		assert.Equal(t, models.MailSent, row.State)
		assert.Equal(t, m.HTML, row.HTML)
	})
}

// stubborn is a server that never takes anything.
type stubborn struct{}

func (stubborn) Send(context.Context, models.Mail) error { return errors.New("try later") }
func (stubborn) Keeps() bool                             { return false }

func TestE01_RetriesEndAfterAboutThreeDays(t *testing.T) {
	t.Parallel()
	b := setup(modelstest.SQLite(t), stubborn{})
	b.enqueue(t, message("doomed", "ada@example.com"))
	start := b.clock.Now()
	for range mail.MaxTries {
		require.NoError(t, b.outbox.Drain(t.Context()))
		row := b.rows(t)[0]
		if row.State == models.MailDead {
			break
		}
		b.clock.Advance(row.NextAt.Sub(b.clock.Now()))
	}
	assert.Equal(t, models.MailDead, b.rows(t)[0].State)
	assert.InDelta(t, 72, b.clock.Now().Sub(start).Hours(), 12)
}

func TestDelayGrowsAndStaysBounded(t *testing.T) {
	t.Parallel()
	for attempts := range int64(200) {
		d := mail.Delay(1, attempts)
		assert.GreaterOrEqual(t, d, 4*time.Second)
		assert.LessOrEqual(t, d, 72*time.Minute)
	}
}

func TestNewSMTPReadsItsURL(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"smtp://127.0.0.1:25":                                true,
		"smtps://user:pass@mail.example.com":                 true,
		"smtp://u:p@mail.example.com:587?starttls=required":  true,
		"smtp://mail.example.com?starttls=off":               true,
		"smtp://mail.example.com?starttls=perhaps":           false,
		"http://mail.example.com":                            false,
		"mail.example.com:25":                                false,
		"":                                                   false,
		"smtp://user:hunter2secret@mail.example.com:notport": false,
	} {
		_, err := mail.NewSMTP(raw, "Tollgate <hello@tollgate.test>")
		assert.Equal(t, ok, err == nil, "%s: %v", raw, err)
		if err != nil {
			assert.NotContains(t, err.Error(), "hunter2secret")
		}
	}
	_, err := mail.NewSMTP("smtp://127.0.0.1:25", "not an address")
	assert.Error(t, err)
}

func TestMailOverStartTLSIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, "127.0.0.1:0")
	sender, err := mail.NewSMTP("smtp://"+server.Addr()+"?starttls=required", "hello@tollgate.test")
	require.NoError(t, err)
	b := setup(modelstest.SQLite(t), sender)
	b.enqueue(t, message("private", "ada@example.com"))
	require.NoError(t, b.outbox.Drain(t.Context()))
	assert.Empty(t, server.Received(t))
	assert.Equal(t, models.MailPending, b.rows(t)[0].State)
}
