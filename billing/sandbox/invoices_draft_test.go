package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// draft makes an empty draft of a customer.
func (s *shop) draft(customer string, changes ...func(*stripe.InvoiceParams)) *stripe.Invoice {
	s.t.Helper()
	params := &stripe.InvoiceParams{Customer: &customer, Currency: stripe.String("usd")}
	for _, change := range changes {
		change(params)
	}
	inv, err := s.Client.Invoices.New(params)
	require.NoError(s.t, err)
	return inv
}

func (s *shop) once(product string, amount int64) string {
	s.t.Helper()
	p, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &product, Currency: stripe.String("usd"), UnitAmount: &amount,
	})
	require.NoError(s.t, err)
	return p.ID
}

func (s *shop) taxRate(percent float64, inclusive bool) string {
	s.t.Helper()
	rate, err := s.Client.TaxRates.New(&stripe.TaxRateParams{
		DisplayName: stripe.String("VAT"), Percentage: &percent, Inclusive: &inclusive,
	})
	require.NoError(s.t, err)
	return rate.ID
}

func TestDraftIsFilledAndChanged(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	inv := s.draft(customer)
	waiting, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Amount: stripe.Int64(300), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	price := s.once(s.proProduct, 4900)
	s.events()
	inv, err = s.Client.Invoices.AddLines(inv.ID, &stripe.InvoiceAddLinesParams{
		InvoiceMetadata: map[string]string{"order": "7"},
		Lines: []*stripe.InvoiceAddLinesLineParams{
			{InvoiceItem: &waiting.ID},
			{Price: &price, Quantity: stripe.Int64(2)},
			{Amount: stripe.Int64(500), Description: stripe.String("Setup")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"invoiceitem.created", "invoiceitem.created", "invoice.updated"}, s.events())
	require.EqualValues(t, 300+9800+500, inv.Total)
	require.Equal(t, "7", inv.Metadata["order"])
	require.Equal(t, "Pro", inv.Lines.Data[1].Description)
	require.Equal(t, inv.ID, inv.Lines.Data[0].Invoice)

	line, err := s.Client.InvoiceLineItems.Update(inv.Lines.Data[1].ID, &stripe.InvoiceLineItemParams{
		Invoice: &inv.ID, Quantity: stripe.Int64(1), Description: stripe.String("One Pro"),
		Period: &stripe.InvoiceLineItemPeriodParams{Start: stripe.Int64(1000), End: stripe.Int64(2000)},
	})
	require.NoError(t, err)
	require.Equal(t, inv.Lines.Data[1].ID, line.ID)
	require.EqualValues(t, 4900, line.Amount)
	require.EqualValues(t, 1000, line.Period.Start)
	inv, err = s.Client.Invoices.UpdateLines(inv.ID, &stripe.InvoiceUpdateLinesParams{
		Lines: []*stripe.InvoiceUpdateLinesLineParams{
			{ID: &inv.Lines.Data[2].ID, Amount: stripe.Int64(450), Metadata: map[string]string{"k": "v"}},
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, 300+4900+450, inv.Total)
	require.Equal(t, "v", inv.Lines.Data[2].Metadata["k"])
	item, err := s.Client.InvoiceItems.Get(inv.Lines.Data[2].InvoiceItem.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 450, item.Amount, "the item follows its line")

	item, err = s.Client.InvoiceItems.Update(item.ID, &stripe.InvoiceItemParams{Amount: stripe.Int64(400)})
	require.NoError(t, err)
	require.EqualValues(t, 300+4900+400, s.invoice(inv.ID).Total, "and the line its item")
	inv, err = s.Client.Invoices.RemoveLines(inv.ID, &stripe.InvoiceRemoveLinesParams{
		Lines: []*stripe.InvoiceRemoveLinesLineParams{
			{ID: &inv.Lines.Data[0].ID, Behavior: stripe.String("unassign")},
			{ID: &inv.Lines.Data[1].ID, Behavior: stripe.String("delete")},
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, 400, inv.Total)
	waiting, err = s.Client.InvoiceItems.Get(waiting.ID, nil)
	require.NoError(t, err)
	require.Nil(t, waiting.Invoice)
	_, err = s.Client.InvoiceItems.Del(item.ID, nil)
	require.NoError(t, err)
	require.Empty(t, s.invoice(inv.ID).Lines.Data)

	paid := s.paidBill(s.buyer("pm_card_visa"), 900)
	_, err = s.Client.Invoices.AddLines(paid.ID, &stripe.InvoiceAddLinesParams{
		Lines: []*stripe.InvoiceAddLinesLineParams{{Amount: stripe.Int64(5)}},
	})
	require.Equal(t, stripe.ErrorCodeInvoiceNotEditable, stripeError(t, err).Code)
	_, err = s.Client.InvoiceItems.Update(paid.Lines.Data[0].InvoiceItem.ID, &stripe.InvoiceItemParams{
		Amount: stripe.Int64(400),
	})
	require.Equal(t, stripe.ErrorCodeInvoiceNotEditable, stripeError(t, err).Code)
	_, err = s.Client.InvoiceItems.Del(paid.Lines.Data[0].InvoiceItem.ID, nil)
	require.Error(t, err)
}

func TestDraftFields(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	inv := s.draft(customer)
	_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Invoice: &inv.ID, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	vat := s.taxRate(20, false)
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("once")})
	require.NoError(t, err)
	methods := s.Client.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &customer})
	require.True(t, methods.Next())
	own := methods.PaymentMethod().ID
	due := s.at("2026-04-01T00:00")
	inv, err = s.Client.Invoices.Update(inv.ID, &stripe.InvoiceParams{
		Description: stripe.String("For March"), Footer: stripe.String("Thank you"), Number: stripe.String("M-7"),
		CustomFields:     []*stripe.InvoiceCustomFieldParams{{Name: stripe.String("PO"), Value: stripe.String("42")}},
		CollectionMethod: stripe.String("send_invoice"), DueDate: &due, DefaultPaymentMethod: &own,
		Discounts: []*stripe.InvoiceDiscountParams{{Coupon: &coupon.ID}}, DefaultTaxRates: []*string{&vat},
		Params: stripe.Params{Metadata: map[string]string{"a": "b"}},
	})
	require.NoError(t, err)
	require.Equal(t, "For March", inv.Description)
	require.Equal(t, "Thank you", inv.Footer)
	require.Equal(t, "M-7", inv.Number)
	require.Equal(t, "42", inv.CustomFields[0].Value)
	require.Equal(t, due, inv.DueDate)
	require.Equal(t, own, inv.DefaultPaymentMethod.ID)
	require.EqualValues(t, 1800, inv.Total) // 2000 less 25 %, plus 20 %.
	require.EqualValues(t, 300, inv.Tax)
	require.EqualValues(t, 500, inv.TotalDiscountAmounts[0].Amount)
	require.Empty(t, inv.Lines.Data[0].TaxRates, "the line has no rates of its own")
	inv, err = s.Client.Invoices.Update(inv.ID, &stripe.InvoiceParams{
		Discounts: []*stripe.InvoiceDiscountParams{{Discount: &inv.Discounts[0].ID}}, DefaultTaxRates: []*string{},
	})
	require.NoError(t, err)

	for want, params := range map[string]*stripe.InvoiceParams{
		"You may only specify one of these parameters: days_until_due, due_date.": {
			DueDate: &due, DaysUntilDue: stripe.Int64(3),
		},
		"Invalid timestamp: must be an integer Unix timestamp in the future": {DueDate: stripe.Int64(1000)},
		"No such coupon: 'none'": {
			Discounts: []*stripe.InvoiceDiscountParams{{Coupon: stripe.String("none")}},
		},
		"No such tax_rate: 'none'": {DefaultTaxRates: []*string{stripe.String("none")}},
		"You can only set automatically_finalizes_at if auto_advance is true.": {
			AutomaticallyFinalizesAt: &due,
		},
	} {
		_, err := s.Client.Invoices.Update(inv.ID, params)
		require.Equal(t, want, stripeError(t, err).Msg)
	}
	_, err = s.Client.Invoices.New(&stripe.InvoiceParams{Customer: &customer, DueDate: &due})
	require.Equal(t, "due_date", stripeError(t, err).Param)
	_, err = s.Client.Invoices.New(&stripe.InvoiceParams{Customer: &customer, Number: stripe.String("M-7")})
	require.Equal(t, "number", stripeError(t, err).Param)
	stranger := s.buyer("pm_card_visa")
	_, err = s.Client.Invoices.New(&stripe.InvoiceParams{Customer: &stranger, DefaultPaymentMethod: &own})
	require.Contains(t, stripeError(t, err).Msg, "does not have a payment method")
	inv, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "M-7", inv.Number)
	_, err = s.Client.Invoices.Update(inv.ID, &stripe.InvoiceParams{Footer: stripe.String("No")})
	require.Equal(t, stripe.ErrorCodeInvoiceNotEditable, stripeError(t, err).Code)
	_, err = s.Client.Invoices.Update(inv.ID, &stripe.InvoiceParams{
		Params: stripe.Params{Metadata: map[string]string{"a": "c"}},
	})
	require.NoError(t, err)
}

func TestDraftFinalisesByItself(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	at := s.at("2026-03-05T12:00")
	inv := s.draft(customer, func(p *stripe.InvoiceParams) {
		p.AutoAdvance, p.AutomaticallyFinalizesAt = stripe.Bool(true), &at
	})
	require.Equal(t, at, inv.AutomaticallyFinalizesAt)
	_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Invoice: &inv.ID, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	s.to("2026-03-05T11:59")
	require.Equal(t, stripe.InvoiceStatusDraft, s.invoice(inv.ID).Status)
	s.to("2026-03-05T12:00")
	require.Equal(t, stripe.InvoiceStatusPaid, s.invoice(inv.ID).Status)

	stopped := s.draft(customer, func(p *stripe.InvoiceParams) { p.AutoAdvance = stripe.Bool(true) })
	stopped, err = s.Client.Invoices.Update(stopped.ID, &stripe.InvoiceParams{AutoAdvance: stripe.Bool(false)})
	require.NoError(t, err)
	require.Zero(t, stopped.AutomaticallyFinalizesAt)
	s.MustAdvance(48 * time.Hour)
	require.Equal(t, stripe.InvoiceStatusDraft, s.invoice(stopped.ID).Status)
}

func TestInvoiceItemTerms(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	price := s.once(s.proProduct, 4900)
	item := func(change func(*stripe.InvoiceItemParams)) (*stripe.InvoiceItem, error) {
		params := &stripe.InvoiceItemParams{Customer: &customer, Currency: stripe.String("usd")}
		change(params)
		return s.Client.InvoiceItems.New(params)
	}
	for want, change := range map[string]func(*stripe.InvoiceItemParams){
		"You may only specify one of these parameters: amount, price.": func(p *stripe.InvoiceItemParams) {
			p.Amount, p.Price = stripe.Int64(5), &price
		},
		"You may only specify one of these parameters: amount, quantity.": func(p *stripe.InvoiceItemParams) {
			p.Amount, p.Quantity = stripe.Int64(5), stripe.Int64(2)
		},
		"Missing required param: amount.": func(*stripe.InvoiceItemParams) {},
		"The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.": func(
			p *stripe.InvoiceItemParams,
		) {
			p.Price = &s.pro
		},
		"The end of the period must not be before its start.": func(p *stripe.InvoiceItemParams) {
			p.Amount = stripe.Int64(5)
			p.Period = &stripe.InvoiceItemPeriodParams{Start: stripe.Int64(2000), End: stripe.Int64(1000)}
		},
		"No such subscription: 'sub_x'": func(p *stripe.InvoiceItemParams) {
			p.Amount, p.Subscription = stripe.Int64(5), stripe.String("sub_x")
		},
		"No such invoice: 'in_x'": func(p *stripe.InvoiceItemParams) {
			p.Amount, p.Invoice = stripe.Int64(5), stripe.String("in_x")
		},
	} {
		_, err := item(change)
		require.Equal(t, want, stripeError(t, err).Msg)
	}
	half, err := item(func(p *stripe.InvoiceItemParams) {
		p.UnitAmountDecimal, p.Quantity = stripe.Float64(2.5), stripe.Int64(3)
	})
	require.NoError(t, err)
	require.EqualValues(t, 8, half.Amount, "7.5 is rounded half-up")
	inline, err := item(func(p *stripe.InvoiceItemParams) {
		p.PriceData = &stripe.InvoiceItemPriceDataParams{
			Currency: stripe.String("usd"), Product: &s.proProduct, UnitAmount: stripe.Int64(1200),
		}
	})
	require.NoError(t, err)
	require.EqualValues(t, 1200, inline.Amount)
	more, err := s.Client.InvoiceItems.Update(inline.ID, &stripe.InvoiceItemParams{Quantity: stripe.Int64(3)})
	require.NoError(t, err)
	require.EqualValues(t, 3600, more.Amount)
	more, err = s.Client.InvoiceItems.Update(inline.ID, &stripe.InvoiceItemParams{Price: &price})
	require.NoError(t, err)
	require.EqualValues(t, 14700, more.Amount)

	vat := s.taxRate(10, false)
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{
		AmountOff: stripe.Int64(100), Currency: stripe.String("usd"), Duration: stripe.String("once"),
	})
	require.NoError(t, err)
	sub := s.subscribe(customer, s.pro)
	_, err = item(func(p *stripe.InvoiceItemParams) {
		p.Amount, p.Subscription, p.TaxRates = stripe.Int64(1100), &sub.ID, []*string{&vat}
		p.Discounts = []*stripe.InvoiceItemDiscountParams{{Coupon: &coupon.ID}}
		p.Description = stripe.String("Own terms")
	})
	require.NoError(t, err)
	_, err = item(func(p *stripe.InvoiceItemParams) {
		p.Amount, p.Subscription, p.Discountable = stripe.Int64(500), &sub.ID, stripe.Bool(false)
	})
	require.NoError(t, err)
	s.to("2026-04-01T02:00")
	inv := s.sub(sub.ID).LatestInvoice
	require.EqualValues(t, 2000+1100-100+100+500, inv.Total, "own discount and own tax")
	require.EqualValues(t, 100, inv.TotalDiscountAmounts[0].Amount)
	require.EqualValues(t, 100, inv.Tax)
}

