package models_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// A failed statement is logged with its text and never with its values. It replaces the log of the
// whole process, so it cannot run beside other tests; setting the environment is how to say so.
func TestTheLogHoldsNoValues(t *testing.T) {
	t.Setenv("TEST_ALONE", "1")
	db := modelstest.SQLite(t)
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(before)

	user := newUser("secret@example.com")
	require.NoError(t, db.Write(t.Context()).Create(user).Error)
	require.Error(t, db.Write(t.Context()).Create(newUser("secret@example.com")).Error)
	require.Error(t, db.Read(t.Context()).Take(&models.User{}, user.ID+1).Error)
	require.Empty(t, out.String(), "answers are not failures")

	require.Error(t, db.Write(t.Context()).Exec("INSERT INTO nowhere VALUES (?)", "secret@example.com").Error)
	require.Contains(t, out.String(), "nowhere")
	require.NotContains(t, out.String(), "secret")
}
