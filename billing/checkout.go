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

// checkoutRounds bounds how often two tabs can get in each other's way before one is told to retry.
const checkoutRounds = 4

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
	for range checkoutRounds {
		if err := s.refuseSecond(ctx, in.AccountID); err != nil {
			return Purchase{}, err
		}
		row, err := s.openCheckoutRow(ctx, in)
		if err != nil {
			return Purchase{}, err
		}
		session, err := s.openSession(ctx, customer, row)
		if err != nil {
			return Purchase{}, stripeFault(err)
		}
		same := row.LookupKey == in.LookupKey && row.Quantity == in.Quantity &&
			row.ExpiresAt.After(s.now().Add(checkoutMargin))
		switch {
		case session.Status == "open" && same:
			return Purchase{URL: session.URL}, nil
		case session.Status == "open":
			if session, err = s.expireSession(ctx, row, session); err != nil {
				return Purchase{}, stripeFault(err)
			}
		}
		if err := s.closeCheckout(ctx, row, session); err != nil {
			return Purchase{}, err
		}
		if session.Status == "complete" {
			return Purchase{Paid: true}, stripeFault(s.SyncAccount(ctx, in.AccountID))
		}
	}
	return Purchase{}, fault.New(fault.Conflict, "checkout_in_progress")
}

// refuseSecond keeps an account to one live plan subscription. One that still waits for its first
// payment is no obstacle: paying anew is how its owner gets out of it.
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

