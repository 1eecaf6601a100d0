package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// How much of the past the page about reconciliation shows.
const (
	reconcileDays   = 30
	reconcileRuns   = 10
	reconcileDrifts = 50
	reconcileCounts = 5000 // runs with something in them, of those days
)

// adminReconciliation shows how far what we know was from what Stripe says.
func (s *site) adminReconciliation(c echo.Context) error {
	return s.showReconciliation(c, http.StatusOK, false)
}

// showReconciliation renders the page; refused says that a sweep was to be applied without the box ticked.
func (s *site) showReconciliation(c echo.Context, status int, refused bool) error {
	frame, err := s.page(c, views.ReconciliationTitle)
	if err != nil {
		return err
	}
	ctx, conn := c.Request().Context(), s.Billing.Connection
	page := views.AdminReconciliationPage{Page: frame, RunURL: views.PathAdminReconciliation}
	sweeps, err := s.DB.ListRuns(ctx, conn, models.ReconcileSweep, reconcileRuns)
	if err != nil {
		return err
	}
	listings, err := s.DB.ListRuns(ctx, conn, models.ReconcileEvents, reconcileRuns)
	if err != nil {
		return err
	}
	page.Sweeps, page.Listings, page.Stopped = runRows(sweeps), runRows(listings), stoppedSweep(sweeps, refused)
	cursors, err := s.DB.ListCursors(ctx, conn)
	if err != nil {
		return err
	}
	page.Events = reconcileState(cursors[models.ReconcileEvents], listings)
	page.Sweep = reconcileState(cursors[models.ReconcileSweep], sweeps)
	if cursor, ok := cursors[models.ReconcileEvents]; ok {
		page.ListedTo = &cursor.EventAt
	}
	drifts, err := s.DB.ListDrifts(ctx, conn, 0, reconcileDrifts)
	if err != nil {
		return err
	}
	page.Drifts = driftRows(drifts)
	if page.Days, err = s.driftDays(ctx); err != nil {
		return err
	}
	return render(c, status, views.AdminReconciliation(page))
}

// adminReconcileNow compares with Stripe because an admin wants to know.
func (s *site) adminReconcileNow(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	if err := s.Billing.ReconcileNow(ctx); err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminReconciliation, "reconciled")
}

// adminApplyRun applies a sweep that the guard has stopped. Who says that it is right stays with the run.
func (s *site) adminApplyRun(c echo.Context) error {
	if c.FormValue("sure") != "yes" {
		return s.showReconciliation(c, http.StatusUnprocessableEntity, true)
	}
	if err := s.Billing.ApplyRun(c.Request().Context(), c.Param("id"), s.identity(c).User.Email); err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminReconciliation, "run_applied")
}

func runRows(runs []models.ReconcileRun) []views.RunRow {
	rows := make([]views.RunRow, len(runs))
	for i, run := range runs {
		rows[i] = views.RunRow{
			ID: run.PublicID, Origin: run.Origin, State: run.State, Reason: run.Reason, Error: run.Error,
			ApprovedBy: run.ApprovedBy, Seen: run.Seen, Found: run.Missed + run.Drift, Unknown: run.Unknown,
			Losing: run.Losing, StartedAt: run.StartedAt, FinishedAt: run.FinishedAt,
		}
	}
	return rows
}

// stoppedSweep is the last sweep, if it was stopped.
func stoppedSweep(sweeps []models.ReconcileRun, refused bool) *views.StoppedSweep {
	if len(sweeps) == 0 || sweeps[0].State != models.RunStopped {
		return nil
	}
	run := sweeps[0]
	stopped := &views.StoppedSweep{Reason: run.Reason, Losing: run.Losing, Paying: run.Paying, Refused: refused}
	if run.Reason == billing.ReasonTooMany {
		stopped.ApplyURL = views.PathAdminReconciliation + "/" + run.PublicID + "/apply"
	}
	return stopped
}

func reconcileState(cursor models.ReconcileCursor, runs []models.ReconcileRun) views.ReconcileState {
	state := views.ReconcileState{LastOKAt: cursor.LastOKAt, LastError: cursor.LastError}
	if !cursor.NextAt.IsZero() {
		state.NextAt = &cursor.NextAt
	}
	if len(runs) > 0 {
		state.Count = runs[0].Missed + runs[0].Drift
	}
	return state
}

func driftRows(drifts []models.DriftRow) []views.DriftRow {
	rows := make([]views.DriftRow, len(drifts))
	for i, drift := range drifts {
		rows[i] = views.DriftRow{
			Object: drift.Object, Kind: drift.Kind, Detail: drift.Detail, Customer: drift.Customer,
			Loses: drift.Loses, FoundAt: drift.FoundAt, HealedAt: drift.HealedAt,
		}
		if drift.Account != "" {
			rows[i].SubscriberURL = views.PathAdminSubscribers + "/" + drift.Account
		}
	}
	return rows
}

// driftDays counts what was found on each day, those on which nothing was among them.
func (s *site) driftDays(ctx context.Context) ([]views.Day, error) {
	first := s.Wall().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-reconcileDays)
	runs, err := s.DB.RunsSince(ctx, s.Billing.Connection, first, reconcileCounts)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, run := range runs {
		counts[run.StartedAt.UTC().Format(time.DateOnly)] += run.Missed + run.Drift
	}
	days := make([]views.Day, reconcileDays)
	for n := range days {
		date := first.AddDate(0, 0, n)
		days[n] = views.Day{Date: date, N: counts[date.Format(time.DateOnly)]}
	}
	return days, nil
}
