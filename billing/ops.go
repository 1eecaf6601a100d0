package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// The kinds of operation: what we may owe Stripe.
const (
	opCreateCustomer = "create_customer"
	opChangePlan     = "change_plan"    // switch now
	opPlanChange     = "plan_change"    // switch when the period ends
	opKeepPlan       = "keep_plan"      // take back a planned switch
	opCancelPlan     = "cancel_plan"    // end when the period ends
	opResumePlan     = "resume_plan"    // take that back
	opEndNow         = "end_now"        // end at once
	opEndTrial       = "end_trial"      // end a trial that was had before, uncharged
	opResumePaused   = "resume_paused"  // start again after a trial that ended without a card
	opEndDisputed    = "end_disputed"   // end at once what a bank has taken the money back for
	opRefundEnd      = "refund_end"     // give back the latest payment and end at once
	opEndSecond      = "end_second"     // end and refund a plan that was bought beside another
	opPauseBilling   = "pause_billing"  // stop the invoices
	opUnpause        = "resume_billing" // start them again
	opPayInvoice     = "pay_invoice"    // try what is overdue with a new card
)

// The limits of one pass over the operations. An operation's lease outlives its calls.
const (
	opBatch   = 32
	opTimeout = 20 * time.Second
	opLease   = 25 * time.Second
	// keyLife is how long Stripe is sure to remember an idempotency key. Past it, or after an outcome
	// that is not known, we look before we act. Source: https://docs.stripe.com/api/idempotent_requests
	keyLife = 23 * time.Hour
)

// operation is one kind of work that we owe Stripe. It is written down, with the key it will be done
// under, before the first call is made, so that it is finished whatever becomes of this process.
type operation struct {
	kind string
	// call makes the calls. It may be run again after any of them: each has a key of its own by opKey, and
	// where mustLook says so it looks at Stripe before it acts. A refusal that no repetition will change is
	// no error but a result.
	call func(s *Service, ctx context.Context, op *models.StripeOp) (result string, err error)
	// finish writes what the result means here, in the transaction that closes the operation.
	finish func(s *Service, tx *gorm.DB, op models.StripeOp, result string) error
}

// operations is the table of all kinds.
func operations() []operation {
	return []operation{
		{opCreateCustomer, (*Service).createCustomer, (*Service).finishCustomer},
		{opChangePlan, (*Service).changePlan, (*Service).changed},
		{opPlanChange, (*Service).planChange, (*Service).changed},
		{opKeepPlan, (*Service).keepPlan, (*Service).changed},
		{opCancelPlan, (*Service).cancelPlan, (*Service).changed},
		{opResumePlan, (*Service).resumePlan, (*Service).changed},
		{opEndNow, (*Service).endNow, (*Service).changed},
		{opEndTrial, (*Service).endTrial, (*Service).changed},
		{opResumePaused, (*Service).resumePaused, (*Service).changed},
		{opEndDisputed, (*Service).endNow, (*Service).changed},
		{opRefundEnd, (*Service).refundAndEnd, (*Service).changed},
		{opEndSecond, (*Service).endSecond, (*Service).changed},
		{opPauseBilling, (*Service).pauseBilling, (*Service).changed},
		{opUnpause, (*Service).unpauseBilling, (*Service).changed},
		{opPayInvoice, (*Service).payInvoice, (*Service).changed},
	}
}

func operationFor(kind string) (operation, bool) {
	for _, row := range operations() {
		if row.kind == kind {
			return row, true
		}
	}
	return operation{}, false
}

// resultUncertain marks an operation of which Stripe may or may not have carried out the last call.
const resultUncertain = "uncertain"

// mustLook reports whether Stripe may have done what an earlier try asked without our knowing, so that
// the key no longer protects from doing it twice. A try that was cut off by the end of its process is
// counted nowhere, so that age alone is a reason to look.
func (s *Service) mustLook(op models.StripeOp) bool {
	return op.Result == resultUncertain || s.wall().Sub(op.CreatedAt) > keyLife
}

// opKey is the idempotency key of one call of an operation; step tells its calls apart. Stripe replays a
// failure for as long as it remembers the key, so after an uncertain outcome a try has a key of its own.
func (s *Service) opKey(op models.StripeOp, step string) string {
	key := op.IdemKey + step
	if s.mustLook(op) {
		key = fmt.Sprintf("%s_%d", key, op.Attempts)
	}
	return key
}

// RunOps is one pass of the operations job: it makes the calls that are due.
func (s *Service) RunOps(ctx context.Context) error {
	ops, err := s.leaseOps(ctx, opBatch, nil)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := s.runOp(ctx, op); err != nil {
			s.Logger.WarnContext(ctx, "Stripe operation failed; will try again", "kind", op.Kind, "key", op.IdemKey, "error", err)
		}
	}
	if len(ops) > 0 {
		s.Wake(JobOps) // there may be more, and those of the same subscription had to wait
	}
	return nil
}

