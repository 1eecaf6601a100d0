package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

// at is an address by country, state and postal code.
func at(country, state, postal string) *stripe.AddressParams {
	out := &stripe.AddressParams{Country: &country}
	if state != "" {
		out.State = &state
	}
	if postal != "" {
		out.PostalCode = &postal
	}
	return out
}

// resident is a customer with a card and an address.
func (s *shop) resident(address *stripe.AddressParams, changes ...func(*stripe.CustomerParams)) string {
	s.t.Helper()
	params := &stripe.CustomerParams{
		Address: address, PaymentMethod: stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")},
	}
	for _, change := range changes {
		change(params)
	}
	c, err := s.Client.Customers.New(params)
	require.NoError(s.t, err)
	return c.ID
}

func vatID(kind, value string) func(*stripe.CustomerParams) {
	return func(p *stripe.CustomerParams) {
		p.TaxIDData = append(p.TaxIDData, &stripe.CustomerTaxIDDataParams{Type: &kind, Value: &value})
	}
}

func taxed(p *stripe.SubscriptionParams) {
	p.AutomaticTax = &stripe.SubscriptionAutomaticTaxParams{Enabled: stripe.Bool(true)}
}

func TestAutomaticTaxByPlace(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	exempt := func(how string) func(*stripe.CustomerParams) {
		return func(p *stripe.CustomerParams) { p.TaxExempt = &how }
	}
	for name, c := range map[string]struct {
		address *stripe.AddressParams
		change  func(*stripe.CustomerParams)
		taxes   []int64
		reason  string
	}{
		"California":           {at("US", "CA", ""), nil, []int64{145}, "standard_rated"},
		"New York by ZIP code": {at("US", "", "10001"), nil, []int64{178}, "standard_rated"}, // 177.5
		"Oregon":               {at("US", "OR", ""), nil, []int64{0}, "not_collecting"},
		"Ontario":              {at("CA", "ON", ""), nil, []int64{260}, "standard_rated"},
		"Quebec by its code":   {at("CA", "", "H2Y 1C6"), nil, []int64{100, 200}, "standard_rated"}, // 199.5
		"Germany":              {at("DE", "", ""), nil, []int64{380}, "standard_rated"},
		"a German business":    {at("DE", "", ""), vatID("eu_vat", "DE123456789"), []int64{0}, "reverse_charge"},
		"a British id abroad":  {at("DE", "", ""), vatID("gb_vat", "GB123456789"), []int64{380}, "standard_rated"},
		"a British business":   {at("GB", "", ""), vatID("gb_vat", "GB123456789"), []int64{0}, "reverse_charge"},
		"Australia":            {at("AU", "", ""), nil, []int64{200}, "standard_rated"},
		"Japan":                {at("JP", "", ""), nil, []int64{0}, "not_collecting"},
		"an exempt customer":   {at("US", "CA", ""), exempt("exempt"), []int64{0}, "customer_exempt"},
		"a reversed one":       {at("FR", "", ""), exempt("reverse"), []int64{0}, "reverse_charge"},
		"by IP address": {nil, func(p *stripe.CustomerParams) {
			p.Tax = &stripe.CustomerTaxParams{IPAddress: stripe.String("198.51.100.7")}
		}, []int64{380}, "standard_rated"},
		"where it is shipped to": {at("US", "CA", ""), func(p *stripe.CustomerParams) {
			p.Shipping = &stripe.CustomerShippingParams{Name: stripe.String("Jo"), Address: at("DE", "", "")}
		}, []int64{380}, "standard_rated"},
	} {
		var changes []func(*stripe.CustomerParams)
		if c.change != nil {
			changes = append(changes, c.change)
		}
		customer := s.resident(c.address, changes...)
		preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
			Customer:     &customer,
			AutomaticTax: &stripe.InvoiceCreatePreviewAutomaticTaxParams{Enabled: stripe.Bool(true)},
			SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
				Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: &s.pro}},
			},
		})
		require.NoError(t, err)
		sub := s.subscribe(customer, s.pro, taxed)
		require.True(t, sub.AutomaticTax.Enabled)
		inv := s.sub(sub.ID).LatestInvoice
		var got []int64
		var sum int64
		for _, tax := range inv.TotalTaxAmounts {
			got = append(got, tax.Amount)
			sum += tax.Amount
			require.Equal(t, c.reason, string(tax.TaxabilityReason), name)
			rate, err := s.Client.TaxRates.Get(tax.TaxRate.ID, nil)
			require.NoError(t, err, "what taxes is a tax rate that can be read")
			require.Equal(t, tax.Amount != 0, rate.Percentage != 0)
			require.False(t, rate.Inclusive)
		}
		require.Equal(t, c.taxes, got, name)
		require.Equal(t, stripe.InvoiceAutomaticTaxStatusComplete, inv.AutomaticTax.Status)
		require.Equal(t, 2000+sum, inv.AmountPaid, name)
		require.EqualValues(t, 2000, inv.TotalExcludingTax)
		require.Equal(t, sum, inv.Tax)
		require.Equal(t, inv.Total, preview.Total, "%s: the preview is what is charged", name)
		require.Equal(t, inv.TotalTaxAmounts, preview.TotalTaxAmounts)
	}
}

