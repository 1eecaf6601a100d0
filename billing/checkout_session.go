package billing

import (
	"context"
	"errors"

	"example.com/tollgate/models"
)

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
		TrialEnd: s.Catalog.TrialEnd, ExpiresAt: row.ExpiresAt,
		SuccessURL: s.AppURL + "/app/billing/return?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  s.AppURL + "/pricing?interval=" + string(price.Interval),
		Reference:  account.PublicID, AutomaticTax: s.AutomaticTax,
		Metadata: map[string]string{
			"account_id": account.PublicID, "user_id": user.PublicID, "plan": p.Key, "source": sourceCheckout,
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
	// The states are written out as in the index of sessions under way, or SQLite would not see that it fits.
	err := s.DB.Read(ctx).Where(where, account, live).
		Where("state IN ('creating', 'open') AND state = ?", models.CheckoutOpen).
		Where("account_id IN (SELECT account_id FROM customers WHERE stripe_id = ?)", customer).
		Limit(1).Find(&rows).Error
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
