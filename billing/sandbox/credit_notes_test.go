package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// bill makes an invoice of plain amounts for a customer and finalises it.
func (s *shop) bill(customer string, amounts ...int64) *stripe.Invoice {
	s.t.Helper()
	for i, amount := range amounts {
		_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
			Customer: &customer, Amount: &amount, Currency: stripe.String("usd"),
			Description: stripe.String([]string{"First", "Second", "Third"}[i]),
		})
		require.NoError(s.t, err)
	}
	inv, err := s.Client.Invoices.New(&stripe.InvoiceParams{
		Customer: &customer, PendingInvoiceItemsBehavior: stripe.String("include"),
	})
	require.NoError(s.t, err)
	inv, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.NoError(s.t, err)
	return inv
}

func (s *shop) paidBill(customer string, amounts ...int64) *stripe.Invoice {
	s.t.Helper()
	inv, err := s.Client.Invoices.Pay(s.bill(customer, amounts...).ID, nil)
	require.NoError(s.t, err)
	return inv
}

func (s *shop) invoice(id string) *stripe.Invoice {
	s.t.Helper()
	params := &stripe.InvoiceParams{}
	params.AddExpand("payment_intent")
	params.AddExpand("discounts")
	inv, err := s.Client.Invoices.Get(id, params)
	require.NoError(s.t, err)
	return inv
}

func (s *shop) customer(id string) *stripe.Customer {
	s.t.Helper()
	c, err := s.Client.Customers.Get(id, nil)
	require.NoError(s.t, err)
	return c
}

func TestCreditNoteForAnOpenInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	inv := s.bill(s.buyer("pm_card_visa"), 2000)
	s.events()
	cn, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Memo: stripe.String("Sorry"), Reason: stripe.String("order_change"),
		Lines: []*stripe.CreditNoteLineParams{{
			Type: stripe.String("custom_line_item"), UnitAmount: stripe.Int64(250), Quantity: stripe.Int64(2),
			Description: stripe.String("Late"),
		}},
	})
	require.NoError(t, err)
	require.Equal(t, inv.Number+"-CN-01", cn.Number)
	require.Equal(t, stripe.CreditNoteTypePrePayment, cn.Type)
	require.Equal(t, stripe.CreditNoteStatusIssued, cn.Status)
	require.EqualValues(t, 500, cn.Total)
	require.EqualValues(t, 500, cn.Lines.Data[0].Amount)
	require.Equal(t, []string{"credit_note.created", "invoice.updated"}, s.events())
	got := s.invoice(inv.ID)
	require.EqualValues(t, 2000, got.Total)
	require.EqualValues(t, 1500, got.AmountDue)
	require.EqualValues(t, 1500, got.AmountRemaining)
	require.EqualValues(t, 500, got.PrePaymentCreditNotesAmount)
	require.EqualValues(t, 1500, got.PaymentIntent.Amount)

	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{Invoice: &inv.ID, Amount: stripe.Int64(1501)})
	require.Contains(t, stripeError(t, err).Msg, "($15.01) is greater than")
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(100), RefundAmount: stripe.Int64(100),
	})
	require.Equal(t, "refund_amount", stripeError(t, err).Param)

	cn, err = s.Client.CreditNotes.Update(cn.ID, &stripe.CreditNoteParams{Memo: stripe.String("Very sorry")})
	require.NoError(t, err)
	require.Equal(t, "Very sorry", cn.Memo)
	cn, err = s.Client.CreditNotes.VoidCreditNote(cn.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.CreditNoteStatusVoid, cn.Status)
	require.Positive(t, cn.VoidedAt)
	require.Equal(t, []string{"credit_note.updated", "credit_note.voided", "invoice.updated"}, s.events())
	got = s.invoice(inv.ID)
	require.EqualValues(t, 2000, got.AmountDue)
	require.EqualValues(t, 0, got.PrePaymentCreditNotesAmount)
	_, err = s.Client.CreditNotes.VoidCreditNote(cn.ID, nil)
	require.Error(t, err)
}

func TestCreditNoteSettlesAnInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	inv := s.bill(s.buyer("pm_card_visa"), 2000)
	s.events()
	cn, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{Invoice: &inv.ID, Amount: stripe.Int64(2000)})
	require.NoError(t, err)
	require.Equal(t, []string{
		"credit_note.created", "payment_intent.canceled", "invoice.updated", "invoice.updated", "invoice.paid",
		"invoice.payment_succeeded",
	}, s.events())
	got := s.invoice(inv.ID)
	require.Equal(t, stripe.InvoiceStatusPaid, got.Status)
	require.EqualValues(t, 0, got.AmountPaid)
	_, err = s.Client.CreditNotes.VoidCreditNote(cn.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "You can only void")
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(1), CreditAmount: stripe.Int64(1),
	})
	require.Error(t, err, "nothing is left to credit")
}

