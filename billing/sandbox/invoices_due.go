package sandbox

// dueSoon is how long before its due date an open invoice is announced, in seconds: three days.
const dueSoon = 3 * daySeconds

// watchDueDate puts the due date of an invoice that was sent to its customer on the agenda, and a notice before it.
func watchDueDate(tx *Tx, inv Object) error {
	due := inv.Int("due_date")
	if inv.Str("collection_method") != "send_invoice" || due == 0 {
		return nil
	}
	if due-dueSoon > tx.Now() {
		if err := tx.Schedule(due-dueSoon, "invoice.will_be_due", inv.ID()); err != nil {
			return err
		}
	}
	return tx.Schedule(max(due, tx.Now()), "invoice.due", inv.ID())
}

// noticeDue is the agenda's step shortly before an invoice is due.
func noticeDue(tx *Tx, id string) error {
	inv, err := tx.load(id)
	if err != nil || inv.Str("status") != "open" {
		return err
	}
	return tx.Emit("invoice.will_be_due", inv, nil)
}
