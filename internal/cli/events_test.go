package cli_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/cli"
	"example.com/tollgate/models"
)

func TestEventsReplay(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "tollgate.db")
	run := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := cli.Main(args, []string{
			"APP_ENV=test", "DATABASE_URL=" + database, "STRIPE_API_BASE=http://127.0.0.1:0", "LOG_LEVEL=error",
		}, &out, &errs)
		return out.String(), errs.String(), code
	}
	_, said, code := run("events", "replay", "evt_none")
	require.Equal(t, 1, code)
	require.Contains(t, said, "replay evt_none")

	db, err := models.Open(t.Context(), database, time.Now)
	require.NoError(t, err)
	var account string
	require.NoError(t, db.Read(t.Context()).Raw("SELECT stripe_account FROM connections").Scan(&account).Error)
	for i := range 6 {
		now := time.Now().UTC().Add(time.Duration(i-5) * 24 * time.Hour)
		require.NoError(t, db.Write(t.Context()).Create(&models.WebhookEvent{
			PublicID: models.NewPublicID("wh"), StripeAccount: account, EventID: fmt.Sprintf("evt_%d", i), Type: "invoice.paid",
			Customer: fmt.Sprintf("cus_%d", i%2), Payload: []byte("{}"), OccurredAt: now, ReceivedAt: now, State: models.EventDead,
		}).Error)
	}
	pending := func() (n int64) {
		require.NoError(t, db.Read(t.Context()).Model(&models.WebhookEvent{}).Where("state = 'pending'").Count(&n).Error)
		return n
	}
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	for _, refused := range [][]string{
		{}, {"evt_1", "--dead"}, {"--since", "yesterday"}, {"--dry-run"}, {"evt_1", "--dry-run"}, {"--since", "-1h"},
	} {
		_, said, code := run(append([]string{"events", "replay"}, refused...)...)
		require.Equal(t, 1, code, refused)
		require.NotEmpty(t, said, refused)
	}
	said, _, code = run("events", "replay", "--dead", "--dry-run")
	require.Equal(t, 0, code)
	require.Contains(t, said, "6 events of 2 customers would be replayed")
	said, _, _ = run("events", "replay", "--since", "60h", "--customer", "cus_1", "--dry-run")
	require.Contains(t, said, "2 events of 1 customers")
	said, _, _ = run("events", "replay", "--since", time.Now().UTC().Format(time.DateOnly), "--type", "invoice.paid", "--dry-run")
	require.Contains(t, said, "1 events of 1 customers")
	require.Zero(t, pending(), "a dry run changes nothing")

	said, _, code = run("events", "replay", "evt_2")
	require.Equal(t, 0, code)
	require.Contains(t, said, "evt_2 is pending again.")
	require.EqualValues(t, 1, pending(), "its customer is nobody's yet, so it waits")
	said, _, code = run("events", "replay", "--dead", "--customer", "cus_1")
	require.Equal(t, 0, code)
	require.Contains(t, said, "3 of 3 events are pending again.")
	require.EqualValues(t, 4, pending())
}
