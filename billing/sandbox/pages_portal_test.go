package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox/pages"
)

// portal opens a portal session of a customer, with every feature on and all three prices on offer.
func (s *shop) portal(customer string, changes ...func(*stripe.BillingPortalSessionParams)) *view {
	s.t.Helper()
	on := stripe.Bool(true)
	config, err := s.Client.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{
			Headline: stripe.String("Everything about what you pay"),
		},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			CustomerUpdate: &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{
				Enabled: on, AllowedUpdates: stripe.StringSlice([]string{"name", "email", "address", "tax_id"}),
			},
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: on},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: on},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: on,
				CancellationReason: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelCancellationReasonParams{
					Enabled: on, Options: stripe.StringSlice([]string{"too_expensive", "unused"}),
				},
			},
			SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
				Enabled: on, DefaultAllowedUpdates: stripe.StringSlice([]string{"price"}),
				Products: []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
					{Product: &s.starterProduct, Prices: stripe.StringSlice([]string{s.starter})},
					{Product: &s.proProduct, Prices: stripe.StringSlice([]string{s.pro, s.proYear})},
				},
			},
		},
	})
	require.NoError(s.t, err)
	params := &stripe.BillingPortalSessionParams{
		Customer: &customer, Configuration: &config.ID, ReturnURL: stripe.String("http://localhost:8080/app/billing"),
	}
	for _, change := range changes {
		change(params)
	}
	session, err := s.Client.BillingPortalSessions.New(params)
	require.NoError(s.t, err)
	return newBrowser(s.t, s.URL()).open(session.URL)
}

func flow(f *stripe.BillingPortalSessionFlowDataParams) func(*stripe.BillingPortalSessionParams) {
	return func(p *stripe.BillingPortalSessionParams) { p.FlowData = f }
}

func TestPortalCancelsAndResumes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	home := s.portal(customer)
	require.Equal(t, "Pro Active", home.text(".plan .title"))
	require.Equal(t, "$20.00 per month", home.text(".plan .figure"))
	require.Equal(t, "Your plan renews on 23 December 2026.", home.text(".renewal"))
	require.Equal(t, "http://localhost:8080/app/billing", home.Find("#return").AttrOr("href", ""))

	form := home.click("[data-do=cancel]")
	require.Contains(t, form.text("main"), "until 23 December 2026")
	require.Equal(t, 2, form.Find("[name=feedback]").Length(), "the reasons that the configuration lists")
	home = form.press("#cancel", "feedback", "unused", "comment", "Moving on").follow()
	require.Equal(t, "Pro Cancels 23 December 2026", home.text(".plan .title"))
	got := s.sub(sub.ID)
	require.True(t, got.CancelAtPeriodEnd)
	require.EqualValues(t, "unused", got.CancellationDetails.Feedback)
	require.Equal(t, "Moving on", got.CancellationDetails.Comment)
	require.Zero(t, home.Find("[data-do=cancel]").Length())

	home = home.press("[name=resume]").follow()
	require.Equal(t, "Pro Active", home.text(".plan .title"))
	require.False(t, s.sub(sub.ID).CancelAtPeriodEnd)
}

func TestPortalSwitchesPlan(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	s.to("2026-11-16T00:00")
	plans := s.portal(customer).click("[data-do=switch]")
	require.Equal(t, "MonthlyYearly", plans.text(".tabs"))
	require.Equal(t, "Current plan", plans.text(".offer.current .pill"))

	confirm := plans.click(".offer:not(.current) a")
	require.Equal(t, "$5.00", confirm.text("#due"), "half a month of the difference")
	require.Contains(t, confirm.text(".quote"), "Unused time on Starter after 16 Nov 2026 −$5.00")
	require.Contains(t, confirm.text(".quote"), "Remaining time on Pro after 16 Nov 2026 $10.00")
	require.Equal(t, "Pay $5.00 and switch", confirm.text("#confirm"))
	home := confirm.press("#confirm").follow()
	require.Equal(t, "$20.00 per month", home.text(".plan .figure"))
	got := s.sub(sub.ID)
	require.Equal(t, s.pro, got.Items.Data[0].Price.ID)
	require.EqualValues(t, 500, got.LatestInvoice.AmountPaid, "what was shown is what was charged")

	year := home.click("[data-do=switch]").click(".tabs a:not([aria-current])").click(".offer a")
	shown := year.text("#due")
	year.press("#confirm").follow()
	require.Equal(t, shown, pages.Money(s.sub(sub.ID).LatestInvoice.AmountPaid, "usd"))

	// A price that is not on offer cannot be had by its address.
	other := s.price(s.proProduct, 1, "month")
	path := home.url.Path + "/plans/" + other + "?subscription=" + sub.ID
	require.Equal(t, http.StatusNotFound, home.b.open(path).status)
	// Nor a number of seats, where the configuration does not let customers change it.
	path = home.url.Path + "/plans/" + s.proYear + "?quantity=9&subscription=" + sub.ID
	require.Equal(t, http.StatusNotFound, home.b.open(path).status)
	path = home.url.Path + "/plans/" + s.pro + "?quantity=9&subscription=" + sub.ID
	require.Contains(t, home.b.open(path).text("main"), "$20.00 per month")
}

