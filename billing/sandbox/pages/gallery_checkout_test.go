package pages_test

import "example.com/tollgate/billing/sandbox/pages"

func chrome(title string) pages.Chrome {
	return pages.Chrome{Title: title, CSRF: "token", Clock: "23 Nov 2026, 11:27 UTC"}
}

func specimens() []specimen {
	var all []specimen
	all = append(all, checkoutSpecimens()...)
	return all
}

func checkoutSpecimens() []specimen {
	trial := checkoutTrial()
	declined := checkoutTrial()
	declined.Alert = "Your card has insufficient funds."
	declined.Email, declined.EmailLocked = "buyer@example.com", false
	declined.Card = pages.CardForm{Name: "A. Buyer", Country: "DE", PostalCode: "10115"}
	declined.Totals = []pages.Total{
		{Label: "Subtotal", Amount: "$790.00"},
		{Label: "20% off for 3 months", Amount: "−$158.00", Code: "LAUNCH20"},
		{Label: "Total due today", Amount: "$632.00", Sum: true},
	}
	declined.Promo = pages.Promo{}
	declined.Figure, declined.Per, declined.Then, declined.Pay = "$632.00", "for the first year", "Then $790.00 per year", "Subscribe"
	badCode := checkoutTrial()
	badCode.Promo.Typed, badCode.Promo.Error = "NOPE", "This promotion code is not valid."
	badCode.Card.Error, badCode.Card.ErrorField = "Your card number is incorrect.", "number"
	return []specimen{
		{"checkout-trial", pages.CheckoutPage(trial)},
		{"checkout-declined", pages.CheckoutPage(declined)},
		{"checkout-code", pages.CheckoutPage(badCode)},
		{"threeds", pages.ThreeDSPage(pages.ThreeDS{Chrome: chrome("Confirm"), Action: "#", Shop: "Tollgate",
			Amount: "$790.00", Card: "Visa ending in 3220"})},
		{"message-expired", pages.MessagePage(pages.Message{Chrome: chrome("Expired"), Tone: "warn", Icon: "clock",
			Head: "This checkout has expired", Text: "Checkouts can be paid for 24 hours. Go back to start a new one; " +
				"nothing was charged.", Link: "http://localhost:8080/pricing", Label: "Back to Tollgate"})},
		{"message-complete", pages.MessagePage(pages.Message{Chrome: chrome("Paid"), Tone: "ok", Icon: "check",
			Head: "All done", Text: "This checkout was completed. There is nothing left to pay.",
			Link: "http://localhost:8080/", Label: "Return to Tollgate"})},
		{"message-missing", pages.MessagePage(pages.Message{Chrome: chrome("Not found"), Icon: "search",
			Head: "Nothing here", Text: "The sandbox knows no checkout of this address. It may have been reset since " +
				"the link was made.", Detail: "cs_test_a1b2c3"})},
	}
}

func checkoutTrial() pages.Checkout {
	return pages.Checkout{
		Chrome: chrome("Tollgate"), Action: "#", Shop: "Tollgate", CancelURL: "http://localhost:8080/pricing",
		What: "Try Pro", Figure: "14 days free", Then: "Then $790.00 per year starting 7 December 2026",
		Lines: []pages.CheckoutLine{
			{Name: "Pro", Detail: "For teams that ship every week", Amount: "$790.00", Per: "per year"},
		},
		Totals: []pages.Total{
			{Label: "Subtotal", Amount: "$790.00"},
			{Label: "14 days free", Amount: "−$790.00"},
			{Label: "Total due today", Amount: "$0.00", Sum: true},
		},
		Promo: pages.Promo{Allowed: true}, Email: "buyer@example.com", EmailLocked: true, NeedsCard: true,
		Card: pages.CardForm{Country: "US"}, Pay: "Start trial",
		Legal: "By starting the trial you allow Tollgate to charge your card $790.00 per year from 7 December 2026 " +
			"until you cancel.",
		Groups: cardGroups(),
	}
}

func cardGroups() []pages.CardGroup {
	return []pages.CardGroup{
		{Title: "Succeeds", Tone: "ok", Cards: []pages.TestCard{{Number: "4242424242424242", Label: "Visa"},
			{Number: "5555555555554444", Label: "Mastercard"}, {Number: "378282246310005", Label: "American Express"}}},
		{Title: "Declines", Tone: "bad", Cards: []pages.TestCard{{Number: "4000000000000002", Label: "Generic decline"},
			{Number: "4000000000009995", Label: "Insufficient funds"}, {Number: "4000000000000069", Label: "Expired card"}}},
		{Title: "3-D Secure", Tone: "accent", Cards: []pages.TestCard{{Number: "4000000000003220", Label: "3-D Secure required"}}},
		{Title: "Fails later", Tone: "warn", Cards: []pages.TestCard{{Number: "4000000000000341", Label: "Fails when charged"}}},
	}
}
