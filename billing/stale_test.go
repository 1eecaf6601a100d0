package billing_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// afterRead has something happen once, right after somebody has read a table, and before they write what they make of
// it. Those who read inside a transaction of SQLite's one writer cannot be met there: nothing can happen between.
func (w *world) afterRead(table string, happen func()) {
	w.t.Helper()
	var happened atomic.Bool // which what happens reads, too
	callback := w.db.Read(w.ctx()).Callback().Query()
	require.NoError(w.t, callback.After("gorm:query").Register("test:"+table, func(tx *gorm.DB) {
		if tx.Statement.Table == table && happened.CompareAndSwap(false, true) {
			happen()
		}
	}))
}

// TestP07_TheCalendarWritesAboutWhatIsThereNow lets it find a debt that is paid before it gets to write about it.
func TestP07_TheCalendarWritesAboutWhatIsThereNow(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.leavePastDue("past_due")
		account := w.failing("ada", "pro_v1_month")
		owed := w.dunned(account)
		w.sleep(3*day + time.Hour)
		require.EqualValues(t, 1, w.count("subscriptions", "notice_at <= ?", w.stripe.Now()), "a notice is due")
		w.afterRead("subscriptions", func() {
			w.payOpen(account)
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		})
		require.NoError(t, w.RunCalendar(w.ctx()))
		sub := w.subscription(account)
		require.Equal(t, "active", sub.Status)
		require.Nil(t, sub.PastDueSince)
		require.Nil(t, sub.NoticeAt)
		require.Equal(t, owed, w.dunned(account), "nobody is told of a debt that is paid")
	})
}

// TestP07_WhatBecomesNothingIsWrittenAsNothing: an update that skips zeros would keep what Stripe has taken back.
func TestP07_WhatBecomesNothingIsWrittenAsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		fresh := w.subscription(account)
		coupon, err := w.stripe.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(100), Duration: stripe.String("forever")})
		require.NoError(t, err)
		pause := &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")}
		_, err = w.stripe.Client.Subscriptions.Update(fresh.StripeID, &stripe.SubscriptionParams{
			CancelAtPeriodEnd: stripe.Bool(true), Coupon: &coupon.ID, PauseCollection: pause,
		})
		require.NoError(t, err)
		w.settle()
		changed := w.subscription(account)
		require.Zero(t, changed.MRR)
		require.Zero(t, changed.NextAmount)
		require.True(t, changed.CancelAtPeriodEnd)
		require.Equal(t, "void", changed.PauseBehavior)

		params := &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)}
		params.AddExtra("pause_collection", "")
		_, err = w.stripe.Client.Subscriptions.DeleteDiscount(fresh.StripeID, nil)
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.Update(fresh.StripeID, params)
		require.NoError(t, err)
		w.settle()
		again := w.subscription(account)
		again.SyncedAt, again.UpdatedAt = fresh.SyncedAt, fresh.UpdatedAt
		require.Equal(t, fresh, again)
		w.requireLedgerAddsUp(account)
	})
}

// overtaken is the real gateway, in whose call something else happens before its caller hears of it.
type overtaken struct {
	billing.Gateway
	meanwhile func()
}

func (o *overtaken) CreateCustomer(ctx context.Context, p billing.CustomerParams, key string) (string, error) {
	id, err := o.Gateway.CreateCustomer(ctx, p, key)
	if o.meanwhile != nil {
		o.meanwhile()
	}
	return id, err
}

// TestP07_AnOperationThatWasTakenOverIsLeftAlone is a worker that was away for longer than its lease: another one has
// the operation by now, or its row is gone.
func TestP07_AnOperationThatWasTakenOverIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]func(db *gorm.DB) *gorm.DB{
		"another has it": func(db *gorm.DB) *gorm.DB {
			return db.Model(&models.StripeOp{}).Where("true").Updates(map[string]any{"lease_token": "another's", "attempts": 7})
		},
		"it is gone": func(db *gorm.DB) *gorm.DB { return db.Where("true").Delete(&models.StripeOp{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				w.account("ada")
				w.Service.Stripe = &overtaken{Gateway: w.gateway, meanwhile: func() {
					require.NoError(t, happen(w.db.Write(w.ctx())).Error)
				}}
				var there []models.StripeOp
				_ = w.RunOps(w.ctx()) // whether it says so or not, it writes nothing
				require.NoError(t, w.db.Read(w.ctx()).Find(&there).Error)
				for _, op := range there {
					require.Equal(t, models.OpPending, op.State)
					require.Equal(t, "another's", op.LeaseToken)
					require.EqualValues(t, 7, op.Attempts)
				}
				require.Equal(t, name == "it is gone", len(there) == 0, "what was deleted stays so")
				require.Zero(t, w.count("customers", "true"), "and nothing is written beside it")
			})
		})
	}
}
