package main

// row is one way in which a subscription app goes wrong. A test covers it by bearing its id:
// TestO10_TwoTabs…, or TestO01O02_… for two at once.
type row struct {
	id   string
	what string
	// both says that the outcome rests on a database, so that its test must have run on each of them.
	both bool
	// without is why no test covers it. A row with neither a test nor a reason is a failure.
	without string
}

// rows is everything this starter knows to go wrong around money. To add one, write its line and a
// test that provokes it.
func rows() []row {
	return []row{
		// Receiving webhooks.
		{id: "W01", what: "no signature, a malformed one, another secret's, or one byte of the body changed"},
		{id: "W02", what: "no webhook secret, and an event signed with the empty one"},
		{id: "W03", what: "signatures five minutes old, older, and of the future"},
		{id: "W04", what: "the same bytes again four minutes later", both: true},
		{id: "W05", what: "one event delivered fifty times at once", both: true},
		{id: "W07", what: "the secret is rolled, and both are in use for a while"},
		{id: "W08", what: "no cookie, no form token, a slash at the end, plain http"},
		{id: "W09", what: "500 events from one address in two seconds", both: true},
		{id: "W10", what: "300 KB, 20 MB, and 20 MB of unannounced length"},
		{id: "W11", what: "events of another API version, or of none", both: true},
		{id: "W12", what: "a test event for a live server, and the reverse", both: true},
		{id: "W14", what: "unknown types, unknown values, fields too many and too few", both: true},
		{id: "W16", what: "the database is locked or full when an event arrives"},
		{id: "W17", what: "Stripe's API hangs when an event arrives", both: true},
		{id: "W18", what: "an event for a customer we do not know yet", both: true},
		{id: "W20", what: "the fetch fails twice and then works, with a redelivery in between", both: true},
		{id: "W21", what: "an event that always fails", both: true},
		{id: "W22", what: "a customer none of whose events ever arrives", both: true},

		// Order and concurrency.
		{id: "O01", what: "updated arrives before created", both: true},
		{id: "O02", what: "created and updated at once, for a hundred customers", both: true},
		{id: "O03", what: "a slow fetch of the old state beside a fast one of the new", both: true},
		{id: "O05", what: "an old plan's deletion arrives after the new plan was bought", both: true},
		{id: "O07", what: "an event comes again three days and three changes later", both: true},
		{id: "O08", what: "the return page and the webhook at once", both: true},
		{id: "O09a", what: "the browser never comes back, only the webhook does", both: true},
		{id: "O09b", what: "the browser comes back, the webhook never does", both: true},
		{id: "O10", what: "two tabs, two Checkouts, both paid", both: true},
		{id: "O11", what: "twenty sign-ups with one address at once", both: true},
		{id: "O12", what: "two first Checkouts of one account at once", both: true},
		{id: "O13", what: "twenty people accept an invitation to the last seat", without: "seats are not built yet"},
		{id: "O14", what: "a change of plan and a cancellation at once", both: true},
		{id: "O15", what: "one use reported a hundred times", without: "metered usage is not built yet"},
		{id: "O16", what: "fifty calls for the last one of a quota", without: "metered usage is not built yet"},
		{id: "O17", what: "two processes on one database, one killed in the middle"},
		{id: "O18", what: "a double click on a button that moves money", both: true},
		{id: "O19", what: "two hundred changes of seats in a minute", without: "seats are not built yet"},

		// Failures of Stripe's API.
		{id: "F01", what: "the customer is created and the connection is cut", both: true},
		{id: "F02", what: "a 500 that Stripe remembers under the key", both: true},
		{id: "F03", what: "429: too many requests", both: true},
		{id: "F04", what: "429 with lock_timeout, 409 with the key in use", both: true},
		{id: "F05", what: "one key, other parameters", both: true},
		{id: "F06", what: "Stripe is down for half an hour", both: true},
		{id: "F07", what: "every call takes thirty seconds", both: true},
		{id: "F09", what: "the key is revoked", both: true},
		{id: "F10", what: "the key is of the wrong mode, so that nobody seems to exist", both: true},
		{id: "F11", what: "the second of three pages fails", both: true},
		{id: "F12", what: "the customer was deleted at Stripe", both: true},
		{id: "F13", what: "the card is declined for an upgrade", both: true},
		{id: "F14", what: "the bank wants an upgrade confirmed", both: true},
		{id: "F15", what: "the portal is not configured, the price inactive, the currency another", both: true},
		{id: "F16", what: "a backlog while the API is slow", both: true},
		{id: "F17", what: "search and lists lag behind writes"},

		// The life of a subscription.
		{id: "L01", what: "a trial ends and the webhook is six hours late", both: true},
		{id: "L02", what: "a trial ends with no card", both: true},
		{id: "L03", what: "the trial's ending is announced twice, and for a trial of one day", both: true},
		{id: "L04", what: "the first payment fails or waits for the bank", both: true},
		{id: "L05", what: "the first payment is never made", both: true},
		{id: "L06", what: "a renewal fails, and fails again on each retry", both: true},
		{id: "L07", what: "Stripe leaves it past due for ever", both: true},
		{id: "L08", what: "Stripe gives up and calls it unpaid", both: true},
		{id: "L09", what: "cancelled for later, resumed, cancelled for a date, cancelled now", both: true},
		{id: "L12", what: "a payment method that takes days, and then fails", both: true},
		{id: "L13", what: "an invoice that cannot be finalised", both: true},
		{id: "L14", what: "the bank wants a renewal confirmed", both: true},
		{id: "L16", what: "an active subscription to a price nobody knows", both: true},
		{id: "L17", what: "a price migration is killed half-way", without: "price migrations are not built yet"},
		{id: "L18", what: "somebody edits the subscription in the Dashboard", both: true},
		{id: "L19", what: "the customer is deleted while subscribed", both: true},
		{id: "L20", what: "a payment is refunded in full", both: true},
		{id: "L21", what: "disputes opened, won and lost, in any order", both: true},
		{id: "L22", what: "a connected account goes away", without: "Connect is not built yet"},
		{id: "L23", what: "the owner of a team changes", both: true},

		// Money.
		{id: "M01", what: "currencies of no, two and three decimals, and Stripe's special ones"},
		{id: "M02", what: "the largest amounts, and negative ones"},
		{id: "M03", what: "twenty changes of plan in a minute", both: true},
		{id: "M04", what: "a second currency for one customer", both: true},
		{id: "M05", what: "coupons that leave nothing to pay", both: true},
		{id: "M06", what: "promotion codes used again, or guessed", without: "coupons are not built yet"},
		{id: "M08", what: "a price that is not for sale", both: true},
		{id: "M09", what: "what was paid is not what was offered", both: true},
		{id: "M10", what: "automatic tax fails, or somebody claims to be exempt", both: true},
		{id: "M12", what: "the figures after a thousand shuffled events", without: "revenue figures are not built yet"},
		{id: "M13", what: "usage that arrives after its period", without: "metered usage is not built yet"},

		// Operations.
		{id: "P01", what: "killed right after the webhook was acknowledged"},
		{id: "P02", what: "killed between a call to Stripe and the commit"},
		{id: "P03", what: "asked to stop under load"},
		{id: "P04", what: "the disk is full"},
		{id: "P05", what: "another process holds the database's lock"},
		{id: "P06", what: "a query beside the transaction on a pool of one connection"},
		{id: "P07", what: "a worker saves what it read before somebody changed it", both: true},
		{id: "P08", what: "every older schema with data is migrated, by two programs at once", both: true},
		{id: "P09", what: "yesterday's backup is restored"},
		{id: "P10", what: "our clock is an hour off, or jumps", both: true},
		{id: "P11", what: "keys and secrets are rotated"},
		{id: "P12", what: "the configuration is missing something or contradicts itself"},
		{id: "P13", what: "three days of events arrive at once", both: true},
		{id: "P14", what: "the power goes"},
		{id: "P15", what: "a million addresses meet the limits"},
		{id: "P16", what: "a new connection of the pool"},
		{id: "P17", what: "the release is rolled back"},
		{id: "E01", what: "the mail server is down, refuses, or is slow", both: true},
		{id: "E02", what: "killed between the mail server's yes and the commit", both: true},
		{id: "G06", what: "payloads past their keeping", both: true},

		// Signing in.
		{id: "A05", what: "what an older session secret sealed, with both secrets and with the new one alone", both: true},
		{id: "A06", what: "somebody keeps guessing, and then the owner signs in", both: true},
		{id: "A07", what: "an address that is a user's, and one that is not", both: true},

		{id: "A16", what: "an invitation used again, by another, after it ended, or guessed", both: true},
		{id: "A18", what: "somebody who has not confirmed the address invites others", both: true},

		// Abuse.
		{id: "Z03", what: "every route in every role, and with another account's ids", both: true},
		{id: "Z04", what: "somebody raises themselves, or is rid of the owner", both: true},
		{id: "Z10", what: "a second trial by another account, address or card", both: true},
	}
}
