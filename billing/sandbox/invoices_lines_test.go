package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

func TestItemDiscountComesBeforeTheInvoices(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	five := s.coupon(&stripe.CouponParams{AmountOff: stripe.Int64(500), Currency: stripe.String("usd")})
	tenth := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(10)})
	item, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Amount: stripe.Int64(1000), Currency: stripe.String("usd"),
		Discounts: []*stripe.InvoiceItemDiscountParams{{Coupon: &five}},
	})
	require.NoError(t, err)
	inv := s.draft(customer, func(p *stripe.InvoiceParams) {
		p.PendingInvoiceItemsBehavior = stripe.String("include")
		p.Discounts = []*stripe.InvoiceDiscountParams{{Coupon: &tenth}}
	})
	require.EqualValues(t, 450, inv.Total, "a tenth of what the item's own discount left")
	require.Len(t, inv.Lines.Data[0].DiscountAmounts, 2)
	require.EqualValues(t, 50, inv.Lines.Data[0].DiscountAmounts[1].Amount)

	_, err = s.Client.InvoiceItems.Update(item.ID, &stripe.InvoiceItemParams{Amount: stripe.Int64(2000)})
	require.NoError(t, err)
	changed := s.invoice(inv.ID)
	require.Equal(t, inv.Lines.Data[0].ID, changed.Lines.Data[0].ID, "the line stays the same one")
	require.EqualValues(t, 1350, changed.Total)
}

func TestLinesOfASubscriptionCanBeChangedOnTheDraft(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro)
	s.to("2026-04-01T00:30")
	inv := s.sub(sub.ID).LatestInvoice
	require.Equal(t, stripe.InvoiceStatusDraft, inv.Status)
	change := func(params *stripe.InvoiceLineItemParams) (*stripe.InvoiceLineItem, error) {
		params.Invoice = &inv.ID
		return s.Client.InvoiceLineItems.Update(inv.Lines.Data[0].ID, params)
	}
	half := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50)})
	line, err := change(&stripe.InvoiceLineItemParams{
		Quantity: stripe.Int64(3), Description: stripe.String("Three seats"),
		Period:    &stripe.InvoiceLineItemPeriodParams{Start: stripe.Int64(1000), End: stripe.Int64(2000)},
		Discounts: []*stripe.InvoiceLineItemDiscountParams{{Coupon: &half}},
	})
	require.NoError(t, err)
	require.EqualValues(t, 6000, line.Amount)
	require.EqualValues(t, 3, line.Quantity)
	require.EqualValues(t, 2000, line.Period.End)
	require.EqualValues(t, 3000, s.invoice(inv.ID).Total)
	line, err = change(&stripe.InvoiceLineItemParams{Amount: stripe.Int64(4000)})
	require.NoError(t, err)
	require.EqualValues(t, 4000, line.Amount)
	line, err = change(&stripe.InvoiceLineItemParams{Quantity: stripe.Int64(6)})
	require.NoError(t, err)
	require.EqualValues(t, 8000, line.Amount, "it keeps its proportion to the full price")
	once := s.once(s.proProduct, 700)
	line, err = change(&stripe.InvoiceLineItemParams{Price: &once, Quantity: stripe.Int64(2)})
	require.NoError(t, err)
	require.EqualValues(t, 1400, line.Amount)
	require.Equal(t, once, line.Price.ID)
	for want, params := range map[string]*stripe.InvoiceLineItemParams{
		"but this field only accepts prices with `type=one_time`": {Price: &s.pro},
		"one of these parameters: amount, quantity.":              {Amount: stripe.Int64(1), Quantity: stripe.Int64(1)},
		"Invalid non-negative integer":                            {Quantity: stripe.Int64(-1)},
	} {
		_, err := change(params)
		require.Contains(t, stripeError(t, err).Msg, want)
	}
	s.to("2026-04-01T02:00")
	require.EqualValues(t, 700, s.invoice(inv.ID).AmountPaid)
	require.EqualValues(t, 2000, s.sub(sub.ID).Items.Data[0].Price.UnitAmount, "the subscription is as it was")
}

func TestCreditNotesShareALine(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	vat := s.taxRate(19, false)
	sub := s.subscribe(s.buyer("pm_card_visa"), s.price(s.proProduct, 1001, "month"), func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &s.pro})
		p.DefaultTaxRates = []*string{&vat}
	})
	inv := s.sub(sub.ID).LatestInvoice
	var line *stripe.InvoiceLineItem
	for _, l := range inv.Lines.Data {
		if l.Amount == 1001 {
			line = l
		}
	}
	require.EqualValues(t, 190, line.TaxAmounts[0].Amount)
	credit := func(amount, total int64) (*stripe.CreditNote, error) {
		return s.Client.CreditNotes.New(&stripe.CreditNoteParams{
			Invoice: &inv.ID, CreditAmount: &total, Lines: []*stripe.CreditNoteLineParams{{
				Type: stripe.String("invoice_line_item"), InvoiceLineItem: &line.ID, Amount: &amount,
			}},
		})
	}
	var taxes int64
	for _, part := range [][2]int64{{334, 397}, {334, 397}, {333, 397}} {
		cn, err := credit(part[0], part[1])
		require.NoError(t, err)
		taxes += cn.TaxAmounts[0].Amount
	}
	require.EqualValues(t, 190, taxes, "all of a line takes all of its tax back, however it is cut")
	_, err := credit(1, 1)
	require.Contains(t, stripeError(t, err).Msg, "is greater than what can still be credited of the invoice line item")

	plain, err := s.Client.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: &inv.ID, Amount: stripe.Int64(1190), CreditAmount: stripe.Int64(1190),
	})
	require.NoError(t, err)
	require.EqualValues(t, 1190, plain.Total)
	require.EqualValues(t, 1000, plain.TotalExcludingTax)
	require.EqualValues(t, 190, plain.TaxAmounts[0].Amount)
	require.EqualValues(t, 1000, plain.TaxAmounts[0].TaxableAmount)
}
