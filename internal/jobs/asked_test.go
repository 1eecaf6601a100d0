package jobs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPassCoversWhoAsksBeforeItBegins and nobody who asks later. Its time is up when the test says so.
func TestAPassCoversWhoAsksBeforeItBegins(t *testing.T) {
	t.Parallel()
	var up []func()
	a := newAsked()
	a.later = func(do func()) { up = append(up, do) }
	woken := 0
	wake := func() { woken++ }
	require.True(t, a.ask("sync", wake))
	require.True(t, a.ask("mails", wake), "one job says nothing about another")
	require.False(t, a.ask("sync", wake))
	a.begin("sync")
	require.True(t, a.ask("sync", wake), "it may have read before this was written")
	up[0]()
	require.Zero(t, woken, "whoever relied on the first has been covered")
	require.False(t, a.ask("sync", wake), "and the second still stands")
	up[2]()
	require.Equal(t, 1, woken, "somebody relied on a pass that has not begun here")
	require.True(t, a.ask("sync", wake))
	up[3]()
	require.Equal(t, 1, woken, "nobody relied on it")
}
