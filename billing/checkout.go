package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// checkoutLife is how long a Checkout Session stays open: Stripe's longest, less a margin for clocks.
const checkoutLife = 23 * time.Hour

// checkoutMargin is how much life an open session must have left to be handed out again.
const checkoutMargin = 5 * time.Minute

// checkoutLeast is how much life Stripe wants a session to begin with, and a little more.
const checkoutLeast = 31 * time.Minute

// checkoutRounds bounds how often two tabs can get in each other's way before one is told to retry.
const checkoutRounds = 4

// sourceCheckout is the source, in Stripe's metadata, of what was bought in our Checkout.
const sourceCheckout = "checkout"

// CheckoutInput says who wants to buy what. LookupKey comes from a form and is believed only if the
// catalog sells it.
type CheckoutInput struct {
	AccountID int64
	UserID    int64
	LookupKey string
	Quantity  int64
}

// Purchase is where to send the buyer. Paid says that the account turned out to have paid already:
// it has been synced, and there is nothing to send anybody to.
type Purchase struct {
	URL  string
	Paid bool
}

// StartCheckout opens the account's one Checkout Session for a price, or finds it again.
//
// A second click for the same price gets the session that is open; another price expires that one
// first; and where the open session turns out to be paid, the account is synced instead. The faults
// are Invalid price_unknown for a price that is not on sale, Conflict already_subscribed for an
// account with a live subscription, and Unavailable when Stripe does not answer in time.
func (s *Service) StartCheckout(ctx context.Context, in CheckoutInput) (Purchase, error) {
	if _, _, ok := s.Catalog.OnSale(in.LookupKey); !ok {
		return Purchase{}, fault.New(fault.Invalid, "price_unknown")
	}
	if in.Quantity < 1 {
		in.Quantity = 1
	}
	customer, err := s.EnsureCustomer(ctx, in.AccountID)
	if err != nil {
		return Purchase{}, err
	}
	asked := false
	for range checkoutRounds {
		purchase, done, err := s.tryCheckout(ctx, in, customer)
		if missing(err) && !asked {
			// What we remember may be gone at Stripe: the customer deleted, or the session with it.
			asked = true
			if customer, err = s.renewCustomer(ctx, in.AccountID); err == nil {
				continue
			}
		}
		if err != nil || done {
			return purchase, stripeFault(err)
		}
	}
	return Purchase{}, fault.New(fault.Conflict, "checkout_in_progress")
}

// tryCheckout is one round of StartCheckout. It is not done where it has made room for the next one.
func (s *Service) tryCheckout(ctx context.Context, in CheckoutInput, customer string) (p Purchase, done bool, err error) {
	if err := s.refuseSecond(ctx, in.AccountID); err != nil {
		return Purchase{}, false, err
	}
	row, err := s.openCheckoutRow(ctx, in)
	if err != nil {
		return Purchase{}, false, err
	}
	if row.State == models.CheckoutCreating {
		if err := s.mayCreate(ctx, row, customer); err != nil {
			return Purchase{}, false, errors.Join(err, s.closeCheckout(ctx, row, CheckoutSession{}))
		}
		if !row.ExpiresAt.After(s.now().Add(checkoutLeast)) {
			// Left behind by a program that stopped half-way, so long ago that Stripe would refuse its date.
			return Purchase{}, false, s.closeCheckout(ctx, row, CheckoutSession{})
		}
	}
	session, err := s.openSession(ctx, customer, row)
	if err != nil {
		return Purchase{}, false, err
	}
	same := row.LookupKey == in.LookupKey && row.Quantity == in.Quantity &&
		row.ExpiresAt.After(s.now().Add(checkoutMargin))
	switch {
	case session.Status == "open" && same:
		return Purchase{URL: session.URL}, true, nil
	case session.Status == "open":
		if session, err = s.expireSession(ctx, row, session); err != nil {
			return Purchase{}, false, err
		}
	}
	if err := s.closeCheckout(ctx, row, session); err != nil {
		return Purchase{}, false, err
	}
	if session.Status == "complete" {
		return Purchase{Paid: true}, true, s.SyncAccount(ctx, in.AccountID)
	}
	return Purchase{}, false, nil
}