// leaseOps takes due operations: any, or those that which narrows them to. Of one subscription it takes one at a time,
// because each begins by reading what the others change.
func (s *Service) leaseOps(ctx context.Context, limit int, which func(*gorm.DB) *gorm.DB) ([]models.StripeOp, error) {
	wall, token := s.wall(), models.NewToken()
	where, stripeAccount, live := inConnection(s.Connection)
	due := func(tx *gorm.DB) *gorm.DB {
		tx = tx.Model(&models.StripeOp{}).Where(where, stripeAccount, live).
			Where("state = ? AND next_at <= ?", models.OpPending, wall).
			Where("lease_until IS NULL OR lease_until < ?", wall).
			Where("subject = '' OR NOT EXISTS (SELECT 1 FROM stripe_ops o WHERE o.subject = stripe_ops.subject"+
				" AND o.id <> stripe_ops.id AND o.state = ? AND o.lease_until >= ?)", models.OpPending, wall)
		if which != nil {
			tx = which(tx)
		}
		return tx
	}
	var leased []models.StripeOp
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		var found []models.StripeOp
		err := due(tx).Select("id", "subject", "account_id").Order("next_at, id").Limit(limit).Find(&found).Error
		if err != nil || len(found) == 0 {
			return err
		}
		ids, accounts := onePerSubject(found)
		// Whoever else leases for one of these accounts waits here, and then sees our leases.
		err = tx.Model(&models.Account{}).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id IN ?", accounts).
			Order("id").Pluck("id", &accounts).Error
		if err != nil {
			return err
		}
		// The condition stands in the update too: another process may have leased them since.
		err = due(tx).Where("id IN ?", ids).
			Updates(map[string]any{"lease_token": token, "lease_until": wall.Add(opLease)}).Error
		if err != nil {
			return err
		}
		return tx.Where("id IN ? AND lease_token = ?", ids, token).Order("id").Find(&leased).Error
	})
	if err != nil {
		return nil, fmt.Errorf("lease Stripe operations: %w", err)
	}
	return leased, nil
}

func onePerSubject(found []models.StripeOp) (ids, accounts []int64) {
	seen := map[string]bool{}
	for _, op := range found {
		if op.Subject != "" && seen[op.Subject] {
			continue
		}
		seen[op.Subject] = true
		ids, accounts = append(ids, op.ID), append(accounts, op.AccountID)
	}
	return ids, accounts
}

// runOp makes the calls of one operation and commits their outcome.
func (s *Service) runOp(ctx context.Context, op models.StripeOp) error {
	row, ok := operationFor(op.Kind)
	if !ok {
		return fmt.Errorf("operation %d is of unknown kind %q", op.ID, op.Kind)
	}
	callCtx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	result, err := row.call(s, callCtx, &op)
	record, cancelRecord := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancelRecord()
	if err != nil {
		err = s.heardOfKey(record, err)
		return errors.Join(err, s.failOp(record, op, err))
	}
	err = s.DB.Tx(record, func(tx *gorm.DB) error {
		if err := s.closeOp(tx, op, result); err != nil {
			return err
		}
		return row.finish(s, tx, op, result)
	})
	if err != nil {
		return err
	}
	s.Wake(JobSync)
	return nil
}

// closeOp is the fence of an operation: it fails if the lease is no longer ours.
func (s *Service) closeOp(tx *gorm.DB, op models.StripeOp, result string) error {
	done := tx.Model(&models.StripeOp{}).Where("id = ? AND lease_token = ?", op.ID, op.LeaseToken).Updates(map[string]any{
		"state": models.OpDone, "result": result, "done_at": s.wall(), "lease_token": "", "lease_until": nil, "last_error": "",
	})
	if done.Error != nil || done.RowsAffected != 1 {
		return fmt.Errorf("finish operation %d (%d rows): %w", op.ID, done.RowsAffected, errors.Join(done.Error, errFenced))
	}
	return nil
}

// reach writes down how far an operation of several calls has come, and what the next one needs.
func (s *Service) reach(ctx context.Context, op *models.StripeOp, point string) error {
	op.RecoveryPoint = point
	moved := s.DB.Write(ctx).Model(&models.StripeOp{}).Where("id = ? AND lease_token = ?", op.ID, op.LeaseToken).
		Update("recovery_point", point)
	if moved.Error != nil || moved.RowsAffected != 1 {
		return fmt.Errorf("record how far operation %d is (%d rows): %w", op.ID, moved.RowsAffected,
			errors.Join(moved.Error, errFenced))
	}
	return nil
}

func (s *Service) failOp(ctx context.Context, op models.StripeOp, cause error) error {
	change := map[string]any{
		"attempts": op.Attempts + 1, "next_at": s.wall().Add(backoff(fmt.Sprint(op.ID), op.Attempts)), "last_error": clip(cause.Error()),
		"lease_token": "", "lease_until": nil,
	}
	if errors.Is(cause, ErrUncertain) {
		change["result"] = resultUncertain
	}
	var last *Alert
	if op.Attempts+1 >= maxAttempts {
		change["state"] = models.OpDead
		s.Logger.ErrorContext(ctx, "Stripe operation given up on", "kind", op.Kind, "key", op.IdemKey, "error", cause)
		last = &Alert{
			Kind: AlertOperation, Key: op.IdemKey, AccountID: op.AccountID, Subject: op.Kind + " " + op.Subject,
			Detail: cause.Error(),
		}
	}
	return s.DB.Tx(ctx, func(tx *gorm.DB) error {
		failed := tx.Model(&models.StripeOp{}).Where("id = ? AND lease_token = ?", op.ID, op.LeaseToken).Updates(change)
		if failed.Error != nil {
			return fmt.Errorf("record the failed operation: %w", failed.Error)
		}
		if failed.RowsAffected == 0 {
			return nil // the lease is another's now, and so is the retry
		}
		if last == nil {
			return nil
		}
		return s.RaiseIn(tx, *last)
	})
}
