package apptest

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"
)

// between puts a process's points between GORM and a pool.
func (p *Process) between(next gorm.ConnPool, writes bool) gorm.ConnPool {
	return &pool{next, p, writes}
}

// pool is a pool whose writes pass the points of a process.
type pool struct {
	gorm.ConnPool
	p      *Process
	writes bool
}

// GetDBConn implements gorm.GetDBConnector.
func (c *pool) GetDBConn() (*sql.DB, error) {
	db, ok := c.ConnPool.(*sql.DB)
	if !ok {
		return nil, fmt.Errorf("apptest: the pool is a %T", c.ConnPool)
	}
	return db, nil
}

// pass asks before a statement that stands alone: one that writes is a transaction of its own.
func (c *pool) pass() error {
	switch {
	case c.writes:
		return c.p.at(WriteBefore, nil)
	case c.p.Dead():
		return ErrDead
	}
	return nil
}

// ExecContext implements gorm.ConnPool.
func (c *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := c.pass(); err != nil {
		return nil, err
	}
	result, err := c.ConnPool.ExecContext(ctx, query, args...)
	if err != nil || !c.writes {
		return result, err
	}
	return result, c.p.at(CommitAfter, nil)
}

// QueryContext implements gorm.ConnPool.
func (c *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := c.pass(); err != nil {
		return nil, err
	}
	return c.ConnPool.QueryContext(ctx, query, args...)
}

// BeginTx implements gorm.ConnPoolBeginner.
func (c *pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	if err := c.pass(); err != nil {
		return nil, err
	}
	db, err := c.GetDBConn()
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &transaction{tx, c.p}, nil
}

// transaction is a transaction whose end passes the points of a process.
type transaction struct {
	*sql.Tx
	p *Process
}

// Commit implements gorm.TxCommitter. A process that dies before it leaves nothing behind, like a database that rolls
// back what nobody committed.
func (t *transaction) Commit() error {
	if err := t.p.at(CommitBefore, nil); err != nil {
		_ = t.Tx.Rollback()
		return err
	}
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	return t.p.at(CommitAfter, nil)
}
