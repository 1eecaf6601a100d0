package seed

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"example.com/tollgate/models"
)

// ids are the next free ids of the tables that other rows point to.
type ids struct{ user, account, customer, subscription int64 }

// firstIDs reads what the ids of a batch begin with. The batch then names its ids itself, so that
// rows that point at each other can be written in bulk. On Postgres nobody else may write to these
// tables until the batch is in; on SQLite nobody can anyway.
func firstIDs(tx *gorm.DB) (ids, error) {
	var next ids
	if tx.Name() == "postgres" {
		const lock = "LOCK TABLE users, accounts, customers, subscriptions IN SHARE ROW EXCLUSIVE MODE"
		if err := tx.Exec(lock).Error; err != nil {
			return ids{}, err
		}
	}
	for model, id := range map[any]*int64{
		&models.User{}: &next.user, &models.Account{}: &next.account,
		&models.Customer{}: &next.customer, &models.Subscription{}: &next.subscription,
	} {
		if err := tx.Model(model).Select("COALESCE(MAX(id), 0) + 1").Scan(id).Error; err != nil {
			return ids{}, err
		}
	}
	return next, nil
}

// claimIDs tells Postgres which ids were taken; SQLite sees it for itself.
func claimIDs(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil
	}
	for _, table := range []string{"users", "accounts", "customers", "subscriptions"} {
		err := tx.Exec(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), MAX(id)) FROM %[1]s", table)).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// widest is how many rows one statement carries at most. Fewer are written in powers of two, so
// that a handful of prepared statements serves every number of rows.
const widest = 256

// insert writes rows in bulk. A zero id is left to the database. GORM's own batches are five times
// slower, because they read every row back.
func insert[T any](tx *gorm.DB, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	parsed, err := schema.Parse(&rows[0], &schemas, schema.NamingStrategy{})
	if err != nil {
		return err
	}
	var fields []*schema.Field
	var columns []string
	for _, field := range parsed.Fields {
		_, zero := field.ValueOf(tx.Statement.Context, reflect.ValueOf(&rows[0]).Elem())
		if field.PrimaryKey && field.Name == "ID" && zero {
			continue
		}
		fields, columns = append(fields, field), append(columns, field.DBName)
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",") + ")"
	head := "INSERT INTO " + parsed.Table + " (" + strings.Join(columns, ",") + ") VALUES "
	for size := widest; size > 0; size /= 2 {
		statement := head + strings.TrimSuffix(strings.Repeat(row+",", size), ",")
		for len(rows) >= size {
			values := make([]any, 0, size*len(fields))
			for i := range size {
				at := reflect.ValueOf(&rows[i]).Elem()
				for _, field := range fields {
					value, _ := field.ValueOf(tx.Statement.Context, at)
					values = append(values, value)
				}
			}
			if err := tx.Exec(statement, values...).Error; err != nil {
				return fmt.Errorf("insert %s: %w", parsed.Table, err)
			}
			rows = rows[size:]
		}
	}
	return nil
}

// schemas remembers how models map to columns, as GORM itself does.
var schemas sync.Map