// mayCreate looks once more before a new session is opened. Our row is there now, so whoever paid in
// another tab has been synced, or is due to be: then that comes first.
func (s *Service) mayCreate(ctx context.Context, row models.Checkout, customer string) error {
	where, account, live := inConnection(s.Connection)
	var due int64
	err := s.DB.Read(ctx).Model(&models.CustomerSync{}).Where(where, account, live).
		Where("stripe_id = ? AND dirty_seq > synced_seq", customer).Count(&due).Error
	if err != nil {
		return wrapCheckout(err)
	}
	if due > 0 {
		if err := s.SyncAccount(ctx, row.AccountID); err != nil {
			return err
		}
	}
	return s.refuseSecond(ctx, row.AccountID)
}

// missing reports whether Stripe may have answered as it did because something is not there.
func missing(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrRefused) && !errors.Is(err, ErrCurrency)
}

// renewCustomer finds out whether the account's customer is still there, and makes a new one if not.
func (s *Service) renewCustomer(ctx context.Context, accountID int64) (string, error) {
	if err := s.SyncAccount(ctx, accountID); err != nil {
		return "", err
	}
	return s.EnsureCustomer(ctx, accountID)
}

// refuseSecond keeps an account to one live plan subscription.
func (s *Service) refuseSecond(ctx context.Context, accountID int64) error {
	sub, err := s.liveSubscription(ctx, accountID)
	if err != nil {
		return err
	}
	if sub != nil {
		return fault.New(fault.Conflict, "already_subscribed", "plan", sub.Plan)
	}
	return nil
}

// liveSubscription is the account's plan subscription that is not over, or nil. One on a price that was
// never ours, such as a contract that somebody made in the dashboard, is no plan.
func (s *Service) liveSubscription(ctx context.Context, accountID int64) (*models.Subscription, error) {
	var rows []models.Subscription
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("customer_id IN (SELECT id FROM customers WHERE account_id = ? AND replaced_at IS NULL)", accountID).
		Where("kind = 'plan' AND NOT trial_refused AND ended_at IS NULL AND (plan <> '' OR known_plan <> '')").
		Order("id DESC").Limit(50).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the subscription of account %d: %w", accountID, err)
	}
	for i := range rows {
		if liveStatus(rows[i].Status) {
			return &rows[i], nil
		}
	}
	return nil, nil
}

// liveStatus reports whether a plan subscription stands in the way of buying one. One that still waits
// for its first payment does not: paying anew is how its owner gets out of it.
func liveStatus(status string) bool {
	switch status {
	case "canceled", "incomplete", "incomplete_expired":
		return false
	}
	return true
}

// openCheckoutRow is the account's row that is creating or open, or a new one for what is wanted. A
// unique index holds it to one, so the loser of a race reads the winner's.
func (s *Service) openCheckoutRow(ctx context.Context, in CheckoutInput) (models.Checkout, error) {
	where, account, live := inConnection(s.Connection)
	find := func(db *gorm.DB) (models.Checkout, bool, error) {
		var rows []models.Checkout
		err := db.Where(where, account, live).Where("account_id = ? AND state IN ?", in.AccountID,
			[]string{models.CheckoutCreating, models.CheckoutOpen}).Limit(1).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return models.Checkout{}, false, err
		}
		return rows[0], true, nil
	}
	if row, ok, err := find(s.DB.Read(ctx)); err != nil || ok {
		return row, wrapCheckout(err)
	}
	trial, err := s.TrialDays(ctx, in.AccountID)
	if err != nil {
		return models.Checkout{}, err
	}
	wall := s.wall()
	row := models.Checkout{
		PublicID: models.NewPublicID("co"), AccountID: in.AccountID, UserID: in.UserID,
		StripeAccount: account, Livemode: live, LookupKey: in.LookupKey, Quantity: in.Quantity, TrialDays: trial,
		State: models.CheckoutCreating, ExpiresAt: s.now().Add(checkoutLife).Truncate(time.Second),
		CreatedAt: wall, UpdatedAt: wall,
	}
	err = s.DB.Write(ctx).Create(&row).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		row, ok, err := find(s.DB.Write(ctx))
		if err == nil && !ok {
			err = fault.New(fault.Conflict, "checkout_in_progress")
		}
		return row, wrapCheckout(err)
	}
	return row, wrapCheckout(err)
}

func wrapCheckout(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("open checkout: %w", err)
}