func TestAutomaticTaxInsideThePrice(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	gross := s.priced(func(p *stripe.PriceParams) {
		p.UnitAmount, p.TaxBehavior = stripe.Int64(2000), stripe.String("inclusive")
	})
	euro := s.priced(func(p *stripe.PriceParams) { p.Currency, p.UnitAmount = stripe.String("eur"), stripe.Int64(1190) })
	for _, c := range []struct {
		price, name         string
		address             *stripe.AddressParams
		total, tax, without int64
	}{
		{gross, "inclusive", at("DE", "", ""), 2000, 319, 1681},
		{gross, "two taxes inside", at("CA", "QC", ""), 2000, 87 + 174, 1739},
		{euro, "a currency that is gross by default", at("DE", "", ""), 1190, 190, 1000},
	} {
		inv := s.sub(s.subscribe(s.resident(c.address), c.price, taxed).ID).LatestInvoice
		require.Equal(t, []int64{c.total, c.tax, c.without}, []int64{inv.Total, inv.Tax, inv.TotalExcludingTax}, c.name)
		require.Equal(t, c.without, inv.SubtotalExcludingTax)
		require.Equal(t, c.without, inv.Lines.Data[0].AmountExcludingTax)
		var taxable int64
		for _, tax := range inv.TotalTaxAmounts {
			require.True(t, tax.Inclusive)
			taxable = tax.TaxableAmount + tax.Amount
		}
		require.Equal(t, c.total, taxable)
	}
}

func TestAutomaticTaxNeedsALocation(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	nowhere := s.buyer("pm_card_visa")
	_, err := s.trySubscribe(nowhere, s.pro, taxed)
	e := stripeError(t, err)
	require.Equal(t, 400, e.HTTPStatusCode)
	require.EqualValues(t, "customer_tax_location_invalid", e.Code)
	require.Equal(t, "The customer's location isn't recognized. Set a valid customer address in order to automatically "+
		"calculate tax.", e.Msg)
	for _, bad := range []*stripe.AddressParams{at("US", "", "ABCDE"), at("US", "ZZ", ""), at("CA", "", "999"), at("Mars", "", "")} {
		_, err := s.trySubscribe(s.resident(bad), s.pro, taxed)
		require.EqualValues(t, "customer_tax_location_invalid", stripeError(t, err).Code)
	}
	_, err = s.Client.Customers.New(&stripe.CustomerParams{
		Address: at("US", "", ""), Tax: &stripe.CustomerTaxParams{ValidateLocation: stripe.String("immediately")},
	})
	require.EqualValues(t, "customer_tax_location_invalid", stripeError(t, err).Code)

	get := &stripe.CustomerParams{}
	get.AddExpand("tax")
	for address, want := range map[*stripe.AddressParams]stripe.CustomerTaxAutomaticTax{
		at("DE", "", ""): "supported", at("JP", "", ""): "not_collecting", at("US", "", ""): "unrecognized_location",
	} {
		c, err := s.Client.Customers.Get(s.resident(address), get)
		require.NoError(t, err)
		require.Equal(t, want, c.Tax.AutomaticTax)
	}
	c, err := s.Client.Customers.Get(s.resident(at("US", "", "94107")), get)
	require.NoError(t, err)
	require.Equal(t, "CA", c.Tax.Location.State)
	require.EqualValues(t, "billing_address", c.Tax.Location.Source)

	inv, err := s.Client.Invoices.New(&stripe.InvoiceParams{
		Customer: &nowhere, AutomaticTax: &stripe.InvoiceAutomaticTaxParams{Enabled: stripe.Bool(true)},
	})
	require.NoError(t, err)
	require.Equal(t, stripe.InvoiceAutomaticTaxStatusRequiresLocationInputs, inv.AutomaticTax.Status)
	_, err = s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &nowhere, Invoice: &inv.ID, Amount: stripe.Int64(1000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	s.events()
	_, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.EqualValues(t, "customer_tax_location_invalid", stripeError(t, err).Code)
	require.Equal(t, []string{"invoice.finalization_failed"}, s.events())
	inv, err = s.Client.Invoices.Get(inv.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.InvoiceStatusDraft, inv.Status)
	require.EqualValues(t, "customer_tax_location_invalid", inv.LastFinalizationError.Code)
	_, err = s.Client.Customers.Update(nowhere, &stripe.CustomerParams{Address: at("GB", "", "")})
	require.NoError(t, err)
	inv, err = s.Client.Invoices.FinalizeInvoice(inv.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1200, inv.AmountDue)
	require.Equal(t, "GB", inv.CustomerAddress.Country)
}

// A renewal is taxed where its customer lives by then, and without tax when nobody knows where that is.
func TestAutomaticTaxFollowsTheCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.resident(at("DE", "", ""))
	sub := s.subscribe(customer, s.pro, taxed)
	require.EqualValues(t, 2380, s.sub(sub.ID).LatestInvoice.Total)
	s.to("2026-04-01T00:30")
	require.EqualValues(t, 2380, s.sub(sub.ID).LatestInvoice.Total)
	_, err := s.Client.Customers.Update(customer, &stripe.CustomerParams{Address: at("FR", "", "")})
	require.NoError(t, err)
	s.to("2026-04-01T02:00")
	require.EqualValues(t, 2400, s.sub(sub.ID).LatestInvoice.AmountPaid, "the draft is taxed again when it is finalised")

	_, err = s.Client.Customers.Update(customer, &stripe.CustomerParams{Params: stripe.Params{
		Extra: &stripe.ExtraValues{Values: map[string][]string{"address": {""}}},
	}})
	require.NoError(t, err)
	s.to("2026-05-01T02:00")
	now := s.sub(sub.ID)
	require.EqualValues(t, 2000, now.LatestInvoice.AmountPaid)
	require.EqualValues(t, "finalization_requires_location_inputs", now.LatestInvoice.AutomaticTax.DisabledReason)
	require.False(t, now.AutomaticTax.Enabled)
	require.EqualValues(t, "requires_location_inputs", now.AutomaticTax.DisabledReason)
}

