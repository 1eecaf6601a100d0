package views

// ReconciliationTitle is the title of the page about how far we are from Stripe.
const ReconciliationTitle = "Reconciliation"

// PathAdminReconciliation is where it is.
const PathAdminReconciliation = "/admin/reconciliation"

// runWords are for a comparison with Stripe.
func runWords(row RunRow) words {
	switch {
	case row.State == "running":
		return words{"Running", "info"}
	case row.State == "stopped":
		return words{"Stopped", "error"}
	case row.State == "failed":
		return words{"Broke off", "warning"}
	case row.Found > 0:
		return words{"Mended", "warning"}
	}
	return words{"All equal", "success"}
}

// whyWords say why a comparison did not go as it should.
func whyWords(reason string) string {
	return map[string]string{
		"interrupted": "The program that did it went away. Nothing is lost: the next one went on.",
		"stripe":      "Stripe did not answer. The next one goes on.",
		"too_old":     "We were away for longer than Stripe lists events, so everything was compared instead.",
		"too_many":    "Too many customers would have lost access at once.",
		"wrong_key":   "The key belongs to another Stripe account or mode.",
	}[reason]
}

func originWords(origin string) string {
	switch origin {
	case "admin":
		return "An admin"
	case "command":
		return "The command line"
	}
	return "The schedule"
}

// driftWords say what is the matter with one object.
func driftWords(row DriftRow) words {
	switch {
	case row.Kind == "stranger":
		return words{"Of nobody here", "error"}
	case row.HealedAt != nil:
		return words{"Mended", "success"}
	}
	return words{"Differs", "warning"}
}

// driftText says in what way an object differed.
func driftText(row DriftRow) string {
	switch row.Kind {
	case "missing":
		return "Stripe has it, and we did not. " + row.Detail
	case "gone":
		return "We had it, and Stripe does not. " + row.Detail
	case "stranger":
		return "No account has this customer. " + row.Detail
	}
	return row.Detail
}
