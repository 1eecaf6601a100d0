package billing

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// application is one snapshot being written: the transaction, what it is about, and the facts that
// turn out to be new.
type application struct {
	*Service
	tx       *gorm.DB
	account  models.Account
	customer models.Customer
	occasion string    // names this sync, and no other
	fetched  time.Time // when the fetch began, by the business clock
	wall     time.Time
	mrr      int64 // the account's MRR before this sync
	mrrAfter int64
	facts    []models.Fact
	ending   map[string]bool // subscriptions that are to be ended, because an older one is kept
	given    map[string]bool // subscriptions of which the last step of dunning tells that they have ended
	invoices []models.Invoice
	ops      int           // operations owed by this sync
	told     []models.Fact // those of the facts that are new
}

// newApplication begins an application as of a moment of the business clock.
func (s *Service) newApplication(tx *gorm.DB, occasion string, at time.Time) *application {
	return &application{Service: s, tx: tx, occasion: occasion, fetched: at, wall: s.wall(), given: map[string]bool{}}
}

// owed counts what an applied snapshot has written down to be done after its commit.
type owed struct {
	mails, ops int
	facts      []models.Fact
}

// apply writes a snapshot.
func (s *Service) apply(
	tx *gorm.DB, snap Snapshot, checkout *CheckoutSession, occasion string, fetched time.Time,
) (owed, error) {
	a := s.newApplication(tx, occasion, fetched)
	where, account, live := inConnection(s.Connection)
	found := tx.Where(where, account, live).Where("stripe_id = ?", snap.ID).Limit(1).Find(&a.customer)
	if found.Error != nil {
		return owed{}, fmt.Errorf("read the customer: %w", found.Error)
	}
	if found.RowsAffected == 0 {
		return owed{}, errUnknownCustomer
	}
	if err := tx.Take(&a.account, a.customer.AccountID).Error; err != nil {
		return owed{}, fmt.Errorf("read the account: %w", err)
	}
	if err := a.applyCustomer(snap); err != nil {
		return owed{}, err
	}
	if err := a.applyInvoices(snap.Invoices); err != nil {
		return owed{}, err
	}
	if err := a.applyReturns(snap); err != nil {
		return owed{}, err
	}
	if err := a.applySubscriptions(snap); err != nil {
		return owed{}, err
	}
	if err := a.applyCheckout(checkout); err != nil {
		return owed{}, err
	}
	if err := models.IndexSubscriber(tx, s.Connection, a.account.ID); err != nil {
		return owed{}, err
	}
	mails, err := a.record()
	return owed{mails: mails, ops: a.ops, facts: a.told}, err
}

func (a *application) applyCustomer(snap Snapshot) error {
	change := map[string]any{"synced_at": a.fetched, "updated_at": a.wall}
	if snap.Deleted {
		if a.customer.DeletedAt == nil {
			change["deleted_at"] = a.fetched
		}
	} else {
		change["email"], change["currency"], change["balance"] = snap.Email, snap.Currency, snap.Balance
		change["dispute_status"] = gravestDispute(snap)
		a.customer.Currency = snap.Currency
		card := snap.Card
		for _, sub := range snap.Subscriptions {
			// The card that will be charged is the subscription's own, where it has one.
			if sub.Card != nil && sub.EndedAt == nil {
				card = *sub.Card
			}
		}
		change["payment_method"] = snap.cards()
		change["card_brand"], change["card_last4"] = card.Brand, card.Last4
		change["card_exp_month"], change["card_exp_year"] = card.ExpMonth, card.ExpYear
		a.customer.CardBrand, a.customer.CardLast4 = card.Brand, card.Last4 // for the receipts of this sync
	}
	if err := a.tx.Model(&models.Customer{}).Where("id = ?", a.customer.ID).Updates(change).Error; err != nil {
		return fmt.Errorf("write the customer: %w", err)
	}
	return nil
}