func TestPortalChangesSeats(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	configs := s.Client.BillingPortalConfigurations
	home := s.portal(customer)
	list := configs.List(&stripe.BillingPortalConfigurationListParams{})
	require.True(t, list.Next())
	_, err := configs.Update(list.BillingPortalConfiguration().ID, &stripe.BillingPortalConfigurationParams{
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
				DefaultAllowedUpdates: stripe.StringSlice([]string{"price", "quantity"}),
			},
		},
	})
	require.NoError(t, err)
	confirm := home.click("[data-do=switch]").click("#seats")
	confirm = home.b.open(confirm.url.Path + "?quantity=3&subscription=" + sub.ID)
	require.Equal(t, "3", confirm.Find("#quantity").AttrOr("value", ""))
	require.Equal(t, "$40.00", confirm.text("#due"))
	home = confirm.press("#confirm").follow()
	require.Equal(t, "$60.00 per month", home.text(".plan .figure"))
	require.EqualValues(t, 3, s.sub(sub.ID).Items.Data[0].Quantity)
}

func TestPortalSwitchShowsADecline(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	home := s.portal(customer)
	home.click("#add-card").press("[data-card='4000000000000341']").follow()
	confirm := home.click("[data-do=switch]").click(".offer:not(.current) a").press("#confirm")
	require.Equal(t, http.StatusPaymentRequired, confirm.status)
	require.Equal(t, "Your card was declined.", confirm.text("[role=alert]"))
	require.Equal(t, s.starter, s.sub(sub.ID).Items.Data[0].Price.ID)
}

// A card that wants the bank's approval leads there, and the switch is made when the bank agrees and forgotten when it
// does not.
func TestPortalSwitchAsksTheBank(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-01T00:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	home := s.portal(customer)
	home = home.click("#add-card").press("[data-card='4000000000003220']").follow().press("#complete").follow()
	require.Equal(t, "The card was saved.", home.text("[role=status]"))
	ask := func() *view {
		t.Helper()
		answer := home.click("[data-do=switch]").click(".offer:not(.current) a").press("#confirm")
		bank := answer.follow()
		require.Equal(t, "Confirm it is you", bank.text("h1"))
		return bank
	}
	bank := ask()
	waiting := home.b.open(home.url.Path + "?home=1")
	require.Contains(t, waiting.text(".plan"), "waits until you approve", "whoever leaves the bank's page finds back to it")
	require.Zero(t, waiting.Find("[data-do=switch]").Length())
	require.Equal(t, http.StatusOK, waiting.click("[data-do=approve]").status)

	home = bank.press("#fail").follow()
	require.Contains(t, home.text("[role=alert]"), "unable to authenticate")
	got := s.sub(sub.ID)
	require.Nil(t, got.PendingUpdate)
	require.Equal(t, s.starter, got.Items.Data[0].Price.ID)
	require.Equal(t, "Starter Active", home.text(".plan .title"))

	home = ask().press("#complete").follow()
	require.Equal(t, "The plan was changed.", home.text("[role=status]"))
	require.Equal(t, s.pro, s.sub(sub.ID).Items.Data[0].Price.ID)
	require.Equal(t, stripe.InvoiceStatusPaid, s.sub(sub.ID).LatestInvoice.Status)

	// A deep link's own page is where its switch ends, also by way of the bank.
	deep := s.portal(customer, flow(&stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String("subscription_update_confirm"),
		SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{
			Subscription: &sub.ID,
			Items: []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{
				{ID: &got.Items.Data[0].ID, Price: &s.proYear, Quantity: stripe.Int64(1)},
			},
		},
		AfterCompletion: &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
			Type: stripe.String("redirect"),
			Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{
				ReturnURL: stripe.String("http://localhost:8080/switched"),
			},
		},
	})).follow()
	require.Equal(t, "http://localhost:8080/switched", deep.press("#confirm").follow().press("#complete").location)
	require.Equal(t, s.proYear, s.sub(sub.ID).Items.Data[0].Price.ID)
}