func taxedSession(p *stripe.CheckoutSessionParams) {
	p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
}

func TestAutomaticTaxAtCheckout(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	nowhere := s.buyer("")
	_, err := s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), Customer: &nowhere, SuccessURL: stripe.String("http://localhost:8080/done"),
		LineItems:    []*stripe.CheckoutSessionLineItemParams{{Price: &s.pro, Quantity: stripe.Int64(1)}},
		AutomaticTax: &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)},
	})
	e := stripeError(t, err)
	require.EqualValues(t, "customer_tax_location_invalid", e.Code)
	require.Contains(t, e.Msg, "Automatic tax calculation in Checkout requires a valid address on the Customer.")

	known := s.resident(at("DE", "", ""))
	cs := s.checkout(s.pro, taxedSession, func(p *stripe.CheckoutSessionParams) { p.Customer = &known })
	require.Equal(t, stripe.CheckoutSessionAutomaticTaxStatusComplete, cs.AutomaticTax.Status)
	require.EqualValues(t, 2380, cs.AmountTotal)
	require.EqualValues(t, 380, cs.TotalDetails.AmountTax)

	cs = s.checkout(s.pro, taxedSession, func(p *stripe.CheckoutSessionParams) {
		p.Customer = &nowhere
		p.CustomerUpdate = &stripe.CheckoutSessionCustomerUpdateParams{Address: stripe.String("auto")}
	})
	require.Equal(t, stripe.CheckoutSessionAutomaticTaxStatusRequiresLocationInputs, cs.AutomaticTax.Status)
	require.EqualValues(t, 2000, cs.AmountTotal)
	in := card("4242424242424242")
	in.PostalCode = ""
	_, err = sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, in)
	require.ErrorContains(t, err, "The customer's location isn't recognized.")
	in.PostalCode = "94107"
	_, err = sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, in)
	require.NoError(t, err)
	done := s.session(cs.ID)
	require.EqualValues(t, 2145, done.AmountTotal)
	require.EqualValues(t, 2145, done.Invoice.AmountPaid)
	require.True(t, done.Subscription.AutomaticTax.Enabled)
	require.Equal(t, stripe.CheckoutSessionAutomaticTaxStatusComplete, done.AutomaticTax.Status)

	// A guest who types the tax id of a business is not charged the tax.
	cs = s.checkout(s.pro, taxedSession, func(p *stripe.CheckoutSessionParams) {
		p.TaxIDCollection = &stripe.CheckoutSessionTaxIDCollectionParams{Enabled: stripe.Bool(true)}
	})
	in = card("4242424242424242")
	in.Country, in.TaxIDType, in.TaxID = "IE", "eu_vat", "IE1234567FA"
	_, err = sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, in)
	require.NoError(t, err)
	done = s.session(cs.ID)
	require.EqualValues(t, 2000, done.Invoice.AmountPaid)
	require.EqualValues(t, "reverse_charge", done.Invoice.TotalTaxAmounts[0].TaxabilityReason)
}

