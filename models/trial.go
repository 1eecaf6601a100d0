package models

import "time"

// Trial records that an account, and the user who opened it, have had their free trial.
type Trial struct {
	AccountID      int64  `gorm:"primaryKey;autoIncrement:false"`
	StripeAccount  string `gorm:"primaryKey"`
	Livemode       bool   `gorm:"primaryKey"`
	UserID         int64
	SubscriptionID string
	StartedAt      time.Time
}

// TrialClaim is one thing that a trial is given to once, besides the account. Claim is a hash under its Kind, and the
// account is the first that had a trial with it.
type TrialClaim struct {
	StripeAccount  string `gorm:"primaryKey"`
	Livemode       bool   `gorm:"primaryKey"`
	Claim          string `gorm:"primaryKey"`
	Kind           string
	AccountID      int64
	SubscriptionID string
	CreatedAt      time.Time
}
