package billing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// A trial is had once: by an account, by the person who made it, by their mailbox, and by a card. The first three are
// known before Checkout, which then has no trial to offer. The card is known only when the trial has begun. One that
// has had its trial with another account ends this one, before anything is charged: the owner is told, and may buy.
// They are never made to pay instead, because a trial is what they agreed to.
//
// Claims are hashed. Nothing needs them but to be compared, and a copy of the table should not tell which of two
// people share a card. Of a mailbox that is only a veil, since addresses can be guessed; of a card it is more, since
// Stripe's fingerprint cannot, and means nothing outside of our Stripe account.

// The kinds of claim.
const (
	claimUser    = "user"
	claimMailbox = "mailbox"
	claimCard    = "card"
)

func claimKey(kind, value string) string {
	sum := sha256.Sum256([]byte(kind + "\n" + value))
	return kind + ":" + hex.EncodeToString(sum[:])
}

// mailbox is the address under which mail arrives in the same place, as far as can be told from outside. What follows
// a plus is a tag nearly everywhere (RFC 5233), and Gmail overlooks dots: https://support.google.com/mail/answer/7436150
// Whoever is taken for somebody else by this loses the trial and nothing more.
func mailbox(email string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(email)), "@")
	if plain, _, tagged := strings.Cut(local, "+"); tagged && plain != "" {
		local = plain
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}

// ownClaims are those of the person who made an account.
func ownClaims(db *gorm.DB, accountID int64) ([]models.TrialClaim, error) {
	var owner models.User
	err := db.Where("id = (SELECT created_by FROM accounts WHERE id = ?)", accountID).Take(&owner).Error
	if err != nil {
		return nil, fmt.Errorf("read who made account %d: %w", accountID, err)
	}
	return []models.TrialClaim{
		{Kind: claimUser, Claim: claimKey(claimUser, fmt.Sprint(owner.ID))},
		{Kind: claimMailbox, Claim: claimKey(claimMailbox, mailbox(owner.Email))},
	}, nil
}

func claimNames(claims []models.TrialClaim) []string {
	names := make([]string, len(claims))
	for i, claim := range claims {
		names[i] = claim.Claim
	}
	return names
}

// TrialDays is the length of the trial that an account may still have, as far as is known before its card is.
func (s *Service) TrialDays(ctx context.Context, accountID int64) (int64, error) {
	claims, err := ownClaims(s.DB.Read(ctx), accountID)
	if err != nil {
		return 0, err
	}
	var had, claimed int64
	where, account, live := inConnection(s.Connection)
	err = s.DB.Read(ctx).Model(&models.Trial{}).Where(where, account, live).
		Where("account_id = ? OR user_id = (SELECT created_by FROM accounts WHERE id = ?)", accountID, accountID).
		Count(&had).Error
	if err == nil {
		err = s.DB.Read(ctx).Model(&models.TrialClaim{}).Where(where, account, live).
			Where("claim IN ?", claimNames(claims)).Count(&claimed).Error
	}
	if err != nil {
		return 0, fmt.Errorf("look for a used trial of account %d: %w", accountID, err)
	}
	if had+claimed > 0 {
		return 0, nil
	}
	return s.Catalog.TrialDays, nil
}

// applyTrial remembers for good that the account has had its trial, and what else has with it. Where somebody else was
// first, a trial that began in our Checkout is refused; one that a person gave in the dashboard is their decision.
func (a *application) applyTrial(state SubscriptionState, old models.Subscription, row *models.Subscription, card Card) error {
	if state.TrialStart == nil {
		return nil
	}
	err := a.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.Trial{
		AccountID: a.account.ID, UserID: a.account.CreatedBy, SubscriptionID: state.ID, StartedAt: *state.TrialStart,
		StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode,
	}).Error
	if err != nil {
		return fmt.Errorf("record the trial: %w", err)
	}
	if old.TrialRefused {
		// Should it have gone on to be paid for before it could be ended, then it is as good as any other.
		row.TrialRefused = state.Status == "trialing" || state.Status == "canceled"
		return nil
	}
	if state.Status != "trialing" || state.EndedAt != nil {
		return nil
	}
	if state.Card != nil {
		card = *state.Card
	}
	late, err := a.claimTrial(state, card)
	if err != nil || !late || state.Source != sourceCheckout {
		return err
	}
	row.TrialRefused = true
	_, err = a.oweOnce(opEndTrial, state.ID, nil)
	return err
}

// claimTrial claims what it can, and reports whether another account was first with any of it. Once a card has begun
// the trial, another card may be given without losing it. The unique key decides between two that come at once; they
// claim in the same order, so that neither waits for the other in turn.
func (a *application) claimTrial(state SubscriptionState, card Card) (late bool, err error) {
	var begun int64
	where, account, live := inConnection(a.Connection)
	mine := a.tx.Model(&models.TrialClaim{}).Where(where, account, live).Where("account_id = ?", a.account.ID)
	if err := mine.Where("kind = ?", claimCard).Count(&begun).Error; err != nil {
		return false, fmt.Errorf("read the trial of account %d: %w", a.account.ID, err)
	}
	claims, err := ownClaims(a.tx, a.account.ID)
	if err != nil {
		return false, err
	}
	if card.Fingerprint != "" {
		claims = append(claims, models.TrialClaim{Kind: claimCard, Claim: claimKey(claimCard, card.Fingerprint)})
	}
	slices.SortFunc(claims, func(x, y models.TrialClaim) int { return cmp.Compare(x.Claim, y.Claim) })
	for i := range claims {
		c := &claims[i]
		c.StripeAccount, c.Livemode, c.CreatedAt = account, live, a.wall
		c.AccountID, c.SubscriptionID = a.account.ID, state.ID
		if err := a.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(c).Error; err != nil {
			return false, fmt.Errorf("claim the trial of account %d: %w", a.account.ID, err)
		}
	}
	var others int64
	err = a.tx.Model(&models.TrialClaim{}).Where(where, account, live).
		Where("claim IN ? AND account_id <> ?", claimNames(claims), a.account.ID).Count(&others).Error
	if err != nil {
		return false, fmt.Errorf("read who else had the trial of account %d: %w", a.account.ID, err)
	}
	return others > 0 && begun == 0, nil
}

// endTrial ends a trial that was refused. One that has become a paid plan meanwhile is left alone: its owner was
// charged, as was agreed, and has what they paid for.
func (s *Service) endTrial(ctx context.Context, op *models.StripeOp) (string, error) {
	state, err := s.subject(ctx, op)
	switch {
	case err != nil:
		return settleRefusal(err)
	case state.EndedAt != nil:
		return doneOutcome()
	case state.Status != "trialing":
		return refused("trial_over")
	}
	comment := "A trial that was had before with this card or by this person, ended uncharged."
	if err := s.Stripe.CancelNow(ctx, op.Subject, comment, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("end the trial %s: %w", op.Subject, err))
	}
	return doneOutcome()
}

// resumePaused starts a subscription again that waits for a card since its trial ended.
func (s *Service) resumePaused(ctx context.Context, op *models.StripeOp) (string, error) {
	state, err := s.subject(ctx, op)
	switch {
	case err != nil:
		return settleRefusal(err)
	case state.EndedAt != nil:
		return refused("subscription_missing")
	case state.Status != "paused":
		return doneOutcome()
	}
	if err := s.Stripe.ResumePaused(ctx, op.Subject, s.opKey(*op, "")); err != nil {
		return settleRefusal(fmt.Errorf("resume %s: %w", op.Subject, err))
	}
	return doneOutcome()
}
