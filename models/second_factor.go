package models

import "time"

// TOTP is a user's authenticator app (RFC 6238). Secret is sealed with the key that SealedWith names. It
// counts from ConfirmedAt on. UsedStep is the time step of the last code that was accepted; Tries are the
// wrong codes since TriesSince.
type TOTP struct {
	UserID      int64 `gorm:"primaryKey"`
	Secret      string
	SealedWith  string
	UsedStep    int64
	Tries       int64
	TriesSince  time.Time
	CreatedAt   time.Time
	ConfirmedAt *time.Time
}

// TableName keeps GORM from guessing at the initialism.
func (TOTP) TableName() string { return "totps" }

// RecoveryCode gets a user in once without the app. Only its hash is kept.
type RecoveryCode struct {
	CodeHash  string `gorm:"primaryKey"`
	UserID    int64
	CreatedAt time.Time
	UsedAt    *time.Time
}
