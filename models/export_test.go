package models

// Rollback lets the tests outside this package undo every migration.
var Rollback = (*DB).rollback
