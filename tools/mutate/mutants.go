package main

import "slices"

// mutant is one load-bearing line, broken on purpose.
type mutant struct {
	what string // what is taken away
	file string
	old  string // must stand exactly once in the file
	new  string
	by   string // the package whose tests must notice
	// run are the tests of it to begin with, since they know this line best. Where they do not notice, all of them run;
	// where the line is the simulator's to notice, in so many seeds, no others do.
	run   string
	seeds int
}

// mutants is the table. A line belongs here when money or access rests on it and it looks as if it
// could be left out.
func mutants() []mutant { return slices.Concat(core(), guards(), seen()) }

// core are the lines on the way of the money.
func core() []mutant {
	return []mutant{
		{
			what: "the fence of a sync",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestALateFailure|TestO03|TestManyWorkers",
			old: "if result.RowsAffected != 1 {\n\t\treturn errFenced",
			new: "if false {\n\t\treturn errFenced",
		},
		{
			what: "the lease of a customer",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestManyWorkers|TestO03",
			old: "AND stripe_id = ? AND (lease_until IS NULL OR lease_until < ?)",
			new: "AND stripe_id = ? AND (1 = 1 OR lease_until < ?)",
		},
		{
			what: "the leases of a group",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestF16_What",
			old: "AND (lease_until IS NULL OR lease_until < ?)\n\tORDER",
			new: "AND (1 = 1 OR lease_until < ?)\n\tORDER",
		},
		{
			what: "the sequence read before the fetch",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestO03",
			old: "seq: row.DirtySeq,",
			new: "seq: row.DirtySeq + 1,",
		},
		{
			what: "only covered events are done",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestO03",
			old: "AND state IN (?, ?) AND dirty_seq <= ?`,",
			new: "AND state IN (?, ?) AND dirty_seq <= ? + 1000000`,",
		},
		{
			what: "a failed sync is tried again",
			file: "billing/sync_lease.go", by: "./billing",
			run: "TestW20|TestW21|TestStripeFaults",
			old: "if row.Attempts+1 >= maxAttempts {",
			new: "if true {",
		},
		{
			what: "acknowledged after the commit, not before",
			file: "billing/inbox.go", by: "./billing",
			run: "TestOneThatCannotBeStored|TestW02|TestManyEvents",
			old: "r.outcome <- own",
			new: "_ = own\n\t\tr.outcome <- nil",
		},
		{
			what: "an event is stored once",
			file: "billing/inbox.go", by: "./billing",
			run: "TestW05|TestW04|TestTwoPrograms",
			old: "if seen[k] {",
			new: "if false {",
		},
		{
			what: "one receipt that fails takes no other with it",
			file: "billing/inbox.go", by: "./billing",
			run: "TestOneThatCannotBeStored",
			old: "if err != nil && len(batch) > 1 && ctx.Err() == nil {",
			new: "if false {",
		},
		{
			what: "a webhook's customer is marked dirty",
			file: "billing/sync.go", by: "./billing",
			run: "TestO03|TestO01",
			old: "SET dirty_seq = customer_sync.dirty_seq + 1,",
			new: "SET dirty_seq = customer_sync.dirty_seq,",
		},
		{
			what: "a customer is believed gone only of a healthy key",
			file: "billing/sync.go", by: "./billing",
			run: "TestAMissingCustomer|TestF10",
			old: "if connection != s.Connection {",
			new: "if false && connection != s.Connection {",
		},
		{
			what: "the signature is checked",
			file: "billing/gateway/webhook.go", by: "./billing/gateway",
			old: "return time.Time{}, billing.ErrSignature\n}",
			new: "return signedAt, nil\n}",
		},
		{
			what: "the empty secret verifies nothing",
			file: "billing/gateway/webhook.go", by: "./billing/gateway",
			old: "if secret == \"\" {\n\t\t\tcontinue",
			new: "if false {\n\t\t\tcontinue",
		},
		{
			what: "signatures of the future are refused",
			file: "billing/gateway/webhook.go", by: "./billing", run: "TestW01W03",
			old: "now.Sub(signedAt).Abs() > tolerance",
			new: "now.Sub(signedAt) > tolerance",
		},
		{
			what: "grace starts at the first failure",
			file: "billing/rows.go", by: "./billing",
			run: "TestPastDueSince|TestFailedRenewal|TestAccessRule",
			old: "(oldest == nil || failed.Before(*oldest))",
			new: "(oldest == nil || failed.After(*oldest))",
		},
		{
			what: "grace ends",
			file: "billing/access.go", by: "./billing",
			run: "TestAccessRule|TestL06",
			old: "d.Level, d.Reason = LevelLimited, ReasonOverdue",
			new: "d.Level, d.Reason = LevelGrace, ReasonOverdue",
		},
		{
			what: "the best of several subscriptions counts",
			file: "billing/access.go", by: "./billing",
			run: "TestBestOf|TestAccessRule",
			old: "if b.Level > a.Level {\n\t\t\treturn b\n\t\t}\n\t\treturn a",
			new: "return b",
		},
		{
			what: "an unpaid first invoice grants nothing",
			file: "billing/access.go", by: "./billing",
			run: "TestAccessRule|TestL12",
			old: "case \"open\", \"draft\", \"uncollectible\":\n\t\td.Level",
			new: "case \"never\":\n\t\td.Level",
		},
		{
			what: "a chosen end is the end",
			file: "billing/access.go", by: "./billing",
			run: "TestAccessRule|TestL09",
			old: "if !now.Before(end) {\n\t\td.Level",
			new: "if false {\n\t\td.Level",
		},
		{
			what: "leeway only where our knowledge is old",
			file: "billing/access.go", by: "./billing",
			run: "TestAccessRule|TestL01",
			old: "if sub.SyncedAt.Before(d.Until.Add(syncMargin)) && ",
			new: "if ",
		},
		{
			what: "a price that is not in the catalog grants nothing",
			file: "billing/access.go", by: "./billing",
			run: "TestWhatWeDoNotUnderstand|TestL16|TestM08",
			old: "now.Sub(sub.UnknownSince) >= unknownFor)",
			new: "now.Sub(sub.UnknownSince) >= 1000*unknownFor)",
		},
		{
			what: "a lost dispute ends access",
			file: "billing/access.go", by: "./billing",
			run: "TestAccessRule|TestL21",
			old: "case facts.Dispute == \"lost\":",
			new: "case facts.Dispute == \"never\":",
		},
		{
			what: "no second plan is sold",
			file: "billing/checkout.go", by: "./billing",
			run: "TestNobodyBuysTwice",
			old: "if err := s.refuseSecond(ctx, in.AccountID); err != nil {\n\t\treturn Purchase{}, false, err",
			new: "if err := s.refuseSecond(ctx, 0); err != nil {\n\t\treturn Purchase{}, false, err",
		},
		{
			what: "one trial for an account and for who made it",
			file: "billing/trial.go", by: "./billing",
			run: "TestATrialIsHadOnce|TestSecondPurchase",
			old: "if had+claimed > 0 {",
			new: "if had+claimed > 1000 {",
		},
		{
			what: "one open checkout for an account",
			file: "models/migrations/sqlite/00001_init.sql", by: "./models",
			run: "TestWhatMayBeThereOnce",
			old: "CREATE UNIQUE INDEX checkouts_open",
			new: "CREATE INDEX checkouts_open",
		},
		{
			what: "one current customer for an account",
			file: "models/migrations/sqlite/00001_init.sql", by: "./models",
			run: "TestWhatMayBeThereOnce",
			old: "CREATE UNIQUE INDEX customers_current",
			new: "CREATE INDEX customers_current",
		},
		{
			what: "an event is stored once, on SQLite",
			file: "models/migrations/sqlite/00001_init.sql", by: "./models",
			run: "TestWhatMayBeThereOnce",
			old: "UNIQUE (event_id, stripe_account, livemode)",
			new: "CHECK (event_id <> '')",
		},
		{
			what: "an event is stored once, on Postgres",
			file: "models/migrations/postgres/00001_init.sql", by: "./models",
			run: "TestWhatMayBeThereOnce",
			old: "UNIQUE (event_id, stripe_account, livemode)",
			new: "CHECK (event_id <> '')",
		},
		{
			what: "a second plan ends only beside a sure winner",
			file: "billing/second.go", by: "./billing",
			run: "TestO10",
			old: "if winner(first.Status, first.FirstInvoiceStatus) && ",
			new: "if ",
		},
		{
			what: "Stripe is asked about the winner",
			file: "billing/second.go", by: "./billing",
			run: "TestO10",
			old: "if first.EndedAt != nil || !winner(first.Status, \"\") {",
			new: "if false && first.EndedAt != nil {",
		},
		{
			what: "what was paid for long is not refunded unasked",
			file: "billing/second.go", by: "./billing",
			run: "TestO10",
			old: " && a.fetched.Sub(row.StartedAt) <= secondWithin {",
			new: " {",
		},
		{
			what: "the fence of an operation",
			file: "billing/ops.go", by: "./billing",
			run: "TestP02|TestADayLater|TestTwoProc|TestF02|TestARepeated",
			old: "if done.Error != nil || done.RowsAffected != 1 {",
			new: "if done.Error != nil {",
		},
		{
			what: "past the key's life we look before we act",
			file: "billing/ops.go", by: "./billing",
			run: "TestADayLater|TestP02|TestF02",
			old: "s.wall().Sub(op.CreatedAt) > keyLife\n",
			new: "false\n",
		},
		{
			what: "a list that breaks off ends nothing",
			file: "billing/apply.go", by: "./billing",
			run: "TestF11|TestL19|TestTheLedger",
			old: "case !snap.Deleted:",
			new: "case false:",
		},
		{
			what: "a fact is written once",
			file: "billing/facts.go", by: "./billing",
			run: "TestTheLedger|TestTwoProcesses|TestW04",
			old: "if result.RowsAffected == 0 {\n\t\t\tcontinue",
			new: "if false {\n\t\t\tcontinue",
		},
		{
			what: "a mail is sent by one of two programs",
			file: "internal/mail/drain.go", by: "./internal/mail",
			run: "TestParallelDrains",
			old: "Where(\"(lease_until IS NULL OR lease_until <= ?)\", now).",
			new: "Where(\"(1 = 1 OR lease_until <= ?)\", now).",
		},
		{
			what: "a card has one trial, whoever brings it",
			file: "billing/trial.go", by: "./billing",
			run: "TestZ10",
			old: "return others > 0 && begun == 0, nil",
			new: "return false, nil",
		},
		{
			what: "a sweep stops before it takes access from many",
			file: "billing/reconcile_guard.go", by: "./billing",
			run: "TestF10",
			old: "if w.run.Forced || w.run.Losing <= MayLose(w.run.Paying) {",
			new: "if true {",
		},
		{
			what: "a notice that comes late is not sent",
			file: "billing/dunning.go", by: "./billing",
			run: "TestAfterAnOutage|TestNobodyIsMailed|TestL06",
			old: "i < len(due)-1 || a.fetched.Sub(last) > noticeLate",
			new: "i < len(due)-1",
		},
	}
}
