package handlers

import (
	"context"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// adminEndPlan ends an account's plan at once.
func (s *site) adminEndPlan(c echo.Context) error {
	comment := c.FormValue("comment")
	if utf8.RuneCountInString(comment) > maxComment {
		comment = string([]rune(comment)[:maxComment])
	}
	return s.adminAct(c, "end", "admin_ended", comment, func(ctx context.Context, accountID int64) error {
		return s.Billing.EndNow(ctx, accountID, comment)
	})
}

// adminPauseBilling stops the invoices of an account's plan, and adminResumeBilling lets them go on.
func (s *site) adminPauseBilling(c echo.Context) error {
	return s.adminAct(c, "pause", "admin_paused", "", func(ctx context.Context, accountID int64) error {
		return s.Billing.PauseBilling(ctx, accountID, true)
	})
}

func (s *site) adminResumeBilling(c echo.Context) error {
	return s.adminAct(c, "go-on", "admin_went_on", "", func(ctx context.Context, accountID int64) error {
		return s.Billing.PauseBilling(ctx, accountID, false)
	})
}

// adminAct does something to an account's plan by hand, if the box that says so is ticked, and leaves in the log who
// did it.
func (s *site) adminAct(c echo.Context, form, notice, comment string, act func(context.Context, int64) error) error {
	account, err := s.DB.FindAccount(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if c.FormValue("sure") != "yes" {
		return s.showSubscriber(c, http.StatusUnprocessableEntity, views.AdminActions{Refused: form, Comment: comment})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	err = act(ctx, account.ID)
	s.Logger.InfoContext(c.Request().Context(), "an admin stepped in", "action", form, "account", account.PublicID,
		"admin", s.identity(c).User.PublicID, "error", err)
	if err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminSubscribers+"/"+account.PublicID, notice)
}

// adminRefundable is what adminRefund would give back, or nil.
func (s *site) adminRefundable(ctx context.Context, accountID int64) (*views.AdminRefund, error) {
	offer, ok, err := s.Billing.Refundable(ctx, accountID)
	if err != nil || !ok {
		return nil, err
	}
	return &views.AdminRefund{Charge: offer.Charge, Invoice: offer.Invoice, Amount: offer.Amount, PaidAt: offer.PaidAt}, nil
}

// adminRefund gives back the payment that the page named, in full, and ends the plan at once.
func (s *site) adminRefund(c echo.Context) error {
	amount, err := strconv.ParseInt(c.FormValue("amount"), 10, 64)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_request")
	}
	return s.adminAct(c, "refund", "admin_refunded", "", func(ctx context.Context, accountID int64) error {
		return s.Billing.RefundAndEnd(ctx, billing.RefundInput{
			AccountID: accountID, Charge: c.FormValue("charge"), Amount: amount,
			Comment: "Refunded and ended by an admin.",
		})
	})
}

func disputeRows(disputes []models.Dispute) []views.DisputeRow {
	rows := make([]views.DisputeRow, len(disputes))
	for i, d := range disputes {
		rows[i] = views.DisputeRow{
			ID: d.StripeID, Status: d.Status, Reason: d.Reason, OpenedAt: d.OpenedAt, DueBy: d.DueBy,
			Amount: plan.Money{Amount: d.Amount, Currency: d.Currency},
		}
	}
	return rows
}
