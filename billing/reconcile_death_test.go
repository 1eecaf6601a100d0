package billing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// A program that is killed after it has begun a sweep and before the first page leaves one that every later pass takes
// up. The slow simulator found that none could.
func TestP02_ASweepThatDiedAtItsBeginningGoesOn(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		dead := models.ReconcileRun{
			PublicID: models.NewPublicID("run"), StripeAccount: w.Connection.StripeAccount, Livemode: w.Connection.Livemode,
			Kind: models.ReconcileSweep, Origin: billing.OriginSchedule, State: models.RunRunning, StartedAt: w.Wall(),
		}
		require.NoError(t, w.db.Write(w.ctx()).Create(&dead).Error)
		run := w.sweep()
		require.Equal(t, dead.PublicID, run.PublicID)
		require.Equal(t, models.RunDone, run.State)
	})
}