func TestPortalCards(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	customer := s.buyer("pm_card_visa")
	s.subscribe(customer, s.pro)
	home := s.portal(customer)
	home = home.press(".rows .danger")
	require.Equal(t, http.StatusUnprocessableEntity, home.status, "the last card of a running plan stays")

	home = home.click("#add-card").press("[data-card='5555555555554444']").follow()
	require.Equal(t, 2, home.Find("[data-card-id]").Length())
	require.Contains(t, home.text("[data-card-id]:first-child"), "4444")
	require.Contains(t, home.text("[data-card-id]:first-child"), "Default")

	home = home.press("[data-card-id]:last-child form[action$=default] button").follow()
	require.Contains(t, home.text("[data-card-id]:first-child"), "4242")
	home = home.press("[data-card-id]:last-child form[action$=remove] button").follow()
	require.Equal(t, 1, home.Find("[data-card-id]").Length())

	declined := home.click("#add-card").press("[data-card='4000000000000002']")
	require.Equal(t, http.StatusPaymentRequired, declined.status)
	require.Equal(t, "Your card was declined.", declined.text("[role=alert]"))

	bank := home.click("#add-card").press("[data-card='4000002500003155']").follow()
	require.Contains(t, bank.text("main"), "Nothing is charged now")
	home = bank.press("#complete").follow()
	require.Contains(t, home.text("[data-card-id]:first-child"), "3155")
	failed := home.click("#add-card").press("[data-card='4000002760003184']").follow().press("#fail").follow()
	require.Contains(t, failed.text("[role=alert]"), "authenticate")
}

func TestPortalDetails(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	customer := s.buyer("")
	form := s.portal(customer).click("#edit-details")
	require.Equal(t, "jo@example.com", form.Find("#email").AttrOr("value", ""))
	wrong := form.press("#save", "email", "nobody", "name", "Acme")
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	require.Equal(t, "Acme", wrong.Find("#name").AttrOr("value", ""), "what was typed is kept")

	home := wrong.press("#save", "email", "bills@example.com", "line1", "1 Way", "city", "Berlin", "country", "DE",
		"tax_type", "eu_vat", "tax_id", "DE123456789").follow()
	require.Contains(t, home.text(".details"), "1 Way, Berlin, Germany")
	require.Contains(t, home.text(".details"), "DE123456789")
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.Equal(t, "bills@example.com", c.Email)
	require.Equal(t, "Acme", c.Name)
}

func TestPortalBillsPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-01T00:00")
	customer := s.buyer("pm_card_visa")
	s.subscribe(customer, s.pro)
	s.to("2026-09-02T00:00")
	home := s.portal(customer)
	require.Equal(t, 6, home.Find(".bills tbody tr").Length())
	older := home.click("#older")
	require.Equal(t, 3, older.Find(".bills tbody tr").Length())
	require.Zero(t, older.Find("#older").Length())

	invoice := home.click(".bills a")
	require.Equal(t, http.StatusOK, invoice.status)
	require.Equal(t, "Paid", invoice.text("#status"))
	require.Zero(t, invoice.Find("#pay").Length())
}

func TestPortalDeepLinks(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)

	redirect := &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
		Type: stripe.String("redirect"),
		Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{
			ReturnURL: stripe.String("http://localhost:8080/app/done"),
		},
	}
	confirm := s.portal(customer, flow(&stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String("subscription_update_confirm"), AfterCompletion: redirect,
		SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{
			Subscription: &sub.ID,
			Items: []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{
				{ID: &sub.Items.Data[0].ID, Price: &s.pro, Quantity: stripe.Int64(2)},
			},
		},
	})).follow()
	require.Contains(t, confirm.text("main"), "From Starter to Pro, $40.00 per month")
	require.Equal(t, "http://localhost:8080/app/done", confirm.press("#confirm").location)
	require.EqualValues(t, 2, s.sub(sub.ID).Items.Data[0].Quantity)

	done := s.portal(customer, flow(&stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String("payment_method_update"),
		AfterCompletion: &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
			Type: stripe.String("hosted_confirmation"),
			HostedConfirmation: &stripe.BillingPortalSessionFlowDataAfterCompletionHostedConfirmationParams{
				CustomMessage: stripe.String("Your card is safe with us."),
			},
		},
	})).follow().press("[data-card='5555555555554444']").follow()
	require.Contains(t, done.text("main"), "Your card is safe with us.")

	cancel := s.portal(customer, flow(&stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String("subscription_cancel"), AfterCompletion: redirect,
		SubscriptionCancel: &stripe.BillingPortalSessionFlowDataSubscriptionCancelParams{Subscription: &sub.ID},
	})).follow()
	require.Equal(t, "http://localhost:8080/app/done", cancel.press("#cancel").location)
	require.True(t, s.sub(sub.ID).CancelAtPeriodEnd)
}
