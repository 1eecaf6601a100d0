package models

// Rollback and MigrateTo let the tests outside this package undo every migration, and stop on the way.
var (
	Rollback  = (*DB).rollback
	MigrateTo = (*DB).migrateTo
)

// Migrations are the files themselves.
var Migrations = migrations