// The page never charges a tax that it has not shown.
func TestCheckoutPageShowsTheTaxFirst(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	cs := s.checkout(s.pro, taxedSession)
	page := newBrowser(t, s.URL()).open(cs.URL)
	require.Contains(t, page.text(".totals"), "by your address")
	typed := []string{
		"email", "kim@example.com", "name", "Kim", "country", "DE", "postal_code", "10115",
		"card_number", "4242 4242 4242 4242", "card_exp", "12 / 30", "card_cvc", "123",
	}
	page = page.press("#pay", typed...)
	require.Equal(t, http.StatusConflict, page.status)
	require.Contains(t, page.text("[role=alert]"), "The tax for your address changes the total.")
	require.Equal(t, "$23.80", page.text("#due"))
	require.Contains(t, page.text(".totals"), "$3.80")
	require.EqualValues(t, "open", s.session(cs.ID).Status)
	page = page.press("#pay", typed...)
	require.Equal(t, http.StatusSeeOther, page.status)
	require.EqualValues(t, 2380, s.session(cs.ID).Invoice.AmountPaid)
}

func TestPreviewOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	params := &stripe.InvoiceCreatePreviewParams{
		AutomaticTax:    &stripe.InvoiceCreatePreviewAutomaticTaxParams{Enabled: stripe.Bool(true)},
		CustomerDetails: &stripe.InvoiceCreatePreviewCustomerDetailsParams{Address: at("DE", "", "")},
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: &s.pro}},
		},
		InvoiceItems: []*stripe.InvoiceCreatePreviewInvoiceItemParams{{
			Amount: stripe.Int64(1000), Currency: stripe.String("usd"), Description: stripe.String("Set-up"),
		}},
	}
	inv, err := s.Client.Invoices.CreatePreview(params)
	require.NoError(t, err)
	require.EqualValues(t, 3570, inv.Total)
	require.EqualValues(t, 1000, lines(inv)["Set-up"])
	params.CustomerDetails.TaxIDs = []*stripe.InvoiceCreatePreviewCustomerDetailsTaxIDParams{
		{Type: stripe.String("eu_vat"), Value: stripe.String("DE123456789")},
	}
	inv, err = s.Client.Invoices.CreatePreview(params)
	require.NoError(t, err)
	require.EqualValues(t, 3000, inv.Total)
}

func TestTaxIDsAreChecked(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	customer := s.buyer("")
	try := func(kind, value string) (*stripe.TaxID, error) {
		return s.Client.TaxIDs.New(&stripe.TaxIDParams{Customer: &customer, Type: &kind, Value: &value})
	}
	for kind, bad := range map[string]string{"eu_vat": "DE123", "gb_vat": "123456789", "au_abn": "12", "us_ein": "x"} {
		_, err := try(kind, bad)
		e := stripeError(t, err)
		require.EqualValues(t, "tax_id_invalid", e.Code)
		require.Equal(t, "Invalid value for "+kind+".", e.Msg)
	}
	good, err := try("eu_vat", "EL123456789")
	require.NoError(t, err)
	require.Equal(t, "GR", good.Country)
	require.EqualValues(t, "unavailable", good.Verification.Status)
	s.events()
	for value, want := range map[string]stripe.TaxIDVerificationStatus{
		"000000000": "verified", "111111111": "unverified", "222222222": "pending",
	} {
		id, err := try("eu_vat", value)
		require.NoError(t, err)
		require.EqualValues(t, "pending", id.Verification.Status)
		s.MustAdvance(time.Minute)
		id, err = s.Client.TaxIDs.Get(id.ID, &stripe.TaxIDParams{Customer: &customer})
		require.NoError(t, err)
		require.Equal(t, want, id.Verification.Status)
		last := s.events()
		require.Equal(t, want != "pending", last[len(last)-1] == "customer.tax_id.updated")
	}
}