func TestInvoicePayments(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_chargeCustomerFail")
	inv := s.bill(customer, 900)
	_, err := s.Client.Invoices.Pay(inv.ID, nil)
	require.Equal(t, 402, stripeError(t, err).HTTPStatusCode)
	_, err = s.Client.Invoices.MarkUncollectible(inv.ID, nil)
	require.NoError(t, err)
	_, err = s.Client.Invoices.MarkUncollectible(inv.ID, nil)
	require.Error(t, err)
	other := s.buyer("pm_card_visa")
	methods := s.Client.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &other})
	require.True(t, methods.Next())
	_, err = s.Client.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaymentMethod: &methods.PaymentMethod().ID})
	require.Contains(t, stripeError(t, err).Msg, "does not have a payment method")
	card, err := s.Client.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer})
	require.NoError(t, err)
	inv, err = s.Client.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaymentMethod: &card.ID, Forgive: stripe.Bool(true)})
	require.NoError(t, err, "an uncollectible invoice can still be paid")
	require.Equal(t, stripe.InvoiceStatusPaid, inv.Status)

	away := s.bill(s.buyer("pm_card_authenticationRequiredSetupForOffSession"), 900)
	_, err = s.Client.Invoices.Pay(away.ID, &stripe.InvoicePayParams{OffSession: stripe.Bool(false)})
	require.Equal(t, stripe.ErrorCodeInvoicePaymentIntentRequiresAction, stripeError(t, err).Code)
	away, err = s.Client.Invoices.Pay(away.ID, nil)
	require.NoError(t, err, "off session the card does not ask")
	require.Equal(t, stripe.InvoiceStatusPaid, away.Status)

	band := s.bill(customer, 900)
	band, err = s.Client.Invoices.Pay(band.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	require.NoError(t, err)
	require.True(t, band.PaidOutOfBand)
	require.Nil(t, band.Charge)
	void := s.bill(customer, 900)
	_, err = s.Client.Invoices.VoidInvoice(void.ID, nil)
	require.NoError(t, err)
	_, err = s.Client.Invoices.Pay(void.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	require.Error(t, err)
	_, err = s.Client.Invoices.SendInvoice(band.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "if its collection method is 'send_invoice'")
}

func TestSentInvoiceFallsDue(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("")
	sent := func(p *stripe.InvoiceParams) {
		p.CollectionMethod, p.DaysUntilDue = stripe.String("send_invoice"), stripe.Int64(10)
		p.PendingInvoiceItemsBehavior = stripe.String("include")
	}
	_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	inv := s.draft(customer, sent)
	inv, err = s.Client.Invoices.SendInvoice(inv.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.InvoiceStatusOpen, inv.Status)
	s.events()
	s.to("2026-03-08T00:00")
	require.Equal(t, []string{"invoice.will_be_due"}, s.events())
	s.to("2026-03-11T00:00")
	require.Equal(t, []string{"invoice.overdue"}, s.events())
	_, err = s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &customer, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	paid := s.draft(customer, sent)
	_, err = s.Client.Invoices.Pay(paid.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)})
	require.NoError(t, err)
	s.events()
	s.MustAdvance(30 * 24 * time.Hour)
	require.Empty(t, s.events())
}

func TestKnownSplitsOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{
		AmountOff: stripe.Int64(500), Currency: stripe.String("usd"), Duration: stripe.String("once"),
	})
	require.NoError(t, err)
	fill := func(inv *stripe.Invoice, amounts ...int64) {
		for _, amount := range amounts {
			_, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
				Customer: &customer, Invoice: &inv.ID, Amount: &amount, Currency: stripe.String("usd"),
			})
			require.NoError(t, err)
		}
	}
	inv := s.draft(customer, func(p *stripe.InvoiceParams) {
		p.Discounts = []*stripe.InvoiceDiscountParams{{Coupon: &coupon.ID}}
	})
	fill(inv, 1000, 2000)
	inv = s.invoice(inv.ID)
	require.EqualValues(t, 166, inv.Lines.Data[0].DiscountAmounts[0].Amount)
	require.EqualValues(t, 334, inv.Lines.Data[1].DiscountAmounts[0].Amount)
	require.EqualValues(t, 2500, inv.Total)
	vat := s.taxRate(15, false)
	inv = s.draft(customer, func(p *stripe.InvoiceParams) { p.DefaultTaxRates = []*string{&vat} })
	fill(inv, 43, 484)
	inv = s.invoice(inv.ID)
	require.EqualValues(t, 6, inv.Lines.Data[0].TaxAmounts[0].Amount)
	require.EqualValues(t, 73, inv.Lines.Data[1].TaxAmounts[0].Amount)
	require.EqualValues(t, 79, inv.Tax)
	require.EqualValues(t, 79, inv.TotalTaxAmounts[0].Amount)
	require.EqualValues(t, 527, inv.TotalTaxAmounts[0].TaxableAmount)
}

func TestCustomerDiscountReachesInvoicesByHand(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("pm_card_visa")
	coupon, err := s.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(10), Duration: stripe.String("once")})
	require.NoError(t, err)
	_, err = s.Client.Customers.Update(customer, &stripe.CustomerParams{Coupon: &coupon.ID})
	require.NoError(t, err)
	s.events()
	inv := s.bill(customer, 2000)
	require.EqualValues(t, 1800, inv.Total)
	require.Contains(t, s.events(), "customer.discount.deleted", "a coupon for once is used up by an invoice")
	require.EqualValues(t, 2000, s.bill(customer, 2000).Total)
}