// liveSubscription is the account's plan subscription that is not over, or nil.
func (s *Service) liveSubscription(ctx context.Context, accountID int64) (*models.Subscription, error) {
	var rows []models.Subscription
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("customer_id IN (SELECT id FROM customers WHERE account_id = ? AND replaced_at IS NULL)", accountID).
		Where("kind = 'plan' AND status NOT IN ?", []string{"canceled", "incomplete", "incomplete_expired"}).
		Order("id DESC").Limit(1).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the subscription of account %d: %w", accountID, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
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
	trial, err := s.trialDays(ctx, in.AccountID)
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

// trialDays is the length of the trial that an account may still have. The account has one, and so
// has the person who made it, whatever else they make.
func (s *Service) trialDays(ctx context.Context, accountID int64) (int64, error) {
	var used int64
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Model(&models.Trial{}).Where(where, account, live).
		Where("account_id = ? OR user_id = (SELECT created_by FROM accounts WHERE id = ?)", accountID, accountID).
		Count(&used).Error
	if err != nil {
		return 0, fmt.Errorf("look for a used trial of account %d: %w", accountID, err)
	}
	if used > 0 {
		return 0, nil
	}
	return s.Catalog.TrialDays, nil
}

// TrialDays is trialDays for the pages that promise it.
func (s *Service) TrialDays(ctx context.Context, accountID int64) (int64, error) {
	return s.trialDays(ctx, accountID)
}

// openSession is the Stripe session of a row. While the row is creating, the call is made under the
// row's own key with the row's own values, so that every try, by whichever tab or process, makes or
// finds the same session.
func (s *Service) openSession(ctx context.Context, customer string, row models.Checkout) (CheckoutSession, error) {
	if row.State == models.CheckoutOpen {
		return s.Stripe.FetchCheckout(ctx, row.StripeID)
	}
	var account models.Account
	var user models.User
	if err := s.DB.Read(ctx).Take(&account, row.AccountID).Error; err != nil {
		return CheckoutSession{}, wrapCheckout(err)
	}
	if err := s.DB.Read(ctx).Take(&user, row.UserID).Error; err != nil {
		return CheckoutSession{}, wrapCheckout(err)
	}
	p, price, _ := s.Catalog.ByLookupKey(row.LookupKey)
	session, err := s.Stripe.CreateCheckout(ctx, CheckoutParams{
		Customer: customer, LookupKey: row.LookupKey, Quantity: row.Quantity, TrialDays: row.TrialDays,
		ExpiresAt:  row.ExpiresAt,
		SuccessURL: s.AppURL + "/app/billing/return?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  s.AppURL + "/pricing?interval=" + string(price.Interval),
		Reference:  account.PublicID, AutomaticTax: s.AutomaticTax,
		Metadata: map[string]string{
			"account_id": account.PublicID, "user_id": user.PublicID, "plan": p.Key, "source": "checkout",
		},
	}, "checkout_"+row.PublicID)
	if errors.Is(err, ErrUncertain) || errors.Is(err, ErrRefused) {
		// Stripe would repeat this failure for as long as it remembers the key. The row is closed, so
		// that the next click starts afresh; a session that did come to be expires by itself, unseen.
		return CheckoutSession{}, errors.Join(err, s.closeCheckout(ctx, row, CheckoutSession{Status: "expired"}))
	}
	if err != nil {
		return CheckoutSession{}, err
	}
	err = s.DB.Write(ctx).Model(&models.Checkout{}).Where("id = ? AND state = ?", row.ID, models.CheckoutCreating).
		Updates(map[string]any{
			"state": models.CheckoutOpen, "stripe_id": session.ID, "url": session.URL, "updated_at": s.wall(),
		}).Error
	return session, wrapCheckout(err)
}

// expireSession closes a session for good, or learns that it was paid a moment ago.
func (s *Service) expireSession(ctx context.Context, row models.Checkout, session CheckoutSession) (CheckoutSession, error) {
	expired, err := s.Stripe.ExpireCheckout(ctx, session.ID, "checkout_expire_"+row.PublicID)
	if errors.Is(err, ErrRefused) {
		return s.Stripe.FetchCheckout(ctx, session.ID)
	}
	return expired, err
}

func (s *Service) closeCheckout(ctx context.Context, row models.Checkout, session CheckoutSession) error {
	state := models.CheckoutExpired
	if session.Status == "complete" {
		state = models.CheckoutComplete
	}
	err := s.DB.Write(ctx).Model(&models.Checkout{}).
		Where("id = ? AND state IN ?", row.ID, []string{models.CheckoutCreating, models.CheckoutOpen}).
		Updates(map[string]any{"state": state, "updated_at": s.wall()}).Error
	return wrapCheckout(err)
}

// fetchOpenCheckout asks Stripe what became of the customer's open session, or gives nil.
func (s *Service) fetchOpenCheckout(ctx context.Context, customer string) (*CheckoutSession, error) {
	var rows []models.Checkout
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("state = ? AND account_id IN (SELECT account_id FROM customers WHERE stripe_id = ?)",
			models.CheckoutOpen, customer).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, wrapCheckout(err)
	}
	session, err := s.Stripe.FetchCheckout(ctx, rows[0].StripeID)
	if errors.Is(err, ErrNotFound) {
		return &CheckoutSession{ID: rows[0].StripeID, Status: "expired"}, nil
	}
	if err != nil {
		return nil, err
	}
	return &session, nil
}

// applyCheckout closes our row once its session is over.
func (a *application) applyCheckout(session *CheckoutSession) error {
	if session == nil || session.Status == "open" {
		return nil
	}
	state := models.CheckoutExpired
	if session.Status == "complete" {
		state = models.CheckoutComplete
	}
	err := a.tx.Model(&models.Checkout{}).
		Where("account_id = ? AND stripe_id = ? AND state = ?", a.account.ID, session.ID, models.CheckoutOpen).
		Updates(map[string]any{"state": state, "updated_at": a.wall}).Error
	return wrapCheckout(err)
}

// stripeFault turns a failure to reach Stripe into words for the person waiting. Any other error
// passes as it is.
func stripeFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrUncertain), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, errLeased):
		return fault.Wrap(err, fault.Unavailable, "stripe_unavailable")
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.Unavailable, "stripe_refused")
	}
	return err
}