func (a *application) applySubscriptions(snap Snapshot) error {
	var stored []models.Subscription
	if err := a.tx.Where("customer_id = ?", a.customer.ID).Find(&stored).Error; err != nil {
		return fmt.Errorf("read subscriptions: %w", err)
	}
	before := map[string]models.Subscription{}
	for _, sub := range stored {
		before[sub.StripeID] = sub
		a.mrr += sub.MRR
	}
	seen := map[string]bool{}
	rows := make([]models.Subscription, 0, len(snap.Subscriptions))
	for _, state := range snap.Subscriptions {
		old := before[state.ID]
		row := a.subscriptionRow(state, old, snap.Invoices)
		if err := a.applyTrial(state, old, &row, snap.Card); err != nil {
			return err
		}
		seen[state.ID] = true
		a.mrrAfter += row.MRR
		a.priceFacts(state, row)
		rows = append(rows, row)
	}
	for _, sub := range stored {
		switch {
		case seen[sub.StripeID]:
		case !snap.Deleted:
			a.mrrAfter += sub.MRR // a list that breaks off ends nothing
		case sub.EndedAt == nil:
			// A deleted customer lists nothing: Stripe cancelled everything it had, at that moment.
			sub.Status, sub.MRR, sub.EndedAt, sub.SyncedAt = "canceled", 0, &a.fetched, a.fetched
			sub.KnownStatus = sub.Status
			rows = append(rows, sub)
		}
	}
	for i, row := range rows {
		rows[i].NoticeAt = a.calendar(row, a.invoices)
		if err := a.writeSubscription(&rows[i]); err != nil {
			return err
		}
		a.subscriptionFacts(before[row.StripeID], rows[i])
		if err := a.alertUnknown(before[row.StripeID], rows[i]); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := a.tryNewCard(snap, a.customer.PaymentMethod, row); err != nil {
			return err
		}
	}
	if err := a.keepOne(rows); err != nil {
		return err
	}
	for _, state := range snap.Subscriptions {
		if err := a.writeItems(state); err != nil {
			return err
		}
	}
	return nil
}

func (a *application) writeSubscription(row *models.Subscription) error {
	row.UpdatedAt = a.wall
	if row.ID == 0 {
		row.CreatedAt = a.wall
		if err := a.tx.Create(row).Error; err != nil {
			return fmt.Errorf("insert subscription %s: %w", row.StripeID, err)
		}
		return nil
	}
	result := a.tx.Model(&models.Subscription{}).Where("id = ?", row.ID).
		Select("*").Omit("id", "created_at").Updates(row)
	if result.Error != nil || result.RowsAffected != 1 {
		return fmt.Errorf("update subscription %s (%d rows): %w", row.StripeID, result.RowsAffected, result.Error)
	}
	return nil
}

// writeItems replaces the items, because an item that left the subscription grants nothing more.
func (a *application) writeItems(state SubscriptionState) error {
	var id int64
	err := a.tx.Model(&models.Subscription{}).Where("customer_id = ? AND stripe_id = ?", a.customer.ID, state.ID).
		Pluck("id", &id).Error
	if err != nil {
		return fmt.Errorf("find subscription %s: %w", state.ID, err)
	}
	if err := a.tx.Where("subscription_id = ?", id).Delete(&models.SubscriptionItem{}).Error; err != nil {
		return fmt.Errorf("replace items of %s: %w", state.ID, err)
	}
	rows := make([]models.SubscriptionItem, 0, len(state.Items))
	for _, item := range state.Items {
		rows = append(rows, models.SubscriptionItem{
			SubscriptionID: id, StripeID: item.ID, PriceID: item.Price, ProductID: item.Product,
			LookupKey: item.LookupKey, UnitAmount: item.UnitAmount, Currency: item.Currency,
			Quantity: item.Quantity, BillingInterval: item.Interval, UsageType: item.UsageType,
		})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := a.tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("insert items of %s: %w", state.ID, err)
	}
	return nil
}

func (a *application) applyInvoices(states []InvoiceState) error {
	ids := make([]string, len(states))
	for i, state := range states {
		ids[i] = state.ID
	}
	var stored []models.Invoice
	if err := a.tx.Where("customer_id = ? AND stripe_id IN ?", a.customer.ID, ids).Find(&stored).Error; err != nil {
		return fmt.Errorf("read invoices: %w", err)
	}
	before := map[string]models.Invoice{}
	for _, invoice := range stored {
		before[invoice.StripeID] = invoice
	}
	for _, state := range states {
		old := before[state.ID]
		row := a.invoiceRow(state, old)
		var err error
		if row.ID == 0 {
			err = a.tx.Create(&row).Error
		} else {
			err = a.tx.Model(&models.Invoice{}).Where("id = ?", row.ID).
				Select("*").Omit("id", "created_at").Updates(&row).Error
		}
		if err != nil {
			return fmt.Errorf("write invoice %s: %w", state.ID, err)
		}
		a.invoices = append(a.invoices, row)
		a.invoiceFacts(old, row, state)
		if old.Status == "open" && row.Status != "open" {
			if err := a.Outbox.Withdraw(a.tx, dunningMails(state.ID)...); err != nil {
				return err
			}
		}
	}
	return nil
}
