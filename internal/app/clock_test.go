package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models/modelstest"
)

// TestTheClockIsTheSandboxsToo where the sandbox runs by itself: who moves it a month forward moves the program, and one
// that starts afterwards begins there.
func TestTheClockIsTheSandboxsToo(t *testing.T) {
	t.Parallel()
	s, database := sandboxtest.New(t), modelstest.SQLiteURL(t)
	a, err := open(t, database, s, s.SecretKey())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	require.WithinDuration(t, s.Now(), a.Billing.Now(), 2*time.Second)

	require.NoError(t, s.Advance(t.Context(), 31*24*time.Hour))
	require.Eventually(t, func() bool { return s.Now().Sub(a.Billing.Now()) < 2*time.Second }, 10*time.Second, 10*time.Millisecond)
	later, err := open(t, database, s, s.SecretKey())
	require.NoError(t, err)
	require.WithinDuration(t, s.Now(), later.Billing.Now(), 2*time.Second)
	require.NoError(t, later.Close())
}
