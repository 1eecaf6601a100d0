package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func TestReceiptPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	charge, err := s.Client.Charges.Get(s.sub(sub.ID).LatestInvoice.Charge.ID, nil)
	require.NoError(t, err)
	b := newBrowser(t, s.URL())
	page := b.open(charge.ReceiptURL)
	require.Equal(t, "Receipt", page.text("h1"))
	require.Equal(t, "Paid", page.text("#status"))
	require.Contains(t, page.text(".facts"), "Visa •••• 4242")
	require.Contains(t, page.text(".parties"), "jo@example.com")
	require.Contains(t, page.text(".items"), "$20.00")
	require.Zero(t, page.Find("form").Length(), "there is nothing to do on it")
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, "no-store", page.header.Get("Cache-Control"))
	_, err = s.Client.Refunds.New(&stripe.RefundParams{Charge: &charge.ID, Amount: stripe.Int64(500)})
	require.NoError(t, err)
	page = b.open(charge.ReceiptURL)
	require.Equal(t, "Partly refunded", page.text("#status"))
	require.Contains(t, page.text(".items tfoot .sum"), "$15.00")
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/receipt/ch_unknown").status)

	alone, err := s.Client.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(700), Currency: stripe.String("usd"), PaymentMethod: stripe.String("pm_card_visa"),
		Confirm: stripe.Bool(true), Description: stripe.String("A book"),
	})
	require.NoError(t, err)
	require.Contains(t, b.open("/_stripe/receipt/"+alone.LatestCharge.ID).text(".items tbody"), "A book")
	_, err = s.Client.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(700), Currency: stripe.String("usd"), Confirm: stripe.Bool(true),
		PaymentMethod: stripe.String("pm_card_visa_chargeDeclined"),
	})
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/receipt/"+stripeError(t, err).ChargeID).status)
}

func TestCreditNotePage(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-01T00:00")
	inv := s.bill(s.buyer("pm_card_visa"), 2000)
	note, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(400), Memo: stripe.String("Sorry for the wait"),
		Reason: stripe.String("order_change"),
	})
	require.NoError(t, err)
	b := newBrowser(t, s.URL())
	page := b.open(note.PDF)
	require.Equal(t, "Credit note", page.text("h1"))
	require.Equal(t, "Issued", page.text("#status"))
	require.Contains(t, page.text(".facts"), note.Number)
	require.Contains(t, page.text(".facts"), inv.Number)
	require.Contains(t, page.text(".sheet"), "Sorry for the wait")
	require.Contains(t, page.text(".items tfoot .sum"), "$4.00")
	_, err = s.Client.CreditNotes.VoidCreditNote(note.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "Void", b.open(note.PDF).text("#status"))
	require.Equal(t, http.StatusNotFound, b.open("/_stripe/credit_note/"+inv.ID+"/pdf").status)
	require.Equal(t, "Invoice", b.open(inv.InvoicePDF).follow().text("h1"), "an invoice's pdf is its page")
}
