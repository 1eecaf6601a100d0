package mail

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// List gives one page of mails, newest first, and how many there are in all. The bodies are left
// out: a list shows none.
func (o *Outbox) List(ctx context.Context, offset, limit int) ([]models.Mail, int64, error) {
	var total int64
	if err := o.db.Read(ctx).Model(&models.Mail{}).Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count mails: %w", err)
	}
	var mails []models.Mail
	err := o.db.Read(ctx).Omit("html", "text").Order("id DESC").Offset(offset).Limit(limit).Find(&mails).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list mails: %w", err)
	}
	return mails, total, nil
}

// Find gives one mail whole.
func (o *Outbox) Find(ctx context.Context, publicID string) (models.Mail, error) {
	var m models.Mail
	err := o.db.Read(ctx).Where("public_id = ?", publicID).First(&m).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.Mail{}, fault.New(fault.NotFound, "not_found")
	}
	if err != nil {
		return models.Mail{}, fmt.Errorf("find mail: %w", err)
	}
	return m, nil
}