func TestCreditNoteForAPaidInvoice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	inv := s.paidBill(customer, 2000)
	s.events()
	params := &stripe.CreditNoteParams{Invoice: &inv.ID, Amount: stripe.Int64(1000), Reason: stripe.String("duplicate")}
	_, err := s.Client.CreditNotes.New(params)
	require.Equal(t, "The sum of refund_amount, credit_amount, and out_of_band_amount ($0.00) must equal the credit note "+
		"amount ($10.00).", stripeError(t, err).Msg)
	params.RefundAmount, params.CreditAmount = stripe.Int64(600), stripe.Int64(300)
	params.OutOfBandAmount = stripe.Int64(100)
	preview, err := s.Client.CreditNotes.Preview(&stripe.CreditNotePreviewParams{
		Invoice: &inv.ID, Amount: stripe.Int64(1000), RefundAmount: stripe.Int64(600), CreditAmount: stripe.Int64(300),
		OutOfBandAmount: stripe.Int64(100),
	})
	require.NoError(t, err)
	require.Empty(t, s.events(), "a preview does nothing")
	cn, err := s.Client.CreditNotes.New(params)
	require.NoError(t, err)
	require.Equal(t, preview.Total, cn.Total)
	require.Equal(t, preview.Number, cn.Number)
	require.Equal(t, stripe.CreditNoteTypePostPayment, cn.Type)
	require.EqualValues(t, 100, cn.OutOfBandAmount)
	require.Equal(t, []string{
		"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated", "customer.updated",
		"credit_note.created", "invoice.updated",
	}, s.events())
	refund, err := s.Client.Refunds.Get(cn.Refund.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 600, refund.Amount)
	require.Equal(t, stripe.RefundReasonDuplicate, refund.Reason)
	require.EqualValues(t, -300, s.customer(customer).Balance)
	got := s.invoice(inv.ID)
	require.EqualValues(t, 1000, got.PostPaymentCreditNotesAmount)
	require.EqualValues(t, 2000, got.AmountPaid)
	bt, err := s.Client.CustomerBalanceTransactions.Get(cn.CustomerBalanceTransaction.ID,
		&stripe.CustomerBalanceTransactionParams{Customer: &customer})
	require.NoError(t, err)
	require.Equal(t, stripe.CustomerBalanceTransactionTypeCreditNote, bt.Type)
	require.Equal(t, cn.ID, bt.CreditNote.ID)

	again, err := s.Client.Refunds.New(&stripe.RefundParams{Charge: &inv.Charge.ID, Amount: stripe.Int64(400)})
	require.NoError(t, err)
	cn, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(400), Refund: &again.ID,
	})
	require.NoError(t, err)
	require.Equal(t, again.ID, cn.Refund.ID)
	require.Equal(t, inv.Number+"-CN-02", cn.Number)
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(601), CreditAmount: stripe.Int64(601),
	})
	require.Contains(t, stripeError(t, err).Msg, "($6.01) is greater than")
	_, err = s.Client.CreditNotes.VoidCreditNote(cn.ID, nil)
	require.Error(t, err)
	n := 0
	for it := s.Client.CreditNotes.List(&stripe.CreditNoteListParams{Invoice: &inv.ID}); it.Next(); n++ {
		require.Equal(t, customer, it.CreditNote().Customer.ID)
	}
	require.Equal(t, 2, n)
}

