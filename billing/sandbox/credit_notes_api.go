package sandbox

func createCreditNote(r *apiRequest) (Object, error) {
	cn, err := draftCreditNote(r)
	if err != nil {
		return nil, err
	}
	return cn.issue(r.Tx)
}

// previewCreditNote shows what a request would make, and makes nothing.
func previewCreditNote(r *apiRequest) (Object, error) {
	cn, err := draftCreditNote(r)
	if err != nil {
		return nil, err
	}
	return cn.note, nil
}

func previewCreditNoteLines(r *apiRequest) (Object, error) {
	cn, err := draftCreditNote(r)
	if err != nil {
		return nil, err
	}
	return pageOf(r, cn.note.List("lines"))
}

func getCreditNote(r *apiRequest) (Object, error) { return r.Tx.Get("credit_note", r.ID) }

func listCreditNotes(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "invoice")
	return r.list("credit_note", q)
}

func listCreditNoteLines(r *apiRequest) (Object, error) {
	o, err := r.Tx.Get("credit_note", r.ID)
	if err != nil {
		return nil, err
	}
	return pageOf(r, o.List("lines"))
}

func updateCreditNote(r *apiRequest) (Object, error) {
	return r.Tx.Update("credit_note", r.ID, func(o Object) error {
		r.Params.Copy(o, "memo")
		metadata, err := r.Params.Metadata(o.Obj("metadata"))
		o["metadata"] = metadata
		return err
	}, "credit_note.updated")
}

// voidCreditNote takes a credit note back, as long as its invoice has not been paid.
func voidCreditNote(r *apiRequest) (Object, error) {
	o, err := r.Tx.Get("credit_note", r.ID)
	if err != nil {
		return nil, err
	}
	inv, err := r.Tx.Get("invoice", o.Str("invoice"))
	if err != nil {
		return nil, err
	}
	switch {
	case o.Str("status") == "void":
		return nil, invalidf("", "This credit note has already been voided.")
	case o.Str("type") != "pre_payment" || inv.Str("status") != "open":
		return nil, invalidf("", "You can only void a credit note of an invoice that is open.")
	}
	o, err = r.Tx.amend("credit_note", r.ID, func(o Object) error {
		o["status"], o["voided_at"] = "void", r.Tx.Now()
		return nil
	}, nil, "credit_note.voided")
	if err != nil {
		return nil, err
	}
	return o, lessDue(r.Tx, inv, -o.Int("total"))
}
