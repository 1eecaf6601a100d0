package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// ProjectsPerPage bounds one page of projects, and maxExport a whole export.
const (
	ProjectsPerPage = 25
	maxExport       = 100_000
)

// ProjectList is one page of an account's projects, newest first, and how many it has in all.
type ProjectList struct {
	Projects []Project
	Total    int64
}

// listProjectsSQL counts in a query of its own, which an index answers; a window over the rows would
// read and sort all of them to show a few. The casts are those that Read speaks of.
const listProjectsSQL = `
SELECT id, public_id, account_id, name, created_at, updated_at,
       (SELECT COUNT(*) FROM projects WHERE account_id = CAST(? AS BIGINT))
FROM projects WHERE account_id = CAST(? AS BIGINT)
ORDER BY created_at DESC, id DESC
LIMIT CAST(? AS BIGINT) OFFSET CAST(? AS BIGINT)`

// ListProjects reads one page in one query. page counts from 1; a page beyond the end is empty, and
// costs a second query for the total.
func (db *DB) ListProjects(ctx context.Context, accountID int64, page, perPage int) (ProjectList, error) {
	list, err := db.scanProjects(ctx, accountID, page, perPage)
	if err != nil {
		return ProjectList{}, fmt.Errorf("list projects: %w", err)
	}
	if len(list.Projects) == 0 && page > 1 {
		err = db.Read(ctx).Model(&Project{}).Where("account_id = ?", accountID).Count(&list.Total).Error
		if err != nil {
			return ProjectList{}, fmt.Errorf("count projects: %w", err)
		}
	}
	return list, nil
}

func (db *DB) scanProjects(ctx context.Context, accountID int64, page, perPage int) (list ProjectList, err error) {
	rows, err := db.Read(ctx).Raw(listProjectsSQL, accountID, accountID, perPage, (page-1)*perPage).Rows()
	if err != nil {
		return list, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Project
		err := rows.Scan(&p.ID, &p.PublicID, &p.AccountID, &p.Name, &p.CreatedAt, &p.UpdatedAt, &list.Total)
		if err != nil {
			return list, err
		}
		list.Projects = append(list.Projects, p)
	}
	return list, rows.Err()
}

// ExportProjects reads all of an account's projects, oldest first.
func (db *DB) ExportProjects(ctx context.Context, accountID int64) ([]Project, error) {
	var projects []Project
	err := db.Read(ctx).Where("account_id = ?", accountID).Order("created_at, id").Limit(maxExport).
		Find(&projects).Error
	if err != nil {
		return nil, fmt.Errorf("export projects: %w", err)
	}
	return projects, nil
}

// CreateProject adds a project if may says that one more is allowed beside those there are. The
// count and the insert are one transaction that holds the account's row, so that two requests never
// share the last place. It returns false when may refuses; the fault is Invalid project_name_taken
// for a name in use.
func (db *DB) CreateProject(
	ctx context.Context, accountID int64, name string, now time.Time, may func(used int64) bool,
) (bool, error) {
	created := false
	err := db.Tx(ctx, func(tx *gorm.DB) error {
		created = false // an earlier try may have got further
		touch := tx.Model(&Account{}).Where("id = ?", accountID).UpdateColumn("updated_at", now)
		if touch.Error != nil {
			return fmt.Errorf("hold account %d: %w", accountID, touch.Error)
		}
		var used int64
		if err := tx.Model(&Project{}).Where("account_id = ?", accountID).Count(&used).Error; err != nil {
			return fmt.Errorf("count projects: %w", err)
		}
		if !may(used) {
			return nil
		}
		created = true
		return nameTaken(tx.Create(&Project{
			PublicID: NewPublicID("proj"), AccountID: accountID, Name: name, CreatedAt: now, UpdatedAt: now,
		}).Error)
	})
	return created && err == nil, err
}

// RenameProject gives one of the account's projects another name. The faults are NotFound, and
// Invalid project_name_taken.
func (db *DB) RenameProject(ctx context.Context, accountID int64, publicID, name string, now time.Time) error {
	result := db.Write(ctx).Model(&Project{}).Where("account_id = ? AND public_id = ?", accountID, publicID).
		Updates(map[string]any{"name": name, "updated_at": now})
	if result.Error != nil {
		return nameTaken(result.Error)
	}
	return mustExist(result)
}

// OlderProjects counts the account's projects that were made before one of its own. The fault is NotFound.
func (db *DB) OlderProjects(ctx context.Context, accountID int64, publicID string) (int64, error) {
	var project Project
	found := db.Read(ctx).Where("account_id = ? AND public_id = ?", accountID, publicID).Limit(1).Find(&project)
	if found.Error != nil {
		return 0, fmt.Errorf("read project: %w", found.Error)
	}
	if err := mustExist(found); err != nil {
		return 0, err
	}
	var older int64
	err := db.Read(ctx).Model(&Project{}).Where("account_id = ?", accountID).
		Where("created_at < ? OR created_at = ? AND id < ?", project.CreatedAt, project.CreatedAt, project.ID).
		Count(&older).Error
	if err != nil {
		return 0, fmt.Errorf("count older projects: %w", err)
	}
	return older, nil
}

// DeleteProject removes one of the account's projects. The fault is NotFound.
func (db *DB) DeleteProject(ctx context.Context, accountID int64, publicID string) error {
	result := db.Write(ctx).Where("account_id = ? AND public_id = ?", accountID, publicID).Delete(&Project{})
	if result.Error != nil {
		return fmt.Errorf("delete project: %w", result.Error)
	}
	return mustExist(result)
}

func nameTaken(err error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fault.Form(map[string]string{"name": "project_name_taken"})
	}
	if err != nil {
		return fmt.Errorf("write project: %w", err)
	}
	return nil
}

func mustExist(result *gorm.DB) error {
	if result.RowsAffected == 0 {
		return fault.New(fault.NotFound, "not_found")
	}
	return nil
}
