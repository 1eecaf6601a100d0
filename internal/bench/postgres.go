package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"example.com/tollgate/models/modelstest"
)

// postgres is a server of our own that lives as long as it is measured. It waits for the disk before it says that
// something is committed, as one in production does.
type postgres struct {
	admin string
	stop  func()
}

// withPostgres measures something on a server with empty databases of these names, or says that there is no PostgreSQL.
func withPostgres(
	ctx context.Context, names []string, measure func(p *postgres) ([]row, error),
) ([]row, error) {
	p, err := startPostgres(ctx, names)
	if errors.Is(err, modelstest.ErrNoPostgres) {
		fmt.Println("not on Postgres:", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer p.stop()
	return measure(p)
}

func startPostgres(ctx context.Context, names []string) (*postgres, error) {
	admin, stop, err := modelstest.StartPostgres("", "fsync=on", "synchronous_commit=on")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		stop()
		return nil, fmt.Errorf("connect to postgres: %w", err)
	}
	defer conn.Close(ctx)
	for _, name := range names {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
			stop()
			return nil, fmt.Errorf("make a database: %w", err)
		}
	}
	return &postgres{admin: admin, stop: stop}, nil
}

// url names one of the databases as DATABASE_URL does.
func (p *postgres) url(name string) string {
	parsed, err := url.Parse(p.admin)
	if err != nil {
		return p.admin // it was connected to
	}
	parsed.Path = "/" + name
	return parsed.String()
}