func TestCreditNoteTakesTaxesAndDiscountsBack(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	vat, err := s.Client.TaxRates.New(&stripe.TaxRateParams{
		DisplayName: stripe.String("VAT"), Percentage: stripe.Float64(19), Inclusive: stripe.Bool(false),
	})
	require.NoError(t, err)
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(10), Duration: stripe.String("once")})
	require.NoError(t, err)
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Items[0].Quantity = stripe.Int64(3)
		p.DefaultTaxRates = []*string{&vat.ID}
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &coupon.ID}}
	})
	inv := s.sub(sub.ID).LatestInvoice
	require.EqualValues(t, 6426, inv.Total) // 6000 less 10 %, plus 19 %.
	line := inv.Lines.Data[0]
	part := []*stripe.CreditNoteLineParams{{
		Type: stripe.String("invoice_line_item"), InvoiceLineItem: &line.ID, Quantity: stripe.Int64(1),
	}}
	cn, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Lines: part, CreditAmount: stripe.Int64(2142),
	})
	require.NoError(t, err)
	require.EqualValues(t, 2000, cn.Subtotal)
	require.EqualValues(t, 200, cn.DiscountAmount)
	require.EqualValues(t, 342, cn.TaxAmounts[0].Amount)
	require.EqualValues(t, 1800, cn.TaxAmounts[0].TaxableAmount)
	require.EqualValues(t, 1800, cn.TotalExcludingTax)
	require.EqualValues(t, 2142, cn.Total)
	require.Equal(t, line.ID, cn.Lines.Data[0].InvoiceLineItem)
	require.EqualValues(t, 200, cn.Lines.Data[0].DiscountAmount)
	lines := s.Client.CreditNotes.ListLines(&stripe.CreditNoteListLinesParams{CreditNote: &cn.ID})
	require.True(t, lines.Next())
	require.EqualValues(t, 1, lines.CreditNoteLineItem().Quantity)
	previewed := s.Client.CreditNotes.PreviewLines(&stripe.CreditNotePreviewLinesParams{
		Invoice: &inv.ID, CreditAmount: stripe.Int64(2142),
		Lines: []*stripe.CreditNotePreviewLinesLineParams{{
			Type: stripe.String("invoice_line_item"), InvoiceLineItem: &line.ID, Amount: stripe.Int64(2000),
		}},
	})
	require.True(t, previewed.Next(), previewed.Err())
	require.EqualValues(t, 2000, previewed.CreditNoteLineItem().Amount)
	for name, change := range map[string]func(*stripe.CreditNoteLineParams){
		"too many":      func(p *stripe.CreditNoteLineParams) { p.Quantity = stripe.Int64(4) },
		"both":          func(p *stripe.CreditNoteLineParams) { p.Amount = stripe.Int64(4) },
		"unknown":       func(p *stripe.CreditNoteLineParams) { p.InvoiceLineItem = stripe.String("il_x") },
		"more than all": func(p *stripe.CreditNoteLineParams) { p.Quantity, p.Amount = nil, stripe.Int64(6001) },
	} {
		wrong := *part[0]
		change(&wrong)
		_, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{
			Invoice: &inv.ID, CreditAmount: stripe.Int64(1), Lines: []*stripe.CreditNoteLineParams{&wrong},
		})
		require.Equal(t, 400, stripeError(t, err).HTTPStatusCode, name)
	}
}

func TestCreditNoteRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	draft, err := s.Client.Invoices.New(&stripe.InvoiceParams{Customer: &customer})
	require.NoError(t, err)
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{Invoice: &draft.ID, Amount: stripe.Int64(100)})
	require.Contains(t, stripeError(t, err).Msg, "This invoice has a status of draft.")
	inv := s.bill(customer, 2000)
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{Invoice: &inv.ID})
	require.Contains(t, stripeError(t, err).Msg, "exactly one of `amount` and `lines`")
	_, err = s.Client.Invoices.VoidInvoice(inv.ID, nil)
	require.NoError(t, err)
	_, err = s.Client.CreditNotes.New(&stripe.CreditNoteParams{Invoice: &inv.ID, Amount: stripe.Int64(100)})
	require.Contains(t, stripeError(t, err).Msg, "status of void")
}

func TestCustomerBalanceIsAppliedAndReturned(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	credit, err := s.Client.CustomerBalanceTransactions.New(&stripe.CustomerBalanceTransactionParams{
		Customer: &customer, Amount: stripe.Int64(-700), Currency: stripe.String("usd"),
		Description: stripe.String("Goodwill"),
	})
	require.NoError(t, err)
	require.EqualValues(t, -700, credit.EndingBalance)
	require.EqualValues(t, "usd", s.customer(customer).Currency)
	credit, err = s.Client.CustomerBalanceTransactions.Update(credit.ID, &stripe.CustomerBalanceTransactionParams{
		Customer: &customer, Description: stripe.String("An apology"),
	})
	require.NoError(t, err)
	require.Equal(t, "An apology", credit.Description)
	inv := s.bill(customer, 2000)
	require.EqualValues(t, 1300, inv.AmountDue)
	require.EqualValues(t, -700, inv.StartingBalance)
	require.EqualValues(t, 0, s.customer(customer).Balance)
	_, err = s.Client.Invoices.VoidInvoice(inv.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, -700, s.customer(customer).Balance)
	_, err = s.Client.Customers.Update(customer, &stripe.CustomerParams{Balance: stripe.Int64(100)})
	require.NoError(t, err)
	var got []string
	var ending []int64
	it := s.Client.CustomerBalanceTransactions.List(&stripe.CustomerBalanceTransactionListParams{Customer: &customer})
	for it.Next() {
		got = append(got, string(it.CustomerBalanceTransaction().Type))
		ending = append(ending, it.CustomerBalanceTransaction().EndingBalance)
	}
	require.Equal(t, []string{"adjustment", "unapplied_from_invoice", "applied_to_invoice", "adjustment"}, got)
	require.Equal(t, []int64{100, -700, 0, -700}, ending)
	require.EqualValues(t, 2100, s.bill(customer, 2000).AmountDue, "what a customer owes is added")
	_, err = s.Client.CustomerBalanceTransactions.New(&stripe.CustomerBalanceTransactionParams{
		Customer: &customer, Amount: stripe.Int64(-700), Currency: stripe.String("eur"),
	})
	require.Error(t, err)
}
