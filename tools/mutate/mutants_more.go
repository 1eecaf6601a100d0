package main

// guards are the lines that keep what was right from being undone later: grace, what is told once, a restored backup,
// and the key that the program starts with.
func guards() []mutant {
	return []mutant{
		{
			what: "grace has the length that is set",
			file: "billing/access.go", by: "./billing", run: "TestAccessRule|TestFailedRenewal",
			old: "since.Add(policy.Grace)",
			new: "since.Add(2 * policy.Grace)",
		},
		{
			what: "later failures extend no grace",
			file: "billing/rows.go", by: "./billing", run: "TestFailedRenewal|TestL06",
			old: "if row.FirstFailedAt == nil {\n\t\trow.FirstFailedAt = firstFailed(state)",
			new: "if row.TriedAt != nil {\n\t\trow.FirstFailedAt = row.TriedAt",
		},
		{
			what: "a mail is owed once for an occasion",
			file: "internal/mail/mail.go", by: "./internal/mail",
			old: "DedupeKey: m.DedupeKey, Kind: m.Kind,",
			new: "DedupeKey: m.DedupeKey + models.NewPublicID(\"mail\"), Kind: m.Kind,",
		},
		{
			what: "two programs store an event once",
			file: "billing/inbox.go", by: "./billing", run: "TestTwoPrograms|TestO17|TestW05",
			old: " ON CONFLICT (stripe_account, livemode, event_id) DO NOTHING",
			new: "",
		},
		{
			what: "what a lost database told is not told again",
			file: "billing/notify.go", by: "./billing", run: "TestP09",
			old: "if err != nil || told {",
			new: "if err != nil || told && false {",
		},
		{
			what: "what happened after the loss is told",
			file: "billing/restore.go", by: "./billing", run: "TestP09",
			old: "return since == 0, nil",
			new: "return true, nil",
		},
		{
			what: "an endpoint that is off proves no loss",
			file: "billing/restore.go", by: "./billing", run: "TestP09",
			old: " || w.Status != \"enabled\"",
			new: "",
		},
		{
			what: "what waited in a backup was sent since",
			file: "internal/mail/mail.go", by: "./billing", run: "TestP09",
			old: "Where(\"state = ? AND created_at <= ?\", models.MailPending, until).",
			new: "Where(\"state = ? AND created_at < ?\", models.MailPending, time.Time{}).",
		},
		{
			what: "it looks back before it serves",
			file: "internal/app/app.go", by: "./internal/app", run: "TestP09",
			old: "\ta.lookBack(ctx)\n",
			new: "\t_ = a.lookBack\n",
		},
		{
			what: "a key that takes everybody's access does not start",
			file: "internal/app/connect.go", by: "./internal/app", run: "TestF10",
			old: "a.Config.Env != config.Production || ",
			new: "a.Config.Env == config.Production || ",
		},
		{
			what: "the key that is meant is named",
			file: "internal/app/connect.go", by: "./internal/app", run: "TestF10",
			old: "a.Config.StripeSwitchTo == connectionName(c)",
			new: "a.Config.StripeSwitchTo != \"\"",
		},
		{
			what: "a key with customers of its own starts",
			file: "models/connection_paying.go", by: "./internal/app", run: "TestF10",
			old: "if err != nil || len(own) > 0 {",
			new: "if err != nil {",
		},
	}
}

// seen are lines that the simulator has to notice by itself, in a few seeds: one that cannot see a broken grace or a
// lost index proves nothing by ten thousand seeds without a violation.
func seen() []mutant {
	const simulator, life = "./internal/simulate", "TestSimulate$"
	return []mutant{
		{
			what: "the simulator sees that grace never ends",
			file: "billing/access.go", by: simulator, run: life, seeds: 20,
			old: "d.Level, d.Reason = LevelLimited, ReasonOverdue",
			new: "d.Level, d.Reason = LevelGrace, ReasonOverdue",
		},
		{
			what: "the simulator sees facts told again by every sync",
			file: "billing/facts.go", by: simulator, run: life, seeds: 8,
			old: "FactKey: factKey(kind, object, transition), Type: kind,",
			new: "FactKey: factKey(kind, object, transition+a.occasion), Type: kind,",
		},
		{
			what: "the simulator sees that events are not kept once",
			file: "models/migrations/sqlite/00001_init.sql", by: simulator, run: life, seeds: 8,
			old: "UNIQUE (event_id, stripe_account, livemode)",
			new: "CHECK (event_id <> '')",
		},
		{
			what: "the simulator sees two plans of one account",
			file: "billing/apply.go", by: simulator, run: life, seeds: 8,
			old: "if err := a.keepOne(rows); err != nil {",
			new: "if err := a.keepOne(nil); err != nil {",
		},
		{
			what: "the simulator sees events acknowledged and lost",
			file: "billing/sync_lease.go", by: simulator, run: life, seeds: 8,
			old: "AND state IN (?, ?) AND dirty_seq <= ?`,",
			new: "AND state IN (?, ?) AND dirty_seq < ?`,",
		},
	}
}
