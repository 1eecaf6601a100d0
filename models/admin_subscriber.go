package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// subscriberHistory is how many of the newest mails, facts, events and invoices an account's page
// shows.
const subscriberHistory = 25

// Member is a user in an account.
type Member struct {
	User
	Role Role
}

// SubscriberDetail is all that is kept of one account. Customer and Sync are nil before Stripe knows
// the account.
type SubscriberDetail struct {
	Account  Account
	Members  []Member
	Customer *Customer
	Sync     *CustomerSync
	Mails    []Mail
	Facts    []Fact
	Events   []WebhookEvent
	Disputes []Dispute
}

// FindAccount finds an account by its public id.
func (db *DB) FindAccount(ctx context.Context, publicID string) (Account, error) {
	var account Account
	err := db.Read(ctx).Where("public_id = ?", publicID).Take(&account).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Account{}, fault.New(fault.NotFound, "not_found")
	}
	if err != nil {
		return Account{}, fmt.Errorf("find account: %w", err)
	}
	return account, nil
}

// FindSubscriber reads what the admin sees of an account.
func (db *DB) FindSubscriber(ctx context.Context, conn Connection, publicID string) (SubscriberDetail, error) {
	account, err := db.FindAccount(ctx, publicID)
	if err != nil {
		return SubscriberDetail{}, err
	}
	d := SubscriberDetail{Account: account}
	members := db.Read(ctx).Model(&Membership{}).Select("user_id").Where("account_id = ?", account.ID)
	for _, read := range []*gorm.DB{
		db.Read(ctx).Table("users").Select("users.*, memberships.role").
			Joins("JOIN memberships ON memberships.user_id = users.id").
			Where("memberships.account_id = ?", account.ID).Order("memberships.id").Limit(200).Scan(&d.Members),
		db.Read(ctx).Omit("html", "text").Where("account_id = ? OR user_id IN (?)", account.ID, members).
			Order("id DESC").Limit(subscriberHistory).Find(&d.Mails),
		db.Read(ctx).Where("account_id = ? AND stripe_account = ? AND livemode = ?",
			account.ID, conn.StripeAccount, conn.Livemode).
			Order("id DESC").Limit(subscriberHistory).Find(&d.Facts),
	} {
		if read.Error != nil {
			return SubscriberDetail{}, fmt.Errorf("read account %s: %w", publicID, read.Error)
		}
	}
	if err := db.findCustomer(ctx, conn, &d); err != nil {
		return SubscriberDetail{}, fmt.Errorf("read customer of account %s: %w", publicID, err)
	}
	return d, nil
}

// findCustomer adds what is kept under the customer's id.
func (db *DB) findCustomer(ctx context.Context, conn Connection, d *SubscriberDetail) error {
	var customers []Customer
	err := db.Read(ctx).Where("account_id = ? AND stripe_account = ? AND livemode = ? AND replaced_at IS NULL",
		d.Account.ID, conn.StripeAccount, conn.Livemode).Limit(1).Find(&customers).Error
	if err != nil || len(customers) == 0 {
		return err
	}
	d.Customer = &customers[0]
	err = db.Read(ctx).Where("customer_id = ?", d.Customer.ID).Order("id DESC").Limit(subscriberHistory).
		Find(&d.Disputes).Error
	if err != nil {
		return err
	}
	var syncs []CustomerSync
	err = db.Read(ctx).Where("stripe_account = ? AND livemode = ? AND stripe_id = ?",
		conn.StripeAccount, conn.Livemode, d.Customer.StripeID).Limit(1).Find(&syncs).Error
	if err != nil {
		return err
	}
	if len(syncs) > 0 {
		d.Sync = &syncs[0]
	}
	return db.Read(ctx).Omit("payload").Where("customer = ?", d.Customer.StripeID).
		Order("id DESC").Limit(subscriberHistory).Find(&d.Events).Error
}
